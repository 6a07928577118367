/* SPDX-License-Identifier: GPL-2.0 */
/*
 * snapshot: the immutable configuration that a mesh publishes, as readers see it.
 *
 * A snapshot is a graph of shared immutable objects plus indexes of its own. It
 * is published by RCU in mesh->snapshot; readers either stay under
 * rcu_read_lock() or take a reference (per CPU, so it costs no shared cache
 * line) and keep the snapshot as long as they like: an HTTP request keeps the
 * one that it began with.
 */
#ifndef L7MESH_SNAPSHOT_H
#define L7MESH_SNAPSHOT_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/l7mesh.h>
#include <linux/percpu-refcount.h>
#include "http/http_options.h"
#include "lib/address.h"
#include "lib/network.h"
#include "lib/objset.h"
#include "lib/parts.h"
#include "mesh/listener_index.h"
#include "mesh/splice_policy.h"
#include "route/route.h"
#include "upstream/cluster.h"

struct account;
struct authz_table;
struct refusal;

/* One allocation with the names. */
struct listener {
	refcount_t ref;
	size_t bytes;
	struct name_ref name;
	struct address address;		/* the first; port 0: any */
	u16 port_end;			/* host order: of a range of ports; 0: there is one */
	u32 nmore, nfrom;
	const struct address *more;	/* besides the first; their ports do not matter */
	const struct network *from;	/* the clients that it is for; none: all */
	char interface[IFNAMSIZ];	/* of the packets that it takes; "": any */
	u8 protocol;			/* enum l7mesh_protocol */
	bool has_proxy;
	struct address proxy;
	struct name_ref route_table;	/* http, tls; auto: for HTTP */
	struct name_ref tls_route_table;	/* auto, or empty */
	struct name_ref cluster;	/* tcp without proxy; auto: for the rest */
	struct http_options http;
	struct parts policies;		/* see policy/policy.h */
};

/* Is one of its addresses of this family? */
static inline bool listener_has_family(const struct listener *l, u16 family)
{
	bool has = l->address.family == family;
	u32 i;

	for (i = 0; i < l->nmore; i++)
		has |= l->more[i].family == family;
	return has;
}

/* What listeners want with packets. */
enum {
	PACKETS_TAKEN = BIT(0),		/* connections that arrive as packets */
	PACKETS_KEPT = BIT(1),		/* and the client's address towards endpoints */
	PACKETS_UDP = BIT(2),		/* datagrams that a namespace sends */
};

/*
 * Has it a route table? Then its connections end at the engine, and if not they need not,
 * see connect.c.
 */
static inline bool listener_routes(const struct listener *l)
{
	/* In the bits of numbers, as one instruction looks at. */
	const u8 routing = L7MESH_PROTOCOL_HTTP | L7MESH_PROTOCOL_TLS |
			   L7MESH_PROTOCOL_AUTO;

	static_assert(!L7MESH_PROTOCOL_TCP);
	static_assert(!(L7MESH_PROTOCOL_UDP & (L7MESH_PROTOCOL_HTTP | L7MESH_PROTOCOL_TLS |
					       L7MESH_PROTOCOL_AUTO)));
	return l->protocol & routing;
}

/* Is it for datagrams? TCP finds none of these, see struct snapshot. */
static inline bool listener_is_udp(const struct listener *l)
{
	return l->protocol == L7MESH_PROTOCOL_UDP;
}

/* May its connections be HTTP? */
static inline bool listener_serves_http(const struct listener *l)
{
	return l->protocol == L7MESH_PROTOCOL_HTTP ||
	       l->protocol == L7MESH_PROTOCOL_AUTO;
}

/* One of its addresses, the first being @i 0, with its port. */
static inline struct address listener_address(const struct listener *l, u32 i)
{
	struct address a = i ? l->more[i - 1] : l->address;

	a.port = l->address.port;
	return a;
}

struct snapshot {
	struct percpu_ref ref;
	u64 generation;
	struct account *account;	/* counted */
	u32 largest;			/* bytes of the largest object, for dumps */
	struct objset clusters;		/* of struct cluster */
	struct objset listeners;	/* of struct listener */
	struct objset route_tables;	/* of struct route_table */
	struct objset workloads;	/* of struct workload */
	struct objset authorizations;	/* of struct authorization */
	struct authz_table *authz;	/* counted: what they say; or NULL */
	struct splice_policy splice;
	struct listener_index index;	/* of all listeners but udp ones */
	struct listener_index udp;	/* of these: both may be at one address and port */
	u8 packet_use;			/* PACKETS_..., of its listeners */
	u8 packets_shift;		/* what a key's hash is shifted by, to be a bit of ... */
	const unsigned long *packets;	/* one for each address of a listener that takes
					 * packets, see snapshot_may_take()
					 */
	bool retired;			/* was replaced by another */
	struct rcu_work free_work;
};

