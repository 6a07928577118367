// SPDX-License-Identifier: GPL-2.0
/*
 * Lifetime of a record, and who holds it.
 *
 *	by_sock		hashed by the client's struct sock, from connect() until it
 *			is destroyed or connects again. A closed socket keeps it:
 *			getsockname() may still be asked.
 *	by_tuple	hashed by the addresses of the connection, for the other
 *			end to look up: of HTTP until claimed, of a proxy, which
 *			may ask at any time, as long as by_sock. A client may be
 *			gone before the other end has even accepted, so a record
 *			that by_sock lets go becomes an orphan here and is kept
 *			for ORPHAN_LIFE, if the client's SYN was answered, but
 *			not longer than a proxy's end of the connection. To an
 *			endpoint: never hashed.
 *
 * Each hash holds one reference; the last one frees after a grace period. A
 * record enters each hash at most once.
 *
 * The record is in by_tuple before the SYN is sent (redirect_syn()), so whoever
 * accepts the connection finds it, even where a server's TCP Fast Open accepts on
 * SYN. With TCP_FASTOPEN_CONNECT the SYN is sent after connect() has returned: it
 * is in by_tuple since then.
 *
 * Addresses alone say nothing: whoever has the client's port later, or its address in
 * another namespace, has them as well. So the other end must have begun with the
 * sequence number of the client's SYN, which TCP has chosen by then (is_of()). Nobody
 * has to look for the client itself, which may be hidden or gone.
 *
 * The task that connects pays for the record (__GFP_ACCOUNT). Their number is bounded:
 * one for each socket, and ORPHANS_MAX orphans for each namespace, of which the oldest
 * goes first. These are of clients that were closed before the other end accepted, or
 * before a proxy has closed its own: what nobody answers would make as many of others.
 *
 * If a new connection has the tuple of an orphan, the orphan loses it: its port is used
 * again.
 *
 * Locks: a bucket's lock of either table (BH), never two; orphans_lock (BH), of the
 * orphans of all namespaces, inside that of by_tuple. Readers use RCU. The client's
 * socket lock is outside.
 * They are raw ones, as records are dropped in tracepoints' probes, where nothing may
 * sleep on PREEMPT_RT either; there, they need not keep softirqs away.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>
#include "intercept/redirect.h"
#include "lib/compat.h"
#include "link/client.h"
#include "link/identity.h"
#include "mesh/mesh.h"

#define ORPHAN_LIFE		(60 * HZ)
#define SWEEP_INTERVAL		(5 * HZ)
#define DEVICES_MAX		1024

/* As many as wait to be accepted at one listener, by default. */
#define ORPHANS_MAX		4096

/* One bucket for so much memory of the machine. */
#define BYTES_PER_BUCKET	(64 << 10)
#define BUCKETS_MIN		1024
#define BUCKETS_MAX		(256 * 1024)

struct table {
	struct hlist_head *buckets;
	raw_spinlock_t *locks;		/* of buckets, each of several */
	u32 mask;
	u32 lock_mask;
	u32 seed;
};

static struct table socks, tuples;
static struct kmem_cache *cache;

static LIST_HEAD(orphans);		/* of all namespaces, oldest first */
static DEFINE_RAW_SPINLOCK(orphans_lock);

static atomic_t nproxied = ATOMIC_INIT(0);	/* of proxies, in by_tuple */

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static u32 sock_hash(const struct sock *sk)
{
	return jhash_2words((u32)(unsigned long)sk,
			    (u32)((u64)(unsigned long)sk >> 32), socks.seed);
}

/*
 * Each namespace has the same loopback addresses; others are one node's, and
 * have to be found from another namespace than the client's.
 */
static u32 tuple_hash(const struct address *client, const struct net *net)
{
	u32 seed = tuples.seed;

	if (address_is_loopback(client))
		seed ^= net_hash_mix(net);
	return address_hash(client, seed);
}

static struct hlist_head *bucket(struct table *t, u32 hash)
{
	return &t->buckets[hash & t->mask];
}

static raw_spinlock_t *bucket_lock(struct table *t, u32 hash)
{
	return &t->locks[hash & t->lock_mask];
}

static void lock_raw(raw_spinlock_t *lock)
	__acquires(lock)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_bh_disable();
	raw_spin_lock(lock);
}

static void unlock_raw(raw_spinlock_t *lock)
	__releases(lock)
{
	raw_spin_unlock(lock);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_bh_enable();
}

static void lock_bucket(struct table *t, u32 hash)
	__acquires(t->locks)
{
	lock_raw(bucket_lock(t, hash));
}

