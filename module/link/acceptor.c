// SPDX-License-Identifier: GPL-2.0
#include "link/acceptor.h"

#include <net/addrconf.h>
#include <net/route.h>
#include <net/tcp.h>
#include "lib/compat.h"
#include "link/http_net.h"
#include "link/link.h"

#define ACCEPT_BACKLOG	4096

/* Connections that are accepted before others' are. */
#define ACCEPT_SHARE	32

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
		a->hn->accept(a->hn, &accepted);
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

bool acceptor_owns(const struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == acceptor_data_ready;
}

static const struct callbacks acceptor_callbacks = {
	.data_ready = acceptor_data_ready,
	.state_change = acceptor_state_change,
};

static void acceptor_hook(struct acceptor *a)
{
	struct sock *sk = a->sock->sk;

	a->callbacks = acceptor_callbacks;
	a->callbacks.write_space = sk->sk_write_space;
	a->callbacks.error_report = sk->sk_error_report;
	callbacks_swap(sk, &a->callbacks, a);
}

void acceptor_close(struct acceptor *a)
{
	struct callbacks own = a->callbacks;

	if (!a->sock)
		return;
	callbacks_swap(a->sock->sk, &own, NULL);
	cancel_delayed_work_sync(&a->work);
	RCU_INIT_POINTER(a->listening, NULL);
	sock_release(a->sock);
	a->sock = NULL;
}

static bool is_for_packets(const struct acceptor *a)
{
	return a >= &a->hn->acceptors[ACCEPTOR_PACKETS_V4];
}

static bool is_v4(const struct acceptor *a)
{
	return a == &a->hn->acceptors[ACCEPTOR_V4] ||
	       a == &a->hn->acceptors[ACCEPTOR_PACKETS_V4];
}

/*
 * Addresses that nobody has and that are never routed: IPv4's dummy address (RFC 7600),
 * and one of IPv6's that are discarded (RFC 6666).
 */
static int address_of_nobody(struct acceptor *a, struct address *address)
{
	static const struct in6_addr discard = { .s6_addr = { [0] = 1, [15] = 1 } };

	compat_set_transparent(a->sock->sk);
	/* Connections inherit it: who binds a listener's port has to say the same. */
	a->sock->sk->sk_reuse = SK_CAN_REUSE;
	if (is_v4(a))
		address_set_v4(address, htonl(0xc0000008), 0);
	else
		address_set_v6(address, &discard, 0);
	return 0;
}

static int address_on_loopback(struct acceptor *a, struct address *address)
{
	if (!is_v4(a)) {
		address_set_v6(address, &in6addr_loopback, 0);
		return 0;
	}
	if (a->narrow) {
		address_set_v4(address, htonl(INADDR_LOOPBACK), 0);
		return 0;
	}
	address_set_v4(address, htonl(INADDR_ANY), 0);
	return sock_bindtoindex(a->sock->sk, a->hn->net->loopback_dev->ifindex,
				true);
}

/* At its address, and a port that the kernel chooses. */
static int acceptor_listen(struct acceptor *a, __be16 *port)
{
	struct sock *sk = a->sock->sk;
	struct sockaddr_storage ss;
	struct address address;
	int err, len;

	err = is_for_packets(a) ? address_of_nobody(a, &address) :
				  address_on_loopback(a, &address);
	len = err ? 0 : address_to_sockaddr(&address, &ss);
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
		if (err != -EADDRINUSE || !is_v4(a) || a->narrow ||
		    is_for_packets(a))
			return err;
		a->narrow = true;
		return acceptor_open(a);
	}
	rcu_assign_pointer(a->listening, a->sock->sk);
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

	for (i = ACCEPTOR_V6; i < ACCEPTOR_PACKETS_V4; i++) {
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

int acceptor_target(struct http_net *hn, const struct address *vip,
		    struct address *target)
{
	return vip->family == AF_INET ? target_v4(hn, vip, target) :
					target_v6(hn, vip, target);
}

int acceptor_open_packets(struct http_net *hn)
{
	__be16 port;
	int err = acceptor_port(&hn->acceptors[ACCEPTOR_PACKETS_V4], &port);

	if (err)
		return err;
	err = acceptor_port(&hn->acceptors[ACCEPTOR_PACKETS_V6], &port);
	return err == -EAFNOSUPPORT ? 0 : err;
}

struct sock *acceptor_of_packets(struct http_net *hn, int family)
{
	struct acceptor *a = &hn->acceptors[family == AF_INET ?
					    ACCEPTOR_PACKETS_V4 :
					    ACCEPTOR_PACKETS_V6];

	/* Pairs with the release in acceptor_open(). */
	if (likely(smp_load_acquire(&a->port)))
		return rcu_dereference(a->listening);
	return NULL;
}

void acceptor_init(struct acceptor *a, struct http_net *hn)
{
	a->hn = hn;
	INIT_DELAYED_WORK(&a->work, accept_work);
	INIT_WORK(&a->open_work, open_work);
}

void acceptor_module_init(void)
{
	link_know(&acceptor_callbacks);
}
