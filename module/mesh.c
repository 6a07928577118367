// SPDX-License-Identifier: GPL-2.0
/*
 * mesh: see mesh.h.
 *
 * mesh_net->mesh and mesh->owner say together what a namespace is: owner if the
 * mesh's owner is its mesh_net, else attached. Both change under mesh_mutex only.
 *
 * A namespace is torn down as a pernet device, before its network devices go, so
 * that the HTTP engine's connections can still say goodbye: pre_exit takes the
 * namespace out of every mesh, then the pernet code waits for a grace period, so
 * that nobody finds the mesh any more, then exit closes what the engine has.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include "account.h"
#include "call.h"
#include "health.h"
#include "http_net.h"
#include "intercept.h"
#include "redirect.h"
#include "mesh.h"
#include "refusal.h"
#include "splice.h"
#include "txn.h"

unsigned int mesh_net_id __read_mostly;
DEFINE_STATIC_KEY_FALSE(mesh_active);

static DEFINE_MUTEX(mesh_mutex);

/*
 * Innermost. Interception is switched on by the first mesh that has a listener,
 * and off when the last that ever had one is given up: not sooner, because then
 * connections forget what they were redirected from.
 */
static DEFINE_MUTEX(interception_mutex);
static unsigned int nintercepting;	/* under interception_mutex */

static int interception_get(void)
{
	int err = 0;

	mutex_lock(&interception_mutex);
	if (!nintercepting)
		err = intercept_enable();
	if (!err) {
		nintercepting++;
		static_branch_inc(&mesh_active);
	}
	mutex_unlock(&interception_mutex);
	return err;
}

static void interception_put(void)
{
	mutex_lock(&interception_mutex);
	static_branch_dec(&mesh_active);
	if (!--nintercepting)
		intercept_disable();
	mutex_unlock(&interception_mutex);
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
	object_destroyed(OBJECT_MESH);
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

static struct mesh *alloc_mesh(void)
{
	struct mesh *m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	struct snapshot *s;

	if (!m)
		return NULL;
	refcount_set(&m->ref, 1);
	mutex_init(&m->lock);
	INIT_LIST_HEAD(&m->txns);
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
	object_created(OBJECT_MESH);
	return m;
fail:
	free_mesh(m);
	return NULL;
}

/* mesh_mutex held; the namespace has no mesh. */
static int create_own(struct mesh_net *mn)
{
	struct mesh *m = alloc_mesh();

	if (!m)
		return -ENOMEM;
	m->owner = mn;
	rcu_assign_pointer(mn->mesh, m);
	return 0;
}

/* mesh_mutex held; the namespace is attached. */
static void detach(struct mesh_net *mn)
{
	struct mesh *m = rcu_dereference_protected(mn->mesh,
						   lockdep_is_held(&mesh_mutex));

	list_del(&mn->attached);
	mn->is_attached = false;
	RCU_INIT_POINTER(mn->mesh, NULL);
	mesh_put(m);
}

/* mesh_mutex and the mesh's lock held: nobody changes it from now on. */
static void disown(struct mesh *m)
{
	struct mesh_net *mn = m->owner;

	txn_drop_all(m);
	WRITE_ONCE(m->owner, NULL);
	RCU_INIT_POINTER(mn->mesh, NULL);
}

/* mesh_mutex held; the namespace that owned the mesh has no part in it any more. */
static void give_up(struct mesh *m)
{
	struct mesh_net *mn, *next;

	list_for_each_entry_safe(mn, next, &m->attached, attached)
		detach(mn);
	splice_reconsider();
	if (m->intercepts)
		interception_put();
	mesh_put(m);
}

static bool is_empty(const struct mesh *m)
{
	const struct snapshot *s =
		rcu_dereference_protected(m->snapshot, lockdep_is_held(&m->lock));

	return !s->clusters.n && !s->listeners.n && !s->route_tables.n &&
	       !s->splice.exists && list_empty(&m->attached);
}

static int refuse_attached(struct refusal *r)
{
	return refusal_set(r, -EPERM,
			   "this namespace is attached to the mesh of another");
}

static bool is_attached(struct mesh_net *mn)
{
	bool attached;

	mutex_lock(&mesh_mutex);
	attached = mn->is_attached;
	mutex_unlock(&mesh_mutex);
	return attached;
}

/* Held, whoever's it is, or NULL. */
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

struct mesh *mesh_own_get(struct mesh_net *mn, struct refusal *r)
{
	struct mesh *m;

	while ((m = get_obeyed(mn)) && READ_ONCE(m->owner) != mn) {
		mesh_put(m);
		if (is_attached(mn))
			return ERR_PTR(refuse_attached(r));
	}
	return m;
}

static int ensure_own(struct mesh_net *mn, struct refusal *r)
{
	int err = 0;

	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	if (!rcu_access_pointer(mn->mesh))
		err = create_own(mn);
	mutex_unlock(&mesh_mutex);
	return err ? refusal_set(r, err, "cannot begin a mesh") : 0;
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
		mutex_unlock(&m->lock);
		mesh_put(m);
	}
}

static void give_up_unused(struct mesh_net *mn, struct mesh *m)
{
	bool unused;

	mutex_lock(&mesh_mutex);
	mutex_lock(&m->lock);
	unused = m->owner == mn && !m->generation && !m->ntxns &&
		 list_empty(&m->attached);
	if (unused)
		disown(m);
	mutex_unlock(&m->lock);
	if (unused)
		give_up(m);
	mutex_unlock(&mesh_mutex);
}

void mesh_own_unlock(struct mesh_net *mn, struct mesh *m)
{
	bool pristine = !m->generation && !m->ntxns;

	mutex_unlock(&m->lock);
	if (pristine)
		give_up_unused(mn, m);
	mesh_put(m);
}

