// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of how options are compared: a change of any of them is a change. What is
 * taken for none is never made.
 */
#include <string.h>
#include <linux/kernel.h>

#include "http/http_options.h"
#include "tap.h"
#include "unit.h"
#include "upstream/cluster_options.h"

#define TEST_EVERY_BYTE(type) do {						\
	union {									\
		struct type options;						\
		unsigned char bytes[sizeof(struct type)];			\
	} a = { type##_default }, b = a;					\
	size_t i, missed = 0;							\
										\
	tap_ok(type##_equal(&a.options, &b.options),				\
	       "options: a copy of struct %s is like it", #type);		\
	for (i = 0; i < sizeof(a); i++) {					\
		b.bytes[i] ^= 1;						\
		missed += type##_equal(&a.options, &b.options);			\
		b.bytes[i] ^= 1;						\
	}									\
	tap_ok(!missed, "options: no byte of struct %s is left out", #type);	\
} while (0)

void test_options(void)
{
	TEST_EVERY_BYTE(http_options);
	TEST_EVERY_BYTE(cluster_options);
}
