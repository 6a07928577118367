// SPDX-License-Identifier: GPL-2.0
/*
 * Most symbols are found by the first eight bits. What is longer is found by its length,
 * as codes of each length follow each other.
 */
#include "http2/huffman.h"

#include <asm/byteorder.h>
#include <linux/limits.h>

#include "http2/huffman_table.h"

/*
 * What is behind the last bit is taken for ones: then a code that is not all there is
 * never taken for a shorter one, and is found to be longer than what there is.
 */
static u32 window(const struct huffman *h)
{
	u32 top = h->bits >> 32;

	return h->n < 32 ? top | ~0U >> h->n : top;
}

static const struct huffman_range *range_of(u32 code)
{
	const struct huffman_range *r = huffman_ranges;

	while (code > r->last)
		r++;
	return r;
}

static void fill(struct huffman *h, const char **at, const char *end)
{
	__be32 word;

	if (end - *at >= 4) {
		memcpy(&word, *at, sizeof(word));
		h->bits |= (u64)__be32_to_cpu(word) << (32 - h->n);
		h->n += 32;
		*at += 4;
		return;
	}
	for (; *at < end; (*at)++, h->n += 8)
		h->bits |= (u64)(u8)**at << (56 - h->n);
}

static void drop(struct huffman *h, u32 bits)
{
	h->bits <<= bits;
	h->n -= bits;
}

/* As long as the next code is a short one, and all there. */
static char *decode_short(struct huffman *h, char *to)
{
	struct huffman_short s;
	u64 bits = h->bits;
	u32 n = h->n;

	while (n >= 8) {
		s = huffman_short[bits >> 56];
		if (!s.bits)
			break;
		*to++ = s.symbol;
		bits <<= s.bits;
		n -= s.bits;
	}
	h->bits = bits;
	h->n = n;
	return to;
}

/* The symbol of the next code, or -1 if not all of that is there. */
static int decode_any(struct huffman *h)
{
	u32 code = window(h);
	struct huffman_short s = huffman_short[code >> 24];
	const struct huffman_range *r;

	if (s.bits) {
		if (s.bits > h->n)
			return -1;
		drop(h, s.bits);
		return s.symbol;
	}
	r = range_of(code);
	if (r->bits > h->n)
		return -1;
	drop(h, r->bits);
	return huffman_long[r->number + ((code - r->first) >> (32 - r->bits))];
}

char *huffman_decode(struct huffman *h, struct span in, char *to)
{
	const char *at = in.p, *end = in.p + in.len;
	int symbol;

	for (;;) {
		to = decode_short(h, to);
		if (h->n < 32 && at < end) {
			fill(h, &at, end);
			continue;
		}
		symbol = decode_any(h);
		if (symbol < 0)
			return to;
		if (symbol == HUFFMAN_EOS)
			return NULL;
		*to++ = symbol;
	}
}

/* 5.2: less than a byte, and the beginning of EOS: ones. */
bool huffman_ended_well(const struct huffman *h)
{
	return h->n < 8 && window(h) == U32_MAX;
}

u32 huffman_length(struct span s)
{
	u32 bits = 0, i;

	for (i = 0; i < s.len; i++)
		bits += huffman_codes[(u8)s.p[i]].bits;
	return (bits + 7) / 8;
}

char *huffman_encode(struct span s, char *to)
{
	const struct huffman_code *c;
	u64 bits = 0;
	u32 n = 0, i;
	__be32 word;

	for (i = 0; i < s.len; i++) {
		c = &huffman_codes[(u8)s.p[i]];
		bits = bits << c->bits | c->code;
		n += c->bits;
		if (n < 32)
			continue;
		n -= 32;
		word = __cpu_to_be32(bits >> n);
		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
	}
	for (; n >= 8; n -= 8)
		*to++ = bits >> (n - 8);
	if (n)
		*to++ = bits << (8 - n) | 0xff >> n;
	return to;
}
