// SPDX-License-Identifier: GPL-2.0
/*
 * cluster_pick: which endpoint serves a request or connection, see cluster.h.
 *
 * Any context, no lock. How one is chosen of a set is the balancer's, see balancer.h.
 */
#include <linux/math64.h>
#include <linux/random.h>
#include <uapi/linux/l7mesh.h>
#include "lib/budget.h"
#include "upstream/accrual.h"
#include "upstream/balancer.h"
#include "upstream/cluster.h"

/* A pick that is being made. */
struct choice {
	struct pick *pick;
	struct roster *roster;
	u32 attempt;			/* from 0 */
};

static const struct hash_policies *policies_of(const struct cluster *c,
					       const struct pick *pick)
{
	const struct hash_policies *own = pick->policies;

	return own && own->n ? own : &c->hash;
}

bool cluster_ask_hash(const struct cluster *c, struct pick *pick)
{
	return hash_policies_ask(policies_of(c, pick), pick);
}

bool cluster_pick_has_hash(const struct cluster *c, struct pick *pick)
{
	while (cluster_ask_hash(c, pick))
		;
	return pick->hashed;
}

static bool is_hashed(const struct cluster *c)
{
	return balancer_of(c)->hashed;
}

static u32 hash_cost(const struct cluster *c, const struct pick *pick)
{
	const struct hash_policies *policies = policies_of(c, pick);
	u32 i, cost = 0;

	for (i = 0; i < policies->n && is_hashed(c); i++)
		cost += hash_policy_cost(&policies->list[i], pick);
	return cost;
}

bool cluster_hash_is_dear(const struct cluster *c, const struct pick *pick)
{
	/* Mostly it is not, whatever is in the head. */
	return is_hashed(c) &&
	       policies_of(c, pick)->n * hash_policy_most(pick) > COST_INLINE_MAX &&
	       hash_cost(c, pick) > COST_INLINE_MAX;
}

u32 cluster_next_hash_cost(const struct cluster *c, const struct pick *pick)
{
	const struct hash_policies *policies = policies_of(c, pick);

	if (pick->asked >= policies->n)
		return 0;
	return hash_policy_cost(&policies->list[pick->asked], pick);
}

u32 cluster_pick_cost(const struct cluster *c, const struct pick *pick)
{
	u32 cost = hash_cost(c, pick);

	return session_affinity_enabled(&c->session) ?
	       cost + hash_policy_cookie_cost(pick) : cost;
}

static struct member *pick_member(struct cluster *c, struct member_set *set,
				  struct choice *choice)
{
	return balancer_of(c)->pick(c, set, choice->pick, choice->attempt);
}

/* If too few endpoints are well, these would break down under the load of all. */
static bool panics(const struct cluster *c, struct roster *roster,
		   const struct member_set *set)
{
	cluster_keep_surveyed(c, roster);
	return READ_ONCE(roster->levels[set->level].panic);
}

static bool is_avoided(const struct pick *pick, const struct endpoint *ep)
{
	u32 i;

	for (i = 0; i < pick->navoid; i++)
		if (pick->avoid[i] == ep)
			return true;
	return false;
}

static bool will_do(const struct cluster *c, const struct choice *choice,
		    const struct member_set *set, const struct endpoint *ep)
{
	if (READ_ONCE(ep->draining) ||
	    (!cluster_member_fit(c, ep) && !panics(c, choice->roster, set)))
		return false;
	return !is_avoided(choice->pick, ep);
}

/* A level in panic uses all its endpoints, so each locality gets its whole weight. */
static u64 share_of(const struct cluster *c, const struct roster *roster,
		    const struct member_set *set)
{
	if (set->locality >= c->nlocalities)
		return 0;
	if (READ_ONCE(roster->levels[set->level].panic))
		return c->localities[set->locality].weight;
	return READ_ONCE(set->share);
}

/*
 * The locality whose share of its level @lot falls into. Endpoints without one have
 * something only if no other has (in Envoy, such a locality has no weight).
 */
static struct member_set *pick_locality(const struct cluster *c,
					const struct roster *roster, u32 level,
					u64 lot)
{
	struct member_set *set, *some = NULL, *end = roster->sets + roster->nsets;
	u64 total = 0, point, share;

	for (set = roster->sets; set < end; set++)
		if (set->level == level)
			total += share_of(c, roster, set);
	point = mul_u64_u64_shr(lot, total, 64);
	for (set = roster->sets; set < end; set++) {
		if (set->level != level)
			continue;
		some = set;
		share = share_of(c, roster, set);
		if (point < share)
			break;
		point -= share;
	}
	return some;
}

/*
 * As in Envoy a request's hash decides about its priority as well, so that it stays
 * with it; here about its locality, too (Envoy has one table for all localities).
 */
static struct member_set *pick_set(struct cluster *c, struct choice *choice)
{
	struct roster *roster = choice->roster;
	u32 level = 0;
	u64 lot;

