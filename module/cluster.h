/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster: the endpoints of one upstream service and how one is picked.
 *
 * A cluster is immutable once its snapshot is published; snapshots share it by
 * reference. What must outlive a change (counters, load, pooled legs) hangs on its
 * endpoints, which are counted and carried over from one version of a cluster to
 * the next as long as the address stays.
 *
 * References: a snapshot and a draft hold their clusters, a cluster its endpoints. A
 * cluster is put in process context, by its mesh only, and a snapshot puts it when no
 * reader can see it any more: the last put frees it at once.
 */
#ifndef L7MESH_CLUSTER_H
#define L7MESH_CLUSTER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include "cluster_options.h"
#include "endpoint.h"
#include "hash_policy.h"
#include "health_check.h"
#include "maglev.h"
#include "name_ref.h"
#include "ring.h"

struct account;
struct cluster_state;

struct member {
	struct endpoint *ep;
	u32 weight;
};

/* One allocation for name and hash policies; members and table have their own. */
struct cluster {
	refcount_t ref;
	size_t bytes;			/* of this allocation, for the mesh's account */
	struct name_ref name;
	struct cluster_options options;
	const struct hash_policy *hash;
	u32 nhash;
	struct health_check health;

	u32 nmembers;
	u32 capacity;			/* of members, as allocated */
	struct member *members;		/* in the order of address_text() */
	u64 total_weight;
	u64 *cumulative;		/* weights summed up to and with each member */
	u32 stride;			/* of round robin through unequal weights, or 0 */
	bool has_v6;			/* a member has an IPv6 address */
	struct maglev maglev;		/* entries NULL if no pick needs it */
	struct ring ring;		/* likewise */
	atomic_t turn;			/* round robin */
	struct cluster_state *state;	/* counted; NULL until cluster_finish() */
};

/**
 * cluster_clone() - A cluster with the settings of another, and no member
 * @account: charged
 * @spec: name, options and hash policies; may be on the stack
 *
 * Return: a cluster with one reference, or what account_new() says.
 */
struct cluster *cluster_clone(struct account *account,
			      const struct cluster *spec);

/**
 * cluster_set_members() - Give a new cluster its endpoints
 * @account: charged; @members was charged to it
 * @c: cluster of the caller's alone, without members
 * @members: from account_new(), in the order of address_text(); the cluster's
 * afterwards, with the references to the endpoints, even if this fails
 * @n: how many
 * @capacity: what @members was allocated for
 *
 * Return: 0 or what account_new() says.
 */
int cluster_set_members(struct account *account, struct cluster *c,
			struct member *members, u32 n, u32 capacity);

/**
 * cluster_finish() - Make a cluster ready to be published
 * @account: charged
 * @c: cluster of the caller's alone, with members
 * @prev: the version that it replaces, or NULL
 *
 * It gets its state, and the Maglev table or ring that picks need, if they do.
 *
 * Context: process; long for a large table.
 *
 * Return: 0, what account_new() says, or -EINTR if the caller is being killed.
 */
int cluster_finish(struct account *account, struct cluster *c,
		   const struct cluster *prev);

/**
 * cluster_build_maglev() - Build the Maglev table of a cluster's members
 * @account: charged
 * @c: cluster with members
 * @m: out: the table; free m->entries with cluster_free_maglev()
 *
 * Return: as cluster_finish().
 */
int cluster_build_maglev(struct account *account, const struct cluster *c,
			 struct maglev *m);
void cluster_free_maglev(struct account *account, struct maglev *m);

/**
 * cluster_equal() - Would replacing one by the other change nothing?
 * @a: cluster
 * @b: cluster of the same name
 *
 * Return: true if settings, endpoints and weights are the same.
 */
bool cluster_equal(const struct cluster *a, const struct cluster *b);

/**
 * cluster_member() - The member of an address
 * @c: cluster
 * @address: address and port
 *
 * Return: the member or NULL; by bisection over the keys.
 */
struct member *cluster_member(const struct cluster *c,
			      const struct address *address);

/* Is an endpoint well, as far as is known? */
static inline bool cluster_member_fit(const struct cluster *c,
				      const struct endpoint *ep)
{
	return !endpoint_ejected(ep) &&
	       (!c->health.interval || READ_ONCE(ep->healthy));
}

/* How many are not, at this moment: looks at each. */
static inline u32 cluster_count_unfit(const struct cluster *c)
{
	u32 i, n = 0;

	for (i = 0; i < c->nmembers; i++)
		n += !cluster_member_fit(c, c->members[i].ep);
	return n;
}

/* How many of its endpoints are ejected at this moment: looks at each. */
static inline u32 cluster_count_ejected(const struct cluster *c)
{
	u32 i, n = 0;

	for (i = 0; i < c->nmembers; i++)
		n += endpoint_ejected(c->members[i].ep);
	return n;
}

static inline struct cluster *cluster_get(struct cluster *c)
{
	refcount_inc(&c->ref);
	return c;
}

/* Context: process. */
void cluster_put(struct account *account, struct cluster *c);

/**
 * cluster_pick() - Choose an endpoint by the cluster's policy
 * @c: cluster of a snapshot that the caller holds (or under RCU)
 * @pick: what the hash policies may look at; out: a cookie to be given
 *
 * Any context. Maglev or ring without a hash policy that yields a value is random by
 * weight. Endpoints that are drained, ejected or ill (unless so many are that
 * panic_threshold is reached) or to be avoided are picked if there is no other.
 *
 * Return: borrowed from @c, or NULL if it has no endpoint.
 */
struct endpoint *cluster_pick(struct cluster *c, struct pick *pick);

#endif
