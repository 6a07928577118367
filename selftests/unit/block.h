/* SPDX-License-Identifier: GPL-2.0 */
/* block: HPACK's decoder on a block in any pieces, and what it says as text. */
#ifndef UNIT_BLOCK_H
#define UNIT_BLOCK_H

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_NGHTTP2
#include <nghttp2/nghttp2.h>
#endif

#include "http2/hpack.h"

#define BLOCK_LIMIT	60000

/* Where @sought is in @p, or NULL. */
static inline const char *block_find(const char *p, u32 len, struct span sought)
{
	for (; len >= sought.len; p++, len--)
		if (!memcmp(p, sought.p, sought.len))
			return p;
	return NULL;
}

/* A text that grows: "name: value\n" of each field. */
struct block_text {
	char *p;
	u32 len;
	u32 size;
};

static inline void block_put(struct block_text *t, const void *p, u32 len)
{
	if (t->len + len + 1 > t->size) {
		t->size = 2 * (t->len + len + 1);
		t->p = realloc(t->p, t->size);
	}
	memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = '\0';
}

/* Where a field is gathered: exactly as large as the decoder asked for. */
struct block_room {
	char *p;
	u32 size;
};

/* Moves it, too: nothing may point into it. */
static inline void block_grow(struct block_room *r, const struct hpack_decoder *d)
{
	char *p = malloc(d->stored + d->need ? d->stored + d->need : 1);

	if (d->stored)
		memcpy(p, r->p, d->stored);
	free(r->p);
	r->p = p;
	r->size = d->stored + d->need;
}

static inline void block_tell(struct block_text *t, const char *p, const struct hpack_field *f)
{
	block_put(t, p, f->name_len);
	block_put(t, ": ", 2);
	block_put(t, p + f->name_len, f->value_len);
	block_put(t, f->never ? " (never)\n" : "\n", f->never ? 9 : 1);
}

/* A piece of a block. Return: HPACK_MORE, HPACK_ERROR or HPACK_FLOOD. */
static inline enum hpack_result block_piece(struct hpack_decoder *d, struct span piece,
					    struct block_room *room, struct block_text *t)
{
	enum hpack_result result;
	struct hpack_field f;

	for (;;) {
		result = hpack_decode(d, &piece, room->p, room->size, &f);
		if (result == HPACK_ROOM)
			block_grow(room, d);
		else if (result == HPACK_FIELD)
			block_tell(t, room->p, &f);
		else
			return result;
	}
}

/*
 * A whole block, in pieces of @step bytes, or by @random of any size if that is 0.
 *
 * Return: false for COMPRESSION_ERROR, or a flood, after which nothing is tolerated.
 */
static inline bool block_decode(struct hpack_decoder *d, struct span block, u32 limit,
				u32 step, u32 (*random)(u32), struct block_text *t)
{
	struct block_room room = { malloc(1), 0 };
	enum hpack_result result = HPACK_MORE;
	u32 n;
	char *piece;

	hpack_decode_begin(d, limit);
	while (block.len && result == HPACK_MORE) {
		n = step ? step : 1 + random(random(2) ? 4 : 40);
		n = n < block.len ? n : block.len;
		piece = malloc(n);
		memcpy(piece, block.p, n);
		result = block_piece(d, (struct span){ piece, n }, &room, t);
		free(piece);
		block = span_from(block, n);
	}
	free(room.p);
	return result == HPACK_MORE && hpack_decode_end(d);
}

#ifdef HAVE_NGHTTP2
/* What nghttp2 says of a block. */
static inline bool block_by_nghttp2(nghttp2_hd_inflater *inflater, struct span block,
				    struct block_text *t)
{
	nghttp2_nv nv;
	ssize_t n;
	int flags;

	do {
		flags = 0;
		n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, (const u8 *)block.p,
					   block.len, 1);
		if (n < 0)
			return false;
		block = span_from(block, n);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		block_put(t, nv.name, nv.namelen);
		block_put(t, ": ", 2);
		block_put(t, nv.value, nv.valuelen);
		if (nv.flags & NGHTTP2_NV_FLAG_NO_INDEX)
			block_put(t, " (never)", 8);
		block_put(t, "\n", 1);
	} while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
	return !nghttp2_hd_inflate_end_headers(inflater);
}
#endif

#endif
