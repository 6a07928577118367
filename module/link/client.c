// SPDX-License-Identifier: GPL-2.0
#include "link/client.h"

#include <net/tcp.h>
#include "lib/compat.h"
#include "link/link.h"

static bool (*redirection)(const struct sock *child,
			   struct client_claim *claim) __ro_after_init;

void client_claims_by(bool (*claim)(const struct sock *child,
				    struct client_claim *claim))
{
	redirection = claim;
}

bool client_claim(const struct link *link, struct client_claim *claim)
{
	return redirection(link->sk, claim);
}

/* With a reference for sock_gen_put(), or NULL. Under RCU. */
static struct sock *look_up(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	u16 port = ntohs(inet->inet_dport);
	int dif = net->loopback_dev->ifindex;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return compat_lookup6(net, &sk->sk_v6_rcv_saddr,
				      inet->inet_sport, &sk->sk_v6_daddr, port,
				      dif);
#endif
	return compat_lookup(net, sk->sk_rcv_saddr, inet->inet_sport,
			     sk->sk_daddr, port, dif);
}

bool client_is_gone(const struct link *link)
{
	struct sock *client;
	bool gone;

	if (inet_sk_transparent(link->sk))
		return false;
	rcu_read_lock();
	client = look_up(link->sk);
	rcu_read_unlock();
	if (!client)
		return true;
	/* close() sets both bits before it sends the FIN. */
	gone = !sk_fullsock(client) || sock_flag(client, SOCK_DEAD) ||
	       READ_ONCE(client->sk_shutdown) == SHUTDOWN_MASK;
	sock_gen_put(client);
	return gone;
}

/* With a reference for sock_gen_put(), or NULL. Under RCU. */
static struct sock *look_up_in(struct net *net, const struct address *from,
			       const struct address *to)
{
	int dif = net->loopback_dev->ifindex;

#if IS_ENABLED(CONFIG_IPV6)
	if (from->family == AF_INET6)
		return compat_lookup6(net, &to->v6, to->port, &from->v6,
				      ntohs(from->port), dif);
#endif
	return compat_lookup(net, to->v4, to->port, from->v4, ntohs(from->port), dif);
}

bool client_has_program(struct net *net, const struct address *from,
			const struct address *to)
{
	const struct socket *socket;
	struct sock *sk;
	bool has = false;

	if (from->family != to->family)
		return false;
	sk = look_up_in(net, from, to);
	if (!sk)
		return false;
	if (sk_fullsock(sk)) {
		socket = READ_ONCE(sk->sk_socket);
		has = socket && READ_ONCE(socket->file);
	}
	sock_gen_put(sk);
	return has;
}