static void unlock_bucket(struct table *t, u32 hash)
	__releases(t->locks)
{
	unlock_raw(bucket_lock(t, hash));
}

static void redirect_free_rcu(struct rcu_head *head)
{
	redirect_free(container_of(head, struct redirect, rcu));
}

static void redirect_put(struct redirect *r)
{
	if (refcount_dec_and_test(&r->ref))
		call_rcu(&r->rcu, redirect_free_rcu);
}

struct redirect *redirect_alloc(void)
{
	struct redirect *r = kmem_cache_zalloc(cache, GFP_KERNEL_ACCOUNT);

	if (r)
		stats_object_created(OBJECT_REDIRECT);
	return r;
}

void redirect_free(struct redirect *r)
{
	identity_put(r->identity);
	stats_object_destroyed(OBJECT_REDIRECT);
	kmem_cache_free(cache, r);
}

/* Under RCU or the bucket's lock. */
static struct redirect *find_sock(const struct sock *sk, u32 hash)
{
	struct redirect *r;

	hlist_for_each_entry_rcu(r, bucket(&socks, hash), by_sock,
				 lockdep_is_held(bucket_lock(&socks, hash)))
		if (r->sk == sk)
			return r;
	return NULL;
}

/* Under RCU or the bucket's lock. */
static struct redirect *find_tuple(const struct address *client,
				   const struct address *target,
				   const struct net *net, u32 hash)
{
	struct redirect *r;

	hlist_for_each_entry_rcu(r, bucket(&tuples, hash), by_tuple,
				 lockdep_is_held(bucket_lock(&tuples, hash)))
		if (r->net == net && address_eq(&r->client, client) &&
		    address_eq(&r->target, target))
			return r;
	return NULL;
}

/*
 * The oldest orphan of a namespace that has more than @most, held: while it is on the
 * list, its hash holds it. It goes behind the others, lest several that come at once
 * all find the same. Under orphans_lock.
 */
static struct redirect *oldest_orphan(struct mesh_net *mn, u32 most)
{
	struct redirect *r;

	if (mn->norphans <= most)
		return NULL;
	r = list_first_entry(&mn->orphans, struct redirect, sibling);
	list_move_tail(&r->sibling, &mn->orphans);
	refcount_inc(&r->ref);
	return r;
}

/* Returns one, held, that has to go for this one. Under the bucket's lock. */
static struct redirect *orphans_add(struct redirect *r)
{
	struct mesh_net *mn = mesh_net(r->net);
	struct redirect *oldest;

	r->is_orphan = true;
	r->expires = jiffies + ORPHAN_LIFE;
	raw_spin_lock(&orphans_lock);
	list_add_tail(&r->orphan, &orphans);
	list_add_tail(&r->sibling, &mn->orphans);
	mn->norphans++;
	oldest = oldest_orphan(mn, ORPHANS_MAX);
	raw_spin_unlock(&orphans_lock);
	schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
	return oldest;
}

static void orphans_remove(struct redirect *r)
{
	raw_spin_lock(&orphans_lock);
	list_del(&r->orphan);
	list_del(&r->sibling);
	mesh_net(r->net)->norphans--;
	raw_spin_unlock(&orphans_lock);
}

/* Under the bucket's lock. */
static void tuple_remove(struct redirect *r)
{
	if (!r->in_tuples)
		return;
	r->in_tuples = false;
	hlist_del_rcu(&r->by_tuple);
	if (r->kind == REDIRECT_PROXY)
		atomic_dec(&nproxied);
	if (r->is_orphan)
		orphans_remove(r);
	redirect_put(r);
}

static void tuple_insert(struct redirect *r)
{
	struct redirect *stale;

	lock_bucket(&tuples, r->hash);
	stale = find_tuple(&r->client, &r->target, r->net, r->hash);
	if (stale)
		tuple_remove(stale);
	r->in_tuples = true;
	if (r->kind == REDIRECT_PROXY)
		atomic_inc(&nproxied);
	hlist_add_head_rcu(&r->by_tuple, bucket(&tuples, r->hash));
	unlock_bucket(&tuples, r->hash);
}

void redirect_begin(struct redirect *r, struct sock *sk)
{
	u32 hash = sock_hash(sk);

	redirect_destroyed(sk);
	r->sk = sk;
	r->net = sock_net(sk);
	r->connecting = true;
	refcount_set(&r->ref, 1);
	lock_bucket(&socks, hash);
	hlist_add_head_rcu(&r->by_sock, bucket(&socks, hash));
	unlock_bucket(&socks, hash);
}

