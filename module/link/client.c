// SPDX-License-Identifier: GPL-2.0
#include "link/client.h"

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/l3mdev.h>
#include <net/tcp.h>
#include "lib/address_here.h"
#include "lib/compat.h"
#include "lib/payer.h"
#include "link/leg.h"
#include "link/link.h"
#include "splice/sock_address.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>
#endif

static bool (*redirection)(const struct sock *child,
			   struct client_claim *claim) __ro_after_init;

void client_claims_by(bool (*claim)(const struct sock *child,
				    struct client_claim *claim))
{
	redirection = claim;
}

bool client_claim(const struct link *link, struct client_claim *claim)
{
	claim->payer = NULL;
	return redirection(link->sk, claim);
}

struct mem_cgroup *client_payer(struct net *net, const struct address *from,
				const struct address *to, int dif)
{
	const struct sock *sk;

#if IS_ENABLED(CONFIG_IPV6)
	if (to->family == AF_INET6)
		sk = compat_lookup_listener6(net, &from->v6, from->port, &to->v6,
					     ntohs(to->port), dif);
	else
#endif
		sk = compat_lookup_listener(net, from->v4, from->port, to->v4,
					    ntohs(to->port), dif);
	return sk ? payer_get_of(sk) : NULL;
}

struct mem_cgroup *client_payer_here(const struct link *link, const struct address *to)
{
	struct net *net = sock_net(link->sk);
	struct mem_cgroup *payer = NULL;
	struct address from;

	link_peer(link, &from);
	if (from.family != to->family)
		return NULL;
	rcu_read_lock();
	if (address_is_here(net, to))
		payer = client_payer(net, &from, to, net->loopback_dev->ifindex);
	rcu_read_unlock();
	return payer;
}

/* With a reference for sock_gen_put(), or NULL. Under RCU. */
static struct sock *look_up(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	u16 port = ntohs(inet->inet_dport);
	int dif = net->loopback_dev->ifindex;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return compat_lookup6(net, &sk->sk_v6_rcv_saddr,
				      inet->inet_sport, &sk->sk_v6_daddr, port,
				      dif);
#endif
	return compat_lookup(net, sk->sk_rcv_saddr, inet->inet_sport,
			     sk->sk_daddr, port, dif);
}

bool client_is_gone(const struct link *link)
{
	struct sock *client;
	bool gone;

	if (inet_sk_transparent(link->sk))
		return false;
	rcu_read_lock();
	client = look_up(link->sk);
	rcu_read_unlock();
	if (!client)
		return true;
	/* close() sets both bits before it sends the FIN. */
	gone = !sk_fullsock(client) || sock_flag(client, SOCK_DEAD) ||
	       READ_ONCE(client->sk_shutdown) == SHUTDOWN_MASK;
	sock_gen_put(client);
	return gone;
}

/* The same, of a client's that is bound to no device. */
static struct sock *look_up_in(struct net *net, const struct address *from,
			       const struct address *to)
{
	return sock_between(net, from, to, net->loopback_dev->ifindex);
}

/* The device that has an address, or NULL. Under RCU. */
static struct net_device *device_of(struct net *net, const struct address *a)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (a->family == AF_INET6)
		return ipv6_mod_enabled() ? ipv6_dev_find(net, &a->v6, NULL) : NULL;
#endif
	return __ip_dev_find(net, a->v4, false);
}

/* A socket that is bound to the device of its address, or to the VRF of that. */
static struct sock *look_up_bound(struct net *net, const struct address *from,
				  const struct address *to)
{
	struct net_device *dev = device_of(net, from);
	struct sock *sk = dev ? sock_between(net, from, to, dev->ifindex) : NULL;
	int master = dev && !sk ? l3mdev_master_ifindex_rcu(dev) : 0;

	return master ? sock_between(net, from, to, master) : sk;
}

bool client_has_program(struct net *net, const struct address *from,
			const struct address *to)
{
	const struct socket *socket;
	struct sock *sk;
	bool has = false;

	if (from->family != to->family)
		return false;
	sk = look_up_in(net, from, to);
	if (!sk)
		return false;
	if (sk_fullsock(sk)) {
		socket = READ_ONCE(sk->sk_socket);
		has = socket && READ_ONCE(socket->file);
	}
	sock_gen_put(sk);
	return has;
}

