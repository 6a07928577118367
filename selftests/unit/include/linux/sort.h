/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_SORT_H
#define UNIT_LINUX_SORT_H

#include <linux/types.h>

/* By insertion, of u32: that is what is sorted. */
static inline void sort_r(void *base, size_t num, size_t size,
			  int (*compare)(const void *a, const void *b,
					 const void *priv),
			  void *swap, const void *priv)
{
	u32 *a = base, x;
	size_t i, k;

	(void)size;
	(void)swap;
	for (i = 1; i < num; i++) {
		x = a[i];
		for (k = i; k && compare(&x, &a[k - 1], priv) < 0; k--)
			a[k] = a[k - 1];
		a[k] = x;
	}
}

#endif