static void set_tuple(struct redirect *r, const struct sock *sk)
{
	sock_local_address(sk, &r->client);
	r->isn = tcp_sk(sk)->write_seq;
	r->source.port = r->client.port;
	if (r->kind == REDIRECT_ENDPOINT)
		return;
	r->hash = tuple_hash(&r->client, r->net);
	refcount_inc(&r->ref);
	tuple_insert(r);
}

bool redirect_syn_due(const struct sock *sk)
{
	struct redirect *r;
	bool due;

	rcu_read_lock();
	r = find_sock(sk, sock_hash(sk));
	due = r && r->connecting && !r->client.family;
	rcu_read_unlock();
	return due;
}

void redirect_syn(struct sock *sk)
{
	struct redirect *r;

	rcu_read_lock();
	r = find_sock(sk, sock_hash(sk));
	if (r)
		set_tuple(r, sk);
	rcu_read_unlock();
}

void redirect_commit(struct redirect *r, struct sock *sk)
{
	if (!r->client.family)
		set_tuple(r, sk);
	r->connecting = false;
}

/* Takes over the caller's reference. False if it was none any more. */
static bool drop_orphan(struct redirect *r)
{
	bool was;

	lock_bucket(&tuples, r->hash);
	was = r->in_tuples;
	tuple_remove(r);
	unlock_bucket(&tuples, r->hash);
	redirect_put(r);
	return was;
}

/* What comes of it may be a connection that is reset, or a proxy without an answer. */
static void count_forgotten(const struct net *net)
{
	struct mesh *m;

	rcu_read_lock();
	m = mesh_obeyed(net);
	if (m)
		stat_inc(m->stats, STAT_REDIRECTS_FORGOTTEN);
	rcu_read_unlock();
}

/*
 * The client is gone, the other end may still come. Not if the SYN was not answered:
 * it is made of what the client says to that; and if Fast Open made it of the SYN,
 * the client has given it up.
 */
static void make_orphan(struct redirect *r, const struct sock *sk)
{
	struct redirect *oldest = NULL;

	lock_bucket(&tuples, r->hash);
	if (tcp_sk(sk)->snd_una == r->isn)
		tuple_remove(r);
	else if (r->in_tuples)
		oldest = orphans_add(r);
	unlock_bucket(&tuples, r->hash);
	if (unlikely(oldest) && drop_orphan(oldest))
		count_forgotten(r->net);
}

/* Takes over the reference of by_sock; @sk is locked or has no other user. */
static struct redirect *take_sock(const struct sock *sk)
{
	u32 hash = sock_hash(sk);
	struct redirect *r;

	/*
	 * Most sockets have no record, and nobody else can give this one a record
	 * now.
	 */
	if (!redirect_exists(sk))
		return NULL;
	lock_bucket(&socks, hash);
	r = find_sock(sk, hash);
	if (r)
		hlist_del_rcu(&r->by_sock);
	unlock_bucket(&socks, hash);
	return r;
}

void redirect_destroyed(const struct sock *sk)
{
	struct redirect *r = take_sock(sk);

	if (!r)
		return;
	if (r->kind != REDIRECT_ENDPOINT)
		make_orphan(r, sk);
	redirect_put(r);
}

void redirect_abort(struct redirect *r)
{
	take_sock(r->sk);
	lock_bucket(&tuples, r->hash);
	tuple_remove(r);
	unlock_bucket(&tuples, r->hash);
	redirect_put(r);
}

void redirect_connecting(const struct sock *sk)
{
	struct redirect *r;
	bool stale;

	rcu_read_lock();
	r = find_sock(sk, sock_hash(sk));
	stale = r && !r->connecting;
	rcu_read_unlock();
	if (stale)
		redirect_destroyed(sk);
}

bool redirect_exists(const struct sock *sk)
{
	bool found;

	if (!sk)
		return false;
	rcu_read_lock();
	found = find_sock(sk, sock_hash(sk));
	rcu_read_unlock();
	return found;
}

/*
 * A record may outlive its connection, so an answer is only changed if it is
 * the one that the redirection caused.
 */
bool redirect_peer(const struct sock *sk, struct address *a)
{
	struct redirect *r;
	bool found;

	rcu_read_lock();
	r = find_sock(sk, sock_hash(sk));
	found = r && address_eq(a, &r->target);
	if (found)
		*a = r->original;
	rcu_read_unlock();
	return found;
}

bool redirect_local(const struct sock *sk, struct address *a)
{
	struct redirect *r;
	bool found;

	rcu_read_lock();
	r = find_sock(sk, sock_hash(sk));
	found = r && address_eq(a, &r->client);
	if (found)
		*a = r->source;
	rcu_read_unlock();
	return found;
}

