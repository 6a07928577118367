// SPDX-License-Identifier: GPL-2.0
#include "upstream/priority.h"

#include <linux/compiler.h>
#include <linux/minmax.h>

/* The sum of all levels' health, 100 at most. */
static u32 total_availability(const u8 *health, u32 n)
{
	u32 i, sum = 0;

	for (i = 0; i < n; i++)
		sum += health[i];
	return min(sum, 100U);
}

/* What rounding leaves goes to the first level that is healthy at all. */
static void share_by_health(struct priority_level *levels, u32 n,
			    const u8 *health, u32 total)
{
	u32 i, load, first = n, first_load = 0, left = 100;

	for (i = 0; i < n; i++) {
		load = min(left, health[i] * 100U / total);
		left -= load;
		if (first < n || !health[i]) {
			WRITE_ONCE(levels[i].load, load);
			continue;
		}
		first = i;
		first_load = load;
	}
	WRITE_ONCE(levels[first].load, first_load + left);
}

static void share_by_size(struct priority_level *levels, u32 n)
{
	u32 i, load, left = 100;
	u64 members = 0;

	for (i = 0; i < n; i++)
		members += levels[i].members;
	for (i = 1; i < n; i++) {
		load = 100ULL * levels[i].members / (u32)members;
		left -= load;
		WRITE_ONCE(levels[i].load, load);
	}
	WRITE_ONCE(levels[0].load, left);
}

/* Fewer are fit than the threshold says. */
static bool level_panics(const struct priority_level *l, u32 threshold)
{
	return (u64)l->fit * 100 < (u64)threshold * l->members;
}

void priority_share(struct priority_level *levels, u32 n, u32 factor,
		    u32 panic_threshold)
{
	bool all = true, panic;
	u8 health[PRIORITIES_MAX];
	u32 i, total;

	for (i = 0; i < n; i++)
		health[i] = priority_availability(levels[i].fit,
						  levels[i].members, factor);
	total = total_availability(health, n);
	for (i = 0; i < n; i++) {
		panic = total < 100 && level_panics(&levels[i], panic_threshold);
		WRITE_ONCE(levels[i].panic, panic);
		all = all && panic;
	}
	/* Without a threshold there is no panic: the first level gets everything. */
	if (all)
		share_by_size(levels, n);
	else if (total)
		share_by_health(levels, n, health, total);
	else
		for (i = 0; i < n; i++)
			WRITE_ONCE(levels[i].load, i ? 0 : 100);
}

u32 priority_pick(const struct priority_level *levels, u32 n, u32 point)
{
	u32 i, sum = 0;

	for (i = 0; i + 1 < n; i++) {
		sum += READ_ONCE(levels[i].load);
		if (point < sum)
			break;
	}
	return i;
}
