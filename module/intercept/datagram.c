// SPDX-License-Identifier: GPL-2.0
/*
 * Traps:
 *
 * - An entry that was made before we came, or by nobody's NAT, has its destination for
 *   good: the walk ends these, too, if a program of this namespace began them. What the
 *   namespace forwards is not ours.
 * - A packet may be on its way from our hook to where its entry becomes known (confirmed)
 *   while a walk passes by. So each walk is followed by another.
 * - nf_ct_iterate_cleanup_net() would look at the whole table for each namespace, and hold
 *   a mutex meanwhile. We look once for all of them, as a dump does (ctnetlink); where the
 *   table is resized meanwhile, what is missed is found by the walk that follows.
 */
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "intercept/datagram.h"
#include "lib/address_here.h"
#include "mesh/mesh.h"
#include "upstream/health.h"

/* Has the mesh that the namespace obeys udp listeners? */
static bool wanted(const struct mesh_net *mn)
{
	const struct mesh *m;
	bool is;

	rcu_read_lock();
	m = mesh_obeyed(mn->net);
	is = m && READ_ONCE(m->packet_use) & PACKETS_UDP;
	rcu_read_unlock();
	return is;
}

#if IS_ENABLED(CONFIG_NF_NAT)
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_nat.h>

enum { V4, V6, FAMILIES };

#define HOOKS		(IS_ENABLED(CONFIG_IPV6) ? FAMILIES : 1)

/* Walks are no less apart; what one cannot see yet the next one does. */
#define WALK_EVERY	(HZ / 5)
#define WALK_AGAIN	HZ

/* So many entries, and buckets of a lock, are looked at in one go. */
#define WALK_BATCH	64

struct datagram_net {
	struct mesh_net *mn;
	struct mutex mutex;		/* of what follows; before netfilter's mutexes */
	bool on;
	bool used;			/* was on: there may be flows */
	struct nf_hook_ops ops[FAMILIES];
	struct work_struct settle;	/* datagram_settle_later() */
};

/* ---- whose a flow is ---- */

/*
 * Of an entry's status, which is a long, the kernel has names for 16 bits, and user space
 * sees 32.
 */
#define OURS_BIT	(BITS_PER_LONG - 1)

static bool is_ours(const struct nf_conn *ct)
{
	static_assert(OURS_BIT > __IPS_MAX_BIT);
	return test_bit(OURS_BIT, &ct->status);
}

/* False if an address of the other family is within. */
static bool address_of(struct address *a, u8 family, const union nf_inet_addr *ip,
		       __be16 port)
{
	if (family == NFPROTO_IPV4)
		address_set_v4(a, ip->ip, port);
	else
		address_set_v6(a, &ip->in6, port);
	return a->family == family;
}

/* Who sends to whom, as the sender sees it; false if that is not UDP. */
static bool flow_of(const struct nf_conn *ct, struct address *from, struct address *to)
{
	const struct nf_conntrack_tuple *t = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	u8 family = t->src.l3num;

	static_assert(AF_INET == NFPROTO_IPV4 && AF_INET6 == NFPROTO_IPV6);
	return t->dst.protonum == IPPROTO_UDP &&
	       address_of(from, family, &t->src.u3, t->src.u.udp.port) &&
	       address_of(to, family, &t->dst.u3, t->dst.u.udp.port);
}

/* ---- the first datagram of a flow ---- */

static struct endpoint *pick_endpoint(struct mesh *m, struct cluster *c,
				      const struct address *from,
				      const struct address *to)
{
	struct pick pick = {
		.source = *from,
		.unobserved = true,
		.has_flow = true,
		.flow = hash_policy_flow(from, to),
	};

	/* Where nobody has said by what: the same flow, if it comes again, goes there again. */
	if (!c->hash.n) {
		pick.hashed = true;
		pick.hash = pick.flow;
	}
	health_note_use(m, c);
	return cluster_pick(c, &pick);
}

static unsigned int refuse(struct mesh *m, enum mesh_stat why, int err)
{
	stat_inc(m->stats, why);
	return NF_DROP_ERR(err);
}

