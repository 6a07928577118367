/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maglev: Envoy's consistent hashing table, entry for entry.
 *
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer" (NSDI 2016), 3.4, with Envoy's choice of hashes, order and weights,
 * so that an Envoy beside us picks the same endpoint for the same hash.
 *
 * Plain C, no kernel call but xxh64 and what the caller's hook does; allocates
 * nothing. The caller owns every buffer. Any context for lookup; building is long
 * (size * log(size), or * log(endpoints) if that is more) and wants process
 * context.
 */
#ifndef L7MESH_MAGLEV_H
#define L7MESH_MAGLEV_H

#include <linux/types.h>
#include "lib/span.h"

#define MAGLEV_SIZE_DEFAULT	65537
#define MAGLEV_SIZE_MAX		5000011
#define MAGLEV_KEY_MAX		56	/* "[v6 address]:port" with NUL */

/* One endpoint, in the order of its key ("address:port", bytewise ascending). */
struct maglev_endpoint {
	u64 offset;		/* out: first slot, from maglev_endpoint_init() */
	u64 skip;		/* out: stride */
	u64 next;		/* scratch: slot to try next */
	u64 turn;		/* scratch: a place in the heap of who is due */
	u64 share;		/* scratch, f64: of the weights' sum */
	u64 target;		/* scratch, f64 */
	u32 weight;		/* in: at least 1; the sum below 2^53 */
	u32 turns;		/* scratch: taken */
};

/* A built table. Entries are indexes into the endpoints, as narrow as fits. */
struct maglev {
	u32 size;		/* a prime */
	u8 width;		/* bytes per entry: 1, 2 or 4 */
	union {
		u8 *e8;
		u16 *e16;
		u32 *e32;
		void *entries;
	};
};

/**
 * maglev_size_valid() - Is this a size that maglev_build() accepts?
 * @size: wanted number of slots
 *
 * Return: true if @size is a prime, at least 2 and at most MAGLEV_SIZE_MAX.
 */
bool maglev_size_valid(u32 size);

/**
 * maglev_width() - Bytes of one entry of a table
 * @n: number of endpoints
 *
 * Return: 1, 2 or 4; the table's buffer is size * width bytes.
 */
u8 maglev_width(u32 n);

/**
 * maglev_endpoint_init() - Hash an endpoint's key for a table of @size slots
 * @ep: the endpoint, whose weight the caller has set
 * @key: "address:port"
 * @size: the table's size
 */
void maglev_endpoint_init(struct maglev_endpoint *ep, struct span key, u32 size);

/**
 * maglev_build() - Fill @m->entries
 * @m: size, width and entries set by the caller
 * @eps: endpoints in key order, initialised; scratch fields are clobbered
 * @n: number of endpoints, at least 1
 * @relax: called now and then, may sleep; or NULL
 */
void maglev_build(struct maglev *m, struct maglev_endpoint *eps, u32 n,
		  void (*relax)(void));

/**
 * maglev_lookup() - The endpoint for a hash
 * @m: a built table
 * @hash: any 64 bit hash
 *
 * Return: index into the endpoints that the table was built from.
 */
static inline u32 maglev_lookup(const struct maglev *m, u64 hash)
{
	u32 slot = hash % m->size;

	if (m->width == 1)
		return m->e8[slot];
	return m->width == 2 ? m->e16[slot] : m->e32[slot];
}

#endif
