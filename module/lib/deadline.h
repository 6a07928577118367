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

/* The same where 0 ms are no limit: then there is none. */
static inline unsigned long deadline_or_none(u32 ms)
{
	return ms ? deadline_in(ms) : 0;
}

static inline bool deadline_is_over(unsigned long at)
{
	return at && !time_before(jiffies, at);
}

#endif