static unsigned int lead_to(struct mesh *m, struct nf_conn *ct, struct endpoint *ep)
{
	struct nf_nat_range2 range = {
		.flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED,
	};

	if (ep->address.family == AF_INET)
		range.min_addr.ip = ep->address.v4;
	else
		range.min_addr.in6 = ep->address.v6;
	range.max_addr = range.min_addr;
	range.min_proto.udp.port = ep->address.port;
	range.max_proto = range.min_proto;
	if (nf_nat_setup_info(ct, &range, NF_NAT_MANIP_DST) != NF_ACCEPT)
		return refuse(m, STAT_REFUSED_NO_MEMORY, -ENOMEM);
	set_bit(OURS_BIT, &ct->status);
	stat_inc(m->stats, STAT_INTERCEPTED_UDP);
	atomic64_inc(&ep->connections);
	return NF_ACCEPT;
}

/* A function of NAT's, under RCU, in any context but hard interrupts. */
static unsigned int datagram_out(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct datagram_net *dn = priv;
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);
	struct mesh *m = rcu_dereference(dn->mn->mesh);
	const struct listener_slot *slot;
	struct address from, to;
	struct endpoint *ep;

	/* One that is known already cannot be led elsewhere: the walk ends it. */
	if (!m || !ct || nf_ct_is_confirmed(ct) || !flow_of(ct, &from, &to))
		return NF_ACCEPT;
	slot = listener_find(&rcu_dereference(m->snapshot)->udp, &to, &from, NULL);
	if (!slot)
		return NF_ACCEPT;
	ep = pick_endpoint(m, slot->cluster, &from, &to);
	if (!ep || ep->address.family != to.family)
		return refuse(m, STAT_REFUSED_NO_ENDPOINT, -ECONNREFUSED);
	return lead_to(m, ct, ep);
}

/* ---- the walk ---- */

struct walk {
	bool all;			/* nobody's flows go on */
	unsigned long next;		/* jiffies: when a drain is over; 0: none is */
	unsigned int bucket;		/* where it is: of each lock one after the other */
};

static void walk_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(walker, walk_work);
static unsigned long walked;		/* jiffies; written by the walk */
static bool walk_asked;			/* since the last began */
static bool walks_over;			/* the module goes; under walker_lock */
static DEFINE_SPINLOCK(walker_lock);	/* asks for a walk, or for none any more */

/* Is there a better endpoint than an ill one? */
static bool has_well(const struct cluster *c)
{
	const struct priority_level *levels = c->all.levels;
	u32 i, fit = 0;

	for (i = 0; i < c->all.nlevels; i++) {
		if (READ_ONCE(levels[i].panic))
			return false;
		fit += READ_ONCE(levels[i].fit);
	}
	return fit;
}

static bool is_ill(struct cluster *c, const struct endpoint *ep)
{
	if (!c->health.interval || !READ_ONCE(ep->checked) || READ_ONCE(ep->healthy))
		return false;
	cluster_keep_surveyed(c, &c->all);
	return has_well(c);
}

/* Will the endpoint be rid of its flows some time? */
static void note_drain(struct walk *w, const struct endpoint *ep)
{
	unsigned long until = READ_ONCE(ep->drain_until);

	if (until && (!w->next || time_before(until, w->next)))
		w->next = until;
}

static bool may_stay(struct walk *w, struct cluster *c, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *t = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	const struct endpoint *ep;
	const struct member *m;
	struct address at;

	if (!address_of(&at, t->src.l3num, &t->src.u3, t->src.u.udp.port))
		return false;
	m = cluster_member(c, &at);
	if (!m)
		return false;
	ep = m->ep;
	if (endpoint_overdue(ep) || is_ill(c, ep))
		return false;
	note_drain(w, ep);
	return true;
}

