/* SPDX-License-Identifier: GPL-2.0 */
/*
 * huffman: strings in HPACK's Huffman code. RFC 7541 5.2.
 *
 * Plain C: no kernel call, no allocation; any context. A string comes in any pieces, and
 * is the same in all of them. Time is linear in it.
 */
#ifndef L7MESH_HUFFMAN_H
#define L7MESH_HUFFMAN_H

#include <linux/types.h>
#include "lib/span.h"

/* A string that is being decoded; zeroed, it begins. */
struct huffman {
	/* private */
	u64 bits;		/* what is not decoded yet, from the top on; zeros behind */
	u32 n;			/* how many they are: less than HUFFMAN_BITS_MAX after a call */
};

#define HUFFMAN_BITS_MAX	30
#define HUFFMAN_BITS_MIN	5

/* What huffman_decode() may write of @len bytes. */
static inline u32 huffman_room(const struct huffman *h, u32 len)
{
	return (h->n + 8 * len) / HUFFMAN_BITS_MIN;
}

/**
 * huffman_decode() - Decode the next piece of a string
 * @h: decoder
 * @in: the piece; at most 2^28 bytes
 * @to: huffman_room() bytes
 *
 * Return: what is behind the last byte written, or NULL: the string has the code of EOS.
 */
char *huffman_decode(struct huffman *h, struct span in, char *to);

/* When all of it was decoded: is what is left the padding that it has to be? */
bool huffman_ended_well(const struct huffman *h);

/* How many bytes a string has in this code. */
u32 huffman_length(struct span s);

/* Writes it there, huffman_length() bytes; returns what is behind. */
char *huffman_encode(struct span s, char *to);

#endif
