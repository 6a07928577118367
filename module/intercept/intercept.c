// SPDX-License-Identifier: GPL-2.0
#include <linux/tracepoint.h>
#include <net/inet_common.h>
#include <net/tcp.h>
#include <net/transp_v6.h>
#include "intercept/conn_request.h"
#include "intercept/connect.h"
#include "intercept/cut.h"
#include "intercept/getname.h"
#include "intercept/hook.h"
#include "intercept/intercept.h"
#include "intercept/origdst.h"
#include "intercept/packet.h"
#include "intercept/redirect.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack_core.h>
#endif

/* Which of them are where only the kernel knows. */
enum { CONN_REQUEST, COOKIE_V4, COOKIE_V6, ELSEWHERE };

static struct hook hooks[ELSEWHERE + 5 + IS_ENABLED(CONFIG_NF_CONNTRACK)];
static unsigned int nhooks;

/*
 * Tracepoints are not exported one by one. Both run with the socket locked, in
 * any context but hard interrupts.
 */
static struct tracepoint *set_state, *destroy_sock;

static void probe_set_state(void *data, const struct sock *sk, int old, int new)
{
	if (new != TCP_SYN_SENT || !redirect_exists(sk))
		return;
	connect_native((struct sock *)sk);
	redirect_connecting(sk);
}

static void probe_destroy_sock(void *data, struct sock *sk)
{
	redirect_destroyed(sk);
	redirect_child_destroyed(sk);
}

static void find_tracepoint(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "inet_sock_set_state"))
		set_state = tp;
	else if (!strcmp(tp->name, "tcp_destroy_sock"))
		destroy_sock = tp;
}

static int probes_enable(void)
{
	int err;

	err = tracepoint_probe_register(set_state, probe_set_state, NULL);
	if (err)
		return err;
	err = tracepoint_probe_register(destroy_sock, probe_destroy_sock, NULL);
	if (err)
		tracepoint_probe_unregister(set_state, probe_set_state, NULL);
	return err;
}

static void probes_disable(void)
{
	tracepoint_probe_unregister(destroy_sock, probe_destroy_sock, NULL);
	tracepoint_probe_unregister(set_state, probe_set_state, NULL);
	tracepoint_synchronize_unregister();
}

/* Only what has come as packets is accepted by a transparent socket. */
bool intercept_claim(const struct sock *child, struct client_claim *claim)
{
	return inet_sk_transparent(child) ? packet_claim(child, claim) :
					  redirect_claim(child, claim);
}

int intercept_enable(void)
{
	int err;

	/* A record is not made before its end would be noticed. */
	err = probes_enable();
	if (err)
		return err;
	err = hook_enable(hooks, nhooks);
	if (err)
		probes_disable();
	return err;
}

void intercept_disable(void)
{
	hook_disable();
	probes_disable();
	redirect_drop_all();
}

int intercept_init(void)
{
	const struct hook all[ARRAY_SIZE(hooks)] = {
		[CONN_REQUEST] = { conn_request_function(),
				   conn_request_refuse, conn_request_wanted },
		[COOKIE_V4] = { conn_request_cookie_function(AF_INET),
				conn_request_cookie, conn_request_cookie_wanted_v4 },
		[COOKIE_V6] = { conn_request_cookie_function(AF_INET6),
				conn_request_cookie, conn_request_cookie_wanted_v6 },
		/* tcp_v4_connect() and tcp_v6_connect() are not exported */
		{ (unsigned long)tcp_prot.connect,
		  connect_v4, connect_wanted_v4 },
		{ (unsigned long)tcpv6_prot.connect,
		  connect_v6, connect_wanted_v6 },
		{ (unsigned long)tcp_connect, connect_syn, connect_syn_wanted },
		{ (unsigned long)inet_getname, getname_v4, getname_wanted },
		{ (unsigned long)inet6_getname, getname_v6, getname_wanted },
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
		{ (unsigned long)nf_conntrack_find_get,
		  origdst_find, origdst_wanted },
#endif
	};
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	if (!set_state || !destroy_sock || !all[CONN_REQUEST].function ||
	    !all[COOKIE_V4].function)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].function)
			hooks[nhooks++] = all[i];
	err = connect_init() ?: cut_init();
	if (err)
		return err;
	err = redirect_init();
	if (err)
		cut_exit();
	return err;
}

void intercept_exit(void)
{
	redirect_exit();
	cut_exit();
}
