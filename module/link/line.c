// SPDX-License-Identifier: GPL-2.0
#include "link/line.h"

#include <linux/sched.h>

/* Turns that are served before other namespaces get theirs. */
#define SHARE	8

static struct workqueue_struct *serve_wq;

/* Who is next, and whether anybody is. */
static struct turn *line_next(struct line *l)
{
	struct list_head *first = &l->fresh, *second = &l->greedy;
	struct turn *t;

	spin_lock_bh(&l->lock);
	if (l->fresh_was_last)
		swap(first, second);
	if (list_empty(first))
		first = second;
	l->fresh_was_last = first == &l->fresh;
	t = list_first_entry_or_null(first, struct turn, list);
	if (t)
		list_del_init(&t->list);
	spin_unlock_bh(&l->lock);
	return t;
}

static void line_work(struct work_struct *work)
{
	struct line *l = container_of(work, struct line, work);
	struct turn *t;
	int i;

	for (i = 0; i < SHARE; i++) {
		t = line_next(l);
		if (!t)
			return;
		l->serve(t);
		cond_resched();
	}
	queue_work(serve_wq, work);
}

void line_init(struct line *l, void (*serve)(struct turn *turn))
{
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->fresh);
	INIT_LIST_HEAD(&l->greedy);
	INIT_WORK(&l->work, line_work);
	l->serve = serve;
}

bool line_join(struct line *l, struct turn *t, bool greedy)
{
	bool joined;

	spin_lock_bh(&l->lock);
	joined = list_empty(&t->list);
	if (joined)
		list_add_tail(&t->list, greedy ? &l->greedy : &l->fresh);
	else if (greedy)	/* something happened in the very run that cost so much */
		list_move_tail(&t->list, &l->greedy);
	spin_unlock_bh(&l->lock);
	if (joined)
		queue_work(serve_wq, &l->work);
	return joined;
}

void line_exit(struct line *l)
{
	cancel_work_sync(&l->work);
	WARN_ON_ONCE(!list_empty(&l->fresh) || !list_empty(&l->greedy));
}

int line_module_init(void)
{
	serve_wq = alloc_workqueue("l7mesh_serve",
				   WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return serve_wq ? 0 : -ENOMEM;
}

void line_module_exit(void)
{
	destroy_workqueue(serve_wq);
}
