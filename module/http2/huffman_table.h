/* SPDX-License-Identifier: GPL-2.0 */
/*
 * huffman_table: HPACK's Huffman code (RFC 7541 appendix B), in the forms in which
 * huffman.c looks it up. generated/huffman_table.c, which tools/gen/huffman.py makes.
 */
#ifndef L7MESH_HUFFMAN_TABLE_H
#define L7MESH_HUFFMAN_TABLE_H

#include <linux/types.h>

#define HUFFMAN_RANGES	17
#define HUFFMAN_LONG	183
#define HUFFMAN_EOS	256

struct huffman_code {
	u32 code;
	u8 bits;
};

/* Of codes that begin with these eight bits and are not longer; bits 0: all are longer. */
struct huffman_short {
	u8 symbol;
	u8 bits;
};

/* Longer codes of one length. */
struct huffman_range {
	u32 first;		/* code, at the top of a word, which goes on in zeros ... */
	u32 last;		/* ... and this one's in ones */
	u8 bits;
	u8 number;		/* of the first one, in huffman_long */
};

extern const struct huffman_code huffman_codes[256];
extern const struct huffman_short huffman_short[256];
extern const struct huffman_range huffman_ranges[HUFFMAN_RANGES];
extern const u16 huffman_long[HUFFMAN_LONG];

#endif
