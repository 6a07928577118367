/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text_hash: a hash that grows by a byte at a time, so that one pass over a text
 * gives the hashes of all its beginnings (or, backwards, of all its ends).
 *
 * Begin with a random seed, or whoever writes a mesh file could make every probe a
 * long one. Plain C.
 */
#ifndef L7MESH_TEXT_HASH_H
#define L7MESH_TEXT_HASH_H

#include <linux/types.h>
#include "lib/span.h"

static inline u64 text_hash_byte(u64 state, u8 byte)
{
	state = (state ^ byte) * 0x9e3779b97f4a7c15ULL;
	return state ^ state >> 29;
}

static inline u32 text_hash_end(u64 state)
{
	return state >> 32 ^ state;
}

/* Of a field's name, which is the same in either case. */
static inline u32 text_hash_name(u64 seed, struct span name)
{
	u64 state = seed;
	u32 i;

	for (i = 0; i < name.len; i++)
		state = text_hash_byte(state, ascii_lower(name.p[i]));
	return text_hash_end(state);
}

#endif
