/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trailer_filter: takes fields of some names out of the trailers of a chunked body.
 *
 * What a route removes from a head, or sets in it, must not come behind the body
 * instead: some merge the two (RFC 9110 6.5.1).
 *
 * Trailers come in pieces that may end anywhere. What is in a name is held back until
 * its colon is there, but no more of it than the longest of the names that are sought
 * has, or TRAILER_NAME_MAX bytes. Names are compared by their hash and then as they are.
 *
 * Plain C: no kernel call, no allocation; any context. Whoever made one owns it: one
 * allocation, which holds copies of the names, as bodies outlive configurations.
 */
#ifndef L7MESH_TRAILER_FILTER_H
#define L7MESH_TRAILER_FILTER_H

#include <linux/minmax.h>
#include <linux/types.h>
#include "lib/span.h"

/* What becomes of a field whose name has an underscore, where some read a dash. */
enum trailer_underscores {
	TRAILER_UNDERSCORES_PASS,
	TRAILER_UNDERSCORES_REFUSE,
	TRAILER_UNDERSCORES_DROP,
};

struct trailer_name {
	u32 hash;
	u32 at;				/* of the text */
	u32 len;
};

struct trailer_filter {
	u32 size;			/* of the allocation */
	u32 n;
	u32 room;			/* for what is held */
	u32 held;
	u8 state;			/* private */
	u8 underscores;			/* enum trailer_underscores */
	char *text;			/* of the names; what is held is behind them */
	u32 text_len;
	struct trailer_name names[];
};

/* Where names may have no underscores a longer one is treated as if it had. */
#define TRAILER_NAME_MAX	256

/* What a filter is to be made for. */
struct trailer_sizes {
	u32 n;				/* names that are sought */
	u32 len;			/* of all of them together */
	u32 longest;			/* of any of them */
	u8 underscores;			/* enum trailer_underscores */
};

static inline void trailer_sizes_add(struct trailer_sizes *s, struct span name)
{
	s->n++;
	s->len += name.len;
	s->longest = max(s->longest, name.len);
}

/* What memory it takes. */
size_t trailer_filter_bytes(const struct trailer_sizes *s);

/**
 * trailer_filter_init() - Begin without any name
 * @f: zeroed memory of trailer_filter_bytes()
 * @s: as there
 */
void trailer_filter_init(struct trailer_filter *f, const struct trailer_sizes *s);

/* One more of the names that there is room for; it is copied. */
void trailer_filter_add(struct trailer_filter *f, struct span name);

/* Begin another body. */
void trailer_filter_restart(struct trailer_filter *f);

/**
 * trailer_filter_next() - Sort the next bytes
 * @f: filter
 * @data: bytes of HTTP1_CHUNK_TRAILER events: well-formed lines, up to anywhere
 * @len: how many, at least 1
 * @held: out: bytes to be sent first; valid until the next call
 * @pass: out: then these, of @data; both may be empty
 *
 * Return: how many bytes are dealt with; 0: the message is to be refused.
 */
u32 trailer_filter_next(struct trailer_filter *f, const char *data, u32 len,
			struct span *held, struct span *pass);

#endif
