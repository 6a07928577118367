/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_SORT_H
#define UNIT_LINUX_SORT_H

#include <linux/types.h>

void qsort(void *base, size_t num, size_t size,
	   int (*compare)(const void *a, const void *b));

static inline void sort(void *base, size_t num, size_t size,
			int (*compare)(const void *a, const void *b), void *swap)
{
	(void)swap;
	qsort(base, num, size, compare);
}

/* GNU's, which is only declared where it is asked for. */
void qsort_r(void *base, size_t num, size_t size,
	     int (*compare)(const void *a, const void *b, void *priv),
	     void *priv);

static inline void sort_r(void *base, size_t num, size_t size,
			  int (*compare)(const void *a, const void *b,
					 const void *priv),
			  void *swap, const void *priv)
{
	(void)swap;
	qsort_r(base, num, size,
		(int (*)(const void *, const void *, void *))compare,
		(void *)priv);
}

#endif
