// SPDX-License-Identifier: GPL-2.0
#include "link/http_net.h"

#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <net/tcp.h>
#include "lib/compat.h"
#include "lib/ident.h"
#include "link/drain.h"
#include "link/http_net_priv.h"
#include "link/identity.h"
#include "policy/source_limit.h"
#include "stream/conn.h"
#include "upstream/call.h"
#include "upstream/health.h"

#define REAP_INTERVAL	(2 * HZ)
#define ACCEPT_BACKLOG	4096

/* Connections that are accepted before others' are. */
#define ACCEPT_SHARE	32

/* CPUs that a namespace's deferred runs may keep busy. */
#define LINES_MAX	16

struct workqueue_struct *http_wq;

/* ---- accepting ---- */

#define ACCEPT_RETRY	(HZ / 10)

/* A child inherits the callbacks of its listener: take them away. */
static void disinherit(struct acceptor *a, struct sock *sk)
{
	struct callbacks own = a->callbacks;

	lock_sock(sk);
	callbacks_swap(sk, &own, NULL);
	release_sock(sk);
}

static bool is_listening(const struct acceptor *a)
{
	return READ_ONCE(a->sock->sk->sk_state) == TCP_LISTEN;
}

static void accept_work(struct work_struct *work)
{
	struct acceptor *a = container_of(to_delayed_work(work),
					  struct acceptor, work);
	struct link accepted = {};
	struct socket *sock;
	int err = 0, i;

	for (i = 0; i < ACCEPT_SHARE; i++) {
		err = kernel_accept(a->sock, &sock, O_NONBLOCK);
		if (err)
			break;
		disinherit(a, sock->sk);
		link_init(&accepted, sock);
		conn_accept(a->hn, &accepted);
		cond_resched();
	}
	/*
	 * If memory was short, connections that wait would wait for the next one to
	 * come.
	 */
	if (err != -EAGAIN && !READ_ONCE(a->hn->dead) && is_listening(a))
		queue_delayed_work(http_wq, &a->work, err ? ACCEPT_RETRY : 0);
}

