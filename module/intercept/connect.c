// SPDX-License-Identifier: GPL-2.0
/*
 * A connect() to a listener's address, on its way into TCP.
 *
 * The wanted functions look the listener up in the hook's callback, so that any
 * other connect() only pays for that. The replacements look it up again, since
 * what they found may have changed; they hold the snapshot, as opening the HTTP
 * acceptor may sleep. They run as the caller under the socket's lock.
 *
 * A call of the original from here is known by CONNECT_PASS in its length, which
 * the originals only compare with a minimum: nothing else passes a length above
 * that of a sockaddr_storage. That needs no state, holds for tail calls and
 * under return probes, and cannot fail. tcp_v6_connect() hands v4-mapped
 * addresses to tcp_v4_connect() itself: the latter is left alone for IPv6
 * sockets.
 */
#include <linux/bits.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/mptcp.h>
#include <net/route.h>
#include <net/tcp.h>
#include <net/transp_v6.h>
#include <linux/l7mesh.h>
#include "intercept/connect.h"
#include "intercept/hook.h"
#include "intercept/redirect.h"
#include "lib/address_here.h"
#include "lib/inside.h"
#include "link/acceptor.h"
#include "link/identity.h"
#include "mesh/mesh.h"
#include "upstream/health.h"

#define CONNECT_PASS	BIT(30)

typedef int (*connect_fn)(struct sock *sk, compat_sockaddr *to, int len);

/* connect_plan(): leave the connection alone. */
#define PLAN_BYPASS	1

/* What becomes of one connect(). */
struct plan {
	struct mesh *mesh;
	struct snapshot *snapshot;
	const struct listener_slot *slot;
	struct redirect *r;
	struct endpoint *ep;		/* REDIRECT_ENDPOINT */
};

static const struct inet_connection_sock_af_ops *v6_af_ops;
#if defined(CONFIG_TCP_MD5SIG) || defined(CONFIG_TCP_AO)
static const struct tcp_sock_af_ops *v6_md5_ops;
#endif

/*
 * A user's socket, used by a user's thread: io_uring's workers are that, too.
 * Sockets of the kernel's own may be made without saying so (sock_create()),
 * but have no file.
 */
static bool is_users(const struct sock *sk)
{
	const struct ip_options_rcu *options;

	if (sk->sk_kern_sock || (current->flags & PF_KTHREAD))
		return false;
	if (!sk->sk_socket || !sk->sk_socket->file)
		return false;
	if (unlikely(tcp_sk(sk)->repair))
		return false;
	options = rcu_dereference(inet_sk(sk)->inet_opt);
	return likely(!options) || !options->opt.srr;	/* source route */
}

/* Can a socket connect to addresses of this family at all? */
static bool can_reach(const struct sock *sk, u16 family)
{
	if (sk->sk_family == AF_INET)
		return family == AF_INET;
	if (!ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		return family == (ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr) ?
				  AF_INET : AF_INET6);
	return family == AF_INET6 || !ipv6_only_sock(sk);
}

static bool loopback_is_up(const struct net *net)
{
	return READ_ONCE(net->loopback_dev->flags) & IFF_UP;
}

/* To the namespace's acceptor, on loopback? */
static bool leads_to_engine(const struct listener_slot *slot)
{
	return listener_routes(slot->listener) || listener_relays(slot);
}

/*
 * Why a connection must be left alone, whichever listener it is for, or MESH_STAT_COUNT
 * if it need not. A socket that is bound to a device must not leave it, and a link-local
 * destination always belongs to one device.
 */
static enum mesh_stat bypass_reason(const struct sock *sk, const struct address *to)
{
	if (sk_is_mptcp(sk))
		return STAT_BYPASSED_MPTCP;
	if (sk->sk_bound_dev_if)
		return STAT_BYPASSED_BOUND_DEVICE;
	if (to->family == AF_INET6 &&
	    ipv6_addr_type(&to->v6) & IPV6_ADDR_LINKLOCAL)
		return STAT_BYPASSED_BOUND_DEVICE;
	if (!can_reach(sk, to->family))
		return STAT_BYPASSED_FAMILY;
	return MESH_STAT_COUNT;
}

