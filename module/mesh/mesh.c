// SPDX-License-Identifier: GPL-2.0
/*
 * mesh_net->mesh and mesh->owner say together what a namespace is: owner if the
 * mesh's owner is its mesh_net, else attached. Both change under mesh_mutex only.
 *
 * A namespace is torn down as a pernet device, before its network devices go, so
 * that the HTTP engine's connections can still say goodbye: pre_exit takes the
 * namespace out of every mesh, then the pernet code waits for a grace period, so
 * that nobody finds the mesh any more, then exit closes what the engine has.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "authz/authz_table.h"
#include "authz/guard.h"
#include "authz/workload.h"
#include "lib/account.h"
#include "lib/refusal.h"
#include "mesh/cut_queue.h"
#include "mesh/mesh.h"
#include "mesh/named.h"
#include "mesh/txn.h"
#include "upstream/call.h"
#include "upstream/health.h"

unsigned int mesh_net_id __read_mostly;
DEFINE_STATIC_KEY_FALSE(mesh_active);

/*
 * Shared by all namespaces, so its holder neither allocates nor waits. A mesh's
 * lock, which a commit holds for as long as it builds, may only be tried under it.
 */
static DEFINE_MUTEX(mesh_mutex);

/*
 * All that are attached, by cookie. A reader that is at a namespace which is attached
 * anew goes on in the same bucket.
 */
#define ATTACHED_BITS	8

static struct hlist_head attached_nets[1 << ATTACHED_BITS];

static struct workqueue_struct *mesh_wq;
static const struct mesh_parts *parts __ro_after_init;

/*
 * Innermost. The first mesh that has a listener switches interception on. A work
 * switches it off some time after the last mesh that ever had a listener was given up.
 * Not sooner, because connections then forget what they were redirected from; by a work,
 * because it waits for calls that are being redirected, and whoever gives up a mesh must
 * not wait for these. The delay also keeps namespaces that come and go from patching the
 * kernel's text each time.
 */
#define INTERCEPTION_LINGER	HZ

static DEFINE_MUTEX(interception_mutex);
static bool intercepting;		/* under interception_mutex */
static atomic_t nintercepting;		/* meshes; it only rises under it */

static int interception_get(void)
{
	int err = 0;

	if (mutex_lock_killable(&interception_mutex))
		return -EINTR;
	if (!intercepting)
		err = parts->intercept();
	if (!err && !intercepting) {
		static_branch_enable(&mesh_active);
		intercepting = true;
	}
	if (!err)
		atomic_inc(&nintercepting);
	mutex_unlock(&interception_mutex);
	return err;
}

/* interception_mutex held. */
static void interception_stop(void)
{
	if (!intercepting)
		return;
	static_branch_disable(&mesh_active);
	parts->let_pass();
	intercepting = false;
}

static void interception_off(struct work_struct *work)
{
	mutex_lock(&interception_mutex);
	if (!atomic_read(&nintercepting))
		interception_stop();
	mutex_unlock(&interception_mutex);
}

static DECLARE_DELAYED_WORK(interception_work, interception_off);

static void interception_put(void)
{
	if (atomic_dec_and_test(&nintercepting))
		queue_delayed_work(mesh_wq, &interception_work,
				   INTERCEPTION_LINGER);
}

static void free_mesh(struct mesh *m)
{
	free_percpu(m->stats);
	if (m->account)
		account_put(m->account);
	kfree(m);
}

/* Softirq: after the grace period nobody has a borrowed pointer. */
static void free_mesh_rcu(struct rcu_head *rcu)
{
	struct mesh *m = container_of(rcu, struct mesh, rcu);

	snapshot_kill(rcu_dereference_protected(m->snapshot, true));
	free_mesh(m);
	stats_object_destroyed(OBJECT_MESH);
}

void mesh_put(struct mesh *m)
{
	if (refcount_dec_and_test(&m->ref))
		call_rcu(&m->rcu, free_mesh_rcu);
}

struct snapshot *mesh_snapshot_get(struct mesh *m)
{
	struct snapshot *s;

	rcu_read_lock();
	do {
		s = rcu_dereference(m->snapshot);
	} while (!snapshot_tryget(s));
	rcu_read_unlock();
	return s;
}

static void reap(struct work_struct *work);

static struct hlist_head *bucket_of(u64 cookie)
{
	return &attached_nets[hash_64(cookie, ATTACHED_BITS)];
}