/* Is it a client's that has sent just this SYN? An answer acknowledges that. */
static bool has_begun(const struct sock *sk, const struct client_end *end)
{
	return (sk->sk_state == TCP_SYN_SENT) == !end->answered &&
	       READ_ONCE(tcp_sk(sk)->snd_una) == end->isn + end->answered;
}

/*
 * Is the other end of it @ours? What each has got is among what the other has sent. Of a
 * socket that waits for our FIN, or longer, only how far it sent is left.
 */
static bool is_other_end(struct sock *sk, const struct sock *ours)
{
	const struct tcp_sock *us = tcp_sk(ours), *tp;

	if (sk->sk_state == TCP_TIME_WAIT)
		return tcp_twsk(sk)->tw_snd_nxt == us->rcv_nxt;
	if (!sk_fullsock(sk))
		return false;
	tp = tcp_sk(sk);
	return between(us->rcv_nxt, READ_ONCE(tp->snd_una), READ_ONCE(tp->write_seq)) &&
	       between(READ_ONCE(tp->rcv_nxt), us->snd_una, us->write_seq);
}

static bool agrees(struct sock *sk, const struct client_end *end)
{
	return end->link ? is_other_end(sk, end->link->sk) :
			   sk_fullsock(sk) && has_begun(sk, end);
}

static bool has_socket(struct net *net, const struct address *to,
		       const struct client_end *end)
{
	const struct address *from = end->from;
	struct sock *sk;
	bool is;

	if (from->family != to->family)
		return false;
	sk = look_up_in(net, from, to) ?: look_up_bound(net, from, to);
	if (!sk)
		return false;
	is = agrees(sk, end);
	sock_gen_put(sk);
	return is;
}

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
static void put_end(struct nf_conntrack_man *man, const struct address *a)
{
	man->l3num = a->family;
	man->u.tcp.port = a->port;
	if (a->family == AF_INET)
		man->u3.ip = a->v4;
	else
		man->u3.in6 = a->v6;
}

/* What comes back from @to, as conntrack knows it. */
static struct nf_conntrack_tuple answer_of(const struct address *from,
					   const struct address *to)
{
	struct nf_conntrack_man client = {};
	struct nf_conntrack_tuple t = {};

	put_end(&t.src, to);
	put_end(&client, from);
	t.dst.u3 = client.u3;
	t.dst.u.tcp.port = client.u.tcp.port;
	t.dst.protonum = IPPROTO_TCP;
	return t;
}

/* What @from had asked for, where that was translated to @to. */
static bool find_original(struct net *net, const struct address *from,
			  const struct address *to, struct address *original)
{
	/* Not the default zone itself: origdst.c takes that for an application. */
	const struct nf_conntrack_zone zone = nf_ct_zone_dflt;
	const struct nf_conntrack_tuple answer = answer_of(from, to), *asked;
	struct nf_conntrack_tuple_hash *h = nf_conntrack_find_get(net, &zone, &answer);
	struct nf_conn *ct;

	if (!h)
		return false;
	ct = nf_ct_tuplehash_to_ctrack(h);
	asked = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	if (asked->src.l3num == AF_INET)
		address_set_v4(original, asked->dst.u3.ip, asked->dst.u.tcp.port);
	else
		address_set_v6(original, &asked->dst.u3.in6, asked->dst.u.tcp.port);
	nf_ct_put(ct);
	return true;
}
#else
static bool find_original(struct net *net, const struct address *from,
			  const struct address *to, struct address *original)
{
	return false;
}
#endif

bool client_is_in(struct net *net, struct net *node, const struct client_end *end)
{
	struct address original;

	return has_socket(net, end->to, end) ||
	       (find_original(node, end->from, end->to, &original) &&
		has_socket(net, &original, end)) ||
	       (find_original(net, end->from, end->to, &original) &&
		has_socket(net, &original, end));
}