int mesh_publish(struct mesh *m, struct snapshot *s, struct refusal *r)
{
	struct snapshot *old =
		rcu_dereference_protected(m->snapshot, lockdep_is_held(&m->lock));
	int err;

	if (s->listeners.n && !m->intercepts) {
		err = interception_get();
		if (err)
			return refusal_set(r, err,
					   "connections cannot be intercepted");
		m->intercepts = true;
	}
	m->generation = s->generation;
	rcu_assign_pointer(m->snapshot, s);
	check_queue_follow(&m->checks, old, s);
	if (!splice_policy_equal(&old->splice, &s->splice))
		splice_reconsider();
	old->retired = true;
	atomic_inc(&m->account->retired);
	snapshot_kill(old);
	health_look_by(m->owner, jiffies);
	return 0;
}

/*
 * mesh_mutex held. A mesh of its own that has nothing in it does not keep a
 * namespace from being attached; one that is being changed does.
 */
static int give_up_empty(struct mesh *m, struct refusal *r)
{
	if (!mutex_trylock(&m->lock))
		return refusal_set(r, -EBUSY, "the namespace is being configured");
	if (!is_empty(m)) {
		mutex_unlock(&m->lock);
		return refusal_set(r, -EBUSY,
				   "the namespace has a configuration of its own");
	}
	disown(m);
	mutex_unlock(&m->lock);
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
static int attach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r)
{
	struct mesh *m;
	int err;

	if (!rcu_access_pointer(mn->mesh)) {
		err = create_own(mn);
		if (err)
			return refusal_set(r, err, "cannot begin a mesh");
	}
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	refcount_inc(&m->ref);
	target->is_attached = true;
	list_add_tail(&target->attached, &m->attached);
	rcu_assign_pointer(target->mesh, m);
	splice_reconsider();
	return 0;
}

int mesh_attach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r)
{
	int err;

	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	err = check_target(mn, target, r);
	if (!err)
		err = attach(mn, target, r);
	mutex_unlock(&mesh_mutex);
	return err;
}

int mesh_detach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r)
{
	struct mesh *m;
	int err = 0;

	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached)
		err = refuse_attached(r);
	else if (!m || !target->is_attached ||
		 rcu_access_pointer(target->mesh) != m)
		err = refusal_set(r, -ENOENT, "the namespace is not attached");
	else
		detach(target);
	if (!err) {
		splice_reconsider();
		refcount_inc(&m->ref);
	}
	mutex_unlock(&mesh_mutex);
	if (err)
		return err;
	give_up_unused(mn, m);
	mesh_put(m);
	return 0;
}

/* mesh_mutex held. */
static int list_attached(struct mesh *m, struct attached **list, u32 *n)
{
	struct mesh_net *mn;
	u32 count = 0;

	list_for_each_entry(mn, &m->attached, attached)
		count++;
	*list = kvmalloc_array(count, sizeof(**list), GFP_KERNEL_ACCOUNT);
	if (!*list)
		return -ENOMEM;
	list_for_each_entry(mn, &m->attached, attached) {
		(*list)[*n].inode = mn->net->ns.inum;
		(*list)[*n].cookie = mn->net->net_cookie;
		++*n;
	}
	return 0;
}

int mesh_attached(struct mesh_net *mn, struct attached **list, u32 *n,
		  struct refusal *r)
{
	struct mesh *m;
	int err = 0;

	*list = NULL;
	*n = 0;
	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached)
		err = refuse_attached(r);
	else if (m)
		err = list_attached(m, list, n);
	mutex_unlock(&mesh_mutex);
	return err == -ENOMEM ? refusal_set(r, err, "out of memory") : err;
}

int mesh_drain(struct mesh_net *mn, const struct drain *d, struct refusal *r)
{
	struct mesh_net *other;
	struct mesh *m;
	int err = 0;

	if (mutex_lock_killable(&mesh_mutex))
		return -EINTR;
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached)
		err = refuse_attached(r);
	if (m && !err) {
		http_net_drain(mn, d);
		list_for_each_entry(other, &m->attached, attached)
			http_net_drain(other, d);
	}
	mutex_unlock(&mesh_mutex);
	return err;
}

bool mesh_call_from(struct mesh *m, u64 cookie, struct call *call, u32 timeout)
{
	struct mesh_net *mn;
	bool begun = false;

	mutex_lock(&mesh_mutex);
	list_for_each_entry(mn, &m->attached, attached) {
		if (mn->net->net_cookie != cookie)
			continue;
		begun = call_begin(call, mn->http, timeout);
		break;
	}
	mutex_unlock(&mesh_mutex);
	return begun;
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
	return http_net_init(mn);
}

static void __net_exit net_pre_exit(struct net *net)
{
	struct mesh_net *mn = mesh_net(net);
	struct mesh *m;

	mutex_lock(&mesh_mutex);
	m = rcu_dereference_protected(mn->mesh, lockdep_is_held(&mesh_mutex));
	if (mn->is_attached) {
		detach(mn);
		splice_reconsider();
	} else if (m) {
		mutex_lock(&m->lock);
		disown(m);
		mutex_unlock(&m->lock);
		give_up(m);
	}
	mutex_unlock(&mesh_mutex);
}

static void __net_exit net_exit(struct net *net)
{
	http_net_exit(mesh_net(net));
	redirect_net_exit(net);
}

static struct pernet_operations mesh_net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &mesh_net_id,
	.size = sizeof(struct mesh_net),
};

int mesh_init(void)
{
	return register_pernet_device(&mesh_net_ops);
}

void mesh_exit(void)
{
	unregister_pernet_device(&mesh_net_ops);
}