/* Under RCU. */
static bool is_over(struct walk *w, const struct nf_conn *ct)
{
	const struct listener_slot *slot = NULL;
	struct net *net = nf_ct_net(ct);
	struct address from, to;
	struct mesh *m;
	bool over;

	if (!flow_of(ct, &from, &to))
		return false;
	if (w->all)
		return is_ours(ct);
	m = mesh_obeyed(net);
	if (m)
		slot = listener_find(&rcu_dereference(m->snapshot)->udp, &to, &from, NULL);
	if (!is_ours(ct))
		return slot && address_is_here(net, &from);
	over = !slot || !may_stay(w, slot->cluster, ct);
	if (over && m)
		stat_inc(m->stats, STAT_UDP_FLOWS_ENDED);
	return over;
}

/* The first of a bucket that is over, counted; or NULL. Under the bucket's lock, and RCU. */
static struct nf_conn *first_over(struct walk *w, unsigned int *seen)
{
	struct nf_conntrack_tuple_hash *h;
	struct hlist_nulls_node *n;
	struct nf_conn *ct;

	hlist_nulls_for_each_entry(h, n, &nf_conntrack_hash[w->bucket], hnnode) {
		++*seen;
		/* Each is there twice. */
		if (NF_CT_DIRECTION(h) != IP_CT_DIR_REPLY)
			continue;
		ct = nf_ct_tuplehash_to_ctrack(h);
		if (!nf_ct_is_dying(ct) && is_over(w, ct) &&
		    refcount_inc_not_zero(&ct->ct_general.use))
			return ct;
	}
	return NULL;
}

/*
 * Looks on, in buckets that one lock protects; while it is held the table is not resized.
 * Returns what is to be ended, counted; or NULL.
 */
static struct nf_conn *look_on(struct walk *w)
{
	spinlock_t *lock = &nf_conntrack_locks[w->bucket % CONNTRACK_LOCKS];
	unsigned int seen = 0, buckets = 0;
	struct nf_conn *ct = NULL;

	local_bh_disable();
	rcu_read_lock();
	nf_conntrack_lock(lock);
	__acquire(lock);	/* which sparse cannot know */
	while (w->bucket < nf_conntrack_htable_size) {
		ct = first_over(w, &seen);
		if (ct)
			break;
		w->bucket += CONNTRACK_LOCKS;
		if (seen >= WALK_BATCH || ++buckets >= WALK_BATCH)
			break;
	}
	spin_unlock(lock);
	rcu_read_unlock();
	local_bh_enable();
	return ct;
}

static void walk(struct walk *w)
{
	unsigned int of_lock;
	struct nf_conn *ct;

	for (of_lock = 0; of_lock < CONNTRACK_LOCKS; of_lock++) {
		for (w->bucket = of_lock; w->bucket < READ_ONCE(nf_conntrack_htable_size);) {
			ct = look_on(w);
			if (ct) {
				nf_ct_delete(ct, 0, 0);
				nf_ct_put(ct);
			}
			cond_resched();
		}
	}
}

/* By when there may be one again, in jiffies from now. */
static unsigned long walk_pause(void)
{
	unsigned long since = jiffies - READ_ONCE(walked);

	return since < WALK_EVERY ? WALK_EVERY - since : 0;
}

static void walk_work(struct work_struct *work)
{
	unsigned long pause = walk_pause();
	struct walk w = {};
	bool asked;
	long delay;

	/* Asked for while the last one went on. */
	if (pause) {
		queue_delayed_work(system_unbound_wq, &walker, pause);
		return;
	}
	asked = xchg(&walk_asked, false);
	walk(&w);
	WRITE_ONCE(walked, jiffies);
	if (!asked && !w.next)
		return;
	delay = asked ? WALK_AGAIN : w.next - jiffies;
	/* One that is due before that stays. */
	queue_delayed_work(system_unbound_wq, &walker,
			   max_t(long, delay, walk_pause()));
}

/* Somebody has changed something. */
void datagram_look(void)
{
	spin_lock(&walker_lock);
	if (!walks_over) {
		WRITE_ONCE(walk_asked, true);
		mod_delayed_work(system_unbound_wq, &walker, walk_pause());
	}
	spin_unlock(&walker_lock);
}

/* ---- on and off ---- */

