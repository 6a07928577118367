// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/slab.h>
#include "intercept/packet_priv.h"
#include "link/acceptor.h"
#include "link/client.h"
#include "link/transparent.h"
#include "splice/sock_address.h"

/*
 * Before DNAT, and behind all else that is before DNAT: conntrack, and the policies that
 * others have in mangle.
 */
#define PRIORITY_IN		(NF_IP_PRI_NAT_DST - 1)

/* Behind all that may change a packet, or drop it. */
#define PRIORITY_OUT		(NF_IP_PRI_NAT_SRC + 100)

/* Whether hooks that nothing wants are still needed, or what has failed can be done. */
#define LOOK_AGAIN		(5 * HZ)

/*
 * Long enough for a packet that is let by to be where sockets are asked for; and for whoever
 * sends packets not to keep a CPU busy with what cannot be done.
 */
#define A_MOMENT		(HZ / 20)

#define HOOKS			(IS_ENABLED(CONFIG_IPV6) ? FAMILIES : 1)
#define IF_V6(hook)		(IS_ENABLED(CONFIG_IPV6) ? (hook) : NULL)

/*
 * The interface by which a connection's packets come, by the latest, which TCP remembers;
 * "" if it is gone. Under RCU.
 */
static void tell_interface(const struct sock *child, char *name)
{
	int index = READ_ONCE(child->sk_rx_dst_ifindex);
	const struct net_device *dev = dev_get_by_index_rcu(sock_net(child), index);

	if (dev)
		strscpy(name, dev->name, IFNAMSIZ);
}

/*
 * Does anybody take such connections? Where it depends on the interface that has to be
 * known: what was let in at one listener must not be another's, as that one is gone.
 */
static const struct listener *taken_by(const struct snapshot *s,
				       const struct client_claim *claim)
{
	const struct listener_target *t = listener_target(&s->index, &claim->original);
	const struct listener_slot *slot = t && (!t->npicks || *claim->by) ?
		listener_of_packets(s, &claim->original, &claim->source, claim->by) : NULL;

	return slot ? slot->listener : NULL;
}

bool packet_claim(const struct sock *child, struct client_claim *claim)
{
	const struct listener *l;
	struct address from;
	struct mesh *m;

	memset(claim, 0, sizeof(*claim));
	sock_local_address(child, &claim->original);
	sock_peer_address(child, &from);
	claim->source = from;
	claim->source.port = 0;
	rcu_read_lock();
	m = mesh_obeyed(sock_net(child));
	tell_interface(child, claim->by);
	l = m ? taken_by(rcu_dereference(m->snapshot), claim) : NULL;
	/* Who would have had it without a mesh. */
	if (l && l->http.inbound)
		claim->payer = client_payer(sock_net(child), &from, &claim->original,
					    READ_ONCE(child->sk_rx_dst_ifindex));
	if (l)
		stat_inc(m->stats, STAT_INTERCEPTED_PACKETS);
	rcu_read_unlock();
	return l;
}

/* What the mesh that the namespace obeys wants with packets: PACKETS_... */
static u8 wanted(const struct mesh_net *mn)
{
	const struct mesh *m;
	u8 use;

	rcu_read_lock();
	m = mesh_obeyed(mn->net);
	use = m ? READ_ONCE(m->packet_use) : 0;
	rcu_read_unlock();
	return use;
}

/* pn->mutex held. */
static void unhook(struct packet_net *pn, struct packet_hooks *h)
{
	if (h->on)
		nf_unregister_net_hooks(pn->mn->net, h->ops, HOOKS);
	h->on = false;
}

/* pn->mutex held. */
static void unhook_all(struct packet_net *pn)
{
	transparent_catch(pn->transparent, false);
	unhook(pn, &pn->in);
	unhook(pn, &pn->out);
}

/* pn->mutex held. */
static int hook(struct packet_net *pn, struct packet_hooks *h)
{
	int err = h->on ? 0 : nf_register_net_hooks(pn->mn->net, h->ops, HOOKS);

	h->on = !err;
	return err;
}

