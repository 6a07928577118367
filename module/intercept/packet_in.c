// SPDX-License-Identifier: GPL-2.0
/*
 * Traps:
 *
 * - Our packets go on through the hooks of NAT. So an entry of conntrack's that is new,
 *   as it is of a SYN, and of any packet after somebody has flushed the table, is told
 *   that its destination has been seen to. What is translated already stays so.
 * - The ACK of a SYN cookie belongs to no socket yet, so what has none is given to the
 *   acceptor, which answers RST if it should be.
 * - Packets may be parked, to be put together or decrypted, for longer than RCU protects
 *   the socket that they were given: it is counted. Fragments of IPv6 are left alone.
 * - Any program may have a socket that is bound to a listener's IPv6 address (FREEBIND).
 *   Only transparent ones are given anything, which need a capability.
 * - br_netfilter replaces the destination of what it lets through PRE_ROUTING: what is
 *   taken there is delivered from the hook.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/netfilter_bridge.h>
#include <net/icmp.h>
#include <net/inet_timewait_sock.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/tcp.h>
#include <net/xfrm.h>
#include "authz/authz_table.h"
#include "authz/guard.h"
#include "authz/workload.h"
#include "intercept/packet_priv.h"
#include "lib/address_here.h"
#include "link/acceptor.h"
#include "link/transparent.h"
#include "mesh/inbound.h"
#include "splice/sock_address.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#endif

/*
 * A packet to an address at which a listener takes packets, or which a socket of ours may
 * have. Those may be left of a mesh that the namespace obeyed: then there is none.
 */
struct arrival {
	struct packet_net *pn;
	const struct mesh *mesh;	/* or NULL */
	const struct snapshot *snapshot;	/* its; or NULL */
	struct sk_buff *skb;
	unsigned int transport;		/* offset of its header */
	struct address from, to;	/* of the packet; of an ICMP error of what it is about */
};

/* ---- giving a packet to a socket ---- */

static unsigned int drop(const struct arrival *a, enum mesh_stat why)
{
	if (a->mesh)
		stat_inc(a->mesh->stats, why);
	return NF_DROP;
}

#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
/* br_netfilter's pass: does what netif_receive_skb() and ipv6_rcv() would have done. */
static unsigned int deliver_bridged(const struct arrival *a)
{
	struct sk_buff *skb = a->skb;

	skb->skb_iif = skb->dev->ifindex;
	if (skb->protocol == htons(ETH_P_IPV6)) {
		skb_set_transport_header(skb, skb_network_offset(skb) +
					      sizeof(struct ipv6hdr));
		IP6CB(skb)->iif = skb->skb_iif;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
	dst_input(skb);
	return NF_STOLEN;
}
#endif

/*
 * The kernel takes the destination of a packet for that of the next one to the same
 * address, which may go elsewhere, unless rules say otherwise, or there are several ways.
 */
static void dont_hint(struct sk_buff *skb, bool v6)
{
#if defined(IPSKB_MULTIPATH) && defined(IP6SKB_MULTIPATH)
	if (v6)
		IP6CB(skb)->flags |= IP6SKB_MULTIPATH;
	else
		IPCB(skb)->flags |= IPSKB_MULTIPATH;
#endif
}

/* To this namespace's TCP, whatever its address is. */
static unsigned int deliver(const struct arrival *a)
{
	bool v6 = a->skb->protocol == htons(ETH_P_IPV6);
	struct dst_entry *dst = packet_dst(a->pn, v6 ? V6 : V4);

	if (!dst)
		return drop(a, STAT_PACKETS_NO_ACCEPTOR);
	skb_dst_drop(a->skb);
	skb_dst_set_noref(a->skb, dst);
	dont_hint(a->skb, v6);
#if IS_ENABLED(CONFIG_IP_VS)
	/* Not IPVS's. */
	a->skb->ipvs_property = 1;
#endif
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (nf_bridge_info_get(a->skb))
		return deliver_bridged(a);
#endif
	return NF_ACCEPT;
}

/* The connection of these addresses, to be put; or NULL. */
static struct sock *established(const struct arrival *a)
{
	return sock_between(a->pn->mn->net, &a->to, &a->from, a->skb->dev->ifindex);
}

/*
 * Is it for a program of this namespace? Not if it has only bound the address of a
 * listener, as with IPv6 anybody may; but the node may have that address itself.
 */
static bool is_anothers(const struct arrival *a)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (a->to.family == AF_INET6)
		return ipv6_chk_addr(a->pn->mn->net, &a->to.v6, NULL, 0);
#endif
	return true;
}

