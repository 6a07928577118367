/* SPDX-License-Identifier: GPL-2.0 */
/*
 * workload: something that runs, here or elsewhere, and who it is: what policies select,
 * and what they know a client by. Istio's WorkloadEntry.
 *
 * Immutable and counted: snapshots and drafts hold it. It is one allocation with all that
 * it points to. Context: process, but for reading.
 */
#ifndef L7MESH_WORKLOAD_H
#define L7MESH_WORKLOAD_H

#include <linux/l7mesh.h>
#include <linux/refcount.h>
#include "lib/address.h"
#include "lib/name_ref.h"
#include "lib/port_list.h"
#include "lib/span.h"

struct account;
struct authz_count;
struct nlattr;
struct refusal;
struct sk_buff;

#define WORKLOAD_SPIFFE		"spiffe://"
#define WORKLOAD_ADDRESSES_MAX	64

/* "cluster.local/ns/", "/sa/" and two names. */
#define WORKLOAD_PRINCIPAL_MAX	540

struct workload {
	refcount_t ref;
	size_t bytes;
	struct name_ref name;
	struct name_ref namespace;	/* empty: none */
	struct name_ref principal;	/* its identity without "spiffe://"; empty: none */
	struct span service_account;
	struct span identity;		/* as it was given; empty: it was not */
	struct span labels;		/* metadata; empty: none */
	struct span node;
	const struct address *addresses;	/* port 0 */
	u32 naddresses;
	u64 netns;			/* cookie of its namespace, 0: not on this node */
	struct span exclude_ports;	/* as it was given; empty: none */
	const struct port_range *excluded;	/* the same */
	u32 nexcluded;
	u8 refuse;			/* enum l7mesh_refuse */
	u8 on_failure;			/* enum l7mesh_on_failure */
	bool exempt_node;
	struct authz_count *count;	/* counted; NULL: it was never on this node */
};

/* What a specification that is being made points to. */
struct workload_parser {
	char principal[WORKLOAD_PRINCIPAL_MAX];
	struct address addresses[WORKLOAD_ADDRESSES_MAX];
	struct port_range excluded[PORT_LIST_MAX];
};

/* One without anything but a name. */
struct workload workload_spec(const struct name_ref *name);

/**
 * workload_take() - Change a specification by what a message says
 * @w: specification; points to the message and @p afterwards
 * @p: room
 * @tb: the attributes of its nest
 * @r: refusal
 *
 * Return: 0 or a negative errno.
 */
int workload_take(struct workload *w, struct workload_parser *p, struct nlattr **tb,
		  struct refusal *r);

/* The attributes that make it, but for its name: 0 or -EMSGSIZE. */
int workload_put_attrs(struct sk_buff *skb, const struct workload *w);

/**
 * workload_clone() - A workload of its own memory
 * @account: charged
 * @spec: what to copy; ref and bytes need not be set
 *
 * Return: one with one reference, or what account_new() says.
 */
struct workload *workload_clone(struct account *account, const struct workload *spec);

/* As authorization_finish(). */
int workload_finish(struct account *account, struct workload *w,
		    const struct workload *before);

/* Would replacing one by the other, of the same name, change nothing? */
bool workload_equal(const struct workload *a, const struct workload *b);

static inline struct workload *workload_get(struct workload *w)
{
	refcount_inc(&w->ref);
	return w;
}

/* Is no policy asked for one of its ports, in host order? */
static inline bool workload_excludes(const struct workload *w, u16 port)
{
	return port_list_has(w->excluded, w->nexcluded, port);
}

/* How well it may be known, at best, whom a connection is from that has its address. */
static inline u8 workload_identity_kind(const struct workload *w)
{
	if (!w)
		return L7MESH_IDENTITY_KIND_NONE;
	return w->netns ? L7MESH_IDENTITY_KIND_KERNEL : L7MESH_IDENTITY_KIND_ADDRESS;
}

/* When no reader can see it any more; NULL is nothing. */
void workload_put(struct account *account, struct workload *w);

#endif
