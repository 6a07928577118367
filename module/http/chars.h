/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chars: classes of characters, and scanning by them.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_CHARS_H
#define L7MESH_CHARS_H

#include <linux/bitops.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#include "lib/span.h"

/* Classes of characters. */
enum {
	C_TOKEN		= 1 << 0,	/* tchar, RFC 9110 5.6.2 */
	C_VALUE		= 1 << 1,	/* field-vchar, SP, HTAB, RFC 9110 5.5 */
	C_TARGET	= 1 << 2,	/* request-target: visible, not '#', 3.2 */
	C_PATH		= 1 << 3,	/* the same, not '?' */
	C_HOST		= 1 << 4,	/* reg-name, RFC 3986 3.2.2 */
	C_HEX		= 1 << 5,
	C_DIGIT		= 1 << 6,
};

extern const u8 chars_class[256];

static inline bool char_is(char c, u8 class)
{
	return chars_class[(u8)c] & class;
}

static inline u32 skip_class(const char *buf, u32 pos, u32 end, u8 class)
{
	const char *at = buf + pos, *stop = buf + end;

	for (; stop - at >= 4; at += 4) {
		if (!char_is(at[0], class))
			return at - buf;
		if (!char_is(at[1], class))
			return at + 1 - buf;
		if (!char_is(at[2], class))
			return at + 2 - buf;
		if (!char_is(at[3], class))
			return at + 3 - buf;
	}
	while (at < stop && char_is(*at, class))
		at++;
	return at - buf;
}

#define EACH_BYTE(c)	(0x0101010101010101ULL * (u8)(c))

/*
 * Return: the top bit of each byte set that cannot be in a value, or is HTAB: it is
 * less than 0x20, or 0x7f. The sums stay within their bytes.
 */
static inline u64 not_of_value(u64 word)
{
	u64 low = word & EACH_BYTE(0x7f);

	return ((low + EACH_BYTE(1)) | ~(low + EACH_BYTE(0x60))) & ~word &
	       EACH_BYTE(0x80);
}

/* As skip_class(), of C_VALUE, which most of a head is; and by addresses. */
static inline const char *skip_value(const char *at, const char *end)
{
	__le64 bytes;
	u64 others;

	while (end - at >= 8) {
		memcpy(&bytes, at, sizeof(bytes));
		others = not_of_value(__le64_to_cpu(bytes));
		if (!others) {
			at += 8;
			continue;
		}
		at += __ffs64(others) / 8;
		if (*at != '\t')
			return at;
		at++;
	}
	while (at < end && char_is(*at, C_VALUE))
		at++;
	return at;
}

static inline bool all_class(struct span s, u8 class)
{
	return skip_class(s.p, 0, s.len, class) == s.len;
}

/**
 * chars_token_valid() - Is this a token, as methods and field names are?
 * @s: any bytes
 *
 * Return: true if so (RFC 9110 5.6.2: at least one tchar).
 */
bool chars_token_valid(struct span s);

/**
 * chars_value_valid() - May this be a field's value?
 * @s: any bytes
 *
 * Return: true if so (RFC 9110 5.5: no control characters but HTAB, no white
 * space at either end; may be empty).
 */
bool chars_value_valid(struct span s);

#endif
