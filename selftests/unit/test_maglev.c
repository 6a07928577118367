// SPDX-License-Identifier: GPL-2.0
/* Tests of module/upstream/maglev.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "lib/f64.h"
#include "maglev_table.h"
#include "tap.h"
#include "unit.h"

/*
 * The assignments that Envoy publishes in its tests
 * (test/extensions/load_balancing_policies/maglev/maglev_lb_test.cc).
 */
static const struct {
	const char *name;
	const char *keys[6];
	u32 weights[6];
	u32 size;
	const char *wanted;	/* a digit per slot: index into keys */
} envoy_vectors[] = {
	{
		"Basic",
		{ "127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92",
		  "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95" },
		{ 1, 1, 1, 1, 1, 1 }, 7, "2401503",
	}, {
		"BasicWithHostName",
		{ "90", "91", "92", "93", "94", "95" },
		{ 1, 1, 1, 1, 1, 1 }, 7, "2503410",
	}, {
		"Weighted",
		{ "127.0.0.1:90", "127.0.0.1:91" },
		{ 1, 2 }, 17, "10010110111110101",
	}, {
		"LocalityWeightedSameLocalityWeights",
		{ "127.0.0.1:90", "127.0.0.1:91" },
		{ 1, 1 }, 17, "10010110010100101",
	}, {
		"LocalityWeightedDifferentLocalityWeights",
		{ "127.0.0.1:90", "127.0.0.1:91" },
		{ 8, 2 }, 17, "10000010010100000",
	},
};

static void test_envoy_vector(u32 vector)
{
	struct maglev_key keys[6] = { 0 };
	char got[32] = "";
	struct maglev_table t;
	u32 n, slot;

	for (n = 0; n < 6 && envoy_vectors[vector].keys[n]; n++)
		strcpy(keys[n].text, envoy_vectors[vector].keys[n]);
	table_init(&t, keys, envoy_vectors[vector].weights, n,
		   envoy_vectors[vector].size);
	table_build(&t, NULL);
	for (slot = 0; slot < t.m.size; slot++)
		got[slot] = '0' + maglev_lookup(&t.m, slot);
	tap_is(got, envoy_vectors[vector].wanted, "maglev: Envoy's vector %s",
	       envoy_vectors[vector].name);
	table_free(&t);
}

/* LocalityWeightedLopsided: one of weight 127, the others share a weight of 1. */
static void test_envoy_lopsided(void)
{
	struct maglev_key *keys = calloc(1024, sizeof(*keys));
	u32 *weights = calloc(1024, sizeof(u32));
	struct maglev_table t;
	u32 i, *count, others = 0;

	for (i = 0; i < 1024; i++) {
		snprintf(keys[i].text, MAGLEV_KEY_MAX, "127.0.0.1:%u", i);
		weights[i] = i ? 1 : 127 * 1023;
	}
	table_init(&t, keys, weights, 1024, MAGLEV_SIZE_DEFAULT);
	table_build(&t, NULL);
	count = table_count(&t);
	for (i = 1; i < 1024; i++)
		others += count[i] == 1;
	tap_ok(count[0] == MAGLEV_SIZE_DEFAULT - 1023 && others == 1023,
	       "maglev: Envoy's vector LocalityWeightedLopsided");
	free(count);
	free(weights);
	free(keys);
	table_free(&t);
}

static bool same(const struct maglev *m, const u32 *entries)
{
	u32 slot;

	for (slot = 0; slot < m->size; slot++)
		if (maglev_lookup(m, slot) != entries[slot])
			return false;
	return true;
}

static void random_table(struct maglev_table *t, u32 n, u32 size, u32 weight_max)
{
	struct maglev_key *keys = calloc(n, sizeof(*keys));
	u32 *weights = calloc(n, sizeof(u32));
	u32 i;

	for (i = 0; i < n; i++) {
		snprintf(keys[i].text, MAGLEV_KEY_MAX, "[fd00::%x]:%u", i,
			 tap_random(65536));
		weights[i] = 1 + tap_random(weight_max);
	}
	table_init(t, keys, weights, n, size);
	free(weights);
	free(keys);
}

static bool as_envoy(u32 n, u32 size, u32 weight_max)
{
	u32 *entries = calloc(size, sizeof(u32));
	struct maglev_table t;
	bool equal;

	random_table(&t, n, size, weight_max);
	table_build(&t, NULL);
	table_oracle(&t, entries);
	equal = same(&t.m, entries);
	table_free(&t);
	free(entries);
	return equal;
}

static void test_oracle(u32 weight_max)
{
	static const u32 sizes[] = { 2, 3, 7, 17, 251, 1009, 4099 };
	u32 i, equal = 0;

	for (i = 0; i < 300; i++)
		equal += as_envoy(1 + tap_random(i % 2 ? 20 : 400),
				  sizes[tap_random(7)], weight_max);
	tap_ok(equal == 300,
	       "maglev: %u of 300 random tables as the oracle's, weights up to %u",
	       equal, weight_max);
}

static void test_large(void)
{
	tap_ok(as_envoy(100, MAGLEV_SIZE_DEFAULT, 10) &&
	       as_envoy(7, 655373, 5),
	       "maglev: large weighted tables as the oracle's");
}