/*
 * From outside, in the name of a leg's of ours: what that sends to a program here does not
 * come from there, whoever has the address that it shows.
 */
static bool is_in_a_legs_name(const struct arrival *a)
{
	struct net *net = a->pn->mn->net;
	struct sock *leg;
	bool is;

	if (likely(!transparent_may_have(a->pn->transparent, address_key(&a->from))) ||
	    a->skb->dev->flags & IFF_LOOPBACK)
		return false;
	leg = sock_between(net, &a->from, &a->to, net->loopback_dev->ifindex);
	is = leg && inet_sk_transparent(leg);
	if (leg)
		sock_gen_put(leg);
	return is;
}

/* ---- TCP ---- */

/* Somebody's DNAT from before we came, or an answer to what somebody has masqueraded. */
static bool is_translated(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct)
		return false;
	return ct->status & IPS_DST_NAT ||
	       (CTINFO2DIR(info) == IP_CT_DIR_REPLY && ct->status & IPS_NAT_MASK);
#else
	return false;
#endif
}

static void keep_from_nat(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	if (ct && !nf_ct_is_confirmed(ct))
		set_bit(IPS_DST_NAT_DONE_BIT, &ct->status);
#endif
}

/*
 * As __fib_validate_source(), which is not asked of a packet that has a destination; but
 * for rules that look at ports, protocol or TOS.
 */
static bool is_good_source_v4(const struct arrival *a, struct in_device *in)
{
	int strict = secpath_exists(a->skb) ? 0 : IN_DEV_RPFILTER(in);
	struct flowi4 fl4 = {
		.flowi4_iif = LOOPBACK_IFINDEX,
		.flowi4_mark = IN_DEV_SRC_VMARK(in) ? a->skb->mark : 0,
		.daddr = a->from.v4,
		.saddr = a->to.v4,
	};
	struct fib_result found;

	if (fib_lookup(a->pn->mn->net, &fl4, &found, 0))
		return !strict;
	if (found.type != RTN_UNICAST)
		return found.type == RTN_LOCAL && IN_DEV_ACCEPT_LOCAL(in) &&
		       strict != 1;
	return strict != 1 || fib_info_nh_uses_dev(found.fi, a->skb->dev);
}

/* What the kernel would have asked of the source, had it looked for a route. */
static bool is_good_source(const struct arrival *a)
{
	struct in_device *in;

	if (!address_is_host(&a->from))
		return false;
	if (a->from.family == AF_INET6)
		return !ipv6_chk_addr(a->pn->mn->net, &a->from.v6, NULL, 0);
	in = __in_dev_get_rcu(a->skb->dev);
	return in && is_good_source_v4(a, in);
}

/* To TCP, as a packet of this socket's, which is counted for that. */
static unsigned int give(const struct arrival *a, struct sock *sk)
{
	keep_from_nat(a->skb);
	skb_orphan(a->skb);
	a->skb->sk = sk;
	a->skb->destructor = sock_edemux;
	return deliver(a);
}

/*
 * A workload's namespace takes what comes to itself. What it would take in passing goes on
 * as its own: anybody who sends it packets could speak in its name, unless somebody has
 * said by which interface they come.
 */
static bool is_for_here(const struct arrival *a, const struct listener *l)
{
	struct net *net = a->pn->mn->net;

	if (l->http.inbound)
		return address_is_here(net, &a->to);
	return likely(!a->snapshot->authz) || *l->interface ||
	       !authz_table_guard(a->snapshot->authz, net->net_cookie);
}

/* Its namespace has no socket for it just now. May the application have it instead? */
static bool passes_untaken(const struct arrival *a, const struct listener *l)
{
	const struct guard *g = l->http.inbound ?
		authz_table_guard(a->snapshot->authz, a->pn->mn->net->net_cookie) : NULL;

	return g && g->workload->on_failure == L7MESH_ON_FAILURE_OPEN;
}

/*
 * Nobody can take it. If it passes, who looks at it next has to find that there is still
 * no socket (conn_request.c): there is one a moment later.
 */
static unsigned int miss(const struct arrival *a, const struct listener *l)
{
	bool passes = passes_untaken(a, l);

	packet_settle_soon(a->pn);
	return passes ? NF_ACCEPT : drop(a, STAT_PACKETS_NO_ACCEPTOR);
}

