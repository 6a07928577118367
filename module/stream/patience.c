// SPDX-License-Identifier: GPL-2.0
#include "stream/patience.h"

#include "lib/compat.h"

/* How soon to try again where no event will tell that it is possible. */
#define SOON	(HZ / 50 + 1)

void patience_exit(struct patience *p)
{
	compat_timer_delete_sync(&p->timer);
}

bool patience_is_due(struct patience *p)
{
	unsigned long deadline;

	/* First not pending, then what it waits for: see patience_set(). */
	smp_mb();
	deadline = READ_ONCE(p->deadline);
	if (READ_ONCE(p->early))
		return true;
	if (!deadline)
		return false;
	if (!time_before(jiffies, deadline))
		return true;
	/* Somebody who wants a run sooner may have seen it not pending meanwhile. */
	timer_reduce(&p->timer, deadline);
	return false;
}

static void expire_by(struct patience *p, unsigned long at)
{
	if (!timer_pending(&p->timer) ||
	    time_after(READ_ONCE(p->timer.expires), at))
		timer_reduce(&p->timer, at);
}

void patience_woken(struct patience *p)
{
	WRITE_ONCE(p->early, false);
	if (p->deadline)
		expire_by(p, p->deadline);
}

void patience_set(struct patience *p, u32 ms)
{
	unsigned long at = deadline_or_none(ms);

	if (p->bound && (!at || time_before(p->bound, at)))
		at = p->bound;
	WRITE_ONCE(p->deadline, at);
	if (!at)
		return;
	/* The deadline, then whether the timer is pending: see patience_is_due(). */
	smp_mb();
	expire_by(p, at);
}

void patience_wake_by(struct patience *p, unsigned long at)
{
	WRITE_ONCE(p->early, true);
	/* As in patience_set(): else the timer sees neither, and is taken for pending. */
	smp_mb();
	expire_by(p, at);
}

void patience_wake_soon(struct patience *p)
{
	patience_wake_by(p, jiffies + SOON);
}
