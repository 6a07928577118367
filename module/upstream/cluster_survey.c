// SPDX-License-Identifier: GPL-2.0
/*
 * cluster_survey: how much of the load each priority and locality of a cluster gets,
 * by how many of their endpoints are well; see cluster.h and priority.h.
 *
 * Any context, no lock: two CPUs at once write the same.
 */
#include <linux/jiffies.h>
#include "upstream/cluster.h"

static bool is_fit(const struct cluster *c, const struct endpoint *ep)
{
	return !READ_ONCE(ep->draining) && cluster_member_fit(c, ep);
}

static u32 count_fit(const struct cluster *c, const struct member_set *set)
{
	u32 i, n = 0;

	for (i = 0; i < set->n; i++)
		n += is_fit(c, set->members[i].ep);
	return n;
}

/*
 * Envoy's effective locality weights: what a locality lacks of its endpoints, beyond
 * what others can take over, its share lacks as well.
 */
static void survey_level(const struct cluster *c, struct roster *roster,
			 u32 level, u32 factor)
{
	struct member_set *set;
	u32 n, fit = 0;

	for (set = roster->sets; set < roster->sets + roster->nsets; set++) {
		if (set->level != level)
			continue;
		n = count_fit(c, set);
		fit += n;
		if (set->locality < c->nlocalities)
			WRITE_ONCE(set->share,
				   (u64)c->localities[set->locality].weight *
				   priority_availability(n, set->n, factor));
	}
	WRITE_ONCE(roster->levels[level].fit, fit);
}

void cluster_survey(const struct cluster *c, struct roster *roster)
{
	u32 level, factor = c->options.overprovisioning_factor;

	for (level = 0; level < roster->nlevels; level++)
		survey_level(c, roster, level, factor);
	priority_share(roster->levels, roster->nlevels, factor,
		       c->options.panic_threshold);
	WRITE_ONCE(roster->surveyed, jiffies);
}

static void outdate(struct roster *roster)
{
	if (roster->n <= CLUSTER_AT_ONCE)
		WRITE_ONCE(roster->surveyed, jiffies - U32_MAX);
}

void cluster_outdate_surveys(struct cluster *c)
{
	u32 i;

	outdate(&c->all);
	for (i = 0; c->rosters && i < c->nsubsets; i++)
		outdate(&c->rosters[i]);
}
