// SPDX-License-Identifier: GPL-2.0
#include "intercept/cut.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "authz/authorization.h"
#include "authz/authz_count.h"
#include "authz/authz_table.h"
#include "authz/workload.h"
#include "intercept/abort.h"
#include "lib/address_here.h"
#include "link/acceptor.h"
#include "mesh/cut_queue.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"
#include "splice/sock_address.h"

#define GATHERED_MIN	64

/* Of its own: there may be many connections to end. */
static struct workqueue_struct *cut_wq;

/* A connection that is to end; it holds its namespace, so that this lasts until then. */
struct cut {
	struct llist_node node;
	struct sock *sk;		/* counted */
};

/* A walk, and the sockets of one bucket: each counted, with its namespace. */
struct walk {
	unsigned long done, number;
	bool again;			/* there is something that has to wait */
	struct sock **socks;
	u32 n, room;
};

/*
 * Under RCU. The guard of a namespace whose mesh is to be looked at, if any policy of it
 * cuts; or NULL.
 */
static const struct guard *guard_of(const struct net *net, unsigned long done,
				    struct mesh **m, const struct authz_table **t)
{
	const struct guard *g;

	*m = mesh_obeyed(net);
	if (!*m || READ_ONCE((*m)->cut_walk) <= done)
		return NULL;
	*t = rcu_dereference((*m)->snapshot)->authz;
	g = authz_table_guard(*t, net->net_cookie);
	return g && g->cuts ? g : NULL;
}

/*
 * The interface that the SYN of an accepted connection came by: where multicast would go.
 * TCP sets that anew, for whoever connects as well, if a program wants to be told of each
 * packet's address (IPV6_RECVPKTINFO): then nobody knows. 0: this is not one, or only a
 * request for one, or nobody knows.
 */
static int interface_of(const struct sock *sk)
{
	int index = inet_sk(sk)->mc_index;

#if IS_ENABLED(CONFIG_IPV6)
	if (!index && sk->sk_family == AF_INET6 && !inet6_sk(sk)->rxopt.bits.rxinfo &&
	    !inet6_sk(sk)->rxopt.bits.rxoinfo)
		index = inet6_sk(sk)->mcast_oif;
#endif
	return index;
}

/*
 * What does not hold its namespace is the engine's, which asks by itself, or no program's.
 * MPTCP's subflows are the kernel's as well, but do hold it.
 */
static bool is_from_outside(const struct sock *sk)
{
	int index;

	if (sk->sk_state == TCP_NEW_SYN_RECV)
		return !acceptor_owns(inet_reqsk(sk)->rsk_listener);
	if (!sk_fullsock(sk) || !sk->sk_net_refcnt)
		return false;
	index = interface_of(sk);
	return index && index != LOOPBACK_IFINDEX;
}

/*
 * Is what an earlier walk has found in a namespace still to be ended? That bounds how much
 * there may be.
 */
static bool is_busy(const struct net *net, const struct walk *w)
{
	unsigned long by = READ_ONCE(mesh_net(net)->cut_by);

	return by && by != w->number;
}

/* Under RCU, and the lock of its bucket. */
static bool concerns(const struct sock *sk, struct walk *w)
{
	const struct authz_table *t;
	struct mesh *m;

	if (!guard_of(sock_net(sk), w->done, &m, &t) || !is_from_outside(sk))
		return false;
	if (!is_busy(sock_net(sk), w))
		return true;
	w->again = true;
	return false;
}

static bool hold(struct sock *sk)
{
	struct net *net = maybe_get_net(sock_net(sk));

	if (!net)
		return false;
	if (refcount_inc_not_zero(&sk->sk_refcnt))
		return true;
	put_net(net);
	return false;
}

static void let_go(struct sock *sk)
{
	struct net *net = sock_net(sk);

	sock_gen_put(sk);
	put_net(net);
}

