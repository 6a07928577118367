/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route_index: the routes of a virtual host, so arranged that a request looks at
 * few of them.
 *
 * Routes with an exact path, a prefix or a raw prefix are found by the hash of that
 * text, for each beginning of the request's path that may be one; the others are
 * tried in their order. Of all that match the first in the order wins, as if each
 * had been tried in turn. Cost: the path's length, plus the routes that have one of
 * its beginnings in common, plus those that have none of the three.
 *
 * The order is that of the configuration (Envoy's), or by how specific a route is,
 * as Gateway API wants it (HTTPRouteRule, matches):
 *
 *	an exact path, a template or regular expression or suffix, a prefix, none;
 *	the most characters of the path;
 *	with a method before without; the most headers; the most query parameters;
 *	the configuration's order.
 *
 * Plain C; immutable once built. Matching: any context.
 */
#ifndef L7MESH_ROUTE_INDEX_H
#define L7MESH_ROUTE_INDEX_H

#include "route/route_match.h"

struct route;

/* Routes with the same kind of path and the same text, by their first position. */
struct route_slot {
	struct span text;	/* of a prefix: route_prefix_segments() */
	u32 hash;
	u32 first;		/* position + 1; 0: empty slot */
	u8 kind;		/* enum path_match_kind */
};

struct route_index {
	u64 seed;
	struct route_slot *slots;	/* open addressing, or NULL: no index */
	u32 *next;		/* by position: + 1, the next of the slot; 0: none */
	u32 *order;		/* by position: which route of the virtual host */
	u32 mask;		/* of slots */
	u32 rest;		/* the first without slot, as in a slot */
	u64 lengths[PATH_MATCH_RAW_PREFIX + 1];
				/* by kind: bit n is set if a text's length is n
				 * modulo 64
				 */
};

/* Fewer routes than this are tried one after the other. */
#define ROUTE_INDEX_MIN	8

/**
 * route_index_bytes() - What an index needs
 * @n: routes
 * @specific: the order
 *
 * Return: bytes; 0 if none is needed.
 */
size_t route_index_bytes(u32 n, bool specific);

/**
 * route_index_build() - Arrange routes
 * @index: zeroed
 * @memory: zeroed, route_index_bytes() of it, aligned as kmalloc() does; the
 *	caller's, to be freed with the virtual host
 * @routes: n of them
 * @n: how many
 * @specific: the order
 * @seed: random
 *
 * Nothing to do if route_index_bytes() says 0.
 */
void route_index_build(struct route_index *index, void *memory,
		       struct route *const *routes, u32 n, bool specific,
		       u64 seed);

/**
 * route_index_match() - The first route that matches
 * @index: built, or zeroed
 * @routes: those that it was built for
 * @n: how many
 * @req: request
 * @found: out: the route, or NULL
 *
 * Return: false if @req->left is used up: then there is more to be looked at, by
 * another call with the same and the search as it is, but with more to spend.
 */
bool route_index_match(const struct route_index *index,
		       struct route *const *routes, u32 n,
		       struct route_request *req, const struct route **found);

/* Which route is at a position of the order. */
static inline u32 route_index_at(const struct route_index *index, u32 position)
{
	return index->order ? index->order[position] : position;
}

#endif
