// SPDX-License-Identifier: GPL-2.0
/* STATS_GET: what the mesh, its endpoints, its policies and its workloads have counted. */
#include "authz/authorization.h"
#include "authz/authz_count.h"
#include "authz/workload.h"
#include "mesh/mesh.h"
#include "netlink/netlink_dump_priv.h"

/* After one stage for each counter of the mesh. */
enum {
	STATS_ENDPOINTS = MESH_STAT_COUNT,
	STATS_AUTHORIZATIONS,
	STATS_WORKLOADS,
	STATS_END
};

static int fill_counter(struct sk_buff *skb, const struct mesh *m, enum mesh_stat stat)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_STAT);
	u64 value = m ? stats_read(m->stats, stat) : 0;
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, L7MESH_STAT_A_NAME, mesh_stat_names[stat]) ?:
	      nla_put_u64_64bit(skb, L7MESH_STAT_A_VALUE, value, L7MESH_STAT_A_PAD);
	return attr_end_nest(skb, nest, err);
}

static int put_number(struct sk_buff *skb, int type, u64 n)
{
	return nla_put_u64_64bit(skb, type, n, L7MESH_ENDPOINT_STATS_A_PAD);
}

static int fill_endpoint(struct sk_buff *skb, const struct cluster *c,
			 const struct member *m)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_ENDPOINT_STATS);
	const struct endpoint *ep = m->ep;
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_ENDPOINT_STATS_A_CLUSTER, c->name.name) ?:
	      netlink_put_address(skb, L7MESH_ENDPOINT_STATS_A_ADDRESS, &ep->address) ?:
	      nla_put_u16(skb, L7MESH_ENDPOINT_STATS_A_PORT, ntohs(ep->address.port)) ?:
	      put_number(skb, L7MESH_ENDPOINT_STATS_A_CONNECTIONS,
			 atomic64_read(&ep->connections)) ?:
	      put_number(skb, L7MESH_ENDPOINT_STATS_A_REQUESTS,
			 atomic64_read(&ep->requests)) ?:
	      put_number(skb, L7MESH_ENDPOINT_STATS_A_FAILURES,
			 atomic64_read(&ep->failures)) ?:
	      nla_put_u32(skb, L7MESH_ENDPOINT_STATS_A_ACTIVE,
			  atomic_read(&ep->active)) ?:
	      nla_put_u32(skb, L7MESH_ENDPOINT_STATS_A_EJECTED,
			  endpoint_ejected_ms(ep)) ?:
	      nla_put_u8(skb, L7MESH_ENDPOINT_STATS_A_DRAINING, READ_ONCE(ep->draining));
	if (!err && c->health.interval)
		err = nla_put_u8(skb, L7MESH_ENDPOINT_STATS_A_HEALTHY,
				 READ_ONCE(ep->healthy));
	return attr_end_nest(skb, nest, err);
}

/* What it decided, and what it would have, by its action. */
static const struct {
	u8 decided;
	u8 would;		/* 0: it does not depend on AUDIT */
} policy_stats[] = {
	[L7MESH_AUTHORIZATION_ALLOW] = {
		L7MESH_AUTHORIZATION_STATS_A_ALLOWED,
		L7MESH_AUTHORIZATION_STATS_A_WOULD_ALLOW
	},
	[L7MESH_AUTHORIZATION_DENY] = {
		L7MESH_AUTHORIZATION_STATS_A_DENIED,
		L7MESH_AUTHORIZATION_STATS_A_WOULD_DENY
	},
	[L7MESH_AUTHORIZATION_AUDIT] = { L7MESH_AUTHORIZATION_STATS_A_AUDITED },
};

static int put_count(struct sk_buff *skb, int type, const struct authz_count *c,
		     enum authz_event event)
{
	return nla_put_u64_64bit(skb, type, authz_count_read(c, event),
				 L7MESH_AUTHORIZATION_STATS_A_PAD);
}

