// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sort.h>

#include "lib/text_hash.h"
#include "route/route.h"
#include "route/route_index.h"

/* The order. */

static int rank(u8 path_kind)
{
	switch (path_kind) {
	case PATH_MATCH_EXACT:
		return 0;
	case PATH_MATCH_ANY:
		return 3;
	case PATH_MATCH_PREFIX:
	case PATH_MATCH_RAW_PREFIX:
		return 2;
	default:
		return 1;
	}
}

static int compare(u32 a, u32 b)
{
	return a < b ? -1 : a > b;
}

/* Below 0: @a before @b. */
static int compare_matches(const struct route_match *a,
			   const struct route_match *b)
{
	return compare(rank(a->path_kind), rank(b->path_kind)) ?:
	       compare(b->path.len, a->path.len) ?:
	       compare(!a->method.len, !b->method.len) ?:
	       compare(b->nheaders, a->nheaders) ?:
	       compare(b->nquery, a->nquery);
}

static int compare_routes(const void *a, const void *b, const void *priv)
{
	struct route *const *routes = priv;
	u32 i = *(const u32 *)a, k = *(const u32 *)b;

	return compare_matches(&routes[i]->match, &routes[k]->match) ?:
	       compare(i, k);
}

/* The index. */

static u32 slots_for(u32 n)
{
	return roundup_pow_of_two(2 * n);
}

size_t route_index_bytes(u32 n, bool specific)
{
	if (n < ROUTE_INDEX_MIN && !(specific && n > 1))
		return 0;
	return slots_for(n) * sizeof(struct route_slot) +
	       2 * n * sizeof(u32);
}

static bool has_slot(u8 path_kind)
{
	return path_kind == PATH_MATCH_EXACT ||
	       path_kind == PATH_MATCH_PREFIX ||
	       path_kind == PATH_MATCH_RAW_PREFIX;
}

/* An index is at most half full, so the probe ends. */
static struct route_slot *find_slot(const struct route_index *index, u8 kind,
				    u32 hash, struct span text)
{
	struct route_slot *slot;
	u32 i;

	for (i = hash & index->mask;; i = (i + 1) & index->mask) {
		slot = &index->slots[i];
		if (!slot->first ||
		    (slot->hash == hash && slot->kind == kind &&
		     span_eq(slot->text, text)))
			return slot;
	}
}

/* Text of one kind: another kind may have the same text. */
static u32 slot_hash(u64 state, u8 kind)
{
	return text_hash_end(text_hash_byte(state, kind));
}

static u64 hash_text(u64 seed, struct span text)
{
	u64 state = seed;
	u32 i;

	for (i = 0; i < text.len; i++)
		state = text_hash_byte(state, text.p[i]);
	return state;
}

/* Puts the route before those that are there, which come later in the order. */
static void add(struct route_index *index, const struct route_match *m,
		u32 position)
{
	struct route_slot *slot;
	struct span text;
	u32 hash;

	if (!has_slot(m->path_kind)) {
		index->next[position] = index->rest;
		index->rest = position + 1;
		return;
	}
	text = m->path_kind == PATH_MATCH_PREFIX ?
	       route_prefix_segments(m->path) : m->path;
	hash = slot_hash(hash_text(index->seed, text), m->path_kind);
	slot = find_slot(index, m->path_kind, hash, text);
	index->next[position] = slot->first;
	slot->first = position + 1;
	slot->kind = m->path_kind;
	slot->hash = hash;
	slot->text = text;
	index->lengths[m->path_kind] |= 1ULL << text.len % 64;
}

void route_index_build(struct route_index *index, void *memory,
		       struct route *const *routes, u32 n, bool specific,
		       u64 seed)
{
	u32 i;

	if (!route_index_bytes(n, specific))
		return;
	index->seed = seed;
	index->slots = memory;
	index->mask = slots_for(n) - 1;
	index->next = (u32 *)(index->slots + slots_for(n));
	index->order = index->next + n;
	for (i = 0; i < n; i++)
		index->order[i] = i;
	if (specific)
		sort_r(index->order, n, sizeof(*index->order), compare_routes,
		       NULL, routes);
	for (i = n; i--;)
		add(index, &routes[index->order[i]]->match, i);
}

/* Matching. */

struct search {
	const struct route_index *index;
	struct route *const *routes;
	struct route_request *req;
	u32 best;		/* position of what was found so far */
};

static bool matches(const struct route *r, struct route_request *req)
{
	return route_match_request(&r->match, req).kind == ROUTE_MATCHES;
}

/* Those of a slot, from @first, as far as they could be better. */
static void consider(struct search *s, u32 first)
{
	const struct route_index *index = s->index;

	for (; first && first - 1 < s->best; first = index->next[first - 1]) {
		if (!matches(s->routes[index->order[first - 1]], s->req))
			continue;
		s->best = first - 1;
		return;
	}
}

/* What has the first @len bytes of the path for its text. */
static void probe(struct search *s, u8 kind, u64 state, u32 len)
{
	struct span text = { s->req->path.p, len };

	if (s->index->lengths[kind] >> len % 64 & 1)
		consider(s, find_slot(s->index, kind, slot_hash(state, kind),
				      text)->first);
}

/* Every beginning of the path that is somebody's text. */
static void search_slots(struct search *s)
{
	bool raw = s->index->lengths[PATH_MATCH_RAW_PREFIX];
	struct span path = s->req->path;
	u64 state = s->index->seed;
	u32 i = 0;

	/* Segment by segment: each begins with a '/'. */
	while (i < path.len) {
		probe(s, PATH_MATCH_PREFIX, state, i);
		do {
			state = text_hash_byte(state, path.p[i++]);
			if (raw)
				probe(s, PATH_MATCH_RAW_PREFIX, state, i);
		} while (i < path.len && path.p[i] != '/');
	}
	probe(s, PATH_MATCH_PREFIX, state, i);
	probe(s, PATH_MATCH_EXACT, state, i);
}

static const struct route *match_in_turn(struct route *const *routes, u32 n,
					 struct route_request *req)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (matches(routes[i], req))
			return routes[i];
	return NULL;
}

const struct route *route_index_match(const struct route_index *index,
				      struct route *const *routes, u32 n,
				      struct route_request *req)
{
	struct search s = { index, routes, req, U32_MAX };

	if (!index->slots)
		return match_in_turn(routes, n, req);
	search_slots(&s);
	consider(&s, index->rest);
	return s.best == U32_MAX ? NULL : routes[index->order[s.best]];
}
