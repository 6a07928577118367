// SPDX-License-Identifier: GPL-2.0
#include "mesh/cut_queue.h"

#include <linux/minmax.h>
#include <linux/workqueue.h>
#include "mesh/mesh.h"

/* A walk over all connections of the node, whoever changes something. */
#define INTERVAL	(HZ / 10)

#define PAUSE_MIN	HZ
#define PAUSE_MAX	(64 * HZ)

static void run(struct work_struct *unused);
static DECLARE_DELAYED_WORK(work, run);
static struct workqueue_struct *wq;
static int (*look_at_all)(unsigned long done);

/* No work is queued once it has stopped. A leaf: nothing is taken in it. */
static DEFINE_SPINLOCK(lock);
static bool stopped;

/* How many walks have begun, and up to which all is done. The work writes them. */
static unsigned long begun, done;
static unsigned long next;		/* jiffies: when the next may be */
static unsigned long pause;		/* before one that nobody asks for */
static bool changed;			/* something has, since the last began */

/* Unless it comes sooner. */
static void queue(unsigned long delay)
{
	spin_lock(&lock);
	if (!stopped)
		queue_delayed_work(wq, &work, delay);
	spin_unlock(&lock);
}

static void run(struct work_struct *unused)
{
	unsigned long walk = begun + 1;

	/* Asked for while the last one went on. */
	if (time_before(jiffies, next)) {
		queue(next - jiffies);
		return;
	}
	WRITE_ONCE(pause, xchg(&changed, false) ? PAUSE_MIN : min(pause * 2, PAUSE_MAX));
	WRITE_ONCE(begun, walk);
	/* Either the walk sees a new snapshot, or who publishes that sees the walk. */
	smp_mb();
	if (look_at_all(done))
		queue(pause);
	else
		done = walk;
	WRITE_ONCE(next, jiffies + INTERVAL);
}

/* Under RCU: the walk waits for who is here. */
static void want(struct mesh *m)
{
	/* The snapshot is the new one already, see run(). */
	smp_mb();
	WRITE_ONCE(m->cut_walk, READ_ONCE(begun) + 1);
}

void cut_queue_soon(struct mesh *m)
{
	unsigned long now = jiffies, at = READ_ONCE(next);

	rcu_read_lock();
	want(m);
	rcu_read_unlock();
	WRITE_ONCE(changed, true);
	spin_lock(&lock);
	if (!stopped)
		mod_delayed_work(wq, &work,
				 time_in_range(at, now, now + INTERVAL) ? at - now : 0);
	spin_unlock(&lock);
}

void cut_queue_later(struct mesh_net *mn)
{
	struct mesh *m;

	rcu_read_lock();
	m = mesh_obeyed(mn->net);
	if (m)
		want(m);
	rcu_read_unlock();
	queue(READ_ONCE(pause));
}

int cut_queue_begin(int (*look)(unsigned long done))
{
	look_at_all = look;
	pause = PAUSE_MIN;
	wq = alloc_workqueue("l7mesh_cut_queue", WQ_UNBOUND, 1);
	return wq ? 0 : -ENOMEM;
}

void cut_queue_stop(void)
{
	spin_lock(&lock);
	stopped = true;
	spin_unlock(&lock);
	cancel_delayed_work_sync(&work);
}

void cut_queue_end(void)
{
	destroy_workqueue(wq);
}