/* The same, of a connection to a listener. */
static enum mesh_stat slot_bypass_reason(const struct sock *sk,
					 const struct listener_slot *slot)
{
	const struct listener *l = slot->listener;

	if ((leads_to_engine(slot) ||
	     (l->has_proxy && address_is_loopback(&l->proxy))) &&
	    !loopback_is_up(sock_net(sk)))
		return STAT_BYPASSED_NO_LOOPBACK;
	return MESH_STAT_COUNT;
}

/* Which of several listeners it is for depends on routes, which are not asked here. */
static bool is_wanted(const struct sock *sk, const struct address *to)
{
	const struct listener_target *t;
	const struct mesh *m;
	enum mesh_stat why;
	bool wanted = false;

	rcu_read_lock();
	m = mesh_obeyed(sock_net(sk));
	if (!m)
		goto out;
	t = listener_target(&rcu_dereference(m->snapshot)->index, to);
	if (!t || (!t->npicks && t->slot.listener->http.inbound))
		goto out;
	if (!sk_is_mptcp(sk) && !is_users(sk))
		goto out;
	why = bypass_reason(sk, to);
	if (why == MESH_STAT_COUNT && likely(!t->npicks))
		why = slot_bypass_reason(sk, &t->slot);
	wanted = why == MESH_STAT_COUNT;
	if (!wanted)
		stat_inc(m->stats, why);
out:
	rcu_read_unlock();
	return wanted;
}

bool connect_wanted_v4(struct ftrace_regs *regs)
{
	const struct sock *sk = (void *)compat_ftrace_argument(regs, 0);
	const struct sockaddr_in *in = (void *)compat_ftrace_argument(regs, 1);
	int len = compat_ftrace_argument(regs, 2);
	struct address to;

	if (len < (int)sizeof(*in) || len & CONNECT_PASS ||
	    sk->sk_family != AF_INET || in->sin_family != AF_INET)
		return false;
	address_set_v4(&to, in->sin_addr.s_addr, in->sin_port);
	return is_wanted(sk, &to);
}

bool connect_wanted_v6(struct ftrace_regs *regs)
{
	const struct sock *sk = (void *)compat_ftrace_argument(regs, 0);
	const struct sockaddr_in6 *in6 = (void *)compat_ftrace_argument(regs, 1);
	int len = compat_ftrace_argument(regs, 2);
	struct address to;

	if (len < SIN6_LEN_RFC2133 || len & CONNECT_PASS ||
	    in6->sin6_family != AF_INET6)
		return false;
	address_set_v6(&to, &in6->sin6_addr, in6->sin6_port);
	return is_wanted(sk, &to);
}

/* The way of what TCP sends; @from is 0 for any source. */
static struct rtable *route_v4(struct sock *sk, __be32 from,
			       const struct address *to, struct flowi4 *fl4)
{
	ip_route_connect_init(fl4, to->v4, from, sk->sk_bound_dev_if,
			      IPPROTO_TCP, inet_sk(sk)->inet_sport, to->port,
			      sk);
	return __ip_route_output_key(sock_net(sk), fl4);
}

/* The same; NULL if there is none. */
static struct dst_entry *route_v6(struct sock *sk, const struct in6_addr *from,
				  const struct address *to, struct flowi6 *fl6)
{
	struct dst_entry *dst;

	*fl6 = (struct flowi6){
		.flowi6_proto = IPPROTO_TCP,
		.saddr = *from,
		.daddr = to->v6,
		.flowi6_oif = sk->sk_bound_dev_if,
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.fl6_dport = to->port,
		.fl6_sport = inet_sk(sk)->inet_sport,
		.flowi6_uid = sk->sk_uid,
	};
	return ip6_dst_lookup(sock_net(sk), sk, &dst, fl6) ? NULL : dst;
}

/* The source that the route to @to gives; if there is none, any of the node's. */
static void route_source_v4(struct sock *sk, const struct address *to,
			    struct address *source)
{
	struct flowi4 fl4;
	struct rtable *rt = route_v4(sk, 0, to, &fl4);

	if (IS_ERR(rt)) {
		fl4.saddr = inet_select_addr(sock_net(sk)->loopback_dev, to->v4,
					     RT_SCOPE_UNIVERSE);
	} else {
		ip_rt_put(rt);
	}
	address_set_v4(source, fl4.saddr, 0);
}

static void route_source_v6(struct sock *sk, const struct address *to,
			    struct address *source)
{
	struct flowi6 fl6;
	struct dst_entry *dst = route_v6(sk, &in6addr_any, to, &fl6);

