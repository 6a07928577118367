/* SPDX-License-Identifier: GPL-2.0 */
/*
 * balancer: how one member of a set is chosen.
 *
 *	balancer.c		all of them; random, round robin
 *	balancer_load.c		by the load of endpoints: least_request, peak_ewma
 *	balancer_hash.c		by the client's hash, in a table: maglev, ring_hash
 *
 * They are Envoy's, but for peak_ewma, which is Linkerd's. Which one a cluster has is
 * known to nobody by name.
 */
#ifndef L7MESH_BALANCER_H
#define L7MESH_BALANCER_H

#include <linux/l7mesh.h>
#include "upstream/cluster.h"

struct account;
struct maglev;
struct refusal;

/* The golden ratio: hashes of one value in several attempts have nothing in common. */
#define BALANCER_NEXT_HASH	0x9e3779b97f4a7c15ULL

struct balancer_ops {
	bool hashed;		/* the client's hash matters, see cluster_ask_hash() */
	bool latency;		/* it wants to know how long tries took */

	/* Can it choose of so many members? NULL: of any number. */
	int (*check)(const struct cluster *c, struct refusal *r);
	/*
	 * Prepares a set of two members or more, for requests with a hash. NULL: there
	 * is nothing to prepare. Context: process. 0, what account_new() says, or
	 * -EINTR.
	 */
	int (*build)(struct account *account, const struct cluster *c,
		     struct member_set *set);
	/*
	 * Only to be shown: the Maglev table of a set, for balancer_hash_free_maglev().
	 * NULL: it has none.
	 */
	int (*maglev)(struct account *account, const struct cluster *c,
		      const struct member_set *set, struct maglev *m);
	/* Never NULL. @attempt: from 0; the one before would not do. Any context. */
	struct member *(*pick)(const struct cluster *c, struct member_set *set,
			       struct pick *pick, u32 attempt);
};

/* By enum l7mesh_lb. */
extern const struct balancer_ops *const balancers[];

static inline const struct balancer_ops *balancer_of(const struct cluster *c)
{
	return balancers[c->options.lb];
}

/* The member whose share of the total weight @point, below it, falls into. */
struct member *balancer_member_at(const struct member_set *set, u64 point);
/* The one that @lot, of any 64 bits, falls upon, by weight. */
struct member *balancer_draw_by(const struct member_set *set, u64 lot);
/* A random one, by weight. */
struct member *balancer_draw(const struct member_set *set);

/* What build() prepared, if it did. */
void balancer_hash_free(struct account *account, struct member_set *set);
void balancer_hash_free_maglev(struct account *account, struct maglev *m);

/* Each is in the file of its name, or in that of its kind. */
extern const struct balancer_ops balancer_least_request;
extern const struct balancer_ops balancer_peak_ewma;
extern const struct balancer_ops balancer_maglev;
extern const struct balancer_ops balancer_ring_hash;

#endif
