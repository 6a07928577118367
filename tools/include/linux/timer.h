/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_TIMER_H
#define UNIT_LINUX_TIMER_H

#include <linux/compiler.h>
#include <linux/jiffies.h>

struct timer_list {
	unsigned long expires;
	bool pending;
	void (*function)(struct timer_list *timer);
};

static inline void timer_setup(struct timer_list *timer,
			       void (*function)(struct timer_list *timer),
			       unsigned int flags)
{
	(void)flags;
	timer->pending = false;
	timer->function = function;
}

/* The tests do these. */
bool timer_pending(const struct timer_list *timer);
int mod_timer(struct timer_list *timer, unsigned long expires);
int timer_reduce(struct timer_list *timer, unsigned long expires);
/* What was written before it is seen by who looks after his own. */
void smp_mb(void);

#endif
