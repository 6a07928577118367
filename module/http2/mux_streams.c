// SPDX-License-Identifier: GPL-2.0
/*
 * The streams of a connection, and what is remembered of those that are gone.
 */
#include "http2/mux_priv.h"

#include <linux/minmax.h>

#define HISTORY		64	/* of so many numbers */

/* ---- those that are there ---- */

static u32 bucket_count(u32 max_streams)
{
	u32 n = 8;

	while (n < max_streams && n < 1024)
		n *= 2;
	return n;
}

u32 mux_bytes(u32 max_streams, u32 encoder_limit)
{
	return hpack_table_bytes(HPACK_TABLE_DEFAULT) + hpack_table_bytes(encoder_limit) +
	       bucket_count(max_streams) * sizeof(struct mux_stream *);
}

char *mux_streams_init(struct mux *m, u32 max_streams, char *memory)
{
	u32 n = bucket_count(max_streams);

	m->buckets = (struct mux_stream **)memory;
	m->mask = n - 1;
	memset(m->buckets, 0, n * sizeof(*m->buckets));
	return memory + n * sizeof(*m->buckets);
}

/*
 * By a multiplier that nobody else knows: whoever chooses which numbers stay cannot choose
 * that they stand in one bucket.
 */
static struct mux_stream **bucket_of(const struct mux *m, u32 id)
{
	return &m->buckets[(id / 2 * m->seed) >> 20 & m->mask];
}

struct mux_stream *mux_find(const struct mux *m, u32 id)
{
	struct mux_stream *st = *bucket_of(m, id);

	while (st && st->id != id)
		st = st->next;
	return st;
}

void mux_streams_add(struct mux *m, struct mux_stream *st)
{
	struct mux_stream **bucket = bucket_of(m, st->id);

	st->next = *bucket;
	*bucket = st;
	m->nstreams++;
}

void mux_forget(struct mux *m, struct mux_stream *st)
{
	struct mux_stream **at = bucket_of(m, st->id);

	while (*at && *at != st)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = st->next;
	m->nstreams--;
	mux_streams_gone(m, st->id, st->state);
	if (m->stream == st)
		m->stream = NULL;
}

/* ---- those that are gone ---- */

/* Where a number's bits are, or HISTORY: it is too old. */
static u32 place_of(const struct mux *m, u32 id)
{
	return min_t(u32, (m->opened - id) / 2, HISTORY);
}

void mux_streams_advance(struct mux *m, u32 id)
{
	u32 n = m->opened ? (id - m->opened) / 2 : HISTORY;

	m->ended = n < HISTORY ? m->ended << n : 0;
	m->reset = n < HISTORY ? m->reset << n : 0;
	m->opened = id;
}

void mux_streams_gone(struct mux *m, u32 id, enum stream_state state)
{
	u32 place = place_of(m, id);

	if (place == HISTORY)
		return;
	if (state == STREAM_CLOSED || state == STREAM_CLOSED_RESET)
		m->ended |= 1ULL << place;
	if (state != STREAM_CLOSED)
		m->reset |= 1ULL << place;
}

enum stream_state mux_streams_state(const struct mux *m, u32 id)
{
	u32 place;

	/* 5.1.1: we let nobody push, so a server has none. */
	if (id > m->opened || !(id & 1))
		return STREAM_IDLE;
	place = place_of(m, id);
	/* It was long ago: nobody can say any more what its peer knows. */
	if (place == HISTORY)
		return STREAM_CLOSED_BY_US;
	if (m->reset >> place & 1)
		return m->ended >> place & 1 ? STREAM_CLOSED_RESET : STREAM_CLOSED_BY_US;
	/* 5.1.1: one that was passed over can never begin. */
	return m->ended >> place & 1 ? STREAM_CLOSED : STREAM_IDLE;
}
