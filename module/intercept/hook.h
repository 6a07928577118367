/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook: calls of a kernel function go to one of ours, if we want them.
 *
 * As livepatch does it: an ftrace callback at the function's entry sets the
 * instruction pointer (IPMODIFY). It is not a kprobe, though kprobes would give
 * the same, because a kprobe with a post handler that joins another one on the
 * same function (any tracer's) is armed with one ftrace_ops and disarmed with
 * another, which warns and leaks; and one without is not known to ftrace as a
 * modifier, so that a BPF fexit program on the function would skip it.
 *
 * A replacement is an ordinary function of the same signature. It runs in its
 * caller's context, may sleep, and ends with hook_leave(). Whoever takes the hooks
 * away waits for it: so it waits for nothing that user space decides, and touches no
 * user memory, where a page may be missing for as long as a process likes. A socket's
 * lock is such a thing, since its owner may wait for a page: see hook_lock_sock(), and
 * call no original that takes it. When it calls the original, the callback runs again:
 * it is the business of @wanted to tell that call from others by its arguments. The
 * return address is no help: a tail call or a return probe changes it.
 */
#ifndef L7MESH_HOOK_H
#define L7MESH_HOOK_H

#include <net/sock.h>
#include "lib/compat.h"

struct hook {
	unsigned long function;		/* address */
	void *replacement;
	/*
	 * Decides on one call, by its arguments: compat_ftrace_argument(). Runs
	 * in the caller's context with preemption disabled: it takes no lock but
	 * raw ones.
	 */
	bool (*wanted)(struct ftrace_regs *regs);
};

/**
 * hook_enable() - From now on @wanted is asked
 * @hooks: array; must stay until hook_disable() has returned
 * @n: its length
 *
 * One set of hooks at a time. Context: process, may sleep.
 *
 * Return: 0, or a negative errno and nothing is hooked: -EBUSY if livepatch has
 * one of the functions, -ENODEV if ftrace is off (kernel.ftrace_enabled).
 */
int hook_enable(const struct hook *hooks, unsigned int n);

/**
 * hook_disable() - Undo hook_enable()
 *
 * Context: process. Waits for every replacement that runs. On return none runs,
 * none will be entered, and the module's text may go.
 */
void hook_disable(void);

/**
 * hook_leave() - The last thing that a replacement does before it returns
 */
void hook_leave(void);

/**
 * hook_lock_sock() - lock_sock(), unless the hooks go first
 * @sk: socket that the caller has a reference to; release_sock() gives it back
 *
 * Context: a replacement, before hook_leave(); sleeps.
 *
 * Return: false if the hooks go, and the lock is not held. Then the original is not
 * hooked any more: it may be jumped to after hook_leave().
 */
bool hook_lock_sock(struct sock *sk);

#endif
