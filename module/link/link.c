// SPDX-License-Identifier: GPL-2.0
#include "link/link.h"

#include "splice/sock_address.h"

/* Set at load: acceptors', connections', legs'. */
static const struct callbacks *known[3] __ro_after_init;
static unsigned int nknown __ro_after_init;

void link_know(const struct callbacks *ours)
{
	if (!WARN_ON(nknown == ARRAY_SIZE(known)))
		known[nknown++] = ours;
}

bool link_owns(const struct sock *sk)
{
	unsigned int i;

	for (i = 0; i < nknown; i++)
		if (callbacks_are(sk, known[i]))
			return true;
	return false;
}

void link_peer(const struct link *l, struct address *a)
{
	sock_peer_address(l->sk, a);
}

int link_open(struct link *l, const struct identity *id, struct net *net,
	      int family)
{
	struct socket *sock;
	int err = identity_sock_create(id, net, family, &sock);

	if (!err)
		link_init(l, sock);
	return err;
}

/* It holds its namespace from now on, as a program's would: cut.c tells it by this. */
static void forget_interface(struct sock *sk)
{
	inet_sk(sk)->mc_index = 0;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		inet6_sk(sk)->mcast_oif = 0;
#endif
}

void link_close(struct link *l, bool reset)
{
	forget_interface(l->sk);
	if (reset)
		sock_no_linger(l->sk);
	compat_sock_hold_net(l->sk);
	identity_sock_release(l->sock);
}

void link_refuse(struct link *l)
{
	sock_no_linger(l->sk);
	sock_release(l->sock);
}

/*
 * Keepalive: a peer that vanished while we wait for it is noticed, and a client
 * that closed long ago says so when it is asked.
 */
#define KEEPALIVE_IDLE		60	/* seconds */
#define KEEPALIVE_INTERVAL	10
#define KEEPALIVE_PROBES	6

void link_tune(struct link *l)
{
	struct sock *sk = l->sk;

	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, KEEPALIVE_IDLE);
	tcp_sock_set_keepintvl(sk, KEEPALIVE_INTERVAL);
	tcp_sock_set_keepcnt(sk, KEEPALIVE_PROBES);
}

/* As SO_SNDBUF and SO_RCVBUF: twice that, for what buffers cost besides. */
void link_limit(struct link *l, u32 bytes)
{
	const u8 locks = SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK;
	struct sock *sk = l->sk;

	if (!bytes) {
		sk->sk_userlocks &= ~locks;
		return;
	}
	sk->sk_userlocks |= locks;
	WRITE_ONCE(sk->sk_sndbuf, max_t(u32, bytes * 2, SOCK_MIN_SNDBUF));
	WRITE_ONCE(sk->sk_rcvbuf, max_t(u32, bytes * 2, SOCK_MIN_RCVBUF));
}
