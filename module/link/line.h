/* SPDX-License-Identifier: GPL-2.0 */
/*
 * line: the connections of a namespace that wait for process context.
 *
 * CPU time is shared among namespaces, not among connections. A namespace has as many
 * lines as it may keep CPUs busy. A line has one work item, which serves a few turns and
 * then queues itself again, behind the work items of all other namespaces. So a pod with
 * many busy connections delays others no more than a pod with a few.
 *
 * Within a line there are two queues, served in turn: fresh connections, which had an
 * event or a timer, and greedy ones, which have used up a budget and want more. So a
 * connection that is opened or closed waits for one greedy run, not for all of them.
 *
 * Lock: a line's lock is a leaf, BH. Any lock may be held when joining.
 */
#ifndef L7MESH_LINE_H
#define L7MESH_LINE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* A place in a line. It stands in one line at most, and once. */
struct turn {
	struct list_head list;		/* empty: it stands in none; under the line's lock */
};

struct line {
	spinlock_t lock;		/* BH */
	struct list_head fresh;
	struct list_head greedy;
	bool fresh_was_last;
	struct work_struct work;
	void (*serve)(struct turn *turn);
};

/**
 * line_init() - Prepare a line
 * @l: line
 * @serve: is called for each turn in its order, one at a time, in process context
 *	with nothing locked, when it does not stand in the line any more: it may join
 *	again meanwhile
 */
void line_init(struct line *l, void (*serve)(struct turn *turn));

/**
 * line_join() - Wait to be served
 * @l: line, the only one that @t ever stands in
 * @t: turn, kept alive by the caller until it has been served
 * @greedy: it has just used up what it may have at one time
 *
 * Any context but hard interrupts.
 *
 * Return: false if it waits already.
 */
bool line_join(struct line *l, struct turn *t, bool greedy);

/**
 * line_exit() - No turn is there, or will come
 * @l: line
 *
 * Context: process. On return its work does not run.
 */
void line_exit(struct line *l);

/* Module-wide. Context: process. */
int line_module_init(void);
void line_module_exit(void);

#endif