/* What was taken goes on: as long as there is any of it the hooks stay. pn->mutex held. */
static void take_no_more(struct packet_net *pn)
{
	bool used;

	if (!pn->in.on && !pn->out.on)
		return;
	used = transparent_is_used(pn->transparent);
	if (!used) {
		/* No leg begins any more that what is hooked would have to serve; or has. */
		transparent_catch(pn->transparent, false);
		used = transparent_is_used(pn->transparent);
	}
	if (!used) {
		unhook_all(pn);
		return;
	}
	transparent_catch(pn->transparent, pn->in.on && pn->out.on);
	queue_delayed_work(system_unbound_wq, &pn->work, LOOK_AGAIN);
}

/* pn->mutex held. */
static int settle(struct packet_net *pn)
{
	u8 use = wanted(pn->mn);
	int err = 0;

	if (!(use & PACKETS_TAKEN)) {
		take_no_more(pn);
		return 0;
	}
	/* There may be legs from before: while packets are taken they need it. */
	if (use & PACKETS_KEPT)
		err = hook(pn, &pn->out);
	/* Without an acceptor what the hook takes is dropped: it goes around nothing. */
	err = err ?: hook(pn, &pn->in);
	transparent_catch(pn->transparent, pn->in.on && pn->out.on);
	return err ?: acceptor_open_packets(pn->mn->http);
}

int packet_settle(struct mesh_net *mn)
{
	struct packet_net *pn = mn->packets;
	int err;

	mutex_lock(&pn->mutex);
	err = settle(pn);
	if (err)
		queue_delayed_work(system_unbound_wq, &pn->work, LOOK_AGAIN);
	mutex_unlock(&pn->mutex);
	return err;
}

static void settle_work(struct work_struct *work)
{
	struct packet_net *pn = container_of(to_delayed_work(work), struct packet_net,
					     work);

	packet_settle(pn->mn);
}

void packet_settle_soon(struct packet_net *pn)
{
	unsigned long then = jiffies + A_MOMENT;

	if (time_after(READ_ONCE(pn->work.timer.expires), then))
		mod_delayed_work(system_unbound_wq, &pn->work, A_MOMENT);
	else
		queue_delayed_work(system_unbound_wq, &pn->work, A_MOMENT);
}

void packet_settle_later(struct mesh_net *mn)
{
	mod_delayed_work(system_unbound_wq, &mn->packets->work, 0);
}

static void hooks_init(struct packet_net *pn, struct packet_hooks *h,
		       unsigned int where, int priority, nf_hookfn *v4, nf_hookfn *v6)
{
	const struct nf_hook_ops ops[FAMILIES] = {
		[V4] = { .hook = v4, .pf = NFPROTO_IPV4 },
		[V6] = { .hook = v6, .pf = NFPROTO_IPV6 },
	};
	int i;

	for (i = 0; i < FAMILIES; i++) {
		h->ops[i] = ops[i];
		h->ops[i].priv = pn;
		h->ops[i].hooknum = where;
		h->ops[i].priority = priority;
	}
}

int packet_net_init(struct mesh_net *mn)
{
	struct packet_net *pn = kzalloc(sizeof(*pn), GFP_KERNEL_ACCOUNT);

	if (!pn)
		return -ENOMEM;
	pn->mn = mn;
	pn->transparent = transparent_of(mn->http);
	mutex_init(&pn->mutex);
	INIT_DELAYED_WORK(&pn->work, settle_work);
	hooks_init(pn, &pn->in, NF_INET_PRE_ROUTING, PRIORITY_IN, packet_in_v4,
		   IF_V6(packet_in_v6));
	hooks_init(pn, &pn->out, NF_INET_LOCAL_OUT, PRIORITY_OUT, packet_out_v4,
		   IF_V6(packet_out_v6));
	mn->packets = pn;
	return 0;
}

/* Nobody who wants the namespace settled can find it any more. */
void packet_net_leave(struct mesh_net *mn)
{
	struct packet_net *pn = mn->packets;

	/* A packet may still ask: with the hook nobody does. */
	mutex_lock(&pn->mutex);
	unhook_all(pn);
	mutex_unlock(&pn->mutex);
}

void packet_net_exit(struct mesh_net *mn)
{
	struct packet_net *pn = mn->packets;

	cancel_delayed_work_sync(&pn->work);
	packet_dst_drop(pn);
	mn->packets = NULL;
	kfree(pn);
}
