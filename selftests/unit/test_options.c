// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of how options are compared: a change of any of them is a change. What is
 * taken for none is never made; what is taken for one makes an object anew.
 */
#include <string.h>
#include <linux/kernel.h>

#include "http/http_options.h"
#include "tap.h"
#include "unit.h"
#include "upstream/cluster_options.h"

/* Zeroes what is between members. clang, which only analyses this, cannot. */
#if __has_builtin(__builtin_clear_padding)
#define clear_holes(p)	__builtin_clear_padding(p)
#else
#define clear_holes(p)	((void)(p))
#endif

#define TEST_EVERY_BYTE(type) do {						\
	union {									\
		struct type options;						\
		unsigned char bytes[sizeof(struct type)];			\
	} a = { type##_default }, b = a, holes;					\
	size_t i, missed = 0, seen = 0;						\
										\
	tap_ok(type##_equal(&a.options, &b.options),				\
	       "options: a copy of struct %s is like it", #type);		\
	memset(holes.bytes, 0xff, sizeof(holes));				\
	clear_holes(&holes.options);						\
	for (i = 0; i < sizeof(a); i++) {					\
		b.bytes[i] ^= 1;						\
		missed += holes.bytes[i] && type##_equal(&a.options, &b.options); \
		seen += !holes.bytes[i] && !type##_equal(&a.options, &b.options); \
		b.bytes[i] ^= 1;						\
	}									\
	tap_ok(!missed, "options: no byte of struct %s is left out", #type);	\
	tap_ok(!seen, "options: what is in holes of struct %s is nothing", #type); \
} while (0)

void test_options(void)
{
	TEST_EVERY_BYTE(http_options);
	TEST_EVERY_BYTE(cluster_options);
}
