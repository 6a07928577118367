/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sock_address: the addresses of a connected or connecting TCP socket, which it has when it
 * is closed as well; and the socket that has such addresses.
 */
#ifndef L7MESH_SOCK_ADDRESS_H
#define L7MESH_SOCK_ADDRESS_H

#include <net/inet_sock.h>
#include <net/sock.h>
#include "lib/address.h"
#include "lib/compat.h"

static inline void sock_local_address(const struct sock *sk, struct address *a)
{
	if (sk->sk_family == AF_INET6)
		address_set_v6(a, &sk->sk_v6_rcv_saddr, inet_sk(sk)->inet_sport);
	else
		address_set_v4(a, sk->sk_rcv_saddr, inet_sk(sk)->inet_sport);
}

static inline void sock_peer_address(const struct sock *sk, struct address *a)
{
	if (sk->sk_family == AF_INET6)
		address_set_v6(a, &sk->sk_v6_daddr, sk->sk_dport);
	else
		address_set_v4(a, sk->sk_daddr, sk->sk_dport);
}

/**
 * sock_between() - The connection of two addresses, whatever its state
 * @net: namespace that has it
 * @local: its own address
 * @remote: the other end's, of the same family
 * @dif: the device by which its packets come: it is not bound to another one
 *
 * Under RCU; any context but hard interrupts.
 *
 * Return: with a reference for sock_gen_put(), or NULL.
 */
static inline struct sock *sock_between(struct net *net, const struct address *local,
					const struct address *remote, int dif)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (local->family == AF_INET6)
		return compat_lookup6(net, &remote->v6, remote->port, &local->v6,
				      ntohs(local->port), dif);
#endif
	return compat_lookup(net, remote->v4, remote->port, local->v4,
			     ntohs(local->port), dif);
}

#endif
