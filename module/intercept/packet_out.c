// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint of this very namespace answers to the address of the leg, which is a
 * client's somewhere else: what it sends stays here.
 */
#include <net/inet_timewait_sock.h>
#include <net/tcp.h>
#include "intercept/packet_priv.h"
#include "link/transparent.h"
#include "splice/sock_address.h"

static bool is_for_leg(const struct packet_net *pn, const struct sk_buff *skb,
		       struct address *from, struct address *to, u32 transport)
{
	__be16 buf[2];
	const __be16 *ports = skb_header_pointer(skb, transport, sizeof(buf), buf);
	struct sock *sk;
	bool ours;

	if (!ports)
		return false;
	from->port = ports[0];
	to->port = ports[1];
	sk = sock_between(pn->mn->net, to, from, pn->mn->net->loopback_dev->ifindex);
	if (!sk)
		return false;
	ours = inet_sk_transparent(sk);
	sock_gen_put(sk);
	return ours;
}

static unsigned int drop(const struct packet_net *pn)
{
	const struct mesh *m = rcu_dereference(pn->mn->mesh);

	if (m)
		stat_inc(m->stats, STAT_PACKETS_NO_ACCEPTOR);
	return NF_DROP;
}

static unsigned int keep_here(struct packet_net *pn, struct sk_buff *skb, int which)
{
	struct dst_entry *dst = packet_dst(pn, which);

	if (!dst)
		return drop(pn);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	/* What raw sockets send is under RCU for no longer than the hooks. */
	return skb_dst_force(skb) ? NF_ACCEPT : drop(pn);
}

static unsigned int send_v4(struct packet_net *pn, struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct address from, to;

	if (ip->protocol != IPPROTO_TCP || ip_is_fragment(ip))
		return NF_ACCEPT;
	address_set_v4(&from, ip->saddr, 0);
	address_set_v4(&to, ip->daddr, 0);
	if (!is_for_leg(pn, skb, &from, &to, skb_network_offset(skb) + ip->ihl * 4))
		return NF_ACCEPT;
	return keep_here(pn, skb, V4);
}

static noinline unsigned int send_v4_bh(struct packet_net *pn, struct sk_buff *skb)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = send_v4(pn, skb);
	local_bh_enable();
	return verdict;
}

/* As packet_in.c's, without a stack for nearly all. */
unsigned int packet_out_v4(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct packet_net *pn = priv;

	if (likely(!transparent_may_have(pn->transparent,
					 address_key_v4(ip_hdr(skb)->daddr))))
		return NF_ACCEPT;
	return send_v4_bh(pn, skb);
}

#if IS_ENABLED(CONFIG_IPV6)
static unsigned int send_v6(struct packet_net *pn, struct sk_buff *skb)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	struct address from, to;
	u8 next = ip->nexthdr;
	__be16 fragment;
	int transport;

	/* Options of the sender's, or that it is longer than 64 KiB. */
	transport = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(*ip), &next,
				     &fragment);
	if (transport < 0 || next != IPPROTO_TCP || fragment)
		return NF_ACCEPT;
	address_set_v6(&from, &ip->saddr, 0);
	address_set_v6(&to, &ip->daddr, 0);
	if (from.family != AF_INET6 || to.family != AF_INET6 ||
	    !is_for_leg(pn, skb, &from, &to, transport))
		return NF_ACCEPT;
	return keep_here(pn, skb, V6);
}

static noinline unsigned int send_v6_bh(struct packet_net *pn, struct sk_buff *skb)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = send_v6(pn, skb);
	local_bh_enable();
	return verdict;
}

unsigned int packet_out_v6(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct packet_net *pn = priv;

	if (likely(!transparent_may_have(pn->transparent,
					 address_key_v6(&ipv6_hdr(skb)->daddr))))
		return NF_ACCEPT;
	return send_v6_bh(pn, skb);
}
#endif
