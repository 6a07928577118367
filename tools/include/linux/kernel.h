/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_KERNEL_H
#define UNIT_LINUX_KERNEL_H

#include_next <linux/kernel.h>
#include <stdio.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ALIGN(x, a) (((x) + (a) - 1) / (a) * (a))

static inline unsigned int int_sqrt64(unsigned long long x)
{
	unsigned long long low = 0, high = 1ULL << 32, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (middle * middle <= x)
			low = middle;
		else
			high = middle;
	}
	return low;
}

#endif