/* listener_find() for packets, which come by an interface: NULL if it takes none. */
static inline const struct listener_slot *
listener_of_packets(const struct snapshot *s, const struct address *to,
		    const struct address *from, const char *by)
{
	const struct listener_slot *slot = listener_find(&s->index, to, from, by);

	return slot && slot->listener->http.packets ? slot : NULL;
}

/*
 * Do a TCP listener's connections pass through the engine, also where connect() could
 * lead them straight to the endpoint?
 */
static inline bool listener_relays(const struct listener_slot *slot)
{
	const struct listener *l = slot->listener;

	return l->protocol == L7MESH_PROTOCOL_TCP && !l->has_proxy &&
	       (l->http.proxy_protocol || slot->cluster->options.proxy_protocol);
}

static inline size_t snapshot_packets_size(u8 shift)
{
	return BITS_TO_LONGS(BIT(32 - shift)) * sizeof(long);
}

/**
 * snapshot_may_take() - Might a packet be for a listener that takes packets?
 * @s: snapshot, held or under RCU
 * @key: address_key_v4() or address_key_v6() of its destination
 *
 * Some instructions, as it is asked of each packet that a namespace receives.
 *
 * Return: false: it is for none.
 */
static inline bool snapshot_may_take(const struct snapshot *s, u32 key)
{
	/* hash_32(), with what it would subtract from 32. */
	return test_bit(__hash_32(key) >> s->packets_shift, s->packets);
}

/**
 * snapshot_cluster_of() - The cluster that a state belongs to
 * @s: snapshot, held or under RCU
 * @hash: of its name
 * @state: its state, held
 *
 * Return: borrowed from @s, or NULL if there is none any more.
 */
struct cluster *snapshot_cluster_of(const struct snapshot *s, u32 hash,
				    const struct cluster_state *state);

/**
 * snapshot_cluster() - The cluster of a name
 * @s: snapshot, held or under RCU
 * @name: name with its hash
 *
 * Return: borrowed from @s, or NULL.
 */
struct cluster *snapshot_cluster(const struct snapshot *s,
				 const struct name_ref *name);

/**
 * snapshot_alloc() - A snapshot without objects, not yet published
 * @account: charged
 * @generation: its number
 *
 * Return: a snapshot to fill, with one reference that snapshot_kill() drops; or
 * what account_new() says. It owns a reference to each object of its sets.
 */
struct snapshot *snapshot_alloc(struct account *account, u64 generation);

/**
 * snapshot_kill() - Give up a snapshot that is not, or not any more, published
 * @s: snapshot
 *
 * Any context. It is freed when the last reference goes, after a grace period.
 */
void snapshot_kill(struct snapshot *s);

/**
 * snapshot_tryget() - Hold a snapshot seen under RCU
 * @s: snapshot
 *
 * Return: false if it is on its way out: look again for the current one.
 */
static inline bool snapshot_tryget(struct snapshot *s)
{
	return percpu_ref_tryget(&s->ref);
}

/* One more, of who holds it. */
static inline struct snapshot *snapshot_get(struct snapshot *s)
{
	percpu_ref_get(&s->ref);
	return s;
}

/* Any context. */
static inline void snapshot_put(struct snapshot *s)
{
	percpu_ref_put(&s->ref);
}

/**
 * listener_clone() - A listener of its own memory
 * @account: charged
 * @spec: listener to copy; ref and bytes need not be set
 *
 * Return: a listener with one reference, or what account_new() says.
 */
struct listener *listener_clone(struct account *account,
				const struct listener *spec);

/**
 * listener_equal() - Would replacing one by the other change nothing?
 * @a: listener
 * @b: listener of the same name
 */
bool listener_equal(const struct listener *a, const struct listener *b);

/* Is it for a client of this address? */
bool listener_is_for(const struct listener *l, const struct address *client);

static inline struct listener *listener_get(struct listener *l)
{
	refcount_inc(&l->ref);
	return l;
}

/* Context: process, when no reader can see it any more. */
void listener_put(struct account *account, struct listener *l);

/* Snapshots are freed by a workqueue; snapshot_exit() waits for all of them. */
int snapshot_init(void);
void snapshot_exit(void);

/**
 * snapshot_reclaim() - Wait for what was replaced and is not in use
 * @account: whose memory is wanted
 *
 * Context: process; some ten milliseconds.
 *
 * Return: false if there is nothing to hope for.
 */
bool snapshot_reclaim(struct account *account);

#endif
