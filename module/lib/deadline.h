/* SPDX-License-Identifier: GPL-2.0 */
/*
 * deadline: moments in jiffies where 0 says that there is none. Any context.
 */
#ifndef L7MESH_DEADLINE_H
#define L7MESH_DEADLINE_H

#include <linux/jiffies.h>

/* @ms from now, and never 0. */
static inline unsigned long deadline_in(u32 ms)
{
	return (jiffies + msecs_to_jiffies(ms)) ?: 1;
}

#endif
