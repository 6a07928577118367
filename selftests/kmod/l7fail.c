// SPDX-License-Identifier: GPL-2.0
/*
 * l7fail: fails the nth allocation that is made beneath a function of l7mesh,
 * in whatever context: system call, softirq, work queue.
 *
 * failslab's own nth is a task's, and its stack filter (in 6.1) comes after its
 * counting, so neither finds the nth of ours. This one probes the two functions
 * that exist to be overridden, and counts only calls whose stack has a frame of
 * the module.
 *
 * /sys/module/l7fail/parameters:
 *	nth	written: which allocation from now on fails, 0 for none
 *	times	and how many do that follow it, with it
 *	seen	allocations since then
 *	fired	1 when one has failed
 *	where	the function that the first was made beneath
 */
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>

#define DEPTH	64

static DEFINE_RAW_SPINLOCK(lock);
static unsigned int nth, seen, times = 1;
static bool fired;
static char where[KSYM_SYMBOL_LEN] = "-";

module_param(seen, uint, 0444);
module_param(times, uint, 0644);
module_param(fired, bool, 0444);
module_param_string(where, where, sizeof(where), 0444);

/*
 * Is there a frame of l7mesh? @name: out, the innermost. What gcov allocates for
 * each file, called by constructors that the compiler made, is not ours.
 */
static bool beneath(char *name)
{
	unsigned long entries[DEPTH];
	unsigned int i, n;

	n = stack_trace_save(entries, DEPTH, 0);
	for (i = 0; i < n; i++) {
		sprint_symbol(name, entries[i]);
		if (strstr(name, "gcov_"))
			return false;
		if (strstr(name, "[l7mesh]"))
			return true;
	}
	return false;
}

static bool shall_fail(gfp_t gfp)
{
	static char name[KSYM_SYMBOL_LEN];
	unsigned long flags;
	bool fail = false;

	if (!READ_ONCE(nth) || (gfp & __GFP_NOFAIL))
		return false;
	raw_spin_lock_irqsave(&lock, flags);
	if (nth && beneath(name)) {
		seen++;
		fail = seen >= nth;
		if (seen == nth)
			strscpy(where, name, sizeof(where));
		fired |= fail;
		if (fail && seen - nth + 1 >= times)
			nth = 0;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return fail;
}

/* Where an overridden function goes on: back to its caller. */
static noinline notrace void just_return(void)
{
	barrier();
}

static int override(struct pt_regs *regs, unsigned long value)
{
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)just_return);
	return 1;
}

static int slab_handler(struct kprobe *p, struct pt_regs *regs)
{
	return shall_fail(regs_get_kernel_argument(regs, 1)) ?
	       override(regs, -ENOMEM) : 0;
}

NOKPROBE_SYMBOL(slab_handler);

static int page_handler(struct kprobe *p, struct pt_regs *regs)
{
	return shall_fail(regs_get_kernel_argument(regs, 0)) ?
	       override(regs, true) : 0;
}

NOKPROBE_SYMBOL(page_handler);

static struct kprobe probes[] = {
	{ .symbol_name = "should_failslab", .pre_handler = slab_handler },
	{ .symbol_name = "should_fail_alloc_page", .pre_handler = page_handler },
};

static struct kprobe *const list[] = { &probes[0], &probes[1] };

static int set_nth(const char *value, const struct kernel_param *kp)
{
	unsigned long flags;
	unsigned int n;
	int err;

	err = kstrtouint(value, 0, &n);
	if (err)
		return err;
	raw_spin_lock_irqsave(&lock, flags);
	nth = n;
	/* Disarming keeps what there is to read. */
	if (n) {
		seen = 0;
		fired = false;
		strscpy(where, "-", sizeof(where));
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static const struct kernel_param_ops nth_ops = {
	.set = set_nth,
	.get = param_get_uint,
};

module_param_cb(nth, &nth_ops, &nth, 0644);

static int __init l7fail_init(void)
{
	return register_kprobes((struct kprobe **)list, ARRAY_SIZE(list));
}

static void __exit l7fail_exit(void)
{
	unregister_kprobes((struct kprobe **)list, ARRAY_SIZE(list));
}

module_init(l7fail_init);
module_exit(l7fail_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Fails allocations of l7mesh, for its tests");
