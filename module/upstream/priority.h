/* SPDX-License-Identifier: GPL-2.0 */
/*
 * priority: how much of a cluster's load each of its priorities gets.
 *
 * Envoy's arithmetic, in its whole percents (LoadBalancerBase's
 * recalculatePerPriorityState, recalculatePerPriorityPanic and
 * recalculateLoadInTotalPanic): a priority is as healthy as its share of endpoints
 * that are fit, times the overprovisioning factor, 100 at most; the first takes as much
 * of the load as it is healthy, the next what is left. If all of them together are not
 * 100, each gets its part of their sum, and those with fewer fit endpoints than the
 * panic threshold use all that they have; if all panic, endpoints are what counts.
 *
 * Pure functions of numbers, any context.
 */
#ifndef L7MESH_PRIORITY_H
#define L7MESH_PRIORITY_H

#include <linux/types.h>

#define PRIORITIES_MAX	128		/* Envoy's limit */

/* One priority that has endpoints. */
struct priority_level {
	u32 members;			/* at least one */
	u32 fit;			/* of them */
	u8 load;			/* out: percent of the cluster's */
	bool panic;			/* out: endpoints that are not fit are used */
};

/**
 * priority_share() - Share the load among priorities
 * @levels: in their order; ->load and ->panic are written
 * @n: how many, 1 to PRIORITIES_MAX
 * @factor: percent: of overprovisioning
 * @panic_threshold: percent
 *
 * ->load is 100 in sum. Readers may look at it meanwhile: each value that they see is
 * one of before or after.
 */
void priority_share(struct priority_level *levels, u32 n, u32 factor,
		    u32 panic_threshold);

/**
 * priority_pick() - The priority of a request
 * @levels: levels
 * @n: how many
 * @point: 0 to 99
 *
 * Return: an index.
 */
u32 priority_pick(const struct priority_level *levels, u32 n, u32 point);

/* How much of a share is left of a part of the endpoints: percent, 100 at most. */
static inline u32 priority_availability(u32 fit, u32 members, u32 factor)
{
	u64 percent = (u64)fit * factor;

	return percent >= (u64)members * 100 ? 100 : (u32)percent / members;
}

#endif