struct net *mesh_attached_net(const struct mesh *m, u64 cookie)
{
	struct mesh_net *mn;

	hlist_for_each_entry_rcu(mn, bucket_of(cookie), by_cookie)
		if (mn->net->net_cookie == cookie)
			return rcu_dereference(mn->mesh) == m ? mn->net : NULL;
	return NULL;
}

static struct mesh *alloc_mesh(void)
{
	struct mesh *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	struct snapshot *s;

	if (!m)
		return NULL;
	refcount_set(&m->ref, 1);
	mutex_init(&m->lock);
	txns_init(&m->txns);
	INIT_WORK(&m->reaper, reap);
	INIT_LIST_HEAD(&m->attached);
	check_queue_init(&m->checks);
	m->stats = alloc_percpu_gfp(struct mesh_stats, GFP_KERNEL_ACCOUNT);
	m->account = account_alloc();
	if (!m->stats || !m->account)
		goto fail;
	s = snapshot_alloc(m->account, 0);
	if (IS_ERR(s))
		goto fail;
	rcu_assign_pointer(m->snapshot, s);
	stats_object_created(OBJECT_MESH);
	return m;
fail:
	free_mesh(m);
	return NULL;
}

/* mesh_mutex held; the namespace is attached. */
static void detach(struct mesh_net *mn)
{
	struct mesh *m = rcu_dereference_protected(mn->mesh,
						   lockdep_is_held(&mesh_mutex));

	list_del(&mn->attached);
	hlist_del_rcu(&mn->by_cookie);
	RCU_INIT_POINTER(mn->mesh, NULL);
	/* Pairs with mesh_own_get(). */
	smp_store_release(&mn->is_attached, false);
	parts->settle_packets_later(mn);
	mesh_put(m);
}

/* Any context but interrupts; the caller holds the mesh. */
static void reap_later(struct mesh *m)
{
	mesh_get(m);
	if (!queue_work(mesh_wq, &m->reaper))
		mesh_put(m);
}

/*
 * The caller holds mesh_mutex, and the mesh's lock unless nobody can ask for it any
 * more. From now on nobody changes the mesh.
 */
static void disown(struct mesh *m)
{
	struct mesh_net *mn = m->owner;

	RCU_INIT_POINTER(mn->mesh, NULL);
	/* Pairs with mesh_own_get(). */
	smp_store_release(&m->owner, NULL);
	if (txn_orphan_all(&m->txns))
		reap_later(m);
}

/* mesh_mutex held; the namespace that owned the mesh has no part in it any more. */
static void give_up(struct mesh *m)
{
	struct mesh_net *mn, *next;

	list_for_each_entry_safe(mn, next, &m->attached, attached)
		detach(mn);
	if (m->intercepts)
		interception_put();
	mesh_put(m);
}

static bool is_empty(const struct mesh *m)
{
	struct snapshot *s =
		rcu_dereference_protected(m->snapshot, lockdep_is_held(&m->lock));
	enum named_kind kind;

	for (kind = 0; kind < NAMED_KINDS; kind++)
		if (named_set(s, kind)->n)
			return false;
	return !s->splice.exists && list_empty(&m->attached);
}

static int refuse_attached(struct refusal *r)
{
	return refusal_set(r, -EPERM,
			   "this namespace is attached to the mesh of another");
}

/* To be called before the caller's reference goes. */
static void unlock(struct mesh *m)
{
	mutex_unlock(&m->lock);
	/* Pairs with txn_orphan(): a reaper that comes now gets the lock. */
	smp_mb();
	if (txn_has_orphans(&m->txns))
		reap_later(m);
}

/* The obeyed mesh, held, whoever owns it; or NULL. */
static struct mesh *get_obeyed(struct mesh_net *mn)
{
	struct mesh *m;

	rcu_read_lock();
	do {
		m = rcu_dereference(mn->mesh);
	} while (m && !mesh_tryget(m));
	rcu_read_unlock();
	return m;
}

/*
 * Takes no lock, as it is asked when any generic netlink socket closes. If somebody
 * else owns the mesh, then either this namespace is attached, or it has just lost
 * the mesh. Pointers are cleared first, so in the latter case another look gives
 * another answer.
 */
struct mesh *mesh_own_get(struct mesh_net *mn, struct refusal *r)
{
	struct mesh *m;

