// SPDX-License-Identifier: GPL-2.0
#include "intercept/conn_request.h"

#include <linux/kprobes.h>
#include <linux/l7mesh.h>
#include <linux/percpu.h>
#include <net/tcp.h>
#include "authz/authz_table.h"
#include "authz/workload.h"
#include "intercept/hook.h"
#include "link/acceptor.h"
#include "link/client.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"

/*
 * What this CPU is about to let pass, so that the next call of a hooked function is not
 * ours. With BHs disabled nothing else comes in between, but where softirqs are tasks: then
 * who was interrupted is asked once more.
 */
static DEFINE_PER_CPU(const struct sk_buff *, passing);

static void addresses_of(const struct sk_buff *skb, struct address *from,
			 struct address *to)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		address_set_v4(from, ip_hdr(skb)->saddr, th->source);
		address_set_v4(to, ip_hdr(skb)->daddr, th->dest);
	} else {
		address_set_v6(from, &ipv6_hdr(skb)->saddr, th->source);
		address_set_v6(to, &ipv6_hdr(skb)->daddr, th->dest);
	}
}

/* Under RCU. The guard of the port that a SYN is for, and whose it is; or NULL. */
static const struct guard *guard_of(const struct sock *sk, const struct sk_buff *skb,
				    struct mesh **m, const struct authz_table **t)
{
	const struct net *net = sock_net(sk);

	*m = mesh_obeyed(net);
	if (!*m)
		return NULL;
	*t = rcu_dereference((*m)->snapshot)->authz;
	return inbound_guard(*t, net->net_cookie, tcp_hdr(skb)->dest);
}

/*
 * The engine takes all that comes to such an address. What is left to the kernel all the
 * same, such as a SYN behind IPv6 extension headers, would get around the listener. But
 * where the engine has no socket just now, and that is to pass, it does.
 */
static bool goes_around(const struct mesh *m, const struct guard *g, const struct sock *sk,
			const struct sk_buff *skb, const struct authz_request *req)
{
	const struct net_device *dev = dev_get_by_index_rcu(sock_net(sk), skb->skb_iif);
	const struct listener_slot *slot =
		listener_find(&rcu_dereference(m->snapshot)->index, req->to, req->peer,
			      dev ? dev->name : NULL);

	return slot && slot->listener->http.inbound &&
	       (g->workload->on_failure == L7MESH_ON_FAILURE_CLOSED ||
		acceptor_of_packets(mesh_net(sock_net(sk))->http, req->to->family));
}

/* Or who it is from has to be seen, which takes what a callback may not. */
static bool may_deny(const struct sock *sk, const struct sk_buff *skb)
{
	struct address from, to;
	struct authz_request req = { .peer = &from, .client = &from, .to = &to };
	const struct authz_table *t;
	const struct guard *g;
	struct mesh *m;

	g = guard_of(sk, skb, &m, &t);
	if (likely(!g) || skb->skb_iif == LOOPBACK_IFINDEX || acceptor_owns(sk))
		return false;
	addresses_of(skb, &from, &to);
	inbound_source(t, &req);
	return goes_around(m, g, sk, skb, &req) || inbound_wants_proof(g, &req) ||
	       !inbound_would_allow(m, g, &req);
}

static bool is_wanted(const struct sock *sk, const struct sk_buff *skb)
{
	bool wanted;

	if (this_cpu_read(passing) == skb)
		return false;
	rcu_read_lock();
	wanted = may_deny(sk, skb);
	rcu_read_unlock();
	return wanted;
}

bool conn_request_wanted(struct ftrace_regs *regs)
{
	return is_wanted((void *)compat_ftrace_argument(regs, 2),
			 (void *)compat_ftrace_argument(regs, 3));
}

/* The client's end of what a SYN begins, or the ACK of its answer. */
static struct client_end end_of(const struct sk_buff *skb, const struct authz_request *req)
{
	const struct tcphdr *th = tcp_hdr(skb);

	return (struct client_end){
		.from = req->peer,
		.to = req->to,
		.isn = ntohl(th->seq) - !th->syn,
		.answered = !th->syn,
	};
}

static bool is_allowed(struct mesh *m, const struct authz_table *t,
		       const struct guard *g, const struct sock *sk,
		       const struct sk_buff *skb, struct authz_request *req,
		       struct guard_decision *d)
{
	const struct client_end end = end_of(skb, req);
	u64 proven = 0;