static int register_fn(struct datagram_net *dn, int i)
{
	struct net *net = dn->mn->net;
	int err = nf_ct_netns_get(net, dn->ops[i].pf);

	if (err)
		return err;
#if IS_ENABLED(CONFIG_IPV6)
	if (i == V6)
		err = nf_nat_ipv6_register_fn(net, &dn->ops[i]);
	else
#endif
		err = nf_nat_ipv4_register_fn(net, &dn->ops[i]);
	if (err)
		nf_ct_netns_put(net, dn->ops[i].pf);
	return err;
}

static void unregister_fn(struct datagram_net *dn, int i)
{
	struct net *net = dn->mn->net;

#if IS_ENABLED(CONFIG_IPV6)
	if (i == V6)
		nf_nat_ipv6_unregister_fn(net, &dn->ops[i]);
	else
#endif
		nf_nat_ipv4_unregister_fn(net, &dn->ops[i]);
	nf_ct_netns_put(net, dn->ops[i].pf);
}

/* dn->mutex held. */
static int hook(struct datagram_net *dn)
{
	int i, err;

	if (dn->on)
		return 0;
	for (i = 0; i < HOOKS; i++) {
		err = register_fn(dn, i);
		if (err)
			goto fail;
	}
	dn->on = true;
	dn->used = true;
	return 0;
fail:
	while (i--)
		unregister_fn(dn, i);
	return err;
}

/* dn->mutex held. */
static void unhook(struct datagram_net *dn)
{
	int i;

	for (i = 0; i < HOOKS && dn->on; i++)
		unregister_fn(dn, i);
	dn->on = false;
}

int datagram_settle(struct mesh_net *mn)
{
	struct datagram_net *dn = mn->datagrams;
	int err = 0;

	mutex_lock(&dn->mutex);
	if (wanted(mn))
		err = hook(dn);
	else
		unhook(dn);
	if (dn->used)
		datagram_look();
	mutex_unlock(&dn->mutex);
	return err;
}

static void settle_work(struct work_struct *work)
{
	struct datagram_net *dn = container_of(work, struct datagram_net, settle);

	datagram_settle(dn->mn);
}

void datagram_settle_later(struct mesh_net *mn)
{
	queue_work(system_unbound_wq, &mn->datagrams->settle);
}

int datagram_net_init(struct mesh_net *mn)
{
	struct datagram_net *dn = kzalloc(sizeof(*dn), GFP_KERNEL_ACCOUNT);
	int i;

	if (!dn)
		return -ENOMEM;
	dn->mn = mn;
	mutex_init(&dn->mutex);
	INIT_WORK(&dn->settle, settle_work);
	for (i = 0; i < FAMILIES; i++) {
		dn->ops[i].hook = datagram_out;
		dn->ops[i].pf = i == V4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		dn->ops[i].hooknum = NF_INET_LOCAL_OUT;
		dn->ops[i].priority = INT_MIN;
		dn->ops[i].priv = dn;
	}
	mn->datagrams = dn;
	return 0;
}

/* Nobody who wants the namespace settled can find it any more. */
void datagram_net_leave(struct mesh_net *mn)
{
	struct datagram_net *dn = mn->datagrams;

	mutex_lock(&dn->mutex);
	unhook(dn);
	mutex_unlock(&dn->mutex);
}

void datagram_net_exit(struct mesh_net *mn)
{
	struct datagram_net *dn = mn->datagrams;

	cancel_work_sync(&dn->settle);
	mn->datagrams = NULL;
	kfree(dn);
}

void datagram_stop(void)
{
	spin_lock(&walker_lock);
	walks_over = true;
	spin_unlock(&walker_lock);
	cancel_delayed_work_sync(&walker);
}

void datagram_exit(void)
{
	struct walk w = { .all = true };

	walk(&w);
}

#else

int datagram_settle(struct mesh_net *mn)
{
	return wanted(mn) ? -EOPNOTSUPP : 0;
}

void datagram_settle_later(struct mesh_net *mn)
{
}

void datagram_look(void)
{
}

int datagram_net_init(struct mesh_net *mn)
{
	return 0;
}

void datagram_net_leave(struct mesh_net *mn)
{
}

void datagram_net_exit(struct mesh_net *mn)
{
}

void datagram_stop(void)
{
}

void datagram_exit(void)
{
}

#endif
