// SPDX-License-Identifier: GPL-2.0
/* Tests of module/upstream/priority.c: Envoy's documentation, and its code in plain words. */
#include <stdio.h>
#include <linux/kernel.h>

#include "tap.h"
#include "unit.h"
#include "upstream/priority.h"

#define LEVELS	4

struct example {
	u32 n;
	u32 healthy[LEVELS];		/* percent */
	u32 load[LEVELS];
	bool panic[LEVELS];
};

/*
 * The tables of Envoy's "Priority levels" and "Panic threshold" pages, factor 140,
 * threshold 50. Where those round by hand, what load_balancer_impl.cc says: the first
 * healthy priority has what is left.
 */
static const struct example examples[] = {
	{ 1, { 100 }, { 100 }, { false } },
	{ 1, { 72 }, { 100 }, { false } },
	{ 1, { 50 }, { 100 }, { false } },
	{ 1, { 49 }, { 100 }, { true } },
	{ 1, { 0 }, { 100 }, { true } },
	{ 2, { 100, 100 }, { 100, 0 }, { false, false } },
	{ 2, { 72, 72 }, { 100, 0 }, { false, false } },
	{ 2, { 71, 71 }, { 99, 1 }, { false, false } },
	{ 2, { 50, 60 }, { 70, 30 }, { false, false } },
	{ 2, { 25, 100 }, { 35, 65 }, { false, false } },
	{ 2, { 0, 100 }, { 0, 100 }, { false, false } },
	{ 2, { 25, 25 }, { 50, 50 }, { true, true } },
	{ 2, { 5, 65 }, { 8, 92 }, { true, false } },
	{ 3, { 100, 100, 100 }, { 100, 0, 0 }, { false } },
	{ 3, { 50, 50, 100 }, { 70, 30, 0 }, { false } },
	{ 3, { 25, 25, 100 }, { 35, 35, 30 }, { false } },
	{ 3, { 25, 25, 60 }, { 35, 35, 30 }, { false } },
	{ 3, { 0, 0, 100 }, { 0, 0, 100 }, { false } },
};

static bool matches(const struct example *e)
{
	struct priority_level levels[LEVELS] = {};
	u32 i;

	for (i = 0; i < e->n; i++) {
		levels[i].members = 100;
		levels[i].fit = e->healthy[i];
	}
	priority_share(levels, e->n, 140, 50);
	for (i = 0; i < e->n; i++)
		if (levels[i].load != e->load[i] || levels[i].panic != e->panic[i])
			return false;
	return true;
}

/* recalculatePerPriorityState() and what follows it, as Envoy has it. */
static void envoys_loads(const struct priority_level *l, u32 n, u32 factor,
			 u32 threshold, u32 *load, bool *panic)
{
	u32 health[PRIORITIES_MAX], i, sum = 0, left = 100, hosts = 0;
	bool total_panic = true;
	int first = -1;

	for (i = 0; i < n; i++) {
		u64 h = (u64)factor * l[i].fit / l[i].members;

		health[i] = h < 100 ? h : 100;
		sum += health[i];
		hosts += l[i].members;
	}
	if (sum > 100)
		sum = 100;
	for (i = 0; i < n; i++) {
		panic[i] = sum != 100 &&
			   100.0 * l[i].fit / l[i].members < threshold;
		total_panic &= panic[i];
		load[i] = 0;
	}
	for (i = 0; i < n && (sum || total_panic); i++) {
		u32 part = total_panic ? 100ULL * l[i].members / hosts :
					 health[i] * 100 / sum;

		if (first < 0 && (total_panic || health[i]))
			first = i;
		load[i] = part < left ? part : left;
		left -= load[i];
	}
	load[first < 0 ? 0 : first] += left;
}

static u32 random_below(u32 *seed, u32 n)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % n;
}

static bool agrees(u32 *seed)
{
	struct priority_level levels[PRIORITIES_MAX] = {};
	u32 n = 1 + random_below(seed, PRIORITIES_MAX), i, sum = 0;
	u32 threshold = random_below(seed, 3) * 50, want[PRIORITIES_MAX];
	u32 factor = 100 + random_below(seed, 3) * 40;
	bool panic[PRIORITIES_MAX];

	if (random_below(seed, 2))
		n = 1 + n % 4;
	for (i = 0; i < n; i++) {
		levels[i].members = 1 + random_below(seed, 1000);
		levels[i].fit = random_below(seed, levels[i].members + 1);
		if (!random_below(seed, 4))
			levels[i].fit = 0;
	}
	priority_share(levels, n, factor, threshold);
	envoys_loads(levels, n, factor, threshold, want, panic);
	for (i = 0; i < n; i++) {
		sum += levels[i].load;
		if (levels[i].load != want[i] || levels[i].panic != panic[i])
			return false;
	}
	return sum == 100;
}

/* Of 100 points each level has as many as its load says. */
static bool picks_are_loads(void)
{
	struct priority_level levels[] = { { 1, 1, 35, false },
		{ 1, 1, 0, false }, { 1, 1, 64, false }, { 1, 1, 1, false } };
	u32 got[4] = {}, i;

	for (i = 0; i < 100; i++)
		got[priority_pick(levels, 4, i)]++;
	return got[0] == 35 && got[1] == 0 && got[2] == 64 && got[3] == 1;
}

void test_priority(void)
{
	u32 i, seed = 1, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(examples); i++)
		tap_ok(matches(&examples[i]),
		       "priority: %u, %u, %u percent of %u levels are well",
		       examples[i].healthy[0], examples[i].healthy[1],
		       examples[i].healthy[2], examples[i].n);
	for (i = 0; i < 20000; i++)
		wrong += !agrees(&seed);
	tap_ok(!wrong, "priority: Envoy's code says the same (%u of 20000 differ)",
	       wrong);
	tap_ok(picks_are_loads(), "priority: picks are spread as the loads are");
	tap_ok(priority_availability(0xffffffff, 0xffffffff, 1000) == 100 &&
	       priority_availability(1, 0xffffffff, 1000) == 0,
	       "priority: availability at its ends");
}
