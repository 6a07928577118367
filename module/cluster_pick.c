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
#include "cluster_state.h"

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
static struct member *pick_round_robin(struct cluster *c, bool peek)
{
	u32 turn;

	if (c->nmembers == 1)
		return &c->members[0];
	turn = peek ? atomic_read(&c->turn) : atomic_inc_return(&c->turn) - 1;
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

/* A pick that is being made. */
struct choice {
	struct pick *pick;
	u32 attempt;			/* from 0 */
	bool asked;			/* the hash policies */
};

/* The golden ratio: hashes of one value in several attempts have nothing in common. */
#define NEXT_HASH	0x9e3779b97f4a7c15ULL

/*
 * The member that the client's hash belongs to. Of one endpoint as well the hash is
 * made: the client is to have its cookie. If the owner will not do, another hash
 * made of it finds one that is always the same, and not the same for all.
 */
static struct member *pick_hashed(const struct cluster *c, struct choice *choice)
{
	struct pick *pick = choice->pick;
	u64 hash;

	if (!choice->asked)
		pick->hashed = hash_policy_value(c->hash, c->nhash, pick,
						 &pick->hash);
	choice->asked = true;
	if (!pick->hashed)
		return pick_random(c);
	hash = pick->hash + choice->attempt * NEXT_HASH;
	if (c->ring.n)
		return &c->members[ring_lookup(&c->ring, hash)];
	if (c->maglev.entries)
		return &c->members[maglev_lookup(&c->maglev, hash)];
	return pick_random(c);
}

static struct member *pick_member(struct cluster *c, struct choice *choice)
{
	switch (c->options.lb) {
	case L7MESH_LB_MAGLEV:
	case L7MESH_LB_RING_HASH:
		return pick_hashed(c, choice);
	case L7MESH_LB_ROUND_ROBIN:
		return pick_round_robin(c, choice->pick->peek);
	case L7MESH_LB_LEAST_REQUEST:
	case L7MESH_LB_PEAK_EWMA:
		/* Of connections nobody knows the load. */
		if (choice->pick->parser)
			return pick_least_loaded(c);
		fallthrough;
	default:
		return pick_random(c);
	}
}

/*
 * Envoy's panic threshold: with so few that are well those would break down as well.
 * Counted anew in each jiffy in which an endpoint that is not was hit.
 */
static bool panics(const struct cluster *c)
{
	struct cluster_state *s = c->state;
	unsigned long now = jiffies;

	/* Any other moment than this one is too old. */
	if (READ_ONCE(s->surveyed) ^ now) {
		WRITE_ONCE(s->unfit, cluster_count_unfit(c));
		WRITE_ONCE(s->surveyed, now);
	}
	return (u64)(c->nmembers - min(READ_ONCE(s->unfit), c->nmembers)) * 100 <
	       (u64)c->options.panic_threshold * c->nmembers;
}

static bool will_do(const struct cluster *c, const struct endpoint *ep,
		    const struct pick *pick)
{
	u32 i;

	if (READ_ONCE(ep->draining) || (!cluster_member_fit(c, ep) && !panics(c)))
		return false;
	for (i = 0; i < pick->navoid; i++)
		if (pick->avoid[i] == ep)
			return false;
	return true;
}

/* So often the policy is asked; one in 2^16 requests finds the half that will not do. */
#define ATTEMPTS	16

/* Any member that will do, or NULL. */
static struct member *find_other(const struct cluster *c,
				 const struct pick *pick)
{
	u32 start = mul_u32_u32(get_random_u32(), c->nmembers) >> 32, i;

	for (i = 0; i < c->nmembers; i++) {
		struct member *m = &c->members[(start + i) % c->nmembers];

		if (will_do(c, m->ep, pick))
			return m;
	}
	return NULL;
}

struct endpoint *cluster_pick(struct cluster *c, struct pick *pick)
{
	struct choice choice = { .pick = pick };
	struct member *first, *m;

	if (!c->nmembers)
		return NULL;
	first = pick_member(c, &choice);
	for (m = first; !will_do(c, m->ep, pick); m = pick_member(c, &choice))
		if (++choice.attempt == ATTEMPTS)
			return (find_other(c, pick) ?: first)->ep;
	return m->ep;
}
