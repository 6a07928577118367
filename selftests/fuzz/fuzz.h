/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz: what the targets share. Each takes random bytes and checks a property
 * of one file of module/ or tools/; a property that does not hold ends it.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "lib/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must_hold(condition) do {					\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__,	\
			__LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

/* The input, taken from its front; numbers are 0 when there is no more. */
struct input {
	const char *p;
	size_t left;
};

static inline u32 take_number(struct input *in, unsigned int bytes)
{
	u32 n = 0;

	for (; bytes; bytes--) {
		n = n << 8 | (in->left ? (u8)*in->p : 0);
		if (in->left) {
			in->p++;
			in->left--;
		}
	}
	return n;
}

/* Up to the next @end, which is not part of it, or all there is. */
static inline struct span take_until(struct input *in, char end)
{
	const char *at = in->left ? memchr(in->p, end, in->left) : NULL;
	struct span s = { in->p, at ? (u32)(at - in->p) : (u32)in->left };

	in->left -= s.len + !!at;
	in->p += s.len + !!at;
	return s;
}

/* Where to split, from a number that the input began with. */
static inline u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Memory of exactly this size, for the sanitizer to watch its end. */
static inline char *copy_of(const char *p, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, p, len);
	return copy;
}

#endif