	if (dst) {
		dst_release(dst);
	} else {
		fl6.saddr = in6addr_any;
		ipv6_dev_get_saddr(sock_net(sk), NULL, &to->v6, 0, &fl6.saddr);
	}
	address_set_v6(source, &fl6.saddr, 0);
}

/* Whether what is sent to an address stays in the namespace. */
static bool stays_here_v4(struct sock *sk, __be32 from, const struct address *to)
{
	struct flowi4 fl4;
	struct rtable *rt = route_v4(sk, from, to, &fl4);
	bool ok;

	if (IS_ERR(rt))
		return false;
	ok = rt->dst.dev->flags & IFF_LOOPBACK;
	ip_rt_put(rt);
	return ok;
}

static bool stays_here_v6(struct sock *sk, const struct in6_addr *from,
			  const struct address *to)
{
	struct flowi6 fl6;
	struct dst_entry *dst = route_v6(sk, from, to, &fl6);
	bool ok;

	if (!dst)
		return false;
	ok = dst->dev->flags & IFF_LOOPBACK;
	dst_release(dst);
	return ok;
}

/*
 * From loopback TCP sends to nobody else. To the mesh it would, whose loopback is in
 * the namespace: and anyone could be as many clients as 127.0.0.0/8 has addresses.
 */
static bool is_stranded(struct sock *sk, const struct address *from,
			const struct address *to)
{
	if (likely(!address_is_loopback(from)) || address_is_loopback(to))
		return false;
	if (from->family != to->family)
		return true;
	return to->family == AF_INET ? !stays_here_v4(sk, from->v4, to) :
				       !stays_here_v6(sk, &from->v6, to);
}