/* Entries of every width, and more endpoints than fit in the table. */
static void test_widths(void)
{
	static const u32 counts[] = { 1, 254, 255, 256, 257, 65535, 65536, 65537 };
	u32 i, equal = 0;

	for (i = 0; i < 8; i++)
		equal += as_envoy(counts[i], i < 5 ? 1009 : MAGLEV_SIZE_DEFAULT,
				  1);
	tap_ok(equal == 8, "maglev: 1, 254..257, 65535..65537 endpoints");
	tap_ok(maglev_width(1) == 1 && maglev_width(255) == 1 &&
	       maglev_width(256) == 2 && maglev_width(65535) == 2 &&
	       maglev_width(65536) == 4, "maglev: width of entries");
}

static u64 bits(double d)
{
	u64 a;

	memcpy(&a, &d, sizeof(a));
	return a;
}

/* The integers' arithmetic against the machine's. */
static void test_f64(void)
{
	u32 i, ok = 0, scale;
	double a, b;
	u64 p, q;

	for (i = 0; i < 200000; i++) {
		q = 1 + tap_random(1U << (1 + tap_random(31)));
		q = i & 1 ? q : q * (1 + tap_random(1 << 21));
		p = 1 + (((u64)tap_random(1U << 31) << 22) + tap_random(1 << 22)) % q;
		scale = 1 + tap_random((1U << (1 + tap_random(23))) - 1);
		a = (double)p / (double)q;
		b = a * scale;
		ok += f64_ratio(p, q) == bits(a) &&
		      f64_scale(scale, bits(a)) == bits(b) &&
		      f64_add(bits(a), bits(b)) == bits(a + b) &&
		      f64_add(bits(b), bits(1.0 / q)) == bits(b + 1.0 / q) &&
		      f64_add(0, bits(a)) == bits(a);
	}
	tap_ok(ok == i, "f64: %u of %u random operations as the machine's", ok, i);
}

static void test_sizes(void)
{
	static const u32 good[] = { 2, 3, 7, 17, 251, 65537, 5000011 };
	static const u32 bad[] = { 0, 1, 4, 9, 15, 65536, 65539 * 3, 4999999 - 1,
				   2209 /* 47 * 47 */, 5000039, UINT32_MAX };
	u32 i, ok = 0;

	for (i = 0; i < 7; i++)
		ok += maglev_size_valid(good[i]);
	tap_ok(ok == 7, "maglev: primes are sizes");
	for (i = 0, ok = 0; i < 11; i++)
		ok += !maglev_size_valid(bad[i]);
	tap_ok(ok == 11, "maglev: other numbers are not");
}

/* Without the heap this took 65537 * 5000 steps. */
static u32 relaxed;

static void relax(void)
{
	relaxed++;
}

static void test_hostile(void)
{
	struct maglev_key *keys = table_keys(5000);
	u32 *weights = calloc(5000, sizeof(u32));
	struct maglev_table t;
	u32 i, *count;

	for (i = 0; i < 5000; i++)
		weights[i] = i == 7 ? UINT32_MAX : 1;
	table_init(&t, keys, weights, 5000, MAGLEV_SIZE_DEFAULT);
	table_build(&t, relax);
	count = table_count(&t);
	for (i = 0; i < 5000 && count[i]; i++)
		;
	tap_ok(i == 5000, "maglev: weights of 1 and 4294967295 side by side");
	tap_ok(relaxed > 0, "maglev: a long build relaxes now and then");
	free(count);
	free(weights);
	free(keys);
	table_free(&t);
}

static void test_weight_shares(void)
{
	struct maglev_key *keys = table_keys(3);
	static const u32 weights[] = { 10, 30, 60 };
	struct maglev_table t;
	u32 *count, i, ok = 0;

	table_init(&t, keys, weights, 3, MAGLEV_SIZE_DEFAULT);
	table_build(&t, NULL);
	count = table_count(&t);
	for (i = 0; i < 3; i++)
		ok += llabs((long long)count[i] * 100 -
			    (long long)weights[i] * MAGLEV_SIZE_DEFAULT) < 1000;
	tap_ok(ok == 3, "maglev: slots in proportion to weights");
	free(count);
	free(keys);
	table_free(&t);
}

/* Moves at most 1% of all slots beyond those that the removed endpoint had. */
static void test_disruption(u32 removed)
{
	struct maglev_key *keys = table_keys(1000);
	struct maglev_table before, after;
	u32 moved;

	table_init(&before, keys, NULL, 1000, MAGLEV_SIZE_DEFAULT);
	table_build(&before, NULL);
	keys[removed] = keys[999];
	table_init(&after, keys, NULL, 999, MAGLEV_SIZE_DEFAULT);
	table_build(&after, NULL);
	moved = table_moved(&before, &after);
	tap_ok(moved < MAGLEV_SIZE_DEFAULT / 1000 + MAGLEV_SIZE_DEFAULT / 100,
	       "maglev: 1 of 1000 endpoints (%u) goes, %.3f%% of flows move",
	       removed, 100.0 * moved / MAGLEV_SIZE_DEFAULT);
	table_free(&before);
	table_free(&after);
	free(keys);
}

void test_maglev(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(envoy_vectors); i++)
		test_envoy_vector(i);
	test_envoy_lopsided();
	test_f64();
	test_oracle(1);
	test_oracle(3);
	test_oracle(10);
	test_oracle(100);
	test_oracle(1000000);
	test_large();
	test_widths();
	test_sizes();
	test_hostile();
	test_weight_shares();
	test_disruption(0);
	test_disruption(500);
}
