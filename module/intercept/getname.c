// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own function answers first, so that states, errors, flow label
 * and BPF programs stay its business; then the address is put right. The BPF
 * program is run once more on what it would have seen without a mesh: a load
 * balancer in front of us translates our listener's address back.
 *
 * The original is called with a struct socket that has nothing but the sk, which
 * is all that it looks at: a socket without ops is how the hook knows that call.
 */
#include <linux/bpf-cgroup.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include "intercept/getname.h"
#include "intercept/hook.h"
#include "intercept/redirect.h"

bool getname_wanted(struct ftrace_regs *regs)
{
	const struct socket *sock = (void *)compat_ftrace_argument(regs, 0);
	const struct sock *sk = sock->sk;

	return sock->ops && sk && sk->sk_protocol == IPPROTO_TCP &&
	       redirect_exists(sk);
}

static bool expected(const struct sock *sk, int peer, struct address *a)
{
	return peer ? redirect_peer(sk, a) : redirect_local(sk, a);
}

static void correct_v4(struct sock *sk, struct sockaddr_in *in, int peer)
{
	struct address a;

	address_set_v4(&a, in->sin_addr.s_addr, in->sin_port);
	/* After IPV6_ADDRFORM it may be one that does not fit. */
	if (!expected(sk, peer, &a) || a.family != AF_INET)
		return;
	in->sin_addr.s_addr = a.v4;
	in->sin_port = a.port;
	if (peer)
		compat_bpf_run_name(sk, in, CGROUP_INET4_GETPEERNAME);
	else
		compat_bpf_run_name(sk, in, CGROUP_INET4_GETSOCKNAME);
}

static void correct_v6(struct sock *sk, struct sockaddr_in6 *in6, int peer)
{
	struct address a;

	address_set_v6(&a, &in6->sin6_addr, in6->sin6_port);
	if (!expected(sk, peer, &a))
		return;
	if (a.family == AF_INET)
		ipv6_addr_set_v4mapped(a.v4, &in6->sin6_addr);
	else
		in6->sin6_addr = a.v6;
	in6->sin6_port = a.port;
	if (peer)
		compat_bpf_run_name(sk, in6, CGROUP_INET6_GETPEERNAME);
	else
		compat_bpf_run_name(sk, in6, CGROUP_INET6_GETSOCKNAME);
	in6->sin6_scope_id = ipv6_iface_scope_id(&in6->sin6_addr,
						 sk->sk_bound_dev_if);
}

int getname_v4(struct socket *sock, struct sockaddr *name, int peer)
{
	struct socket plain = { .sk = sock->sk };
	int len = inet_getname(&plain, name, peer);

	if (len > 0)
		correct_v4(plain.sk, (struct sockaddr_in *)name, peer);
	hook_leave();
	return len;
}

int getname_v6(struct socket *sock, struct sockaddr *name, int peer)
{
	struct socket plain = { .sk = sock->sk };
	int len = inet6_getname(&plain, name, peer);

	if (len > 0)
		correct_v6(plain.sk, (struct sockaddr_in6 *)name, peer);
	hook_leave();
	return len;
}