	if (goes_around(m, g, sk, skb, req))
		return false;
	inbound_source(t, req);
	if (inbound_wants_proof(g, req))
		inbound_prove(m, req, &end, &proven);
	return !inbound_denies(m, g, req, d);
}

static void count_refused(struct mesh *m, const struct guard *g,
			  const struct guard_decision *d)
{
	stat_inc(m->stats, STAT_AUTHZ_REFUSED);
	guard_count_refused(g, d, false);
}

/* What is to become of it: @refuse, or it passes. */
static bool passes(const struct sock *sk, const struct sk_buff *skb, u8 *refuse)
{
	struct address from, to;
	struct authz_request req = { .peer = &from, .client = &from, .to = &to };
	const struct authz_table *t;
	struct guard_decision d = {};
	const struct guard *g;
	bool pass = true;
	struct mesh *m;

	rcu_read_lock();
	/* It may be guarded no more by now. */
	g = guard_of(sk, skb, &m, &t);
	if (g) {
		addresses_of(skb, &from, &to);
		pass = is_allowed(m, t, g, sk, skb, &req, &d) ||
		       inbound_exempt(m, g, &from, &to);
		*refuse = g->workload->refuse;
		if (!pass)
			count_refused(m, g, &d);
	}
	rcu_read_unlock();
	return pass;
}

unsigned long conn_request_function(void)
{
	struct kprobe kp = {
		.symbol_name = "tcp_conn_request",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long at;

	if (register_kprobe(&kp))
		return 0;
	at = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return at;
}

int conn_request_refuse(struct request_sock_ops *rsk_ops,
			const struct tcp_request_sock_ops *af_ops, struct sock *sk,
			struct sk_buff *skb)
{
	u8 refuse = L7MESH_REFUSE_RESET;
	int err = 0;

	if (passes(sk, skb, &refuse)) {
		this_cpu_write(passing, skb);
		/* That calls the hooked function anew. */
		err = inet_csk(sk)->icsk_af_ops->conn_request(sk, skb);
		this_cpu_write(passing, NULL);
	} else {
		compat_forget_tw_isn();
		if (refuse == L7MESH_REFUSE_RESET)
			compat_send_reset(rsk_ops, sk, skb);
	}
	hook_leave();
	return err;
}

/* ---- SYN cookies ---- */

static compat_syn_recv_sock(*native_v4) __ro_after_init;
static compat_syn_recv_sock(*native_v6) __ro_after_init;

unsigned long conn_request_cookie_function(int family)
{
	compat_syn_recv_sock(*native);
	struct socket *sock;

	if (sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP, &sock))
		return 0;
	native = inet_csk(sock->sk)->icsk_af_ops->syn_recv_sock;
	sock_release(sock);
	if (family == AF_INET)
		native_v4 = native;
	else
		native_v6 = native;
	return (unsigned long)native;
}

/* Only with a cookie there is a destination, as nobody has looked for one before. */
static bool may_deny_cookie(struct ftrace_regs *regs, __be16 protocol)
{
	const struct sk_buff *skb = (void *)compat_ftrace_argument(regs, 1);

	return unlikely(compat_ftrace_argument(regs, 3)) && skb->protocol == protocol &&
	       is_wanted((void *)compat_ftrace_argument(regs, 0), skb);
}

bool conn_request_cookie_wanted_v4(struct ftrace_regs *regs)
{
	return may_deny_cookie(regs, htons(ETH_P_IP));
}

/* What has come by IPv4 goes on to the other one. */
bool conn_request_cookie_wanted_v6(struct ftrace_regs *regs)
{
	return may_deny_cookie(regs, htons(ETH_P_IPV6));
}

/* As the original without memory. */
static struct sock *refuse_cookie(const struct sock *sk, struct sk_buff *skb,
				  const struct request_sock *req, struct dst_entry *dst,
				  u8 refuse)
{
	if (refuse == L7MESH_REFUSE_RESET)
		compat_send_reset(req->rsk_ops, (struct sock *)sk, skb);
	tcp_listendrop(sk);
	dst_release(dst);
	return NULL;
}

compat_syn_recv_sock(conn_request_cookie)
{
	bool is_v4 = skb->protocol == htons(ETH_P_IP);
	u8 refuse = L7MESH_REFUSE_RESET;
	struct sock *child;

	if (passes(sk, skb, &refuse)) {
		this_cpu_write(passing, skb);
		child = compat_recv_sock_by(is_v4 ? native_v4 : native_v6);
		this_cpu_write(passing, NULL);
	} else {
		child = refuse_cookie(sk, skb, req, dst, refuse);
	}
	hook_leave();
	return child;
}
