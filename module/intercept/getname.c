// SPDX-License-Identifier: GPL-2.0
/*
 * The answer is made here, as the kernel's own functions make it, from the socket's
 * addresses under its lock, and put right before the BPF programs see it: a load
 * balancer in front of us translates our listener's address back.
 *
 * The originals would wait for the lock beneath the hook, which is a thread's that
 * may wait for as long as a tenant likes. So whoever waits is in hook_lock_sock(), and
 * when the hooks go the original is jumped to: it waits with nothing of ours on the
 * stack, and answers for itself, as without a mesh.
 */
#include <linux/bitops.h>
#include <linux/bpf-cgroup.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/tcp_states.h>
#include "intercept/getname.h"
#include "intercept/hook.h"
#include "intercept/redirect.h"
#include "lib/inside.h"

bool getname_wanted(struct ftrace_regs *regs)
{
	const struct socket *sock = (void *)compat_ftrace_argument(regs, 0);
	const struct sock *sk = sock->sk;

	return sk && sk->sk_protocol == IPPROTO_TCP && redirect_exists(sk);
}

/* SO_PEERNAME passes 2: it is answered in any state. */
static bool has_peer(const struct sock *sk, int peer)
{
	return inet_sk(sk)->inet_dport &&
	       (peer != 1 ||
		!(BIT(sk->sk_state) & (TCPF_CLOSE | TCPF_SYN_SENT)));
}

static bool expected(const struct sock *sk, int peer, struct address *a)
{
	return peer ? redirect_peer(sk, a) : redirect_local(sk, a);
}

static void real_v4(const struct sock *sk, struct sockaddr_in *in, int peer)
{
	const struct inet_sock *inet = inet_sk(sk);

	*in = (struct sockaddr_in){ .sin_family = AF_INET };
	if (peer) {
		in->sin_addr.s_addr = inet->inet_daddr;
		in->sin_port = inet->inet_dport;
	} else {
		in->sin_addr.s_addr = inet->inet_rcv_saddr ?: inet->inet_saddr;
		in->sin_port = inet->inet_sport;
	}
}

static void correct_v4(const struct sock *sk, struct sockaddr_in *in, int peer)
{
	struct address a;

	address_set_v4(&a, in->sin_addr.s_addr, in->sin_port);
	/* After IPV6_ADDRFORM it may be one that does not fit. */
	if (!expected(sk, peer, &a) || a.family != AF_INET)
		return;
	in->sin_addr.s_addr = a.v4;
	in->sin_port = a.port;
}

static void run_bpf_v4(struct sock *sk, struct sockaddr_in *in, int peer)
{
	if (peer)
		compat_bpf_run_name(sk, in, CGROUP_INET4_GETPEERNAME);
	else
		compat_bpf_run_name(sk, in, CGROUP_INET4_GETSOCKNAME);
}

/* Returns 0 if the hooks go first. */
static noinline int answer_v4(struct sock *sk, struct sockaddr_in *in, int peer)
{
	int len = 0;

	if (!hook_lock_sock(sk))
		goto out;
	len = -ENOTCONN;
	if (!peer || has_peer(sk, peer)) {
		real_v4(sk, in, peer);
		correct_v4(sk, in, peer);
		run_bpf_v4(sk, in, peer);
		len = sizeof(*in);
	}
	release_sock(sk);
out:
	hook_leave();
	return len;
}

__ends_in_jump
int getname_v4(struct socket *sock, struct sockaddr *name, int peer)
{
	int len = answer_v4(sock->sk, (struct sockaddr_in *)name, peer);

	return len ? len : inet_getname(sock, name, peer);
}

static void real_v6(const struct sock *sk, struct sockaddr_in6 *in6, int peer)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	if (peer) {
		in6->sin6_addr = sk->sk_v6_daddr;
		in6->sin6_port = inet_sk(sk)->inet_dport;
		if (compat_has_sndflow(sk))
			in6->sin6_flowinfo = np->flow_label;
	} else {
		in6->sin6_addr = ipv6_addr_any(&sk->sk_v6_rcv_saddr) ?
				 np->saddr : sk->sk_v6_rcv_saddr;
		in6->sin6_port = inet_sk(sk)->inet_sport;
	}
}

static void correct_v6(const struct sock *sk, struct sockaddr_in6 *in6, int peer)
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
}

static void run_bpf_v6(struct sock *sk, struct sockaddr_in6 *in6, int peer)
{
	if (peer)
		compat_bpf_run_name(sk, in6, CGROUP_INET6_GETPEERNAME);
	else
		compat_bpf_run_name(sk, in6, CGROUP_INET6_GETSOCKNAME);
}

static noinline int answer_v6(struct sock *sk, struct sockaddr_in6 *in6, int peer)
{
	int len = 0;

	if (!hook_lock_sock(sk))
		goto out;
	len = -ENOTCONN;
	if (!peer || has_peer(sk, peer)) {
		real_v6(sk, in6, peer);
		correct_v6(sk, in6, peer);
		run_bpf_v6(sk, in6, peer);
		in6->sin6_scope_id = ipv6_iface_scope_id(&in6->sin6_addr,
							 sk->sk_bound_dev_if);
		len = sizeof(*in6);
	}
	release_sock(sk);
out:
	hook_leave();
	return len;
}

__ends_in_jump
int getname_v6(struct socket *sock, struct sockaddr *name, int peer)
{
	int len = answer_v6(sock->sk, (struct sockaddr_in6 *)name, peer);

	return len ? len : inet6_getname(sock, name, peer);
}
