// SPDX-License-Identifier: GPL-2.0
/*
 * Only the options' own search is answered. It is told from others by the zone that it
 * passes, which is the kernel's default one itself, and by its context: what else
 * passes that (IPVS, BPF programs) does so for a packet, with BH off, or in a kernel
 * thread. Any other socket's is left alone: it gets the kernel's own answer,
 * conntrack's or ENOENT.
 *
 * What is found is a template, as nftables makes them: it is in no table, and the last
 * who puts it frees it. It is marked as dying, so that nobody takes it out of one.
 *
 * The hook only asks whether there is a record with these addresses. Our call of the
 * original, for a connection that is not the record's, is known by its zone: a copy.
 */
#include "intercept/origdst.h"

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
#include <linux/preempt.h>
#include <linux/sched.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "intercept/hook.h"
#include "intercept/redirect.h"

/* @tuple is what the proxy sends, so its destination is the client. */
static void addresses_of(const struct nf_conntrack_tuple *tuple,
			 struct address *client, struct address *target)
{
	if (tuple->src.l3num == AF_INET) {
		address_set_v4(target, tuple->src.u3.ip, tuple->src.u.tcp.port);
		address_set_v4(client, tuple->dst.u3.ip, tuple->dst.u.tcp.port);
	} else {
		address_set_v6(target, &tuple->src.u3.in6,
			       tuple->src.u.tcp.port);
		address_set_v6(client, &tuple->dst.u3.in6,
			       tuple->dst.u.tcp.port);
	}
}

bool origdst_wanted(struct ftrace_regs *regs)
{
	const struct net *net = (void *)compat_ftrace_argument(regs, 0);
	const void *zone = (void *)compat_ftrace_argument(regs, 1);
	const struct nf_conntrack_tuple *tuple =
		(void *)compat_ftrace_argument(regs, 2);
	struct address client, target;

	if (zone != &nf_ct_zone_dflt || in_interrupt() ||
	    current->flags & PF_KTHREAD || tuple->dst.protonum != IPPROTO_TCP)
		return false;
	addresses_of(tuple, &client, &target);
	return redirect_original_due(net, &client, &target);
}

/* A template for a connection to @a; NULL if there is no memory. */
static struct nf_conntrack_tuple_hash *
make_entry(struct net *net, const struct nf_conntrack_zone *zone,
	   const struct address *a)
{
	/* A BPF program that is being tried may ask as well, under RCU. */
	struct nf_conn *ct = nf_ct_tmpl_alloc(net, zone, GFP_ATOMIC |
					      __GFP_ACCOUNT | __GFP_NOWARN);
	struct nf_conntrack_tuple_hash *h;

	if (!ct)
		return NULL;
	__set_bit(IPS_DYING_BIT, &ct->status);
	h = &ct->tuplehash[IP_CT_DIR_ORIGINAL];
	h->tuple.dst.dir = IP_CT_DIR_ORIGINAL;
	h->tuple.dst.u.tcp.port = a->port;
	if (a->family == AF_INET)
		h->tuple.dst.u3.ip = a->v4;
	else
		h->tuple.dst.u3.in6 = a->v6;
	return h;
}

struct nf_conntrack_tuple_hash *
origdst_find(struct net *net, const struct nf_conntrack_zone *zone,
	     const struct nf_conntrack_tuple *tuple)
{
	const struct nf_conntrack_zone same = *zone;
	struct address client, target, original;
	struct nf_conntrack_tuple_hash *h;

	addresses_of(tuple, &client, &target);
	if (redirect_original(net, &client, &target, &original) &&
	    original.family == tuple->src.l3num)
		h = make_entry(net, zone, &original);
	else
		h = nf_conntrack_find_get(net, &same, tuple);
	hook_leave();
	return h;
}

#endif