	/* Pairs with disown(). */
	while ((m = get_obeyed(mn)) && smp_load_acquire(&m->owner) != mn) {
		mesh_put(m);
		/* Pairs with detach(). */
		if (smp_load_acquire(&mn->is_attached))
			return ERR_PTR(refuse_attached(r));
	}
	return m;
}

static int ensure_own(struct mesh_net *mn, struct refusal *r)
{
	struct mesh *m;

	if (rcu_access_pointer(mn->mesh))
		return 0;
	m = alloc_mesh();
	if (!m)
		return refusal_set(r, -ENOMEM, "cannot begin a mesh");
	if (mutex_lock_killable(&mesh_mutex)) {
		mesh_put(m);
		return -EINTR;
	}
	if (!rcu_access_pointer(mn->mesh)) {
		m->owner = mn;
		rcu_assign_pointer(mn->mesh, m);
		m = NULL;
	}
	mutex_unlock(&mesh_mutex);
	if (m)
		mesh_put(m);
	return 0;
}

struct mesh *mesh_own_lock(struct mesh_net *mn, bool create, struct refusal *r)
{
	struct mesh *m;
	int err;

	for (;;) {
		m = mesh_own_get(mn, r);
		if (IS_ERR(m))
			return m;
		if (!m) {
			if (!create)
				return NULL;
			err = ensure_own(mn, r);
			if (err)
				return ERR_PTR(err);
			continue;
		}
		if (mutex_lock_killable(&m->lock)) {
			mesh_put(m);
			return ERR_PTR(-EINTR);
		}
		if (m->owner == mn)
			return m;
		/* Given up, or the namespace attached, in between. */
		unlock(m);
		mesh_put(m);
	}
}

static bool is_unused(const struct mesh *m)
{
	return m->owner && !m->generation && !m->txns.n &&
	       list_empty(&m->attached);
}

/* Whoever holds the lock meanwhile comes here after unlocking. */
static void give_up_unused(struct mesh *m)
{
	mutex_lock(&mesh_mutex);
	if (mutex_trylock(&m->lock)) {
		bool unused = is_unused(m);

		if (unused)
			disown(m);
		unlock(m);
		if (unused)
			give_up(m);
	}
	mutex_unlock(&mesh_mutex);
}

void mesh_own_unlock(struct mesh *m)
{
	bool pristine;

	txn_drop_orphans(m);
	pristine = !m->generation && !m->txns.n;
	unlock(m);
	if (pristine)
		give_up_unused(m);
	mesh_put(m);
}

/* Whoever holds the lock drops the orphans after unlocking. */
static void reap(struct work_struct *work)
{
	struct mesh *m = container_of(work, struct mesh, reaper);

	if (mutex_trylock(&m->lock))
		mesh_own_unlock(m);
	else
		mesh_put(m);
}

void mesh_socket_gone(struct mesh_net *mn, u32 portid)
{
	struct refusal r;
	struct mesh *m = mesh_own_get(mn, &r);

	if (IS_ERR_OR_NULL(m))
		return;
	if (txn_orphan(&m->txns, portid))
		reap_later(m);
	mesh_put(m);
}

/* ---- all that obey a mesh ---- */

/* Namespaces that are held. */
struct nets {
	struct net **nets;
	u32 n;
	u32 room;
};

static void nets_put(struct nets *nets)
{
	while (nets->n)
		put_net(nets->nets[--nets->n]);
	kvfree(nets->nets);
	memset(nets, 0, sizeof(*nets));
}

/*
 * The caller holds mesh_mutex. Holds the attached namespaces that are not going;
 * returns how many are attached.
 */
static u32 hold_attached(struct mesh *m, struct nets *nets)
{
	struct mesh_net *mn;
	u32 found = 0;

	list_for_each_entry(mn, &m->attached, attached) {
		if (found++ < nets->room && maybe_get_net(mn->net))
			nets->nets[nets->n++] = mn->net;
	}
	return found;
}

static int try_get_attached(struct mesh_net *mn, struct nets *nets, u32 *found,
			    struct refusal *r)
{
	struct mesh *m;
	int err = 0;

	*found = 0;
	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached)
		err = refuse_attached(r);
	else if (m)
		*found = hold_attached(m, nets);
	mutex_unlock(&mesh_mutex);
	return err;
}