/*
 * Who takes a packet to no connection that there is? Counted. NULL: nobody, then @verdict
 * says what becomes of it.
 */
static struct sock *taker(const struct arrival *a, unsigned int *verdict)
{
	const struct listener_slot *slot = a->snapshot ?
		listener_of_packets(a->snapshot, &a->to, &a->from, a->skb->dev->name) : NULL;
	struct sock *acceptor;

	*verdict = NF_ACCEPT;
	if (!slot || !is_for_here(a, slot->listener))
		return NULL;
	acceptor = acceptor_of_packets(a->pn->mn->http, a->to.family);
	if (!acceptor || !refcount_inc_not_zero(&acceptor->sk_refcnt)) {
		*verdict = miss(a, slot->listener);
		return NULL;
	}
	/* What seems to go on may begin: with a SYN cookie. */
	if (!is_good_source(a)) {
		sock_put(acceptor);
		*verdict = drop(a, STAT_PACKETS_BAD_SOURCE);
		return NULL;
	}
	return acceptor;
}

/* @old: whose place the connection that begins takes, counted; or NULL. */
static unsigned int take_first(const struct arrival *a, struct inet_timewait_sock *old)
{
	unsigned int verdict;
	struct sock *acceptor = taker(a, &verdict);

	if (old && acceptor)
		inet_twsk_deschedule_put(old);
	else if (old)
		inet_twsk_put(old);
	return acceptor ? give(a, acceptor) : verdict;
}

static unsigned int take_tcp(struct arrival *a)
{
	struct tcphdr buf;
	const struct tcphdr *th = skb_header_pointer(a->skb, a->transport,
						     sizeof(buf), &buf);
	struct sock *sk;
	bool begins;

	if (!th || is_translated(a->skb))
		return NF_ACCEPT;
	a->from.port = th->source;
	a->to.port = th->dest;
	begins = th->syn && !th->ack && !th->rst && !th->fin;
	sk = established(a);
	/* As with TPROXY: nobody's, whoever had it. */
	if (sk && begins && sk->sk_state == TCP_TIME_WAIT)
		return take_first(a, inet_twsk(sk));
	if (sk && !inet_sk_transparent(sk)) {
		bool theirs = is_anothers(a);

		sock_gen_put(sk);
		if (theirs)
			return is_in_a_legs_name(a) ? drop(a, STAT_PACKETS_BAD_SOURCE) :
						      NF_ACCEPT;
		sk = NULL;
	}
	if (!sk)
		return take_first(a, NULL);
	return give(a, sk);
}

/* An error about what a connection of ours has sent: TCP finds the connection. */
static unsigned int take_error(struct arrival *a)
{
	struct sock *sk = established(a);
	bool ours = sk && inet_sk_transparent(sk);

	if (sk)
		sock_gen_put(sk);
	return ours ? deliver(a) : NF_ACCEPT;
}

/* ---- the hooks ---- */

/*
 * What comes by loopback this node has sent: connect() is where that is intercepted. The
 * engine's sockets are in no VRF.
 */
static bool is_ours_to_take(const struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridged = nf_bridge_info_get(skb);

	/* Another machine's, which this one only bridges. */
	if (bridged && bridged->pkt_otherhost)
		return false;
#endif
	return skb->pkt_type == PACKET_HOST &&
	       !(state->in->flags & IFF_LOOPBACK) &&
	       !netif_is_l3_master(state->in) && !netif_is_l3_slave(state->in);
}

/* What nearly all packets pay for: some 25 instructions, and no stack. */
static __always_inline bool may_be_taken(const struct packet_net *pn, u32 key)
{
	const struct mesh *m = rcu_dereference(pn->mn->mesh);

	return (m && snapshot_may_take(rcu_dereference(m->snapshot), key)) ||
	       transparent_may_have(pn->transparent, key);
}

static void arrival_init(struct arrival *a, struct packet_net *pn, struct sk_buff *skb)
{
	a->pn = pn;
	a->skb = skb;
	a->mesh = rcu_dereference(pn->mn->mesh);
	a->snapshot = a->mesh ? rcu_dereference(a->mesh->snapshot) : NULL;
}

