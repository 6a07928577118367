/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring: Envoy's ring of hashes (ketama), entry for entry.
 *
 * Source: Karger et al., "Consistent Hashing and Random Trees" (STOC 1997); Envoy's
 * ring_hash_lb.cc: an endpoint has as many entries as its weight asks for, at the
 * XXH64 of "address:port_0", "address:port_1", ... A value belongs to the first entry
 * that is not below its hash. Envoy walks the endpoints in the order of its
 * configuration; here it is the order of their keys, which decides where fractions of
 * an entry go.
 *
 * Plain C but for sort() and cond_resched(): no allocation. A ring is immutable once
 * built; lookup in any context.
 */
#ifndef L7MESH_RING_H
#define L7MESH_RING_H

#include <linux/types.h>
#include "lib/span.h"

struct ring_entry {
	u64 hash;
	u32 index;		/* of an endpoint */
};

struct ring {
	struct ring_entry *entries;	/* by hash */
	u32 n;
};

/* How large a ring is made for given weights. */
struct ring_plan {
	u64 scale;		/* f64: entries of a weight of all */
	u64 sum;		/* of the weights */
	u64 target;		/* f64: entries of the endpoints so far */
	u32 count;		/* the same, whole */
};

/**
 * ring_plan_init() - Begin
 * @p: out
 * @lightest: the smallest weight, not 0
 * @sum: of all weights
 * @min: least entries
 * @max: most entries, at least @min
 */
void ring_plan_init(struct ring_plan *p, u32 lightest, u64 sum, u32 min, u32 max);

/**
 * ring_plan_next() - How many entries the next endpoint has
 * @p: plan
 * @weight: its weight
 *
 * Return: may be 0; p->count is the sum.
 */
u32 ring_plan_next(struct ring_plan *p, u32 weight);

#define RING_KEY_MAX	68	/* "[v6]:port_" and a number */

/**
 * ring_add() - Enter an endpoint
 * @r: ring with room
 * @key: its address and port, of up to 56 bytes
 * @index: it
 * @n: what ring_plan_next() said
 *
 * Context: process; yields.
 */
void ring_add(struct ring *r, struct span key, u32 index, u32 n);

/* When all endpoints are entered. Context: process; yields. */
void ring_sort(struct ring *r);

/**
 * ring_lookup() - Whose a hash is
 * @r: ring with at least one entry
 * @hash: of a value
 *
 * Return: the endpoint's index.
 */
static inline u32 ring_lookup(const struct ring *r, u64 hash)
{
	u32 low = 0, high = r->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (r->entries[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return r->entries[low == r->n ? 0 : low].index;
}

#endif