/* Allocates for as many as there were a moment ago, until that was enough. */
static int get_attached(struct mesh_net *mn, struct nets *nets, struct refusal *r)
{
	u32 found;
	int err;

	memset(nets, 0, sizeof(*nets));
	for (;;) {
		err = try_get_attached(mn, nets, &found, r);
		if (!err && found <= nets->room)
			return 0;
		nets_put(nets);
		if (err)
			return err;
		nets->nets = kvmalloc_array(found, sizeof(*nets->nets),
					    GFP_KERNEL_ACCOUNT);
		if (!nets->nets)
			return refusal_set(r, -ENOMEM, "out of memory");
		nets->room = found;
	}
}

/* ---- publishing ---- */

/*
 * Whose packets cannot be taken just now, as a pod itself may have caused, keeps nobody
 * from a configuration: it is tried again there.
 */
static int settle_attached(struct mesh *m, struct refusal *r)
{
	struct nets nets;
	int err;
	u32 i;

	err = get_attached(m->owner, &nets, r);
	if (err)
		return err;
	for (i = 0; i < nets.n; i++) {
		if (parts->settle_packets(mesh_net(nets.nets[i])))
			stat_inc(m->stats, STAT_PACKETS_UNSETTLED);
		cond_resched();
	}
	nets_put(&nets);
	return 0;
}

/* What is taken no more is not for somebody to wait for. */
static void settle_all_later(struct mesh *m)
{
	struct mesh_net *mn;

	mutex_lock(&mesh_mutex);
	if (m->owner)
		parts->settle_packets_later(m->owner);
	list_for_each_entry(mn, &m->attached, attached)
		parts->settle_packets_later(mn);
	mutex_unlock(&mesh_mutex);
}

/*
 * mesh->lock held. All namespaces that are attached by now see what is wanted with
 * packets; who is attached later sees it by itself.
 */
static int begin_to_use_packets(struct mesh *m, u8 use, struct refusal *r)
{
	u8 old = m->packet_use;
	int err;

	WRITE_ONCE(m->packet_use, old | use);
	err = parts->settle_packets(m->owner);
	if (err)
		refusal_set(r, err, "packets cannot be taken");
	else
		err = settle_attached(m, r);
	if (err) {
		WRITE_ONCE(m->packet_use, old);
		settle_all_later(m);
	}
	return err;
}

static int begin_to_intercept(struct mesh *m, struct refusal *r)
{
	int err = interception_get();

	if (err)
		return refusal_set(r, err, "connections cannot be intercepted");
	m->intercepts = true;
	return 0;
}

/* What is said of a workload there would be said of the whole node. */
static int check_guards(const struct mesh *m, const struct snapshot *s,
			struct refusal *r)
{
	const struct guard *g = authz_table_guard(s->authz, m->owner->net->net_cookie);
	const struct name_ref *name;

	if (!g)
		return 0;
	name = &g->workload->name;
	return refusal_set(r, -EINVAL,
			   "workload \"%.*s\" is in the mesh's own network namespace, whose connections are not its alone",
			   name->name.len, name->name.p);
}

static bool has_cuts(struct mesh *m)
{
	struct snapshot *s = mesh_snapshot_get(m);
	bool has = s->authz && s->authz->cuts;

	snapshot_put(s);
	return has;
}

int mesh_publish(struct mesh *m, struct snapshot *s, struct refusal *r)
{
	struct snapshot *old =
		rcu_dereference_protected(m->snapshot, lockdep_is_held(&m->lock));
	bool moves = !listener_index_same_udp(old, s);
	int err = check_guards(m, s, r);

	if (err)
		return err;
	if ((s->listeners.n || s->authz) && !m->intercepts)
		err = begin_to_intercept(m, r);
	if (!err && s->packet_use & ~m->packet_use)
		err = begin_to_use_packets(m, s->packet_use, r);
	if (err)
		return err;
	m->generation = s->generation;
	rcu_assign_pointer(m->snapshot, s);
	moves |= m->packet_use & ~s->packet_use;
	WRITE_ONCE(m->packet_use, s->packet_use);
	if (moves)
		settle_all_later(m);
	check_queue_follow(&m->checks, old, s);
	if (!splice_policy_equal(&old->splice, &s->splice))
		parts->respliced();
	if (s->authz && s->authz != old->authz && s->authz->cuts)
		cut_queue_soon(m);
	old->retired = true;
	atomic_inc(&m->account->retired);
	snapshot_kill(old);
	health_look_by(m->owner, jiffies);
	return 0;
}

