// SPDX-License-Identifier: GPL-2.0
#include <linux/ftrace.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/trace_recursion.h>
#include <linux/wait.h>
#include "intercept/hook.h"
#include "lib/inside.h"
#include "lib/watch.h"

/* The ftrace site is at most this far into a function (ENDBR, BTI, NOPs). */
#define HOOK_SITE_MAX	16

#define HOOKS_MAX	10

static const struct hook *active;
static unsigned int nactive;	/* 0 once no callback runs any more */

/* Those in hook_lock_sock(), which are woken when nactive has become 0. */
static DECLARE_WAIT_QUEUE_HEAD(waiting);

/* Calls between the callback's decision and hook_leave(). */
static DEFINE_PER_CPU(long, inside);

void hook_leave(void)
{
	this_cpu_dec(inside);
}

static bool trylock_sock(struct sock *sk)
{
	bool is_free;

	spin_lock_bh(&sk->sk_lock.slock);
	is_free = !sock_owned_by_user_nocheck(sk);
	if (is_free)
		sk->sk_lock.owned = 1;
	spin_unlock_bh(&sk->sk_lock.slock);
	if (is_free)
		mutex_acquire(&sk->sk_lock.dep_map, 0, 1, _RET_IP_);
	return is_free;
}

/*
 * Waits in line as lock_sock() does. If it is woken to take the lock and does not, since
 * the hooks go, the original does in its place, and wakes the next.
 */
bool hook_lock_sock(struct sock *sk)
{
	DEFINE_WAIT(for_sock);
	DEFINE_WAIT(for_end);
	bool locked = trylock_sock(sk);

	if (likely(locked))
		return true;
	for (;;) {
		prepare_to_wait(&waiting, &for_end, TASK_UNINTERRUPTIBLE);
		prepare_to_wait_exclusive(&sk->sk_lock.wq, &for_sock,
					  TASK_UNINTERRUPTIBLE);
		locked = trylock_sock(sk);
		if (locked || !READ_ONCE(nactive))
			break;
		schedule();
	}
	finish_wait(&sk->sk_lock.wq, &for_sock);
	finish_wait(&waiting, &for_end);
	return locked;
}

static notrace const struct hook *hook_at(unsigned long ip)
{
	unsigned int i;

	for (i = 0; i < nactive; i++)
		if (ip - active[i].function <= HOOK_SITE_MAX)
			return &active[i];
	return NULL;
}

static void notrace hook_callback(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *regs)
{
	const struct hook *h;
	int bit;

	/* Disables preemption. It fails only inside of another callback. */
	bit = ftrace_test_recursion_trylock(ip, parent_ip);
	if (bit < 0)
		return;
	h = hook_at(ip);
	if (h && h->wanted(regs)) {
		this_cpu_inc(inside);
		compat_ftrace_set_ip(regs, (unsigned long)h->replacement);
	}
	ftrace_test_recursion_unlock(bit);
}

static struct ftrace_ops hook_ops;

int hook_enable(const struct hook *hooks, unsigned int n)
{
	unsigned long functions[HOOKS_MAX];
	unsigned int i;
	int err;

	if (WARN_ON_ONCE(nactive || n > HOOKS_MAX))
		return -EINVAL;
	for (i = 0; i < n; i++)
		functions[i] = hooks[i].function;
	active = hooks;
	nactive = n;
	watch_init(&hook_ops, hook_callback, FTRACE_OPS_FL_IPMODIFY);
	err = watch_begin(&hook_ops,
			  ftrace_set_filter_ips(&hook_ops, functions, n, 0, 1));
	if (err)
		nactive = 0;
	return err;
}

void hook_disable(void)
{
	watch_end(&hook_ops);
	WRITE_ONCE(nactive, 0);
	wake_up_all(&waiting);
	/*
	 * Nobody enters any more, so the counters can only fall while they are
	 * summed up. A sum of 0 means that all have passed hook_leave().
	 */
	while (inside_any(&inside))
		schedule_timeout_uninterruptible(1);
	/*
	 * What remains are the few instructions between hook_leave() and the
	 * return. A task that was preempted there has left them once it sleeps or
	 * is in user space.
	 */
	synchronize_rcu_tasks();
	synchronize_rcu();
}
