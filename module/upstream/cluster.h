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
#include "lib/name_ref.h"
#include "upstream/cluster_options.h"
#include "upstream/dns.h"
#include "upstream/endpoint.h"
#include "upstream/hash_policy.h"
#include "upstream/health_check.h"
#include "upstream/maglev.h"
#include "upstream/pick.h"
#include "upstream/priority.h"
#include "upstream/ring.h"
#include "upstream/session_affinity.h"

struct account;
struct cluster_state;

/* Envoy's locality_weighted_lb_config: endpoints that have one share its weight. */
struct locality {
	struct span name;
	u32 weight;
};

#define LOCALITIES_MAX	L7MESH_LOCALITIES_MAX
#define LOCALITY_NONE	LOCALITIES_MAX

/* Endpoints that have this metadata; routes name it. */
struct subset {
	struct span name;
	struct span metadata;
};

#define SUBSETS_MAX	L7MESH_SUBSETS_MAX

struct member {
	struct endpoint *ep;
	u32 weight;
	u8 priority;			/* 0 goes first */
	u8 locality;			/* index, or LOCALITY_NONE */
	struct span metadata;		/* once it is a cluster's: in cluster->metadata */
};

/* The same, as it is configured. */
struct placement {
	u32 weight;			/* 0: there is no such endpoint */
	u8 priority;
	u8 locality_len;
	char locality[L7MESH_LOCALITY_NAME_MAX];
	struct span metadata;		/* borrowed */
};

/* The members of one priority and locality, which policies pick from. */
struct member_set {
	struct member *members;		/* in the order of address_text() */
	u32 n;
	u8 level;			/* index of its priority among the levels */
	u8 locality;			/* index, or LOCALITY_NONE */
	u32 stride;			/* of round robin through unequal weights, or 0 */
	u64 total_weight;
	u64 *cumulative;		/* weights summed up to and with each member */
	struct maglev maglev;		/* entries NULL if no pick needs it */
	struct ring ring;		/* likewise */
	atomic_t turn;			/* round robin */
	u64 share;			/* of the level's load, in the latest survey */
};

/* What a request may be served by: all members of a cluster, or those of a subset. */
struct roster {
	u32 n;				/* members; if none, there is no set either */
	u32 nsets;
	u32 nlevels;
	struct member_set *sets;	/* by priority, then by locality */
	struct priority_level *levels;	/* of the priorities that there are */
	struct member *placed;		/* in the order of sets; NULL: cluster->members */
	u64 *cumulative;		/* of all sets */
	struct session_endpoint *sessions;	/* of all n; NULL: no session affinity */
	unsigned long surveyed;		/* jiffies: when levels and shares were reckoned */
};

/* One allocation for names and hash policies; the arrays below have their own. */
struct cluster {
	refcount_t ref;
	size_t bytes;			/* of this allocation, for the mesh's account */
	struct name_ref name;
	struct cluster_options options;
	struct hash_policies hash;
	struct session_affinity session;
	struct dns dns;
	struct health_check health;
	const struct locality *localities;
	u32 nlocalities;
	const struct subset *subsets;
	u32 nsubsets;

	u32 nmembers;
	u32 capacity;			/* of members, as allocated */
	struct member *members;		/* in the order of address_text() */
	char *metadata;			/* of all members */
	size_t metadata_bytes;
	bool has_v4, has_v6;		/* a member has such an address */

