// SPDX-License-Identifier: GPL-2.0
/*
 * cluster_pick: which endpoint serves a request or connection, see cluster.h.
 *
 * Any context, no lock. Load balancing policies are Envoy's, peak_ewma is
 * Linkerd's.
 */
#include <linux/math64.h>
#include <linux/random.h>
#include <uapi/linux/l7mesh.h>
#include "cluster.h"

/* The member whose share of the total weight @point, below it, falls into. */
static struct member *member_at(const struct cluster *c, u64 point)
{
	u32 low = 0, high = c->nmembers - 1;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (point < c->cumulative[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return &c->members[low];
}

static struct member *pick_random(const struct cluster *c)
{
	u64 total = c->total_weight;

	if (c->nmembers == 1)
		return &c->members[0];
	if (total <= U32_MAX)
		return member_at(c, mul_u32_u32(get_random_u32(), total) >> 32);
	return member_at(c, mul_u64_u64_shr(get_random_u64(), total, 64));
}

/*
 * In a round each member has as many turns as its weight. With unequal weights
 * the round is walked in strides, so that a heavy member does not have its turns
 * in a row; the stride has no divisor in common with the round's length, so that
 * the walk meets every turn once. (Without a stride the weights are equal, or too
 * large to multiply.)
 */
static struct member *pick_round_robin(struct cluster *c)
{
	u32 turn;

	if (c->nmembers == 1)
		return &c->members[0];
	turn = (u32)atomic_inc_return(&c->turn) - 1;
	if (!c->stride)
		return &c->members[turn % c->nmembers];
	turn %= (u32)c->total_weight;
	return member_at(c, mul_u32_u32(turn, c->stride) % (u32)c->total_weight);
}

/* What nobody knows the latency of costs so much for each request it has: us. */
#define UNKNOWN_LATENCY	1000000

static u64 load_of(const struct cluster *c, const struct endpoint *ep)
{
	u64 active = atomic_read(&ep->active);
	u32 latency;

	if (c->options.lb == L7MESH_LB_LEAST_REQUEST)
		return active;
	latency = endpoint_latency(ep, c->options.decay);
	/* Times a weight it must not overflow. */
	return min(latency ? latency * (active + 1) : UNKNOWN_LATENCY * active,
		   1ULL << 43);
}

/*
 * The power of two choices (Mitzenmacher, 2001), or of more: they are drawn by
 * weight, with replacement as in Envoy, and the one with the least load for its
 * weight is it; of equals the first, so that without load weights alone decide.
 */
static struct member *pick_least_loaded(const struct cluster *c)
{
	struct member *best = pick_random(c), *other;
	u64 load, more;
	u32 i;

	if (c->nmembers == 1)
		return best;
	load = load_of(c, best->ep);
	for (i = 1; i < c->options.choices && load; i++) {
		other = pick_random(c);
		more = load_of(c, other->ep);
		if (more * best->weight >= load * other->weight)
			continue;
		best = other;
		load = more;
	}
	return best;
}

/*
 * The member that the client's hash belongs to. Of one endpoint as well the hash is
 * made: the client is to have its cookie.
 */
static struct member *pick_hashed(const struct cluster *c, struct pick *pick)
{
	u64 hash;

	if (!hash_policy_value(c->hash, c->nhash, pick, &hash))
		return pick_random(c);
	if (c->ring.n)
		return &c->members[ring_lookup(&c->ring, hash)];
	if (c->maglev.entries)
		return &c->members[maglev_lookup(&c->maglev, hash)];
	return pick_random(c);
}

static struct member *pick_member(struct cluster *c, struct pick *pick)
{
	switch (c->options.lb) {
	case L7MESH_LB_MAGLEV:
	case L7MESH_LB_RING_HASH:
		return pick_hashed(c, pick);
	case L7MESH_LB_ROUND_ROBIN:
		return pick_round_robin(c);
	case L7MESH_LB_LEAST_REQUEST:
	case L7MESH_LB_PEAK_EWMA:
		/* Of connections nobody knows the load. */
		if (pick->parser)
			return pick_least_loaded(c);
		fallthrough;
	default:
		return pick_random(c);
	}
}

struct endpoint *cluster_pick(struct cluster *c, struct pick *pick)
{
	return c->nmembers ? pick_member(c, pick)->ep : NULL;
}
