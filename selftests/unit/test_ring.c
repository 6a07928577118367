// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/upstream/ring.c: rings of random weights beside Envoy's arithmetic in
 * doubles, entry for entry.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <linux/xxhash.h>

#include "lib/f64.h"
#include "tap.h"
#include "unit.h"
#include "upstream/ring.h"

#define ENDPOINTS_MAX	40
#define ENTRIES_MAX	100000

static struct ring_entry ours[ENTRIES_MAX], theirs[ENTRIES_MAX];

static void key_of(u32 i, char *to)
{
	sprintf(to, i % 3 ? "10.0.%u.%u:80" : "[fd00::%x:%x]:8080", i / 7, i);
}

static u32 our_ring(const u32 *weights, u32 n, u32 min, u32 max)
{
	struct ring r = { .entries = ours };
	struct ring_plan p;
	u32 i, lightest = weights[0];
	u64 sum = 0;

	for (i = 0; i < n; i++) {
		sum += weights[i];
		lightest = weights[i] < lightest ? weights[i] : lightest;
	}
	ring_plan_init(&p, lightest, sum, min, max);
	for (i = 0; i < n; i++) {
		char key[64];

		key_of(i, key);
		ring_add(&r, (struct span){ key, strlen(key) }, i,
			 ring_plan_next(&p, weights[i]));
	}
	ring_sort(&r);
	return r.n;
}

static int compare(const void *a, const void *b)
{
	const struct ring_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (int)x->index - (int)y->index;
}

/* ring_hash_lb.cc, Ring::Ring() */
static u32 their_ring(const u32 *weights, u32 n, u32 min, u32 max)
{
	double smallest = 1, scale, target = 0, current = 0;
	u32 i, k, sum = 0, entries = 0;

	for (i = 0; i < n; i++)
		sum += weights[i];
	for (i = 0; i < n; i++)
		smallest = fmin(smallest, weights[i] * 1.0 / sum);
	scale = fmin(ceil(smallest * min) / smallest, max);
	for (i = 0; i < n; i++) {
		char key[80], numbered[100];

		key_of(i, key);
		target += scale * (weights[i] * 1.0 / sum);
		for (k = 0; current < target; k++, current++) {
			sprintf(numbered, "%s_%u", key, k);
			theirs[entries].hash = xxh64(numbered, strlen(numbered),
						     0);
			theirs[entries++].index = i;
		}
	}
	qsort(theirs, entries, sizeof(*theirs), compare);
	return entries;
}

static bool same_rings(const u32 *weights, u32 n, u32 min, u32 max)
{
	u32 got = our_ring(weights, n, min, max);
	u32 wanted = their_ring(weights, n, min, max), i;

	if (got != wanted) {
		tap_note("%u endpoints, %u to %u: %u entries, not %u", n, min,
			 max, got, wanted);
		return false;
	}
	for (i = 0; i < got; i++)
		if (ours[i].hash != theirs[i].hash ||
		    ours[i].index != theirs[i].index)
			return false;
	return true;
}

static void test_oracle(void)
{
	u32 weights[ENDPOINTS_MAX], trial, i, n, most, min;
	bool ok = true;

	for (trial = 0; trial < 400 && ok; trial++) {
		n = 1 + tap_random(ENDPOINTS_MAX);
		most = trial % 3 ? 1 + tap_random(200) : 1;
		for (i = 0; i < n; i++)
			weights[i] = 1 + tap_random(most);
		min = 1 + tap_random(2000);
		ok = same_rings(weights, n, min,
				trial % 5 ? 50000 : min + tap_random(50));
	}
	tap_ok(ok, "ring: entry for entry as in doubles, %u rings", trial);
}

/* Sums, products and quotients, down to the last bit. */
static void test_f64(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < 200000 && ok; i++) {
		double x = (1 + tap_random(1U << 31)) / (1.0 + tap_random(1U << 20));
		double y = (1 + tap_random(1U << 20)) / (1.0 + tap_random(1U << 31));
		double product = x * y, quotient = x / y, up = ceil(x);
		u64 a, b, p, q;

		memcpy(&a, &x, 8);
		memcpy(&b, &y, 8);
		memcpy(&p, &product, 8);
		memcpy(&q, &quotient, 8);
		ok = f64_mul(a, b) == p && f64_div(a, b) == q &&
		     f64_ceil(a) == (u64)up && f64_ceil(b) == (u64)ceil(y);
		if (!ok)
			tap_note("%.17g %.17g", x, y);
	}
	tap_ok(ok, "f64: products, quotients, ceilings");
	tap_ok(!f64_mul(0, f64_from(3)) && !f64_ceil(0) && f64_ceil(1) == 1 &&
	       f64_ceil(f64_from(1ULL << 60)) == 1ULL << 60, "f64: the ends");
}

static void test_lookup(void)
{
	struct ring_entry entries[] = { { 10, 1 }, { 20, 2 }, { 20, 3 },
					{ 30, 4 } };
	struct ring r = { entries, 4 };

	tap_ok(ring_lookup(&r, 0) == 1 && ring_lookup(&r, 10) == 1 &&
	       ring_lookup(&r, 11) == 2 && ring_lookup(&r, 20) == 2 &&
	       ring_lookup(&r, 21) == 4 && ring_lookup(&r, 31) == 1,
	       "ring: the first entry that is not below, and around");
}

/* Shares of the ring, of 10,000 entries. */
static void test_shares(void)
{
	static const u32 weights[] = { 1, 2, 7 };
	u32 n = our_ring(weights, 3, 10000, 20000), of[3] = { 0 }, i;

	for (i = 0; i < n; i++)
		of[ours[i].index]++;
	tap_ok(n == 10000 && of[0] == 1000 && of[1] == 2000 && of[2] == 7000,
	       "ring: entries by weight");
}

void test_ring(void)
{
	test_f64();
	test_lookup();
	test_shares();
	test_oracle();
}
