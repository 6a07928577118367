/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet_priv: what the files of packet.h share.
 *
 *	packet.c	the hooks, on and off
 *	packet_in.c	what arrives, at PRE_ROUTING
 *	packet_out.c	what this namespace sends to an address that a leg has, at LOCAL_OUT
 *	packet_dst.c	the destination that makes a packet this namespace's
 */
#ifndef L7MESH_PACKET_PRIV_H
#define L7MESH_PACKET_PRIV_H

#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include "intercept/packet.h"
#include "lib/address.h"
#include "lib/compat.h"
#include "mesh/mesh.h"

enum { V4, V6, FAMILIES };

struct packet_hooks {
	bool on;
	struct nf_hook_ops ops[FAMILIES];
};

struct packet_net {
	struct mesh_net *mn;
	struct transparent *transparent;	/* mn->http's */
	struct mutex mutex;		/* of hooks' @on; before http_net->mutex */
	struct packet_hooks in, out;
	struct delayed_work work;	/* packet_settle_later() */
	struct dst_entry __rcu *local[FAMILIES];	/* counted; or NULL */
};

/**
 * packet_dst() - A destination in this namespace, by loopback
 * @pn: namespace
 * @which: V4 or V6
 *
 * Context: BH off. Under RCU: one that is replaced lasts as long as a packet needs it.
 *
 * Return: it; NULL if loopback is down, or there is no memory.
 */
struct dst_entry *packet_dst(struct packet_net *pn, int which);

/* packet_settle(), a moment later, unless it is about to be done anyway. Any context. */
void packet_settle_soon(struct packet_net *pn);

/* No packet can ask for one any more. */
void packet_dst_drop(struct packet_net *pn);

/* Hooks, whose priv is the packet_net. */
unsigned int packet_in_v4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state);
unsigned int packet_in_v6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state);
unsigned int packet_out_v4(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);
unsigned int packet_out_v6(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);

#endif