	/* from cluster_finish() on */
	struct roster all;
	struct roster *rosters;		/* of subsets; NULL: no subset, or no member */
	struct cluster_state *state;	/* counted */
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
 * afterwards, with the references to the endpoints, even if this fails. Their metadata
 * is copied.
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
 * cluster_roster() - Which endpoints a request may be served by
 * @c: cluster that has members
 * @subset: its name; empty: all
 *
 * Return: NULL if there is no such subset.
 */
struct roster *cluster_roster(struct cluster *c, struct span subset);

/**
 * cluster_survey() - Reckon what each priority and locality gets
 * @c: cluster
 * @roster: of its rosters
 *
 * By how many of their endpoints are fit at this moment. Any context: two at once
 * write the same.
 */
void cluster_survey(const struct cluster *c, struct roster *roster);

/*
 * So many endpoints are looked at whenever that is wanted; more of them once in each
 * jiffy for every so many, whatever happens meanwhile.
 */
#define CLUSTER_AT_ONCE		1024

/* Is it time to look at all @n again, as was done at @at, in jiffies? */
static inline bool cluster_outdated(unsigned long at, u32 n)
{
	return jiffies - at > n / CLUSTER_AT_ONCE;
}

/*
 * What was reckoned does not hold any more: the next pick that needs it does it anew,
 * of few endpoints.
 */
void cluster_outdate_surveys(struct cluster *c);

static inline void cluster_keep_surveyed(const struct cluster *c,
					 struct roster *roster)
{
	if (unlikely(cluster_outdated(READ_ONCE(roster->surveyed), roster->n)))
		cluster_survey(c, roster);
}

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

/* Does it have a subset of this name? */
bool cluster_has_subset(const struct cluster *c, struct span name);

/* The index of a locality, or LOCALITY_NONE. */
u8 cluster_locality(const struct cluster *c, struct span name);

/* The name of a member's, of length 0 if it has none. */
static inline struct span cluster_locality_name(const struct cluster *c,
						const struct member *m)
{
	return m->locality < c->nlocalities ? c->localities[m->locality].name :
					      (struct span){ "", 0 };
}

/* Is an endpoint well, as far as is known? */
static inline bool cluster_member_fit(const struct cluster *c,
				      const struct endpoint *ep)
{
	return !endpoint_ejected(ep) &&
	       (!c->health.interval || READ_ONCE(ep->healthy));
}

static inline struct cluster *cluster_get(struct cluster *c)
{
	refcount_inc(&c->ref);
	return c;
}

/* Context: process. */
void cluster_put(struct account *account, struct cluster *c);

/* Whether hashing a request, with a head, may cost more than COST_INLINE_MAX. */
bool cluster_hash_is_dear(const struct cluster *c, const struct pick *pick);

/* What it costs that cluster_ask_hash() asks once more; about instructions. */
u32 cluster_next_hash_cost(const struct cluster *c, const struct pick *pick);

/* The same for all that cluster_pick() looks for in a head, at most. */
u32 cluster_pick_cost(const struct cluster *c, const struct pick *pick);

/**
 * cluster_ask_hash() - Ask one more policy for a request's hash
 * @c: cluster that is hashed
 * @pick: request
 *
 * For who cannot afford to have cluster_pick() ask all of them at once. See
 * hash_policies_ask().
 */
bool cluster_ask_hash(const struct cluster *c, struct pick *pick);

/* Whether the request has a hash. This may decide to give the client a cookie. */
bool cluster_pick_has_hash(const struct cluster *c, struct pick *pick);

/**
 * cluster_pick() - Choose an endpoint by the cluster's policy
 * @c: cluster of a snapshot that the caller holds (or under RCU)
 * @pick: what the hash policies may look at; out: a cookie to be given
 *
 * Any context. Only the subset's endpoints come into question, if the pick names one
 * (and, with subset_fallback any_endpoint, it has any). With session affinity it is the
 * one that the request's cookie names, if that is well. Else the request's lot, or hash, says
 * which priority and locality; then the
 * policy decides among their endpoints. Maglev or ring without a hash policy that
 * yields a value is random by weight. Endpoints that are drained, ejected or ill
 * (unless their priority panics) or to be avoided are picked if there is no other.
 *
 * Return: borrowed from @c, or NULL if it has no endpoint.
 */
struct endpoint *cluster_pick(struct cluster *c, struct pick *pick);

#endif
