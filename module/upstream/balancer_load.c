// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include "upstream/balancer.h"

/*
 * Assumed cost, for each active request, of an endpoint whose latency is unknown:
 * us.
 */
#define UNKNOWN_LATENCY	1000000

static u64 load_of(const struct cluster *c, const struct endpoint *ep)
{
	u64 active = atomic_read(&ep->active);
	u32 latency;

	if (!balancer_of(c)->latency)
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
static struct member *load_pick(const struct cluster *c, struct member_set *set,
				struct pick *pick, u32 attempt)
{
	struct member *best = balancer_draw(set), *other;
	u64 load, more;
	u32 i;

	/* The load of TCP connections is not known. */
	if (set->n == 1 || !pick->message)
		return best;
	load = load_of(c, best->ep);
	for (i = 1; i < c->options.choices && load; i++) {
		other = balancer_draw(set);
		more = load_of(c, other->ep);
		if (more * best->weight >= load * other->weight)
			continue;
		best = other;
		load = more;
	}
	return best;
}

const struct balancer_ops balancer_least_request = { .pick = load_pick };

const struct balancer_ops balancer_peak_ewma = {
	.latency = true,
	.pick = load_pick,
};
