/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_REFCOUNT_H
#define UNIT_LINUX_REFCOUNT_H

struct refcount {
	int refs;
};

#define refcount_t struct refcount

static inline void refcount_inc(refcount_t *r)
{
	r->refs++;
}

#endif