/* Returns how many there are, which may be more than there is room for. */
static u32 gather(struct inet_hashinfo *h, u32 bucket, struct walk *w)
{
	spinlock_t *lock = inet_ehash_lockp(h, bucket);
	const struct hlist_nulls_node *node;
	struct sock *sk;
	u32 n = 0;

	w->n = 0;
	rcu_read_lock();
	spin_lock_bh(lock);
	sk_nulls_for_each(sk, node, &h->ehash[bucket].chain) {
		if (!concerns(sk, w))
			continue;
		if (n++ < w->room && hold(sk))
			w->socks[w->n++] = sk;
	}
	spin_unlock_bh(lock);
	rcu_read_unlock();
	return n;
}

static void drop(struct walk *w)
{
	while (w->n)
		let_go(w->socks[--w->n]);
}

static int make_room(struct walk *w, u32 n)
{
	struct sock **socks = kvmalloc_array(n, sizeof(*socks), GFP_KERNEL);

	drop(w);
	if (!socks)
		return -ENOMEM;
	kvfree(w->socks);
	w->socks = socks;
	w->room = n;
	return 0;
}

/* Also of a request for a connection, which is no struct inet_sock. */
static void local_address(const struct sock *sk, struct address *a)
{
	if (sk->sk_family == AF_INET6)
		address_set_v6(a, &sk->sk_v6_rcv_saddr, htons(sk->sk_num));
	else
		address_set_v4(a, sk->sk_rcv_saddr, htons(sk->sk_num));
}

/* @again: set if it has to be looked for once more. */
static void end(struct sock *sk, struct mesh *m, const struct authorization *by, bool *again)
{
	if (abort_connection(sk)) {
		*again = true;
		return;
	}
	authz_count_inc(by->count, AUTHZ_CUT);
	stat_inc(m->stats, STAT_AUTHZ_CUT);
	/* What was a request may be a connection by now, which does not end with that. */
	if (sk->sk_state == TCP_NEW_SYN_RECV)
		*again = true;
}

/*
 * Is its other end the engine's, in this very namespace? That is a leg to the application,
 * which may have a client's address. By its interface it is from outside: TCP says of what
 * came by loopback which one has the address that it was sent to.
 */
static bool is_of_leg(struct net *net, const struct address *from,
		      const struct address *to)
{
	struct sock *leg = sock_between(net, from, to, net->loopback_dev->ifindex);
	bool engines = leg && sk_fullsock(leg) && !leg->sk_net_refcnt;

	if (leg)
		sock_gen_put(leg);
	return engines;
}

/*
 * Is it to end? Not if its mesh has not changed since the walk @done. @again: then it does;
 * or NULL.
 */
static bool is_cut(struct sock *sk, unsigned long done, bool *again)
{
	const struct authorization *by = NULL;
	struct net *net = sock_net(sk);
	const struct authz_table *t;
	struct address from, to;
	struct authz_request req = { .peer = &from, .client = &from, .to = &to };
	const struct guard *g;
	struct mesh *m;

	sock_peer_address(sk, &from);
	local_address(sk, &to);
	rcu_read_lock();
	g = guard_of(net, done, &m, &t);
	if (g && !workload_excludes(g->workload, ntohs(to.port)) &&
	    !address_is_here(net, &from) && !is_of_leg(net, &from, &to))
		by = inbound_cuts(m, t, g, &req);
	if (by && again)
		end(sk, m, by, again);
	rcu_read_unlock();
	return by;
}

/* @c: is used up, if it returns true. */
static bool judge(struct sock *sk, const struct walk *w, struct cut *c)
{
	struct mesh_net *mn = mesh_net(sock_net(sk));

	if (!is_cut(sk, w->done, NULL))
		return false;
	c->sk = sk;
	WRITE_ONCE(mn->cut_by, w->number);
	if (llist_add(&c->node, &mn->cuts))
		queue_work(cut_wq, &mn->cut_work);
	return true;
}

