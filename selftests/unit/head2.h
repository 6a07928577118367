/* SPDX-License-Identifier: GPL-2.0 */
/* head2: HTTP/2's heads, of lines "name: value", in any pieces. */
#ifndef UNIT_HEAD2_H
#define UNIT_HEAD2_H

#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "http2/section.h"

#define HEAD2_END	'\x1e'

/* Appends a literal that is not indexed. */
static inline char *head2_put(char *to, u8 bits, struct span name, struct span value)
{
	struct span parts[2] = { name, value };
	u32 i, len;

	*to++ = bits;
	for (i = 0; i < 2; i++) {
		len = parts[i].len;
		*to++ = len < 0x7f ? len : 0x7f;
		if (len >= 0x7f) {
			for (len -= 0x7f; len >= 0x80; len >>= 7)
				*to++ = 0x80 | len;
			*to++ = len;
		}
		to = span_copy(to, parts[i]);
	}
	return to;
}

/*
 * The block of lines "name: value", as literals. Lines end with a byte that is in no
 * field, so that values may have any other; one that begins with '!' is never indexed,
 * and one that is no field is left out.
 */
static inline u32 head2_block(const char *lines, u32 len, char *block)
{
	const char *end = lines + len, *stop, *colon;
	char *to = block;
	u8 bits;

	for (; lines < end; lines = stop + 1) {
		stop = memchr(lines, HEAD2_END, end - lines) ?: end;
		bits = *lines == '!' ? 0x10 : 0;
		lines += !!bits;
		colon = stop > lines ? block_find(lines + 1, stop - lines - 1, SPAN(": ")) :
				       NULL;
		if (!colon)
			continue;
		to = head2_put(to, bits, (struct span){ lines, colon - lines },
			       (struct span){ colon + 2, stop - colon - 2 });
	}
	return to - block;
}

/* Exactly as much as is wanted, and somewhere else. */
static inline void head2_reserve(struct message *m, u32 len)
{
	char *text = malloc(m->len + len ? m->len + len : 1);

	if (m->len)
		memcpy(text, m->text, m->len);
	free(m->text);
	m->text = text;
	m->cap = m->len + len;
}

/*
 * Reads a block, in pieces of @step bytes. @m is after message_init(), its text NULL or
 * allocated.
 */
static inline enum section_result head2_read(struct section *s, struct hpack_decoder *d,
					     struct message *m, struct span block, u32 step)
{
	enum section_result result = SECTION_MORE;
	struct span piece;
	char *copy;

	if (!m->text)
		head2_reserve(m, 0);
	while (block.len && result == SECTION_MORE) {
		piece.len = step < block.len ? step : block.len;
		copy = malloc(piece.len);
		memcpy(copy, block.p, piece.len);
		block = span_from(block, piece.len);
		piece.p = copy;
		while ((result = section_take(s, d, m, &piece)) == SECTION_ROOM)
			head2_reserve(m, s->need);
		free(copy);
	}
	if (result != SECTION_MORE)
		return result;
	while ((result = section_end(s, d, m)) == SECTION_ROOM)
		head2_reserve(m, s->need);
	return result;
}

#endif
