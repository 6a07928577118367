/* SPDX-License-Identifier: GPL-2.0 */
/*
 * patience: how long a stream waits for something to happen. Then it is run all the
 * same: its deadline is over, or no event tells that it can go on.
 *
 * Locks: that of the connection, except for patience_is_due().
 */
#ifndef L7MESH_PATIENCE_H
#define L7MESH_PATIENCE_H

#include <linux/timer.h>
#include "lib/deadline.h"

struct patience {
	struct timer_list timer;
	unsigned long deadline;		/* jiffies: when patience ends; 0: never */
	unsigned long bound;		/* jiffies: no deadline is later; 0: there is none */
	bool early;			/* it ends before the deadline */
};

static inline void patience_init(struct patience *p,
				 void (*expired)(struct timer_list *timer))
{
	timer_setup(&p->timer, expired, 0);
}

/* Nobody waits any more. Context: process, not locked. */
void patience_exit(struct patience *p);

/**
 * patience_is_due() - The timer has expired: is the stream to be run?
 * @p: patience
 *
 * Context: the timer. If not, the timer is set to when it is.
 */
bool patience_is_due(struct patience *p);

/* Whatever ended it before the deadline is dealt with from now on. */
void patience_woken(struct patience *p);

/**
 * patience_set() - When patience ends
 * @p: patience
 * @ms: from now; 0: never
 *
 * Sooner if it is bound to. The timer is only touched when it would expire too late.
 */
void patience_set(struct patience *p, u32 ms);

/* Run whether or not something happens, at @at (jiffies) or sooner. */
void patience_wake_by(struct patience *p, unsigned long at);

/* In a few hundredths of a second. */
void patience_wake_soon(struct patience *p);

#endif
