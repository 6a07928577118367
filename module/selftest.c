// SPDX-License-Identifier: GPL-2.0
#ifdef DEBUG_SELFTEST

#define pr_fmt(fmt) "l7mesh: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "lib/f64.h"
#include "selftest.h"
#include "upstream/maglev.h"

#define ROUNDS		20
#define ENDPOINTS_MAX	300
#define SIZE_MAX_TRIED	4099

static const u32 sizes[] __initconst = { 2, 7, 251, 1009, SIZE_MAX_TRIED };

/* Several trials share the memory. */
struct maglev_trial {
	struct maglev_endpoint eps[ENDPOINTS_MAX];
	u64 next[ENDPOINTS_MAX];
	u64 share[ENDPOINTS_MAX];
	u64 target[ENDPOINTS_MAX];
	u64 heaviest;
	u32 expected[SIZE_MAX_TRIED];
	u32 entries[SIZE_MAX_TRIED];
	struct maglev m;
	u32 n;
};

static u32 __init random_below(u32 limit)
{
	u32 random;

	get_random_bytes(&random, sizeof(random));
	return random % limit;
}

static void __init random_endpoints(struct maglev_trial *t, bool weighted)
{
	u32 i, magnitude = weighted ? random_below(31) : 0;
	char key[MAGLEV_KEY_MAX];
	struct span span = { key };

	for (i = 0; i < t->n; i++) {
		span.len = scnprintf(key, sizeof(key), "10.0.%u.%u:%u", i / 256,
				     i % 256, random_below(65536));
		maglev_endpoint_init(&t->eps[i], span, t->m.size);
		t->eps[i].weight = 1 + random_below(1U << magnitude);
	}
}

static void __init naive_weights(struct maglev_trial *t)
{
	u32 k, heaviest = 0;
	u64 sum = 0;

	for (k = 0; k < t->n; k++) {
		heaviest = max(heaviest, t->eps[k].weight);
		sum += t->eps[k].weight;
	}
	for (k = 0; k < t->n; k++) {
		t->next[k] = 0;
		t->target[k] = 0;
		t->share[k] = f64_ratio(t->eps[k].weight, sum);
	}
	t->heaviest = f64_ratio(heaviest, sum);
}

/* What maglev.c must agree with: 3.4 of the paper, with Envoy's weights. */
static void __init naive_build(struct maglev_trial *t)
{
	u32 i, k, left = t->m.size;
	u64 slot;

	naive_weights(t);
	memset(t->expected, 0xff, sizeof(t->expected));
	for (i = 1; left; i++) {
		for (k = 0; k < t->n && left; k++) {
			if (f64_scale(i, t->share[k]) < t->target[k])
				continue;
			t->target[k] = f64_add(t->target[k], t->heaviest);
			do {
				slot = (t->eps[k].offset + t->next[k]++ *
					t->eps[k].skip) % t->m.size;
			} while (t->expected[slot] != U32_MAX);
			t->expected[slot] = k;
			left--;
		}
	}
}

static void __init resched(void)
{
	cond_resched();
}

static bool __init trial(struct maglev_trial *t, u32 size, bool weighted)
{
	u32 slot;

	t->n = 1 + random_below(ENDPOINTS_MAX);
	t->m.size = size;
	t->m.width = maglev_width(t->n);
	t->m.entries = t->entries;
	random_endpoints(t, weighted);
	maglev_build(&t->m, t->eps, t->n, resched);
	naive_build(t);
	for (slot = 0; slot < size; slot++) {
		if (maglev_lookup(&t->m, slot) == t->expected[slot])
			continue;
		pr_err("self-test maglev: size %u, %u endpoints: slot %u is %u, not %u\n",
		       size, t->n, slot, maglev_lookup(&t->m, slot),
		       t->expected[slot]);
		return false;
	}
	return true;
}

int __init selftest_maglev(void)
{
	struct maglev_trial *t = kvmalloc(sizeof(*t), GFP_KERNEL);
	bool pass = true;
	u32 i;

	if (!t)
		return -ENOMEM;
	for (i = 0; pass && i < ROUNDS; i++) {
		pass = trial(t, sizes[i % ARRAY_SIZE(sizes)], i & 1);
		cond_resched();
	}
	kvfree(t);
	pr_info("self-test maglev: %s\n", pass ? "pass" : "FAIL");
	return pass ? 0 : -ENOTRECOVERABLE;
}

#endif