/* Children have this callback, too, until they are accepted; their bytes wait. */
static void acceptor_data_ready(struct sock *sk)
{
	struct acceptor *a;

	if (sk->sk_state != TCP_LISTEN)
		return;
	read_lock_bh(&sk->sk_callback_lock);
	a = sk->sk_user_data;
	if (a)
		mod_delayed_work(http_wq, &a->work, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

/*
 * Whoever may administer the namespace's network can destroy its sockets (ss -K): the
 * next connect() opens another one. Children have this, too, until they are accepted.
 */
static void acceptor_state_change(struct sock *sk)
{
	struct acceptor *a;

	read_lock_bh(&sk->sk_callback_lock);
	a = sk->sk_user_data;
	if (a) {
		a->callbacks.state_change(sk);
		/* Pairs with the one in acceptor_open(). */
		smp_mb();
		if (sk == a->sock->sk && !is_listening(a))
			WRITE_ONCE(a->port, 0);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

/* A connection that is not accepted yet. */
static bool is_child(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == acceptor_data_ready;
}

bool http_owns(const struct sock *sk)
{
	return is_child(sk) || callbacks_are(sk, &conn_callbacks) ||
	       leg_owns(sk);
}

static void acceptor_hook(struct acceptor *a)
{
	struct sock *sk = a->sock->sk;

	a->callbacks = (struct callbacks){
		.data_ready = acceptor_data_ready,
		.state_change = acceptor_state_change,
		.write_space = sk->sk_write_space,
		.error_report = sk->sk_error_report,
	};
	callbacks_swap(sk, &a->callbacks, a);
}

static void acceptor_close(struct acceptor *a)
{
	struct callbacks own = a->callbacks;

	if (!a->sock)
		return;
	callbacks_swap(a->sock->sk, &own, NULL);
	cancel_delayed_work_sync(&a->work);
	sock_release(a->sock);
	a->sock = NULL;
}

static bool is_v4(const struct acceptor *a)
{
	return a == &a->hn->acceptors[ACCEPTOR_V4];
}

/* Loopback, and a port that the kernel chooses. */
static int acceptor_listen(struct acceptor *a, __be16 *port)
{
	struct sock *sk = a->sock->sk;
	struct sockaddr_storage ss;
	struct address address;
	int err = 0, len;

	if (is_v4(a) && !a->narrow) {
		address_set_v4(&address, htonl(INADDR_ANY), 0);
		err = sock_bindtoindex(sk, a->hn->net->loopback_dev->ifindex,
				       true);
	} else if (is_v4(a)) {
		address_set_v4(&address, htonl(INADDR_LOOPBACK), 0);
	} else {
		address_set_v6(&address, &in6addr_loopback, 0);
	}
	len = address_to_sockaddr(&address, &ss);
	err = err ?: compat_bind(a->sock, &ss, len);
	if (!err)
		err = kernel_listen(a->sock, ACCEPT_BACKLOG);
	*port = inet_sk(sk)->inet_sport;
	return err;
}

static int acceptor_open(struct acceptor *a)
{
	__be16 port;
	int err;

	err = sock_create_kern(a->hn->net, is_v4(a) ? AF_INET : AF_INET6,
			       SOCK_STREAM, IPPROTO_TCP, &a->sock);
	if (err)
		return err;
	acceptor_hook(a);
	err = acceptor_listen(a, &port);
	if (err) {
		acceptor_close(a);
		/*
		 * INADDR_ANY needs a port that is free on every address; a single
		 * address does not.
		 */
		if (err != -EADDRINUSE || !is_v4(a) || a->narrow)
			return err;
		a->narrow = true;
		return acceptor_open(a);
	}
	/* Published last: whoever sees the port finds the socket. */
	smp_store_release(&a->port, port);
	/*
	 * If the socket was destroyed meanwhile, either this or
	 * acceptor_state_change() resets the port.
	 */
	smp_mb();
	if (!is_listening(a))
		WRITE_ONCE(a->port, 0);
	return 0;
}

/*
 * The first connect() of an application opens the acceptor. A work does it, so that
 * the socket does not belong to that application's control group.
 */
static void open_work(struct work_struct *work)
{
	struct acceptor *a = container_of(work, struct acceptor, open_work);

	acceptor_close(a);
	/* Nobody looks at it while there is no port. */
	a->narrow = false;
	a->open_err = acceptor_open(a);
}

static int open_and_wait(struct acceptor *a)
{
	queue_work(http_wq, &a->open_work);
	flush_work(&a->open_work);
	return a->open_err;
}

static int acceptor_port(struct acceptor *a, __be16 *port)
{
	struct http_net *hn = a->hn;
	int err = 0;

	/* Pairs with the release in acceptor_open(). */
	*port = smp_load_acquire(&a->port);
	if (*port)
		return 0;
	mutex_lock(&hn->mutex);
	if (hn->dead)
		err = -ESHUTDOWN;
	else if (!a->port)
		err = open_and_wait(a);
	*port = READ_ONCE(a->port);
	mutex_unlock(&hn->mutex);
	return err ?: *port ? 0 : -EADDRNOTAVAIL;
}

/*
 * An address of 127.1.0.0 to 127.254.255.255 for the listener. Two listeners have
 * the same one in 1 of 16 million cases.
 */
static __be32 loopback_of(const struct address *vip)
{
	u32 hash = address_hash(vip, 0);

	return htonl(0x7f000000 | (1 + (hash >> 16) % 254) << 16 |
		     (hash & 0xffff));
}

static int target_v4(struct http_net *hn, const struct address *vip,
		     struct address *target)
{
	struct acceptor *a = &hn->acceptors[ACCEPTOR_V4];
	__be32 address = loopback_of(vip);
	__be16 port;
	int err = acceptor_port(a, &port);

	if (err)
		return err;
	/* Fall back to 127.0.0.1 if loopback, or the acceptor, has no other address. */
	if (a->narrow || inet_addr_type(hn->net, address) != RTN_LOCAL) {
		address = htonl(INADDR_LOOPBACK);
		if (inet_addr_type(hn->net, address) != RTN_LOCAL)
			return -EADDRNOTAVAIL;
	}
	address_set_v4(target, address, port);
	return 0;
}

/* The listener's own acceptor, or a free one, or one that it shares. */
static struct acceptor *acceptor_of(struct http_net *hn,
				    const struct address *vip)
{
	struct acceptor *v6 = &hn->acceptors[ACCEPTOR_V6], *a;
	u32 i, first = address_hash(vip, 0);

	for (i = 0; i < ACCEPTORS_V6; i++) {
		a = &v6[(first + i) % ACCEPTORS_V6];
		/* Pairs with the release in acceptor_take(). */
		if (!smp_load_acquire(&a->taken) || address_eq(&a->vip, vip))
			return a;
	}
	return &v6[first % ACCEPTORS_V6];
}

static struct acceptor *acceptor_take(struct http_net *hn,
				      const struct address *vip)
{
	struct acceptor *a = acceptor_of(hn, vip);

	/* An acceptor that was taken stays with its listener for ever. */
	if (READ_ONCE(a->taken))
		return a;
	mutex_lock(&hn->mutex);
	a = acceptor_of(hn, vip);
	if (!a->taken) {
		a->vip = *vip;
		/* Only now may others compare it. */
		smp_store_release(&a->taken, true);
	}
	mutex_unlock(&hn->mutex);
	return a;
}

/* Any that is open. */
static bool port_of_another(struct http_net *hn, __be16 *port)
{
	int i;

	for (i = ACCEPTOR_V6; i < ACCEPTORS; i++) {
		/* Pairs with the release in acceptor_open(). */
		*port = smp_load_acquire(&hn->acceptors[i].port);
		if (*port)
			return true;
	}
	return false;
}

static int target_v6(struct http_net *hn, const struct address *vip,
		     struct address *target)
{
	__be16 port;
	int err = acceptor_port(acceptor_take(hn, vip), &port);

	if (err && port_of_another(hn, &port))
		err = 0;
	if (err)
		return err;
	address_set_v6(target, &in6addr_loopback, port);
	return ipv6_chk_addr(hn->net, &in6addr_loopback, NULL, 0) ?
	       0 : -EADDRNOTAVAIL;
}

int http_net_target(struct mesh_net *mn, const struct address *vip,
		    struct address *target)
{
	return vip->family == AF_INET ? target_v4(mn->http, vip, target) :
					target_v6(mn->http, vip, target);
}

/* ---- idle legs ---- */

static void reaper_work(struct work_struct *work)
{
	struct http_net *hn = container_of(to_delayed_work(work),
					   struct http_net, reaper);

	if (leg_reap(hn, false) && !READ_ONCE(hn->dead))
		http_net_reap_later(hn);
}

void http_net_reap_later(struct http_net *hn)
{
	if (!delayed_work_pending(&hn->reaper))
		queue_delayed_work(http_wq, &hn->reaper, REAP_INTERVAL);
}

/* ---- the namespace ---- */

/* Connections that are visited with BH off at one time. */
#define WALK_BATCH	64

/* Returns whether all have been visited. */
static bool walk_batch(struct http_net *hn,
		       void (*visit)(struct conn *c, const void *arg),
		       const void *arg)
{
	struct conn *c;
	int n;

	spin_lock_bh(&hn->conns_lock);
	for (n = 0; n < WALK_BATCH; n++) {
		c = list_first_entry_or_null(&hn->conns, struct conn, list);
		if (!c || c->walk == hn->walk)
			break;
		c->walk = hn->walk;
		list_move_tail(&c->list, &hn->conns);
		visit(c, arg);
	}
	spin_unlock_bh(&hn->conns_lock);
	return n < WALK_BATCH;
}

/* All that are there now, unless they end meanwhile; @visit is called under the lock. */
static void walk_conns(struct http_net *hn,
		       void (*visit)(struct conn *c, const void *arg),
		       const void *arg)
{
	mutex_lock(&hn->walk_mutex);
	spin_lock_bh(&hn->conns_lock);
	hn->walk++;
	spin_unlock_bh(&hn->conns_lock);
	while (!walk_batch(hn, visit, arg))
		cond_resched();
	mutex_unlock(&hn->walk_mutex);
}

/* Have the work look: it knows whether its connection is concerned. */
static void remind(struct conn *c, const void *arg)
{
	conn_kick(c);
}

static void drainer_work(struct work_struct *work)
{
	struct http_net *hn = container_of(work, struct http_net, drainer.work);
	unsigned long until = READ_ONCE(hn->drain_until);

	walk_conns(hn, remind, NULL);
	if (time_before(jiffies, until))
		queue_delayed_work(http_wq, &hn->drainer, until - jiffies + 1);
}

static void http_net_setup(struct http_net *hn, struct mesh_net *mn)
{
	int i;

	hn->net = mn->net;
	hn->mn = mn;
	mutex_init(&hn->mutex);
	spin_lock_init(&hn->conns_lock);
	INIT_LIST_HEAD(&hn->conns);
	mutex_init(&hn->walk_mutex);
	INIT_DELAYED_WORK(&hn->reaper, reaper_work);
	INIT_DELAYED_WORK(&hn->drainer, drainer_work);
	spin_lock_init(&hn->calls_lock);
	INIT_LIST_HEAD(&hn->calls);
	health_init(hn);
	for (i = 0; i < ACCEPTORS; i++) {
		hn->acceptors[i].hn = hn;
		INIT_DELAYED_WORK(&hn->acceptors[i].work, accept_work);
		INIT_WORK(&hn->acceptors[i].open_work, open_work);
	}
	for (i = 0; i < POOL_BUCKETS; i++)
		spin_lock_init(&hn->buckets[i].lock);
	for (i = 0; i < hn->nlines; i++)
		conn_line_init(&hn->lines[i]);
}

int http_net_init(struct mesh_net *mn)
{
	u32 nlines = min_t(u32, num_possible_cpus(), LINES_MAX);
	struct http_net *hn;

	hn = kzalloc(struct_size(hn, lines, nlines), GFP_KERNEL_ACCOUNT);
	if (!hn)
		return -ENOMEM;
	if (quota_init(&hn->quota)) {
		kfree(hn);
		return -ENOMEM;
	}
	hn->nlines = nlines;
	http_net_setup(hn, mn);
	mn->http = hn;
	return 0;
}

static void kill(struct conn *c, const void *arg)
{
	WRITE_ONCE(c->killed, true);
	conn_kick(c);
}

static void remind_by(struct http_net *hn, unsigned long until)
{
	if (!until)
		return;
	spin_lock_bh(&hn->conns_lock);
	if (!delayed_work_pending(&hn->drainer) ||
	    time_after(until, hn->drain_until))
		WRITE_ONCE(hn->drain_until, until);
	mod_delayed_work(http_wq, &hn->drainer, until - jiffies + 1);
	spin_unlock_bh(&hn->conns_lock);
}

static bool came_to(const struct conn *c, const struct drain *d)
{
	const struct listener_slot *slot;

	if (!d->listener)
		return true;
	slot = listener_find(d->snapshot, &c->original);
	return slot && name_eq(&slot->listener->name, d->listener);
}

struct drain_by {
	const struct drain *drain;
	unsigned long until;		/* jiffies, the same for all */
};

static void drain(struct conn *c, const void *arg)
{
	const struct drain_by *d = arg;

	if (!came_to(c, d->drain))
		return;
	WRITE_ONCE(c->drain_until, d->until);
	WRITE_ONCE(c->draining, true);
	conn_kick(c);
}

void http_net_drain(struct mesh_net *mn, const struct drain *d)
{
	unsigned long until = conn_time(d->deadline);
	const struct drain_by by = { .drain = d, .until = until };

	if (d->ep) {
		leg_reap_endpoint(mn->http, d->ep, false);
	} else {
		walk_conns(mn->http, drain, &by);
		if (!d->listener)
			leg_reap(mn->http, true);
	}
	remind_by(mn->http, until);
}

void http_net_exit(struct mesh_net *mn)
{
	struct http_net *hn = mn->http;
	int i;

	mutex_lock(&hn->mutex);
	WRITE_ONCE(hn->dead, true);
	mutex_unlock(&hn->mutex);
	for (i = 0; i < ACCEPTORS; i++)
		acceptor_close(&hn->acceptors[i]);
	cancel_delayed_work_sync(&hn->drainer);
	cancel_delayed_work_sync(&hn->checker);
	call_end_all(hn);
	walk_conns(hn, kill, NULL);
	wait_var_event(&hn->nconns, !atomic_read(&hn->nconns));
	for (i = 0; i < hn->nlines; i++)
		line_exit(&hn->lines[i]);
	/* No connection parks a leg any more; nobody can queue this again. */
	cancel_delayed_work_sync(&hn->reaper);
	leg_reap(hn, true);
	wait_var_event(&hn->nlegs, !atomic_read(&hn->nlegs));
	mn->http = NULL;
	quota_exit(&hn->quota);
	kfree(hn);
}

/* ---- the module ---- */

int http_init(void)
{
	int err;

	ident_init();
	identity_init();
	err = head_cache_init();
	if (err)
		return err;
	err = leg_cache_init();
	if (err)
		goto heads;
	err = conn_cache_init();
	if (err)
		goto legs;
	http_wq = alloc_workqueue("l7mesh_http", WQ_UNBOUND | WQ_MEM_RECLAIM,
				  0);
	if (!http_wq) {
		err = -ENOMEM;
		goto conns;
	}
	err = line_module_init();
	if (err)
		goto wq;
	err = call_init();
	if (err)
		goto lines;
	err = source_limit_init();
	if (!err)
		return 0;
	call_exit();
lines:
	line_module_exit();
wq:
	destroy_workqueue(http_wq);
conns:
	conn_cache_exit();
legs:
	leg_cache_exit();
heads:
	head_cache_exit();
	return err;
}

void http_exit(void)
{
	line_module_exit();
	call_exit();
	destroy_workqueue(http_wq);
	source_limit_exit();
	conn_cache_exit();
	leg_cache_exit();
	head_cache_exit();
	out_exit();
}