/*
 * Was the other end made by this client's SYN? Either difference is what its peer began
 * with: the first until somebody reads, the second always, but for the moment
 * between two stores of TCP's, whose lock this does not need.
 */
static bool is_of(const struct redirect *r, const struct sock *child)
{
	const struct tcp_sock *tp = tcp_sk(child);
	u32 begin = r->isn + 1;

	return READ_ONCE(tp->copied_seq) == begin ||
	       READ_ONCE(tp->rcv_nxt) - (u32)READ_ONCE(tp->bytes_received) == begin;
}

/*
 * An end that lives has these addresses for itself: the one that an orphan waits for is
 * not there any more. Of a living client's that cannot be said: its SYN may be
 * about to end the other. Under the bucket's lock.
 */
static void contradicted(struct redirect *r, const struct sock *child)
{
	if (r->is_orphan && READ_ONCE(child->sk_state) != TCP_CLOSE)
		tuple_remove(r);
}

bool redirect_claim(const struct sock *child, struct client_claim *claim)
{
	const struct net *net = sock_net(child);
	struct address client, target;
	struct redirect *r;
	bool found = false;
	u32 hash;

	sock_peer_address(child, &client);
	sock_local_address(child, &target);
	hash = tuple_hash(&client, net);

	lock_bucket(&tuples, hash);
	r = find_tuple(&client, &target, net, hash);
	if (!r || r->kind != REDIRECT_ENGINE)
		goto out;
	found = is_of(r, child);
	if (found) {
		*claim = (struct client_claim){
			.original = r->original,
			.source = r->source,
			.identity = r->identity,
		};
		r->identity = NULL;
		tuple_remove(r);
	} else {
		contradicted(r, child);
	}
out:
	unlock_bucket(&tuples, hash);
	return found;
}

/*
 * Has a proxy in @net this client? It may be in another namespace of the same mesh,
 * if addresses arrive unchanged.
 */
static bool may_ask(const struct redirect *r, const struct net *net,
		    const struct mesh *mesh, const struct address *client,
		    const struct address *target)
{
	if (r->kind != REDIRECT_PROXY || !address_eq(&r->client, client) ||
	    !address_eq(&r->target, target))
		return false;
	if (r->net == net)
		return true;
	return mesh && r->mesh == mesh && !address_is_loopback(client) &&
	       !address_is_loopback(target);
}

bool redirect_original_due(const struct net *net, const struct address *client,
			   const struct address *target)
{
	u32 hash = tuple_hash(client, net);
	const struct mesh *mesh;
	struct redirect *r;
	bool due = false;

	rcu_read_lock();
	mesh = mesh_obeyed(net);
	hlist_for_each_entry_rcu(r, bucket(&tuples, hash), by_tuple) {
		due = may_ask(r, net, mesh, client, target);
		if (due)
			break;
	}
	rcu_read_unlock();
	return due;
}

/*
 * What the proxy has accepted, for sock_gen_put(). Any device finds it, unless it is
 * bound to one: then not beyond DEVICES_MAX of them, as a namespace may have any number.
 * Under RCU.
 */
static struct sock *find_child(struct net *net, const struct address *client,
			       const struct address *target)
{
	struct sock *child = sock_between(net, target, client, net->loopback_dev->ifindex);
	const struct net_device *dev;
	unsigned int n = 0;

	if (child)
		return child;
	for_each_netdev_rcu(net, dev) {
		child = sock_between(net, target, client, dev->ifindex);
		if (child || ++n == DEVICES_MAX)
			break;
	}
	return child;
}

/*
 * What has these addresses in another namespace may have been made to have the number,
 * too: of two nobody is believed. Under RCU.
 */
static struct redirect *find_of(const struct sock *child,
				const struct address *client,
				const struct address *target, u32 hash)
{
	const struct net *net = sock_net(child);
	const struct mesh *mesh = mesh_obeyed(net);
	struct redirect *r, *found = NULL;

	hlist_for_each_entry_rcu(r, bucket(&tuples, hash), by_tuple) {
		if (!may_ask(r, net, mesh, client, target) || !is_of(r, child))
			continue;
		if (found)
			return NULL;
		found = r;
	}
	return found;
}

bool redirect_original(struct net *net, const struct address *client,
		       const struct address *target, struct address *original)
{
	const struct redirect *r = NULL;
	struct sock *child;
	bool found;

	rcu_read_lock();
	child = find_child(net, client, target);
	if (child && sk_fullsock(child))
		r = find_of(child, client, target, tuple_hash(client, net));
	found = r;
	if (found)
		*original = r->original;
	rcu_read_unlock();
	if (child)
		sock_gen_put(child);
	return found;
}

