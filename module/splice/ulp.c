// SPDX-License-Identifier: GPL-2.0
#include <linux/ftrace.h>
#include <linux/trace_recursion.h>
#include "lib/compat.h"
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
	int err;

	/* Anew each time: see hook_ops_init(). */
	ulp_ops = (struct ftrace_ops){
		.func = ulp_callback,
		.flags = COMPAT_FTRACE_OPS_FLAGS | FTRACE_OPS_FL_PERMANENT,
	};
	err = ftrace_set_filter(&ulp_ops, FUNCTION, strlen(FUNCTION), 1);
	if (!err)
		err = register_ftrace_function(&ulp_ops);
	if (err)
		ftrace_free_filter(&ulp_ops);
	return err;
}

void ulp_unwatch(void)
{
	/* On return no callback runs: this is a dynamic ftrace_ops. */
	WARN_ON(unregister_ftrace_function(&ulp_ops));
	ftrace_free_filter(&ulp_ops);
}
