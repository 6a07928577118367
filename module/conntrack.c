// SPDX-License-Identifier: GPL-2.0
/* conntrack: see conntrack.h. */
#include <linux/module.h>
#include <net/ipv6.h>
#include "conntrack.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

/* Of a module that may come after us, or never. */
static typeof(nf_conntrack_find_get) *find_get;

static bool have_conntrack(void)
{
	typeof(nf_conntrack_find_get) *found;

	if (READ_ONCE(find_get))
		return true;
	if (!rcu_access_pointer(nf_ct_hook))
		return false;
	found = symbol_get(nf_conntrack_find_get);
	if (found && cmpxchg(&find_get, NULL, found))
		symbol_put(nf_conntrack_find_get);
	return found;
}

/* What a packet of the socket's carries when it leaves. */
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

static void relax_entry(struct nf_conn *ct)
{
	struct ip_ct_tcp *tcp = &ct->proto.tcp;

	spin_lock_bh(&ct->lock);
	tcp->seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	tcp->seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock_bh(&ct->lock);
}

static void relax_in(struct net *net, const struct nf_conntrack_tuple *t)
{
	static const struct nf_conntrack_zone zone = {
		.id = NF_CT_DEFAULT_ZONE_ID,
		.dir = NF_CT_DEFAULT_ZONE_DIR,
	};
	struct nf_conntrack_tuple_hash *h = find_get(net, &zone, t);
	struct nf_conn *ct;

	if (!h)
		return;
	ct = nf_ct_tuplehash_to_ctrack(h);
	relax_entry(ct);
	nf_conntrack_put(&ct->ct_general);
}

void conntrack_relax(const struct sock *client, const struct sock *server)
{
	struct net *const nets[] = {
		sock_net(client), sock_net(server), &init_net,
	};
	struct nf_conntrack_tuple there, back;
	int i;

	if (!have_conntrack())
		return;
	tuple_of(&there, client);
	tuple_of(&back, server);
	for (i = 0; i < ARRAY_SIZE(nets); i++) {
		if (i && nets[i] == nets[i - 1])
			continue;
		relax_in(nets[i], &there);
		relax_in(nets[i], &back);
	}
}

void conntrack_exit(void)
{
	if (!find_get)
		return;
	symbol_put(nf_conntrack_find_get);
	find_get = NULL;
}

#else

void conntrack_relax(const struct sock *client, const struct sock *server)
{
}

void conntrack_exit(void)
{
}

#endif
