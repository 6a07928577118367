/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn_request: who may open a TCP connection to a workload's namespace, whoever listens
 * there. Asked once for each SYN that comes to a listening socket, at tcp_conn_request(),
 * before there is anything of the connection: what is allowed costs nothing afterwards.
 *
 * A SYN cookie can be guessed, and comes back some time later. So who brings one is asked
 * as well: at tcp_v4_syn_recv_sock() and tcp_v6_syn_recv_sock(), which make the connection.
 *
 * What does not come from outside of the namespace is not asked, nor what comes to the
 * engine: that asks by itself, as it may know more.
 *
 * Context: softirq, or with BHs disabled.
 */
#ifndef L7MESH_CONN_REQUEST_H
#define L7MESH_CONN_REQUEST_H

#include "lib/compat.h"

struct dst_entry;
struct request_sock;
struct request_sock_ops;
struct sk_buff;
struct sock;
struct tcp_request_sock_ops;

/* Of a call of tcp_conn_request(): does policy deny it? */
bool conn_request_wanted(struct ftrace_regs *regs);

/*
 * Where it is; 0 if nobody knows: newer kernels export it no more. Context: process, module
 * init.
 */
unsigned long conn_request_function(void);

/* In its place: refuses, as the workload wants that to be done, what is not exempt. */
int conn_request_refuse(struct request_sock_ops *rsk_ops,
			const struct tcp_request_sock_ops *af_ops, struct sock *sk,
			struct sk_buff *skb);

/*
 * Where those two are, which are not exported; 0 if there is no such family. Context:
 * process, module init.
 */
unsigned long conn_request_cookie_function(int family);

/* Of a call of the one for IPv4, or IPv6: is it by a cookie, and does policy deny it? */
bool conn_request_cookie_wanted_v4(struct ftrace_regs *regs);
bool conn_request_cookie_wanted_v6(struct ftrace_regs *regs);

/* In place of either: as conn_request_refuse(). */
compat_syn_recv_sock(conn_request_cookie);

#endif