/* The address that getsockname() would answer without a mesh; port 0. */
static void source_address(struct sock *sk, const struct address *to,
			   struct address *source)
{
	if (sk->sk_family == AF_INET6 && !ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		address_set_v6(source, &sk->sk_v6_rcv_saddr, 0);
	else if (sk->sk_family == AF_INET && inet_sk(sk)->inet_saddr)
		address_set_v4(source, inet_sk(sk)->inet_saddr, 0);
	else if (to->family == AF_INET)
		route_source_v4(sk, to, source);
	else
		route_source_v6(sk, to, source);
}

/*
 * The cluster's pick; if this socket cannot reach that one, the next that it
 * can, from a place that depends on the client, so that the load spreads.
 */
static struct endpoint *pick_endpoint(const struct sock *sk, struct cluster *c,
				      const struct address *source)
{
	struct pick pick = { .source = *source, .unobserved = true };
	struct endpoint *ep = cluster_pick(c, &pick);
	u32 i, start;

	if (!ep || can_reach(sk, ep->address.family))
		return ep;
	start = reciprocal_scale(address_hash(source, 0), c->nmembers);
	for (i = 0; i < c->nmembers; i++) {
		ep = c->members[(start + i) % c->nmembers].ep;
		if (can_reach(sk, ep->address.family))
			return ep;
	}
	return NULL;
}

/* Refused for want of memory: the connection must not go around the mesh. */
static int plan_no_memory(struct plan *p)
{
	stat_inc(p->mesh->stats, STAT_REFUSED_NO_MEMORY);
	return -ENOMEM;
}

/* Refused: loopback is up, but has no free port or no address. */
static int plan_no_loopback(struct plan *p)
{
	stat_inc(p->mesh->stats, STAT_REFUSED_NO_LOOPBACK);
	return -EADDRNOTAVAIL;
}

static int plan_engine(struct plan *p, struct sock *sk)
{
	struct redirect *r = p->r;
	int err;

	err = acceptor_target(mesh_net(sock_net(sk))->http, &r->original, &r->target);
	if (err == -ENOMEM || err == -ENOBUFS || err == -ENFILE)
		return plan_no_memory(p);
	if (err)
		return plan_no_loopback(p);
	r->identity = identity_of(sk);
	if (!r->identity)
		return plan_no_memory(p);
	r->kind = REDIRECT_ENGINE;
	return 0;
}

static int plan_refuse(struct plan *p)
{
	stat_inc(p->mesh->stats, STAT_REFUSED_NO_ENDPOINT);
	return -ECONNREFUSED;
}

static int plan_target(struct plan *p, struct sock *sk)
{
	const struct listener *l = p->slot->listener;
	struct redirect *r = p->r;

	if (leads_to_engine(p->slot))
		return plan_engine(p, sk);
	if (l->has_proxy) {
		r->kind = REDIRECT_PROXY;
		r->target = l->proxy;
		/* If it is nowhere here the packet would leave the namespace. */
		if (address_is_loopback(&l->proxy) &&
		    !address_is_here(sock_net(sk), &l->proxy))
			return plan_no_loopback(p);
		return can_reach(sk, r->target.family) ? 0 : plan_refuse(p);
	}
	r->kind = REDIRECT_ENDPOINT;
	p->ep = pick_endpoint(sk, p->slot->cluster, &r->source);
	if (!p->ep)
		return plan_refuse(p);
	r->target = p->ep->address;
	return 0;
}

static void plan_free(struct plan *p)
{
	if (p->r)
		redirect_free(p->r);
	if (p->snapshot)
		snapshot_put(p->snapshot);
	if (p->mesh)
		mesh_put(p->mesh);
}

/* Which listener of the target's? False: none, or the connection is left alone. */
static bool plan_choose(struct plan *p, const struct sock *sk,
			const struct listener_target *t)
{
	enum mesh_stat why;

	p->slot = listener_choose(&p->snapshot->index, t, &p->r->source, NULL);
	if (!p->slot || p->slot->listener->http.inbound)
		return false;
	if (likely(!t->npicks))
		return true;
	/* Nobody could ask yet. */
	why = slot_bypass_reason(sk, p->slot);
	if (why == MESH_STAT_COUNT)
		return true;
	stat_inc(p->mesh->stats, why);
	return false;
}

/*
 * Decides what becomes of a connect(), and holds what that needs. To be undone
 * with plan_free() whatever it returns: 0, PLAN_BYPASS, or the errno for the
 * application.
 */
static int plan_make(struct plan *p, struct sock *sk, const struct address *to)
{
	const struct listener_target *t;
	struct mesh *m;

	memset(p, 0, sizeof(*p));
	rcu_read_lock();
	m = mesh_obeyed(sock_net(sk));
	if (m && mesh_tryget(m))
		p->mesh = m;
	rcu_read_unlock();
	if (!p->mesh)
		return PLAN_BYPASS;
	p->snapshot = mesh_snapshot_get(p->mesh);
	t = listener_target(&p->snapshot->index, to);
	if (!t)
		return PLAN_BYPASS;
	p->r = redirect_alloc();
	if (!p->r)
		return plan_no_memory(p);
	p->r->mesh = p->mesh;
	p->r->original = *to;
	source_address(sk, to, &p->r->source);
	if (!plan_choose(p, sk, t))
		return PLAN_BYPASS;
	/* As TCP says it. */
	if (is_stranded(sk, &p->r->source, to))
		return -EINVAL;
	return plan_target(p, sk);
}

static enum mesh_stat plan_stat(const struct plan *p)
{
	static const enum mesh_stat stats[] = {
		[L7MESH_PROTOCOL_TCP] = STAT_INTERCEPTED_L4,
		[L7MESH_PROTOCOL_HTTP] = STAT_INTERCEPTED_HTTP,
		[L7MESH_PROTOCOL_TLS] = STAT_INTERCEPTED_TLS,
		[L7MESH_PROTOCOL_AUTO] = STAT_INTERCEPTED_AUTO,
	};

