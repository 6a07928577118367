// SPDX-License-Identifier: GPL-2.0
/*
 * How a snapshot ends: snapshot_kill() turns the per-CPU count into a shared one, after
 * a grace period. The last put, from any context, queues the work that frees, after
 * another grace period. By then nobody can see the snapshot, nor an object that is in
 * no other snapshot.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "authz/authz_table.h"
#include "lib/account.h"
#include "lib/stats.h"
#include "mesh/named.h"
#include "mesh/snapshot.h"

static struct workqueue_struct *free_wq;

/* Where no listener takes packets, so that nobody has to ask for that. */
static const unsigned long no_packets;
#define NO_PACKETS_SHIFT	31

static void free_packets(struct snapshot *s)
{
	if (s->packets != &no_packets)
		account_free(s->account, s->packets, snapshot_packets_size(s->packets_shift));
}

static void free_set(struct snapshot *s, enum named_kind kind)
{
	struct objset *set = named_set(s, kind);
	u32 i;

	for (i = 0; i < set->n; i++) {
		named_ops[kind].put(s->account, set->objects[i]);
		cond_resched();
	}
	objset_free(set, s->account);
}

static void free_snapshot(struct work_struct *work)
{
	struct snapshot *s = container_of(to_rcu_work(work), struct snapshot,
					  free_work);
	struct account *account = s->account;
	enum named_kind kind;

	percpu_ref_exit(&s->ref);
	authz_table_put(account, s->authz);
	for (kind = 0; kind < NAMED_KINDS; kind++)
		free_set(s, kind);
	listener_index_free(s);
	free_packets(s);
	if (s->retired)
		atomic_dec(&account->retired);
	account_free(account, s, sizeof(*s));
	account_put(account);
	stats_object_destroyed(OBJECT_SNAPSHOT);
}

static void release_snapshot(struct percpu_ref *ref)
{
	struct snapshot *s = container_of(ref, struct snapshot, ref);

	queue_rcu_work(free_wq, &s->free_work);
}

struct snapshot *snapshot_alloc(struct account *account, u64 generation)
{
	struct snapshot *s = account_new(account, sizeof(*s));
	int err;

	if (IS_ERR(s))
		return s;
	err = percpu_ref_init(&s->ref, release_snapshot, 0, GFP_KERNEL_ACCOUNT);
	if (err) {
		account_free(account, s, sizeof(*s));
		return ERR_PTR(err);
	}
	INIT_RCU_WORK(&s->free_work, free_snapshot);
	s->generation = generation;
	s->account = account_get(account);
	s->packets = &no_packets;
	s->packets_shift = NO_PACKETS_SHIFT;
	stats_object_created(OBJECT_SNAPSHOT);
	return s;
}

void snapshot_kill(struct snapshot *s)
{
	percpu_ref_kill(&s->ref);
}

struct cluster *snapshot_cluster(const struct snapshot *s,
				 const struct name_ref *name)
{
	return objset_find(&s->clusters, name);
}

static bool has_state(const void *cluster, const void *state)
{
	return ((const struct cluster *)cluster)->state == state;
}

struct cluster *snapshot_cluster_of(const struct snapshot *s, u32 hash,
				    const struct cluster_state *state)
{
	return objset_find_by(&s->clusters, hash, has_state, state);
}

int snapshot_init(void)
{
	free_wq = alloc_workqueue("l7mesh_config", WQ_UNBOUND, 0);
	return free_wq ? 0 : -ENOMEM;
}

/*
 * The first barrier waits for the switch of the counts, and so for the queueing
 * of what nobody holds; the second for the grace periods of that.
 */
static void flush(void)
{
	rcu_barrier();
	rcu_barrier();
	flush_workqueue(free_wq);
}

bool snapshot_reclaim(struct account *account)
{
	if (!atomic_read(&account->retired))
		return false;
	flush();
	return true;
}

void snapshot_exit(void)
{
	flush();
	destroy_workqueue(free_wq);
}