void redirect_child_destroyed(const struct sock *child)
{
	struct address client, target;
	struct redirect *r;
	u32 hash;

	if (likely(!atomic_read(&nproxied)))
		return;
	sock_peer_address(child, &client);
	sock_local_address(child, &target);
	hash = tuple_hash(&client, sock_net(child));
	if (hlist_empty(bucket(&tuples, hash)))
		return;
	rcu_read_lock();
	lock_bucket(&tuples, hash);
	r = find_of(child, &client, &target, hash);
	if (r)
		tuple_remove(r);
	unlock_bucket(&tuples, hash);
	rcu_read_unlock();
}

/* The oldest orphan, held, if it has expired. */
static struct redirect *expired_orphan(void)
{
	struct redirect *r;

	lock_raw(&orphans_lock);
	r = list_first_entry_or_null(&orphans, struct redirect, orphan);
	if (r && time_after(jiffies, r->expires))
		refcount_inc(&r->ref);
	else
		r = NULL;
	unlock_raw(&orphans_lock);
	return r;
}

static void sweep(struct work_struct *work)
{
	struct redirect *r;

	while ((r = expired_orphan())) {
		drop_orphan(r);
		cond_resched();
	}
	if (!list_empty_careful(&orphans))
		schedule_delayed_work(&sweep_work, SWEEP_INTERVAL);
}

void redirect_net_init(struct mesh_net *mn)
{
	INIT_LIST_HEAD(&mn->orphans);
}

/* Sockets hold their namespace, so only orphans are left of it. */
void redirect_net_exit(struct mesh_net *mn)
{
	struct redirect *r;

	for (;;) {
		lock_raw(&orphans_lock);
		r = oldest_orphan(mn, 0);
		unlock_raw(&orphans_lock);
		if (!r)
			break;
		drop_orphan(r);
		cond_resched();
	}
}

static void drop_sock(struct redirect *r)
{
	hlist_del_rcu(&r->by_sock);
	redirect_put(r);
}

void redirect_drop_all(void)
{
	struct hlist_node *next;
	struct redirect *r;
	u32 i;

	for (i = 0; i <= socks.mask; i++) {
		lock_bucket(&socks, i);
		hlist_for_each_entry_safe(r, next, bucket(&socks, i), by_sock)
			drop_sock(r);
		unlock_bucket(&socks, i);
	}
	for (i = 0; i <= tuples.mask; i++) {
		lock_bucket(&tuples, i);
		hlist_for_each_entry_safe(r, next, bucket(&tuples, i), by_tuple)
			tuple_remove(r);
		unlock_bucket(&tuples, i);
	}
	cancel_delayed_work_sync(&sweep_work);
}

static void table_exit(struct table *t)
{
	kvfree(t->locks);
	kvfree(t->buckets);
}

static int table_init(struct table *t)
{
	u64 n = ((u64)totalram_pages() << PAGE_SHIFT) / BYTES_PER_BUCKET;
	u32 nlocks, i;

	n = roundup_pow_of_two(clamp_t(u64, n, BUCKETS_MIN, BUCKETS_MAX));
	/* A power of two not above n: a bucket has one lock. */
	nlocks = min_t(u32, n, roundup_pow_of_two(16 * num_possible_cpus()));
	t->mask = n - 1;
	t->lock_mask = nlocks - 1;
	t->seed = get_random_u32();
	t->buckets = kvcalloc(n, sizeof(*t->buckets), GFP_KERNEL);
	t->locks = kvmalloc_array(nlocks, sizeof(*t->locks), GFP_KERNEL);
	if (!t->buckets || !t->locks) {
		table_exit(t);
		return -ENOMEM;
	}
	for (i = 0; i < nlocks; i++)
		raw_spin_lock_init(&t->locks[i]);
	return 0;
}

int redirect_init(void)
{
	cache = KMEM_CACHE(redirect, SLAB_ACCOUNT);
	if (!cache)
		return -ENOMEM;
	if (table_init(&socks))
		goto err_cache;
	if (table_init(&tuples))
		goto err_socks;
	return 0;

err_socks:
	table_exit(&socks);
err_cache:
	kmem_cache_destroy(cache);
	return -ENOMEM;
}

void redirect_exit(void)
{
	rcu_barrier();
	table_exit(&tuples);
	table_exit(&socks);
	kmem_cache_destroy(cache);
}
