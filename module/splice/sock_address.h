/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sock_address: the addresses of a connected or connecting TCP socket.
 */
#ifndef L7MESH_SOCK_ADDRESS_H
#define L7MESH_SOCK_ADDRESS_H

#include <net/inet_sock.h>
#include <net/sock.h>
#include "lib/address.h"

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

#endif
