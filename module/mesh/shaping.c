// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>
#include <net/sch_generic.h>
#include "lib/compat.h"
#include "mesh/mesh.h"
#include "mesh/shaping.h"

/* Under RCU. */
static bool only_queues(const struct Qdisc *q)
{
	static const char *const names[] = {
		"noop", "noqueue", "pfifo_fast", "pfifo", "bfifo",
		"pfifo_head_drop", "fq_codel", "fq", "codel", "sfq", "mq",
		"mqprio", "multiq", "prio",
	};

	return match_string(names, ARRAY_SIZE(names), q->ops->id) >= 0;
}

/* Under RCU. */
static bool has_ingress(const struct net_device *dev)
{
#ifdef CONFIG_NET_CLS_ACT
	const struct netdev_queue *queue = rcu_dereference(dev->ingress_queue);
	const struct Qdisc *q;

	q = queue ? rcu_dereference(queue->qdisc_sleeping) : NULL;
	return q && q != &noop_qdisc;
#else
	return false;
#endif
}

/*
 * Under RCU. Netfilter's chains of a device, tcx programs, and XDP's where a pod's
 * packets are. What is attached to a netkit device does not show: it is what they
 * are for.
 */
static bool has_programs(struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;

#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(dev->nf_hooks_ingress))
		return true;
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return true;
#endif
	if (compat_has_tcx(dev) || netif_is_ovs_port(dev))
		return true;
	if (ops && !strcmp(ops->kind, "netkit"))
		return true;
	/* A physical device sees no packet of a connection within the node. */
	return (ops || dev->flags & IFF_LOOPBACK) && dev_xdp_prog_count(dev);
}

/*
 * So many devices and queueing disciplines are looked at, in a softirq. Who rules a
 * namespace may have more: then it passes for one that shapes.
 */
#define LOOKS_MAX	2048

/* Whether one more is too many. */
static bool is_tired(unsigned int *looks)
{
	return (*looks)++ >= LOOKS_MAX;
}

/* Under RCU. */
static bool shapes(struct net_device *dev, unsigned int *looks)
{
	const struct Qdisc *q = rcu_dereference(dev->qdisc);
#ifdef CONFIG_NET_SCHED
	int i;
#endif

	if (is_tired(looks) || has_ingress(dev) || has_programs(dev))
		return true;
	/* noqueue: nothing is beneath it, and it is what most have. */
	if (!q || !q->enqueue)
		return false;
	if (!only_queues(q))
		return true;
#ifdef CONFIG_NET_SCHED
	hash_for_each_rcu(dev->qdisc_hash, i, q, hash)
		if (is_tired(looks) || !only_queues(q))
			return true;
#endif
	return false;
}

static bool look(struct net *net)
{
	struct net_device *dev;
	unsigned int looks = 0;
	bool found = false;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev)
		if (shapes(dev, &looks)) {
			found = true;
			break;
		}
	rcu_read_unlock();
	return found;
}

bool shaping_in(struct net *net)
{
	struct mesh_net *mn = mesh_net(net);
	bool shaped;

	if (time_before(jiffies, READ_ONCE(mn->shaping_until)))
		return READ_ONCE(mn->shaping);
	shaped = look(net);
	WRITE_ONCE(mn->shaping, shaped);
	WRITE_ONCE(mn->shaping_until, jiffies + HZ);
	return shaped;
}

bool shaping_on_loopback(const struct net *net)
{
	unsigned int looks = 0;
	bool shaped;

	rcu_read_lock();
	shaped = shapes(net->loopback_dev, &looks);
	rcu_read_unlock();
	return shaped;
}
