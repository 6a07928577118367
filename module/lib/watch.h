/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watch: an ftrace callback at the entry of kernel functions.
 *
 * It is permanent: kernel.ftrace_enabled cannot be switched off meanwhile, and the
 * watch does not begin where it is (-EBUSY or -ENODEV). The callback takes
 * ftrace_test_recursion_trylock().
 */
#ifndef L7MESH_WATCH_H
#define L7MESH_WATCH_H

#include <linux/ftrace.h>
#include "lib/compat.h"

/**
 * watch_init() - Before its functions are chosen (ftrace_set_filter()), each time
 * @ops: zero, or watched before
 * @callback: to be called
 * @flags: what else it does, as FTRACE_OPS_FL_IPMODIFY
 *
 * On some kernels ftrace_free_filter() leaves pointers to freed memory, which the next
 * choice would free again.
 */
static inline void watch_init(struct ftrace_ops *ops, ftrace_func_t callback,
			      unsigned long flags)
{
	*ops = (struct ftrace_ops){
		.func = callback,
		.flags = COMPAT_FTRACE_OPS_FLAGS | FTRACE_OPS_FL_PERMANENT |
			 flags,
	};
}

/**
 * watch_begin() - From now on the callback is called
 * @ops: from watch_init()
 * @err: what the choice of functions has returned
 *
 * Context: process. Return: 0, or a negative errno and nothing is watched.
 */
static inline int watch_begin(struct ftrace_ops *ops, int err)
{
	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		ftrace_free_filter(ops);
	return err;
}

/* Context: process. On return no callback runs, as @ops is of a module. */
static inline void watch_end(struct ftrace_ops *ops)
{
	WARN_ON(unregister_ftrace_function(ops));
	ftrace_free_filter(ops);
}

#endif
