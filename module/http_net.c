// SPDX-License-Identifier: GPL-2.0
#include "http_net.h"

#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <net/tcp.h>
#include "compat.h"
#include "conn.h"
#include "http_net_priv.h"

#define REAP_INTERVAL	(2 * HZ)
#define ACCEPT_BACKLOG	4096

struct workqueue_struct *http_wq;

/* ---- accepting ---- */

static void accept_work(struct work_struct *work)
{
	struct acceptor *a = container_of(work, struct acceptor, work);
	struct socket *sock;

	while (!kernel_accept(a->sock, &sock, O_NONBLOCK))
		conn_accept(a->hn, sock);
}

/*
 * Children inherit this callback until they are accepted; what they receive
 * meanwhile waits in their queue.
 */
static void acceptor_data_ready(struct sock *sk)
{
	struct acceptor *a;

	if (sk->sk_state != TCP_LISTEN)
		return;
	read_lock_bh(&sk->sk_callback_lock);
	a = sk->sk_user_data;
	if (a)
		queue_work(http_wq, &a->work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void acceptor_hook(struct acceptor *a, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	a->saved_data_ready = sk->sk_data_ready;
	sk->sk_data_ready = acceptor_data_ready;
	sk->sk_user_data = a;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void acceptor_close(struct acceptor *a)
{
	struct sock *sk;

	if (!a->sock)
		return;
	sk = a->sock->sk;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = a->saved_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_work_sync(&a->work);
	sock_release(a->sock);
	a->sock = NULL;
}

/* Loopback, and a port that the kernel chooses. */
static int acceptor_listen(struct socket *sock, int family, __be16 *port)
{
	struct address address;
	struct sockaddr_storage ss;
	int err, len;

	if (family == AF_INET)
		address_set_v4(&address, htonl(INADDR_LOOPBACK), 0);
	else
		address_set_v6(&address, &in6addr_loopback, 0);
	len = address_to_sockaddr(&address, &ss);
	err = compat_bind(sock, &ss, len);
	if (!err)
		err = kernel_listen(sock, ACCEPT_BACKLOG);
	*port = inet_sk(sock->sk)->inet_sport;
	return err;
}

static int acceptor_open(struct acceptor *a, int family)
{
	__be16 port;
	int err;

	err = sock_create_kern(a->hn->net, family, SOCK_STREAM, IPPROTO_TCP,
			       &a->sock);
	if (err)
		return err;
	acceptor_hook(a, a->sock->sk);
	err = acceptor_listen(a->sock, family, &port);
	if (err) {
		acceptor_close(a);
		return err;
	}
	/* Only now may it be told: the socket is there for whoever sees it. */
	smp_store_release(&a->port, port);
	return 0;
}

int http_net_port(struct mesh_net *mn, int family, __be16 *port)
{
	struct http_net *hn = mn->http;
	struct acceptor *a = &hn->acceptors[family == AF_INET ? ACCEPTOR_V4 :
								ACCEPTOR_V6];
	int err = 0;

	/* Pairs with the release in acceptor_open(). */
	*port = smp_load_acquire(&a->port);
	if (*port)
		return 0;
	mutex_lock(&hn->mutex);
	if (hn->dead)
		err = -ESHUTDOWN;
	else if (!a->port)
		err = acceptor_open(a, family);
	*port = a->port;
	mutex_unlock(&hn->mutex);
	return err;
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

static void http_net_setup(struct http_net *hn, struct mesh_net *mn)
{
	int i;

	hn->net = mn->net;
	hn->mn = mn;
	mutex_init(&hn->mutex);
	spin_lock_init(&hn->conns_lock);
	INIT_LIST_HEAD(&hn->conns);
	INIT_DELAYED_WORK(&hn->reaper, reaper_work);
	for (i = 0; i < ACCEPTORS; i++) {
		hn->acceptors[i].hn = hn;
		INIT_WORK(&hn->acceptors[i].work, accept_work);
	}
	for (i = 0; i < POOL_BUCKETS; i++)
		spin_lock_init(&hn->buckets[i].lock);
}

int http_net_init(struct mesh_net *mn)
{
	mn->http = kzalloc(sizeof(*mn->http), GFP_KERNEL);
	if (!mn->http)
		return -ENOMEM;
	http_net_setup(mn->http, mn);
	return 0;
}

static void kick_all(struct http_net *hn, bool kill)
{
	struct conn *c;

	spin_lock_bh(&hn->conns_lock);
	list_for_each_entry(c, &hn->conns, list) {
		if (kill)
			WRITE_ONCE(c->killed, true);
		else
			WRITE_ONCE(c->draining, true);
		conn_kick(c);
	}
	spin_unlock_bh(&hn->conns_lock);
}

void http_net_drain(struct mesh_net *mn)
{
	kick_all(mn->http, false);
	leg_reap(mn->http, true);
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
	kick_all(hn, true);
	wait_var_event(&hn->nconns, !atomic_read(&hn->nconns));
	/* No connection parks a leg any more; nobody can queue this again. */
	cancel_delayed_work_sync(&hn->reaper);
	leg_reap(hn, true);
	wait_var_event(&hn->nlegs, !atomic_read(&hn->nlegs));
	mn->http = NULL;
	kfree(hn);
}

/* ---- the module ---- */

int http_init(void)
{
	int err;

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
	if (http_wq)
		return 0;
	err = -ENOMEM;
	conn_cache_exit();
legs:
	leg_cache_exit();
heads:
	head_cache_exit();
	return err;
}

void http_exit(void)
{
	destroy_workqueue(http_wq);
	conn_cache_exit();
	leg_cache_exit();
	head_cache_exit();
}
