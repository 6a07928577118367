// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/ip6_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/tcp.h>
#include "splice/conntrack.h"

/* A firewall or IPVS may be on the way even where no entry was found. */
#define PACKET_EVERY	(15 * HZ)

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

/* The tuple of a packet that the socket sends. */
static void tuple_of(struct nf_conntrack_tuple *t, const struct sock *sk)
{
	memset(t, 0, sizeof(*t));
	t->dst.protonum = IPPROTO_TCP;
	t->src.u.tcp.port = inet_sk(sk)->inet_sport;
	t->dst.u.tcp.port = inet_sk(sk)->inet_dport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		t->src.l3num = AF_INET6;
		t->src.u3.in6 = sk->sk_v6_rcv_saddr;
		t->dst.u3.in6 = sk->sk_v6_daddr;
		return;
	}
#endif
	t->src.l3num = AF_INET;
	t->src.u3.ip = sk->sk_rcv_saddr;
	t->dst.u3.ip = sk->sk_daddr;
}

/* An entry ends where its sender has got to, or was a moment ago. */
static bool has_sent(const struct sock *sk, const struct ip_ct_tcp_state *seen)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return between(seen->td_end, tp->snd_una, tp->write_seq);
}

/*
 * Whether an entry has seen this connection, and not another of the same tuple: each
 * namespace may have any addresses, and a tuple is used again.
 */
static bool has_seen(const struct nf_conn *ct, const struct sock *from,
		     const struct sock *to, enum ip_conntrack_dir dir)
{
	const struct ip_ct_tcp_state *seen = ct->proto.tcp.seen;

	return has_sent(from, &seen[dir]) && has_sent(to, &seen[!dir]);
}

static bool relax_entry(struct nf_conn *ct, const struct sock *from,
			const struct sock *to, enum ip_conntrack_dir dir)
{
	struct ip_ct_tcp *tcp = &ct->proto.tcp;
	bool seen;

	spin_lock_bh(&ct->lock);
	seen = has_seen(ct, from, to, dir);
	if (seen) {
		tcp->seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
		tcp->seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	}
	spin_unlock_bh(&ct->lock);
	return seen;
}

/* Several packets within an entry's timeout, as some may be lost or late. */
static u32 packet_every(const struct nf_conn *ct)
{
	u32 life = nf_ct_expires(ct);

	return max_t(u32, life / 4, HZ / 2);
}

/* @t: the tuple of what @from sends to @to, as @net knows it. */
static bool relax_in(struct net *net, const struct nf_conntrack_tuple *t,
		     const struct sock *from, const struct sock *to, u32 *every)
{
	static const struct nf_conntrack_zone zone = {
		.id = NF_CT_DEFAULT_ZONE_ID,
		.dir = NF_CT_DEFAULT_ZONE_DIR,
	};
	struct nf_conntrack_tuple_hash *h;
	struct nf_conn *ct;
	bool ours;

	if (!nf_conntrack_count(net))
		return false;
	h = nf_conntrack_find_get(net, &zone, t);
	if (!h)
		return false;
	ct = nf_ct_tuplehash_to_ctrack(h);
	ours = relax_entry(ct, from, to, NF_CT_DIRECTION(h));
	if (ours)
		*every = min(*every, packet_every(ct));
	nf_conntrack_put(&ct->ct_general);
	return ours;
}

/* Whether a namespace's packets are tracked: conntrack has its hooks there. */
static bool tracks(const struct net *net, const struct nf_conntrack_tuple *t)
{
	const int at = NF_INET_LOCAL_OUT;
	const struct nf_hook_entries *e;
	struct nf_hook_ops **ops;
	bool found = false;
	int i;

	rcu_read_lock();
	if (t->src.l3num == AF_INET6)
		e = rcu_dereference(net->nf.hooks_ipv6[at]);
	else
		e = rcu_dereference(net->nf.hooks_ipv4[at]);
	ops = e ? nf_hook_entries_get_hook_ops(e) : NULL;
	for (i = 0; e && i < e->num_hook_entries && !found; i++)
		found = ops[i]->priority == NF_IP_PRI_CONNTRACK &&
			ops[i]->hook_ops_type == NF_HOOK_OP_UNDEFINED;
	rcu_read_unlock();
	return found;
}

/* Whether packets leave by way of a router: for a pod, that is the first namespace. */
static bool is_routed(const struct sock *sk, const struct nf_conntrack_tuple *t)
{
	const struct dst_entry *dst;
	bool routed = false;

	rcu_read_lock();
	dst = rcu_dereference(sk->sk_dst_cache);
	if (dst && t->src.l3num == AF_INET)
		routed = ((const struct rtable *)dst)->rt_uses_gateway;
	else if (dst)
		routed = ((const struct rt6_info *)dst)->rt6i_flags &
			 RTF_GATEWAY;
	rcu_read_unlock();
	return routed;
}

static bool is_first(const struct sock *sk)
{
	return net_eq(sock_net(sk), &init_net);
}

bool conntrack_relax(const struct sock *client, const struct sock *server,
		     u32 *every)
{
	struct nf_conntrack_tuple there, back;
	struct net *net = sock_net(client);
	bool found;

	*every = PACKET_EVERY;
	tuple_of(&there, client);
	tuple_of(&back, server);
	if (!relax_in(net, &there, client, server, every) && tracks(net, &there))
		return false;
	net = sock_net(server);
	if (!relax_in(net, &back, server, client, every) && tracks(net, &back))
		return false;
	if (is_first(client) || is_first(server))
		return true;
	found = relax_in(&init_net, &there, client, server, every);
	found |= relax_in(&init_net, &back, server, client, every);
	return found || net_eq(sock_net(client), net) ||
	       !is_routed(client, &there) || !tracks(&init_net, &there);
}

#else

bool conntrack_relax(const struct sock *client, const struct sock *server,
		     u32 *every)
{
	*every = PACKET_EVERY;
	return true;
}

#endif
