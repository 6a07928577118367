/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_JIFFIES_H
#define UNIT_LINUX_JIFFIES_H

#include <linux/types.h>

#define HZ			1000
#define jiffies			unit_jiffies()
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)

/* The tests say what time it is. */
unsigned long unit_jiffies(void);

static inline unsigned long msecs_to_jiffies(u32 ms)
{
	return ms;
}

#endif
