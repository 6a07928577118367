// SPDX-License-Identifier: GPL-2.0
/*
 * maglev: a table is Envoy's, entry for entry, whatever the weights.
 *
 * Input: which size, how to read a weight, then a weight for each endpoint.
 */
#include "../unit/maglev_table.h"
#include "fuzz.h"

#define ENDPOINTS_MAX	200

static const u32 sizes[] = { 2, 3, 7, 101, 251, 1009, 2039 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 slots = sizes[take_number(&in, 1) % ARRAY_SIZE(sizes)];
	u32 bytes = take_number(&in, 1) % 4 + 1, n = 0, k;
	u32 weights[ENDPOINTS_MAX], entries[2039];
	struct maglev_key *keys;
	struct maglev_table t;

	/* The sum stays below 2^53. */
	while (n < ENDPOINTS_MAX && in.left)
		weights[n++] = take_number(&in, bytes) | 1;
	if (!n)
		return 0;
	keys = table_keys(n);
	table_init(&t, keys, weights, n, slots);
	table_build(&t, NULL);
	table_oracle(&t, entries);
	for (k = 0; k < slots; k++)
		must_hold(maglev_lookup(&t.m, k) == entries[k]);
	table_free(&t);
	free(keys);
	return 0;
}