	if (listener_relays(p->slot))
		return STAT_INTERCEPTED_RELAY;
	return p->r->kind == REDIRECT_PROXY ? STAT_INTERCEPTED_PROXY :
					      stats[p->slot->listener->protocol];
}

/* The redirected connect() has returned @err. */
static void plan_done(struct plan *p, struct sock *sk, int err)
{
	if (err) {
		redirect_abort(p->r);
		if (p->ep)
			atomic64_inc(&p->ep->failures);
	} else {
		redirect_commit(p->r, sk);
		stat_inc(p->mesh->stats, plan_stat(p));
		if (p->ep) {
			health_note_use(p->mesh, p->slot->cluster);
			atomic64_inc(&p->ep->connections);
		}
	}
	p->r = NULL;
}

bool connect_syn_wanted(struct ftrace_regs *regs)
{
	return redirect_syn_due((void *)compat_ftrace_argument(regs, 0));
}

/*
 * When it calls the original, redirect_syn_due() no longer holds. tcp_connect()
 * would copy data for the SYN from user memory, beneath this hook: so data follow
 * the handshake, as if there were no cookie.
 */
int connect_syn(struct sock *sk)
{
	struct tcp_fastopen_request *data = tcp_sk(sk)->fastopen_req;
	int err;

	redirect_syn(sk);
	tcp_sk(sk)->fastopen_req = NULL;
	err = tcp_connect(sk);
	/* As after a SYN with data: a retransmitted SYN has no Fast Open option. */
	if (data)
		data->cookie.len = -1;
	tcp_sk(sk)->fastopen_req = data;
	hook_leave();
	return err;
}

static noinline int redirect_v4(struct sock *sk, compat_sockaddr *to)
{
	struct sockaddr_in sa = *(struct sockaddr_in *)to;
	struct address a;
	struct plan p;
	int err;

	address_set_v4(&a, sa.sin_addr.s_addr, sa.sin_port);
	err = plan_make(&p, sk, &a);
	if (!err) {
		redirect_begin(p.r, sk);
		sa.sin_addr.s_addr = p.r->target.v4;
		sa.sin_port = p.r->target.port;
		err = tcp_prot.connect(sk, (compat_sockaddr *)&sa,
				       sizeof(sa) | CONNECT_PASS);
		plan_done(&p, sk, err);
	}
	plan_free(&p);
	hook_leave();
	return err;
}

__ends_in_jump
int connect_v4(struct sock *sk, compat_sockaddr *to, int len)
{
	int err = redirect_v4(sk, to);

	/* TCP may read the SYN's data with nothing of ours on the stack. */
	return err == PLAN_BYPASS ?
	       tcp_prot.connect(sk, to, len | CONNECT_PASS) : err;
}

static noinline int redirect_v6(struct sock *sk, compat_sockaddr *to)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	struct address a;
	struct plan p;
	int err;

	memcpy(&sa, to, SIN6_LEN_RFC2133);
	address_set_v6(&a, &sa.sin6_addr, sa.sin6_port);
	err = plan_make(&p, sk, &a);
	if (!err) {
		redirect_begin(p.r, sk);
		sa.sin6_port = p.r->target.port;
		if (p.r->target.family == AF_INET)
			ipv6_addr_set_v4mapped(p.r->target.v4, &sa.sin6_addr);
		else
			sa.sin6_addr = p.r->target.v6;
		err = tcpv6_prot.connect(sk, (compat_sockaddr *)&sa,
					 sizeof(sa) | CONNECT_PASS);
		plan_done(&p, sk, err);
	}
	plan_free(&p);
	hook_leave();
	return err;
}

__ends_in_jump
int connect_v6(struct sock *sk, compat_sockaddr *to, int len)
{
	int err = redirect_v6(sk, to);

	return err == PLAN_BYPASS ?
	       tcpv6_prot.connect(sk, to, len | CONNECT_PASS) : err;
}

/*
 * tcp_v6_connect() gives a socket IPv4's operations for a mapped address and
 * leaves them when such a connection fails later, as an application does not
 * connect one socket to both families. We make it do so, when an IPv6 listener
 * has an IPv4 endpoint. The state changes to SYN_SENT before they are used.
 */
void connect_native(struct sock *sk)
{
	if (sk->sk_family != AF_INET6 || ipv6_addr_v4mapped(&sk->sk_v6_daddr))
		return;
	if (!v6_af_ops || inet_csk(sk)->icsk_af_ops == v6_af_ops)
		return;
	WRITE_ONCE(inet_csk(sk)->icsk_af_ops, v6_af_ops);
	if (sk->sk_backlog_rcv == tcp_prot.backlog_rcv)
		sk->sk_backlog_rcv = tcpv6_prot.backlog_rcv;
#if defined(CONFIG_TCP_MD5SIG) || defined(CONFIG_TCP_AO)
	tcp_sk(sk)->af_specific = v6_md5_ops;
#endif
}

/* The operations are not exported, but every IPv6 socket begins with them. */
int connect_init(void)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, PF_INET6, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err == -EAFNOSUPPORT)
		return 0;	/* ipv6.disable=1 */
	if (err)
		return err;
	v6_af_ops = inet_csk(sock->sk)->icsk_af_ops;
#if defined(CONFIG_TCP_MD5SIG) || defined(CONFIG_TCP_AO)
	v6_md5_ops = tcp_sk(sock->sk)->af_specific;
#endif
	sock_release(sock);
	return 0;
}