/* Without memory for it nothing is ended, nor counted. */
static int judge_all(struct walk *w)
{
	struct cut *c = NULL;
	int err = 0;

	while (w->n && !err) {
		c = c ?: kmalloc(sizeof(*c), GFP_KERNEL);
		if (!c)
			err = -ENOMEM;
		else if (judge(w->socks[--w->n], w, c))
			c = NULL;
		else
			let_go(w->socks[w->n]);
		cond_resched();
	}
	drop(w);
	kfree(c);
	return err;
}

static int look_at(struct inet_hashinfo *h, u32 bucket, struct walk *w)
{
	u32 n;
	int err;

	while ((n = gather(h, bucket, w)) > w->room) {
		err = make_room(w, n * 2);
		if (err)
			return err;
	}
	return judge_all(w);
}

static int walk(struct inet_hashinfo *h, struct walk *w)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i <= h->ehash_mask; i++) {
		if (!hlist_nulls_empty(&h->ehash[i].chain))
			err = look_at(h, i, w);
		cond_resched();
	}
	return err;
}

static struct inet_hashinfo *hash_of(const struct net *net)
{
	return net->ipv4.tcp_death_row.hashinfo;
}

/*
 * The next namespace, by cookie, that has sockets in a table of its own and a policy that
 * cuts; held.
 */
static struct net *next_apart(const struct walk *w, u64 after)
{
	const struct authz_table *t;
	struct net *net, *next = NULL;
	struct mesh *m;

	rcu_read_lock();
	for_each_net_rcu(net)
		if (net->net_cookie > after && hash_of(net) != hash_of(&init_net) &&
		    guard_of(net, w->done, &m, &t) &&
		    (!next || net->net_cookie < next->net_cookie))
			next = net;
	if (next)
		next = maybe_get_net(next);
	rcu_read_unlock();
	return next;
}

static int walk_all(struct walk *w)
{
	int err = walk(hash_of(&init_net), w);
	struct net *net;
	u64 cookie = 0;

	while (!err && (net = next_apart(w, cookie))) {
		cookie = net->net_cookie;
		err = walk(hash_of(net), w);
		put_net(net);
	}
	return err;
}

int cut_look(unsigned long done)
{
	static unsigned long number;
	struct walk w = { .done = done, .number = ++number ?: ++number };
	int err = make_room(&w, GATHERED_MIN);

	if (err)
		return err;
	/* What was decided by an older snapshot is in the tables after that. */
	synchronize_rcu();
	err = walk_all(&w);
	kvfree(w.socks);
	return err ?: (w.again ? -EAGAIN : 0);
}

/* ---- namespaces ---- */

/* What a change has allowed again meanwhile stays. */
static void end_those(struct work_struct *work)
{
	struct mesh_net *mn = container_of(work, struct mesh_net, cut_work);
	struct llist_node *all = llist_del_all(&mn->cuts);
	struct cut *c, *next;
	bool again = false;

	llist_for_each_entry_safe(c, next, all, node) {
		is_cut(c->sk, 0, &again);
		let_go(c->sk);
		kfree(c);
		cond_resched();
	}
	if (llist_empty(&mn->cuts))
		WRITE_ONCE(mn->cut_by, 0);
	if (again)
		cut_queue_later(mn);
}

void cut_net_init(struct mesh_net *mn)
{
	init_llist_head(&mn->cuts);
	INIT_WORK(&mn->cut_work, end_those);
}

void cut_net_exit(struct mesh_net *mn)
{
	struct cut *c, *next;

	cancel_work_sync(&mn->cut_work);
	llist_for_each_entry_safe(c, next, llist_del_all(&mn->cuts), node) {
		let_go(c->sk);
		kfree(c);
	}
}

int cut_init(void)
{
	cut_wq = alloc_workqueue("l7mesh_cut", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return cut_wq ? 0 : -ENOMEM;
}

void cut_exit(void)
{
	destroy_workqueue(cut_wq);
}