static int fill_authorization(struct sk_buff *skb, const struct authorization *a)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_AUTHORIZATION_STATS);
	int err, would = policy_stats[a->action].would;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_AUTHORIZATION_STATS_A_NAME, a->name.name) ?:
	      put_count(skb, policy_stats[a->action].decided, a->count, AUTHZ_MATCHED);
	if (!err && would)
		err = put_count(skb, would, a->count, AUTHZ_WOULD_MATCH) ?:
		      put_count(skb, L7MESH_AUTHORIZATION_STATS_A_CUT, a->count,
				AUTHZ_CUT);
	return attr_end_nest(skb, nest, err);
}

static int put_refused(struct sk_buff *skb, int type, const struct workload *w,
		       enum authz_event event)
{
	return nla_put_u64_64bit(skb, type, authz_count_read(w->count, event),
				 L7MESH_WORKLOAD_STATS_A_PAD);
}

static int fill_workload(struct sk_buff *skb, const struct workload *w)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_WORKLOAD_STATS);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_WORKLOAD_STATS_A_NAME, w->name.name) ?:
	      put_refused(skb, L7MESH_WORKLOAD_STATS_A_CONNECTIONS_REFUSED, w,
			  AUTHZ_CONNECTION_REFUSED) ?:
	      put_refused(skb, L7MESH_WORKLOAD_STATS_A_REQUESTS_REFUSED, w,
			  AUTHZ_REQUEST_REFUSED) ?:
	      put_refused(skb, L7MESH_WORKLOAD_STATS_A_WOULD_REFUSE, w,
			  AUTHZ_WOULD_REFUSE);
	return attr_end_nest(skb, nest, err);
}

static int fill(struct sk_buff *skb, const struct dump *d)
{
	const struct cursor *at = &d->at;
	const struct cluster *c;

	if (at->stage < STATS_ENDPOINTS)
		return fill_counter(skb, d->mesh, at->stage);
	if (at->stage == STATS_AUTHORIZATIONS)
		return fill_authorization(skb, d->s->authorizations.objects[at->object]);
	if (at->stage == STATS_WORKLOADS)
		return fill_workload(skb, d->s->workloads.objects[at->object]);
	c = d->s->clusters.objects[at->object];
	return fill_endpoint(skb, c, &c->members[at->part]);
}

/* Of these there is one message an object, or one a member. */
static const struct objset *set_of(const struct dump *d)
{
	switch (d->at.stage) {
	case STATS_ENDPOINTS:
		return &d->s->clusters;
	case STATS_AUTHORIZATIONS:
		return &d->s->authorizations;
	default:
		return &d->s->workloads;
	}
}

/* How many messages there are of an object. */
static u32 parts_of(const struct dump *d)
{
	const struct objset *set = set_of(d);
	const struct workload *w;
	const struct cluster *c;

	switch (d->at.stage) {
	case STATS_ENDPOINTS:
		c = set->objects[d->at.object];
		return c->nmembers;
	case STATS_WORKLOADS:
		w = set->objects[d->at.object];
		return !!w->count;
	default:
		return 1;
	}
}

static int put(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *header = netlink_begin_message(skb, cb, L7MESH_CMD_STATS_GET);

	if (!header)
		return -EMSGSIZE;
	return netlink_end_message(skb, header, fill(skb, netlink_dump_of(cb)));
}

static int put_objects(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	struct cursor *at = &d->at;
	int err;

	for (; at->object < set_of(d)->n; at->object++, at->part = 0) {
		for (; at->part < parts_of(d); at->part++) {
			err = put(skb, cb);
			if (err)
				return err;
		}
		cond_resched();
	}
	return 0;
}

static int put_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	struct cursor *at = &d->at;
	int err;

	for (; at->stage < STATS_ENDPOINTS; at->stage++) {
		err = put(skb, cb);
		if (err)
			return err;
	}
	for (; d->s && at->stage < STATS_END; at->stage++, at->object = 0) {
		err = put_objects(skb, cb);
		if (err)
			return err;
	}
	return 0;
}

struct dump *netlink_begin_stats(struct netlink_request *q)
{
	return netlink_new_dump(q);
}

int netlink_dump_stats(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netlink_answer_dump(skb, put_all(skb, cb));
}
