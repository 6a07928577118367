// SPDX-License-Identifier: GPL-2.0
#include "intercept/abort.h"

#include <net/tcp.h>

#include "lib/compat.h"
#include "splice/sock_address.h"

#define ROOM	(sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

/* As ip_rcv() and ipv6_rcv() have them: what answers to the packet takes them from there. */
static void put_v4(struct sk_buff *skb, const struct sock *sk, const struct address *from,
		   const struct address *to)
{
	struct iphdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = inet_sk(sk)->tos;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = from->v4;
	ip->daddr = to->v4;
	skb->protocol = htons(ETH_P_IP);
}

static void put_v6(struct sk_buff *skb, const struct address *from, const struct address *to)
{
	struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 6;
	ip->nexthdr = IPPROTO_TCP;
	ip->saddr = from->v6;
	ip->daddr = to->v6;
	skb->protocol = htons(ETH_P_IPV6);
}

static void put_tcp(struct sk_buff *skb, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th));
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	th->source = inet_sk(sk)->inet_dport;
	th->dest = inet_sk(sk)->inet_sport;
	th->seq = htonl(tp->rcv_nxt);
	th->ack_seq = htonl(tp->snd_nxt);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	memset(cb, 0, sizeof(*cb));
	cb->seq = tp->rcv_nxt;
	cb->end_seq = tp->rcv_nxt;
	cb->ack_seq = tp->snd_nxt;
	cb->tcp_flags = TCPHDR_ACK | TCPHDR_RST;
}

/* A segment of the peer's, of no length, that comes next. Addresses of which family? */
static struct sk_buff *next_segment(const struct sock *sk, u8 *family)
{
	struct sk_buff *skb = alloc_skb(ROOM, GFP_ATOMIC | __GFP_NOWARN);
	struct address from, to;

	if (!skb)
		return NULL;
	sock_peer_address(sk, &from);
	sock_local_address(sk, &to);
	*family = from.family;
	skb_reset_network_header(skb);
	if (from.family == AF_INET)
		put_v4(skb, sk, &from, &to);
	else
		put_v6(skb, &from, &to);
	skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	put_tcp(skb, sk);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}

static const struct request_sock_ops *ops_of(const struct sock *sk, u8 family)
{
	return family == AF_INET ? tcp_prot.rsk_prot : sk->sk_prot->rsk_prot;
}

/* The slock is held, and nobody owns the socket. */
static int reset_both(struct sock *sk)
{
	struct sk_buff *skb;
	u8 family;

	if (sk->sk_state == TCP_CLOSE)
		return 0;
	skb = next_segment(sk, &family);
	if (!skb)
		return -ENOMEM;
	/* To the peer, as if we could make nothing of what it has sent. */
	compat_send_reset(ops_of(sk, family), sk, skb);
	tcp_hdr(skb)->rst = 1;
	sk->sk_backlog_rcv(sk, skb);
	return 0;
}

int abort_connection(struct sock *sk)
{
	int err = -EBUSY;

	/* Nobody can have those locked. */
	if (!sk_fullsock(sk)) {
		tcp_abort(sk, ECONNABORTED);
		return 0;
	}
	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		err = reset_both(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	return err;
}
