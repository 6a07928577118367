// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sort.h>

#include "lib/budget.h"
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

/* What comes next. */
enum phase {
	PHASE_BEGIN,
	PHASE_GROW,		/* to the next beginning of the path */
	PHASE_RAW_PREFIX,	/* those that have it for their text */
	PHASE_PREFIX,
	PHASE_EXACT,
	PHASE_REST,
	PHASE_END,		/* nothing, but for who is to be considered still */
};

struct walk {
	const struct route_index *index;
	struct route *const *routes;
	u32 n;
	struct route_request *req;
	struct route_search *search;	/* the request's */
};

static const struct route *route_at(const struct walk *w, u32 position)
{
	return w->routes[route_index_at(w->index, position)];
}

/* As in a slot: what is to be tried after a position. */
static u32 next_of(const struct walk *w, u32 position)
{
	if (w->index->slots)
		return w->index->next[position];
	return position + 1 < w->n ? position + 2 : 0;
}

/* Those whose turn it is, as far as they could be better. */
static bool consider(const struct walk *w)
{
	struct route_search *s = w->search;
	u32 position, next;
	u8 verdict;

	for (next = s->next; next && next - 1 < s->best; next = next_of(w, position)) {
		position = next - 1;
		s->next = next;
		if (w->req->left <= 0)
			return false;
		verdict = route_match_request(&route_at(w, position)->match,
					      w->req).kind;
		if (verdict == ROUTE_UNDECIDED)
			return false;
		w->req->fresh = false;
		if (verdict == ROUTE_MATCHES) {
			s->best = position;
			break;
		}
	}
	s->next = 0;
	return true;
}

/* Whose turn it is: who has the path's beginning for its text. */
static void probe(const struct walk *w, u8 kind)
{
	struct route_search *s = w->search;
	struct span text = { w->req->path.p, s->len };

	if (!(w->index->lengths[kind] >> s->len % 64 & 1))
		return;
	w->req->left -= COST_STEP;
	s->next = find_slot(w->index, kind, slot_hash(s->hash, kind), text)->first;
}

/* To the next beginning of the path that may be somebody's text: a segment's end. */
static void grow(const struct walk *w, bool raw)
{
	struct span path = w->req->path;
	struct route_search *s = w->search;
	u64 hash = s->hash;
	u32 i = s->len;

	do {
		hash = text_hash_byte(hash, path.p[i++]);
	} while (!raw && i < path.len && path.p[i] != '/');
	w->req->left -= (i - s->len) * COST_FIELD;
	s->hash = hash;
	s->len = i;
}

static void begin(const struct walk *w)
{
	struct route_search *s = w->search;

	s->best = U32_MAX;
	if (w->index->slots) {
		s->hash = w->index->seed;
		s->phase = PHASE_PREFIX;
	} else {
		s->next = !!w->n;
		s->phase = PHASE_END;
	}
}

/* Where a prefix of whole segments may end. */
static bool is_segment_end(struct span path, u32 at)
{
	return !at || at == path.len || path.p[at] == '/';
}

static void probe_prefixes(const struct walk *w)
{
	struct route_search *s = w->search;

	s->phase = s->len < w->req->path.len ? PHASE_GROW : PHASE_EXACT;
	probe(w, PATH_MATCH_PREFIX);
}

/* Every beginning of the path that is somebody's text, then those that have none. */
static void take_step(const struct walk *w)
{
	bool raw = w->index->lengths[PATH_MATCH_RAW_PREFIX];
	struct route_search *s = w->search;

	w->req->left -= COST_STEP;
	switch ((enum phase)s->phase) {
	case PHASE_GROW:
		s->phase = PHASE_RAW_PREFIX;
		grow(w, raw);
		if (!raw)
			probe_prefixes(w);
		break;
	case PHASE_RAW_PREFIX:
		s->phase = PHASE_PREFIX;
		probe(w, PATH_MATCH_RAW_PREFIX);
		break;
	case PHASE_PREFIX:
		s->phase = PHASE_GROW;
		if (is_segment_end(w->req->path, s->len))
			probe_prefixes(w);
		break;
	case PHASE_EXACT:
		s->phase = PHASE_REST;
		probe(w, PATH_MATCH_EXACT);
		break;
	default:
		s->phase = PHASE_END;
		s->next = w->index->rest;
		break;
	}
}

bool route_index_match(const struct route_index *index,
		       struct route *const *routes, u32 n,
		       struct route_request *req, const struct route **found)
{
	struct walk w = { index, routes, n, req, &req->search };
	struct route_search *s = w.search;

	if (s->phase == PHASE_BEGIN)
		begin(&w);
	while (s->phase != PHASE_END) {
		if ((s->next && !consider(&w)) || req->left <= 0)
			return false;
		take_step(&w);
	}
	if (!consider(&w))
		return false;
	*found = s->best == U32_MAX ? NULL : route_at(&w, s->best);
	return true;
}
