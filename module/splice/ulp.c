// SPDX-License-Identifier: GPL-2.0
#include <linux/ftrace.h>
#include <linux/trace_recursion.h>
#include "lib/compat.h"
#include "lib/watch.h"
#include "splice/splice_priv.h"
#include "splice/ulp.h"

#define FUNCTION	"tcp_set_ulp"

static void notrace ulp_callback(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	/* Disables preemption. It fails only inside of another callback. */
	int bit = ftrace_test_recursion_trylock(ip, parent_ip);

	if (bit < 0)
		return;
	splice_leave_owned((void *)compat_ftrace_argument(regs, 0));
	ftrace_test_recursion_unlock(bit);
}

static struct ftrace_ops ulp_ops;

int ulp_watch(void)
{
	watch_init(&ulp_ops, ulp_callback, 0);
	return watch_begin(&ulp_ops,
			   ftrace_set_filter(&ulp_ops, FUNCTION,
					     strlen(FUNCTION), 1));
}

void ulp_unwatch(void)
{
	watch_end(&ulp_ops);
}
