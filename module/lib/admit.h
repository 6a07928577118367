/* SPDX-License-Identifier: GPL-2.0 */
/*
 * admit: counts what there is at one time, up to a limit. Any context, no lock.
 */
#ifndef L7MESH_ADMIT_H
#define L7MESH_ADMIT_H

#include <linux/atomic.h>
#include <linux/types.h>

/* Count one more, unless there are @max already. Who is admitted counts it down. */
static inline bool admit(atomic_t *count, u32 max)
{
	if ((u32)atomic_inc_return(count) <= max)
		return true;
	atomic_dec(count);
	return false;
}

#endif