	if (likely(roster->nsets == 1))
		return roster->sets;
	cluster_keep_surveyed(c, roster);
	if (is_hashed(c) && cluster_pick_has_hash(c, choice->pick))
		lot = choice->pick->hash;
	else
		lot = get_random_u64();
	if (roster->nlevels > 1)
		level = priority_pick(roster->levels, roster->nlevels, lot % 100);
	return pick_locality(c, roster, level, lot * BALANCER_NEXT_HASH);
}

/*
 * Envoy's slow start: an endpoint that has part of its weight is turned down as
 * often as the rest is missing. Hashed policies have none, as the owner of a hash
 * would change.
 */
static bool is_too_cold(const struct cluster *c, const struct endpoint *ep)
{
	const struct cluster_options *o = &c->options;
	u32 warmth;

	if (likely(!o->slow_start_window) || is_hashed(c))
		return false;
	warmth = endpoint_warmth(ep, msecs_to_jiffies(o->slow_start_window),
				 o->slow_start_min_weight);
	return warmth < 100 && reciprocal_scale(get_random_u32(), 100) >= warmth;
}

/*
 * May this request go to the endpoint? As will_do(), and slow start and probation
 * count.
 */
static bool may_have(struct cluster *c, const struct choice *choice,
		     const struct member_set *set, struct endpoint *ep)
{
	if (!will_do(c, choice, set, ep) || is_too_cold(c, ep))
		return false;
	return !accrual_enabled(&c->options) || accrual_admits(ep, choice->pick);
}

/*
 * How often the policy is asked. If half of the endpoints are not usable, one
 * request in 2^16 meets only those.
 */
#define ATTEMPTS	16

/* Any usable member of a set, or NULL. */
static struct member *find_in_set(const struct cluster *c,
				  const struct choice *choice,
				  struct member_set *set)
{
	u32 start = mul_u32_u32(get_random_u32(), set->n) >> 32, i;

	/* Without a fit endpoint, and without panic, the search would be in vain. */
	if (!panics(c, choice->roster, set) &&
	    !READ_ONCE(choice->roster->levels[set->level].fit))
		return NULL;
	for (i = 0; i < set->n; i++) {
		struct member *m = &set->members[(start + i) % set->n];

		if (will_do(c, choice, set, m->ep))
			return m;
	}
	return NULL;
}

/* A usable member of this set, or of the first other set that has one. */
static struct member *find_other(const struct cluster *c,
				 const struct choice *choice,
				 struct member_set *set)
{
	struct roster *roster = choice->roster;
	struct member *m = find_in_set(c, choice, set);
	u32 i;

	for (i = 0; !m && i < roster->nsets && roster->nsets > 1; i++)
		m = find_in_set(c, choice, &roster->sets[i]);
	return m;
}

/* The endpoints that may serve the request; NULL if there are none. */
static struct roster *roster_for(struct cluster *c, const struct pick *pick)
{
	struct roster *roster = &c->all;

	if (unlikely(pick->subset.len && c->nmembers))
		roster = cluster_roster(c, pick->subset);
	if (likely(roster && roster->n))
		return roster;
	/* Envoy's fallback_policy: ANY_ENDPOINT */
	return roster && c->nmembers && c->options.subset_fallback ? &c->all : NULL;
}

static struct endpoint *pick_balanced(struct cluster *c, struct choice *choice)
{
	struct member_set *set = pick_set(c, choice);
	struct member *first = pick_member(c, set, choice), *m;

	for (m = first; !may_have(c, choice, set, m->ep);
	     m = pick_member(c, set, choice))
		if (++choice->attempt == ATTEMPTS)
			return (find_other(c, choice, set) ?: first)->ep;
	return m->ep;
}

/*
 * May the client stay with the endpoint of its session? It must be well, even in
 * panic.
 */
static bool may_keep(const struct cluster *c, const struct pick *pick,
		     struct endpoint *ep)
{
	if (READ_ONCE(ep->draining) || !cluster_member_fit(c, ep) ||
	    is_avoided(pick, ep))
		return false;
	return !accrual_enabled(&c->options) || accrual_admits(ep, pick);
}

/* The endpoint of the client's session, or another one and the cookie that names it. */
static struct endpoint *pick_session(struct cluster *c, struct choice *choice)
{
	struct pick *pick = choice->pick;
	struct endpoint *ep;

	ep = session_affinity_find(&c->session, choice->roster, pick);
	if (ep && may_keep(c, pick, ep)) {
		/* Who asked hash policies before may have been told to give one. */
		pick->cookie = NULL;
		return ep;
	}
	ep = pick_balanced(c, choice);
	pick->cookie = &c->session.cookie;
	pick->cookie_value = session_affinity_id(&ep->address);
	return ep;
}

struct endpoint *cluster_pick(struct cluster *c, struct pick *pick)
{
	struct choice choice = { .pick = pick, .roster = roster_for(c, pick) };

	if (!choice.roster) {
		pick->cookie = NULL;
		return NULL;
	}
	if (unlikely(session_affinity_enabled(&c->session)) && pick->message)
		return pick_session(c, &choice);
	return pick_balanced(c, &choice);
}