/*
 * The caller holds mesh_mutex. A namespace whose own mesh is empty may be attached;
 * not one whose mesh is being changed.
 */
static int give_up_empty(struct mesh *m, struct refusal *r)
{
	if (!mutex_trylock(&m->lock))
		return refusal_set(r, -EBUSY, "the namespace is being configured");
	if (!is_empty(m)) {
		unlock(m);
		return refusal_set(r, -EBUSY,
				   "the namespace has a configuration of its own");
	}
	disown(m);
	unlock(m);
	give_up(m);
	return 0;
}

static int check_target(struct mesh_net *mn, struct mesh_net *target,
			struct refusal *r)
{
	struct mesh *m = rcu_dereference_protected(target->mesh,
						   lockdep_is_held(&mesh_mutex));

	if (mn->is_attached)
		return refuse_attached(r);
	if (mn == target)
		return refusal_set(r, -EINVAL,
				   "a namespace cannot be attached to itself");
	if (!m)
		return 0;
	if (!target->is_attached)
		return give_up_empty(m, r);
	if (m->owner == mn)
		return refusal_set(r, -EEXIST, "the namespace is attached already");
	return refusal_set(r, -EBUSY, "the namespace is attached to another's mesh");
}

/* mesh_mutex held; the target has no mesh. */
static int attach(struct mesh_net *mn, struct mesh_net *target)
{
	struct mesh *m = rcu_dereference_protected(mn->mesh,
						   lockdep_is_held(&mesh_mutex));

	if (!m)
		return -EAGAIN;
	refcount_inc(&m->ref);
	target->is_attached = true;
	list_add_tail(&target->attached, &m->attached);
	rcu_assign_pointer(target->mesh, m);
	hlist_add_head_rcu(&target->by_cookie, bucket_of(target->net->net_cookie));
	return 0;
}

static int try_attach(struct mesh_net *mn, struct mesh_net *target,
		      struct refusal *r)
{
	int err = ensure_own(mn, r);

	if (err)
		return err;
	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	err = check_target(mn, target, r);
	if (!err)
		err = attach(mn, target);
	mutex_unlock(&mesh_mutex);
	return err;
}

/* mesh_mutex held. The mesh, held, which may be unused now. */
static struct mesh *try_detach(struct mesh_net *mn, struct mesh_net *target,
			       struct refusal *r)
{
	struct mesh *m = rcu_dereference_protected(mn->mesh,
						   lockdep_is_held(&mesh_mutex));

	if (mn->is_attached)
		return ERR_PTR(refuse_attached(r));
	if (!m || !target->is_attached ||
	    rcu_access_pointer(target->mesh) != m)
		return ERR_PTR(refusal_set(r, -ENOENT,
					   "the namespace is not attached"));
	detach(target);
	return mesh_get(m);
}

/* Of a namespace that was attached: if its packets cannot be taken, it is not. */
static int settle_target(struct mesh_net *mn, struct mesh_net *target,
			 struct refusal *r)
{
	struct mesh *m;
	int err = parts->settle_packets(target);

	if (!err)
		return 0;
	mutex_lock(&mesh_mutex);
	m = try_detach(mn, target, r);
	mutex_unlock(&mesh_mutex);
	if (!IS_ERR(m))
		mesh_put(m);
	return refusal_set(r, err, "its packets cannot be taken");
}

/* Connections to who is attached after its policies were there. */
static void cut_in(struct mesh_net *target)
{
	struct mesh *m = get_obeyed(target);

	if (!m)
		return;
	if (has_cuts(m))
		cut_queue_soon(m);
	mesh_put(m);
}

int mesh_attach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r)
{
	struct mesh *m;
	int err;

	/* It may be given up in between, as nobody uses it. */
	do {
		err = try_attach(mn, target, r);
	} while (err == -EAGAIN);
	if (!err)
		err = settle_target(mn, target, r);
	if (!err)
		cut_in(target);
	parts->respliced();
	m = err ? get_obeyed(mn) : NULL;
	if (m) {
		give_up_unused(m);
		mesh_put(m);
	}
	return err;
}

int mesh_detach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r)
{
	struct mesh *m;

	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	m = try_detach(mn, target, r);
	mutex_unlock(&mesh_mutex);
	if (IS_ERR(m))
		return PTR_ERR(m);
	parts->respliced();
	give_up_unused(m);
	mesh_put(m);
	return 0;
}