static unsigned int take_icmp_v4(struct arrival *a)
{
	struct icmphdr icmp_buf, *icmp;
	struct iphdr ip_buf, *ip;
	__be16 ports_buf[2], *ports;
	unsigned int at = a->transport;

	icmp = skb_header_pointer(a->skb, at, sizeof(icmp_buf), &icmp_buf);
	if (!icmp || !icmp_is_err(icmp->type))
		return NF_ACCEPT;
	at += sizeof(*icmp);
	ip = skb_header_pointer(a->skb, at, sizeof(ip_buf), &ip_buf);
	if (!ip || ip->protocol != IPPROTO_TCP || ip->ihl < 5 ||
	    ip->frag_off & htons(IP_OFFSET))
		return NF_ACCEPT;
	at += ip->ihl * 4;
	ports = skb_header_pointer(a->skb, at, sizeof(ports_buf), ports_buf);
	if (!ports)
		return NF_ACCEPT;
	address_set_v4(&a->from, ip->daddr, ports[1]);
	address_set_v4(&a->to, ip->saddr, ports[0]);
	return take_error(a);
}

static unsigned int take_v4(struct packet_net *pn, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct arrival a;

	if (!is_ours_to_take(skb, state) || ip_is_fragment(ip))
		return NF_ACCEPT;
	arrival_init(&a, pn, skb);
	a.transport = skb_network_offset(skb) + ip->ihl * 4;
	address_set_v4(&a.from, ip->saddr, 0);
	address_set_v4(&a.to, ip->daddr, 0);
	if (ip->protocol == IPPROTO_TCP)
		return take_tcp(&a);
	return ip->protocol == IPPROTO_ICMP ? take_icmp_v4(&a) : NF_ACCEPT;
}

/* What comes from a queue to user space does so in a task. */
static noinline unsigned int take_v4_bh(struct packet_net *pn, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = take_v4(pn, skb, state);
	local_bh_enable();
	return verdict;
}

unsigned int packet_in_v4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct packet_net *pn = priv;

	if (likely(!may_be_taken(pn, address_key_v4(ip_hdr(skb)->daddr))))
		return NF_ACCEPT;
	return take_v4_bh(pn, skb, state);
}

#if IS_ENABLED(CONFIG_IPV6)
static unsigned int take_icmp_v6(struct arrival *a)
{
	struct icmp6hdr icmp_buf, *icmp;
	struct ipv6hdr ip_buf, *ip;
	__be16 ports_buf[2], *ports;
	unsigned int at = a->transport;

	icmp = skb_header_pointer(a->skb, at, sizeof(icmp_buf), &icmp_buf);
	if (!icmp || icmp->icmp6_type & ICMPV6_INFOMSG_MASK)
		return NF_ACCEPT;
	at += sizeof(*icmp);
	ip = skb_header_pointer(a->skb, at, sizeof(ip_buf), &ip_buf);
	if (!ip || ip->nexthdr != IPPROTO_TCP)
		return NF_ACCEPT;
	at += sizeof(*ip);
	ports = skb_header_pointer(a->skb, at, sizeof(ports_buf), ports_buf);
	if (!ports)
		return NF_ACCEPT;
	address_set_v6(&a->from, &ip->daddr, ports[1]);
	address_set_v6(&a->to, &ip->saddr, ports[0]);
	/* A packet that holds an address of the other family within is nobody's. */
	if (a->from.family != AF_INET6 || a->to.family != AF_INET6)
		return NF_ACCEPT;
	return take_error(a);
}

static unsigned int take_v6(struct packet_net *pn, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	struct arrival a;

	if (!is_ours_to_take(skb, state))
		return NF_ACCEPT;
	arrival_init(&a, pn, skb);
	address_set_v6(&a.from, &ip->saddr, 0);
	address_set_v6(&a.to, &ip->daddr, 0);
	if (a.from.family != AF_INET6 || a.to.family != AF_INET6)
		return NF_ACCEPT;
	/* With a header in between it may be a fragment, or be decrypted first. */
	a.transport = skb_network_offset(skb) + sizeof(*ip);
	if (ip->nexthdr == IPPROTO_TCP)
		return take_tcp(&a);
	return ip->nexthdr == IPPROTO_ICMPV6 ? take_icmp_v6(&a) : NF_ACCEPT;
}

/* What comes from a queue to user space does so in a task. */
static noinline unsigned int take_v6_bh(struct packet_net *pn, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = take_v6(pn, skb, state);
	local_bh_enable();
	return verdict;
}

unsigned int packet_in_v6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct packet_net *pn = priv;

	if (likely(!may_be_taken(pn, address_key_v6(&ipv6_hdr(skb)->daddr))))
		return NF_ACCEPT;
	return take_v6_bh(pn, skb, state);
}
#endif