int mesh_attached(struct mesh_net *mn, struct attached **list, u32 *n,
		  struct refusal *r)
{
	struct nets nets;
	int err;
	u32 i;

	*list = NULL;
	*n = 0;
	err = get_attached(mn, &nets, r);
	if (err || !nets.n)
		goto out;
	*list = kvmalloc_array(nets.n, sizeof(**list), GFP_KERNEL_ACCOUNT);
	if (!*list) {
		err = refusal_set(r, -ENOMEM, "out of memory");
		goto out;
	}
	*n = nets.n;
	for (i = 0; i < nets.n; i++)
		(*list)[i] = (struct attached){
			.inode = nets.nets[i]->ns.inum,
			.cookie = nets.nets[i]->net_cookie,
		};
out:
	nets_put(&nets);
	return err;
}

int mesh_drain(struct mesh_net *mn, const struct drain *d, struct refusal *r)
{
	struct nets nets;
	int err;
	u32 i;

	err = get_attached(mn, &nets, r);
	if (err)
		return err;
	if (rcu_access_pointer(mn->mesh))
		parts->drain(mn, d);
	for (i = 0; i < nets.n; i++)
		parts->drain(mesh_net(nets.nets[i]), d);
	nets_put(&nets);
	return 0;
}

bool mesh_call_from(struct mesh *m, u64 cookie, struct call *call, u32 timeout)
{
	struct net *net;
	bool begun;

	mutex_lock(&mesh_mutex);
	rcu_read_lock();
	net = mesh_attached_net(m, cookie);
	rcu_read_unlock();
	/* What is attached stays that as long as this is locked. */
	begun = net && call_begin(call, mesh_net(net)->http, timeout);
	mutex_unlock(&mesh_mutex);
	return begun;
}

void mesh_reconsider_udp(struct mesh *m)
{
	if (READ_ONCE(m->packet_use) & PACKETS_UDP)
		parts->look_at_flows();
}

void mesh_look_by(struct mesh *m, unsigned long at)
{
	struct mesh_net *mn;

	/* Between a namespace's pre_exit and its exit there is a grace period. */
	rcu_read_lock();
	mn = READ_ONCE(m->owner);
	if (mn)
		health_look_by(mn, at);
	rcu_read_unlock();
}

static int __net_init net_init(struct net *net)
{
	struct mesh_net *mn = mesh_net(net);

	mn->net = net;
	INIT_LIST_HEAD(&mn->attached);
	return parts->net_begins(mn);
}

/*
 * Whoever changes a configuration has a socket in its namespace, and so holds the
 * namespace. No lock of the mesh is needed here, and none is waited for.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct mesh_net *mn = mesh_net(net);
	struct mesh *m;

	mutex_lock(&mesh_mutex);
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached) {
		detach(mn);
	} else if (m) {
		disown(m);
		give_up(m);
	}
	mutex_unlock(&mesh_mutex);
	parts->net_leaves(mn);
	if (m)
		parts->respliced();
}

static void __net_exit net_exit(struct net *net)
{
	parts->net_ends(mesh_net(net));
}

static struct pernet_operations mesh_net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &mesh_net_id,
	.size = sizeof(struct mesh_net),
};

int mesh_init(const struct mesh_parts *given)
{
	int err;

	parts = given;
	mesh_wq = alloc_workqueue("l7mesh", WQ_UNBOUND, 0);
	if (!mesh_wq)
		return -ENOMEM;
	err = cut_queue_begin(parts->cut);
	if (err)
		goto out_wq;
	err = register_pernet_device(&mesh_net_ops);
	if (err)
		goto out_cut_queue;
	return 0;

out_cut_queue:
	cut_queue_end();
out_wq:
	destroy_workqueue(mesh_wq);
	return err;
}

void mesh_exit(void)
{
	/* Hooks and works look at namespaces' parts of the mesh: they go before those do. */
	cut_queue_stop();
	mutex_lock(&interception_mutex);
	interception_stop();
	mutex_unlock(&interception_mutex);
	unregister_pernet_device(&mesh_net_ops);
	/* The work has nothing left to do. */
	cancel_delayed_work_sync(&interception_work);
	cut_queue_end();
	destroy_workqueue(mesh_wq);
}
