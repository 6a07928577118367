// SPDX-License-Identifier: GPL-2.0
/*
 * A dump holds what it shows from its start to its end: one snapshot, whatever is
 * published in between. It also holds the module, for as long as its reader makes no
 * room: so what is refused is not begun.
 */
#include <linux/mm.h>
#include "lib/account.h"
#include "mesh/mesh.h"
#include "netlink/netlink_dump_priv.h"
#include "splice/splice.h"
#include "upstream/balancer.h"

static struct dump *alloc_dump(struct netlink_request *q)
{
	struct dump *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);

	if (!d)
		return ERR_PTR(-ENOMEM);
	d->r = &q->r;
	return d;
}

static void free_dump(struct dump *d)
{
	if (d->own_maglev)
		balancer_hash_free_maglev(d->mesh->account, &d->maglev);
	if (d->s)
		snapshot_put(d->s);
	if (d->mesh)
		mesh_put(d->mesh);
	kvfree(d->attached);
	kvfree(d->splices);
	netlink_free_explaining(d->explaining);
	kfree(d);
}

struct dump *netlink_begun(struct dump *d, int err)
{
	if (!err)
		return d;
	free_dump(d);
	return ERR_PTR(err);
}

struct dump *netlink_new_dump(struct netlink_request *q)
{
	struct dump *d = alloc_dump(q);
	struct mesh *m;

	if (IS_ERR(d))
		return d;
	m = mesh_own_get(q->mn, &q->r);
	if (IS_ERR(m))
		return netlink_begun(d, PTR_ERR(m));
	if (m) {
		d->mesh = m;
		d->s = mesh_snapshot_get(m);
		d->room = d->s->largest + NLMSG_GOODSIZE;
	}
	return d;
}

static int start(struct netlink_callback *cb)
{
	struct dump **d = cb->data;

	cb->min_dump_alloc = (*d)->room;
	*(struct dump **)cb->ctx = *d;
	*d = NULL;
	return 0;
}

static int done(struct netlink_callback *cb)
{
	free_dump(netlink_dump_of(cb));
	return 0;
}

int netlink_start_dump(struct netlink_request *q, struct dump *d,
		       int (*dump)(struct sk_buff *skb,
				   struct netlink_callback *cb))
{
	struct netlink_dump_control control = {
		.start = start,
		.dump = dump,
		.done = done,
		.data = &d,
	};
	int err;

	err = netlink_dump_start(genl_info_net(&q->info)->genl_sock, q->skb,
				 q->info.nlhdr, &control);
	/* It was not begun: one that is may go on, and be freed, in another thread. */
	if (d)
		free_dump(d);
	return err;
}

/* ---- GET ---- */

static bool wanted(const struct dump *d, enum l7mesh_kind kind)
{
	return !d->kind || d->kind == kind;
}

/* One message, or none if this kind of object is not wanted. */
static int put(struct sk_buff *skb, struct netlink_callback *cb,
	       enum l7mesh_kind kind, const void *object, const void *part,
	       u32 route)
{
	struct dump *d = netlink_dump_of(cb);
	void *header;
	int err;

	if (!wanted(d, kind))
		return 0;
	header = netlink_begin_message(skb, cb, L7MESH_CMD_GET);
	if (!header)
		return -EMSGSIZE;
	err = nla_put_u64_64bit(skb, L7MESH_A_GENERATION, d->s->generation,
				L7MESH_A_PAD);
	if (err)
		return netlink_end_message(skb, header, err);
	switch (kind) {
	case L7MESH_KIND_CLUSTER:
		err = netlink_fill_cluster(skb, object);
		break;
	case L7MESH_KIND_ENDPOINT:
		err = netlink_fill_endpoint(skb, object, part);
		break;
	case L7MESH_KIND_LISTENER:
		err = netlink_fill_listener(skb, object);
		break;
	case L7MESH_KIND_ROUTE_TABLE:
		err = netlink_fill_route_table(skb, object);
		break;
	case L7MESH_KIND_SPLICE:
		err = netlink_fill_splice(skb, object);
		break;
	case L7MESH_KIND_WORKLOAD:
		err = netlink_fill_workload(skb, object);
		break;
	case L7MESH_KIND_AUTHORIZATION:
		err = netlink_fill_authorization(skb, object);
		break;
	case L7MESH_KIND_VIRTUAL_HOST:
		err = netlink_fill_virtual_host(skb, object, part);
		break;
	default:
		err = netlink_fill_route(skb, object, part, route);
		break;
	}
	return netlink_end_message(skb, header, err);
}

static int get_cluster(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct cluster *c)
{
	struct cursor *at = &netlink_dump_of(cb)->at;
	int err = 0;

	if (!at->part) {
		err = put(skb, cb, L7MESH_KIND_CLUSTER, c, NULL, 0);
		if (err)
			return err;
		at->part = 1;
	}
	if (!wanted(netlink_dump_of(cb), L7MESH_KIND_ENDPOINT))
		return 0;
	for (; at->part <= c->nmembers; at->part++) {
		err = put(skb, cb, L7MESH_KIND_ENDPOINT, c,
			  &c->members[at->part - 1], 0);
		if (err)
			return err;
	}
	return 0;
}

static int get_vhost(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct route_table *t, const struct virtual_host *vh)
{
	struct cursor *at = &netlink_dump_of(cb)->at;
	int err;

	if (!at->route) {
		err = put(skb, cb, L7MESH_KIND_VIRTUAL_HOST, t, vh, 0);
		if (err)
			return err;
		at->route = 1;
	}
	if (!wanted(netlink_dump_of(cb), L7MESH_KIND_ROUTE))
		return 0;
	for (; at->route <= vh->nroutes; at->route++) {
		err = put(skb, cb, L7MESH_KIND_ROUTE, t, vh, at->route - 1);
		if (err)
			return err;
	}
	return 0;
}

static int get_table(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct route_table *t)
{
	struct cursor *at = &netlink_dump_of(cb)->at;
	int err;

	if (!at->part) {
		err = put(skb, cb, L7MESH_KIND_ROUTE_TABLE, t, NULL, 0);
		if (err)
			return err;
		at->part = 1;
	}
	for (; at->part <= t->nvhosts; at->part++) {
		err = get_vhost(skb, cb, t, t->vhosts[at->part - 1]);
		if (err)
			return err;
		at->route = 0;
	}
	return 0;
}

enum {
	GET_CLUSTERS,
	GET_TABLES,
	GET_LISTENERS,
	GET_WORKLOADS,
	GET_AUTHORIZATIONS,
	GET_SETS
};

static const struct objset *stage_set(const struct dump *d)
{
	switch (d->at.stage) {
	case GET_CLUSTERS:
		return &d->s->clusters;
	case GET_TABLES:
		return &d->s->route_tables;
	case GET_WORKLOADS:
		return &d->s->workloads;
	case GET_AUTHORIZATIONS:
		return &d->s->authorizations;
	default:
		return &d->s->listeners;
	}
}

static int get_object(struct sk_buff *skb, struct netlink_callback *cb,
		      const void *object)
{
	switch (netlink_dump_of(cb)->at.stage) {
	case GET_CLUSTERS:
		return get_cluster(skb, cb, object);
	case GET_TABLES:
		return get_table(skb, cb, object);
	case GET_WORKLOADS:
		return put(skb, cb, L7MESH_KIND_WORKLOAD, object, NULL, 0);
	case GET_AUTHORIZATIONS:
		return put(skb, cb, L7MESH_KIND_AUTHORIZATION, object, NULL, 0);
	default:
		return put(skb, cb, L7MESH_KIND_LISTENER, object, NULL, 0);
	}
}

static int get_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	struct cursor *at = &d->at;
	int err;

	for (; at->stage < GET_SETS; at->stage++) {
		const struct objset *set = stage_set(d);

		for (; at->object < set->n; at->object++) {
			err = get_object(skb, cb, set->objects[at->object]);
			if (err)
				return err;
			at->part = 0;
			cond_resched();
		}
		at->object = 0;
	}
	if (at->stage > GET_SETS || !d->s->splice.exists)
		return 0;
	err = put(skb, cb, L7MESH_KIND_SPLICE, &d->s->splice, NULL, 0);
	if (!err)
		at->stage++;
	return err;
}

struct dump *netlink_begin_get(struct netlink_request *q)
{
	struct nlattr *kind = q->attrs[L7MESH_A_KIND];
	struct dump *d = netlink_new_dump(q);

	if (!IS_ERR(d) && kind)
		d->kind = nla_get_u32(kind);
	return d;
}

int netlink_dump_get(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);

	if (!d->s)
		return 0;
	return netlink_answer_dump(skb, get_all(skb, cb));
}

/* ---- MAGLEV_GET ---- */

enum { MAGLEV_ENDPOINTS, MAGLEV_ENTRIES, MAGLEV_STAGES };

/* Slots of one message at the most, and at the least if there are as many. */
#define PIECE_MAX	7168U
#define PIECE_MIN	256U
/* Headers and the other attributes of a piece. */
#define PIECE_OVERHEAD	64

static int find_table(struct dump *d, struct span name)
{
	struct name_ref ref = name_ref(name);
	const struct cluster *c = d->s ? snapshot_cluster(d->s, &ref) : NULL;
	int err;

	if (!c)
		return refusal_set(d->r, -ENOENT, "there is no such cluster");
	if (!balancer_of(c)->maglev)
		return refusal_set(d->r, -EINVAL,
				   "the cluster's policy is not maglev");
	d->cluster = c;
	if (!c->all.nsets)
		return 0;
	d->maglev = c->all.sets->maglev;
	if (d->maglev.entries)
		return 0;
	err = balancer_of(c)->maglev(d->mesh->account, c, c->all.sets,
				     &d->maglev);
	if (err)
		return account_refuse(d->mesh->account, d->r, err);
	d->own_maglev = true;
	return 0;
}

struct dump *netlink_begin_maglev(struct netlink_request *q)
{
	struct nlattr *name = q->attrs[L7MESH_A_CLUSTER_NAME];
	struct dump *d = netlink_new_dump(q);

	if (IS_ERR(d))
		return d;
	return netlink_begun(d, name ? find_table(d, attr_span(name)) :
				       refusal_set(d->r, -EINVAL,
						   "CLUSTER_NAME is missing"));
}

static int maglev_endpoints(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	const struct member_set *set = d->cluster->all.sets;
	struct cursor *at = &d->at;
	int err;

	for (; set && at->object < set->n; at->object++) {
		void *header = netlink_begin_message(skb, cb, L7MESH_CMD_MAGLEV_GET);

		if (!header)
			return -EMSGSIZE;
		err = netlink_fill_endpoint(skb, d->cluster,
					    &set->members[at->object]);
		if (netlink_end_message(skb, header, err))
			return err;
	}
	return 0;
}

static u32 entry(const struct maglev *m, u32 slot)
{
	if (m->width == 1)
		return m->e8[slot];
	return m->width == 2 ? m->e16[slot] : m->e32[slot];
}

static int put_entries(struct sk_buff *skb, const struct maglev *m, u32 first,
		       u32 n)
{
	struct nlattr *nla = nla_reserve(skb, L7MESH_MAGLEV_A_ENTRIES,
					 n * sizeof(u32));
	u32 *to, i;

	if (!nla)
		return -EMSGSIZE;
	to = nla_data(nla);
	for (i = 0; i < n; i++)
		to[i] = entry(m, first + i);
	return 0;
}

static int put_piece(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct maglev *m, u32 first, u32 n)
{
	void *header = netlink_begin_message(skb, cb, L7MESH_CMD_MAGLEV_GET);
	struct nlattr *nest;

	if (!header)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, L7MESH_A_MAGLEV);
	if (!nest ||
	    (!first && nla_put_u32(skb, L7MESH_MAGLEV_A_SIZE,
				   m->entries ? m->size : 0)) ||
	    nla_put_u32(skb, L7MESH_MAGLEV_A_FIRST, first) ||
	    put_entries(skb, m, first, n))
		return netlink_end_message(skb, header, -EMSGSIZE);
	nla_nest_end(skb, nest);
	return netlink_end_message(skb, header, 0);
}

/* A cluster without endpoints has a table of size 0. */
static int maglev_entries(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	struct cursor *at = &d->at;
	u32 size = d->maglev.entries ? d->maglev.size : 0;
	int err;

	do {
		u32 left = size - at->object;
		u32 room = max(skb_tailroom(skb) - PIECE_OVERHEAD, 0) /
			   sizeof(u32);
		u32 n = min3(left, room, PIECE_MAX);

		if (n < min(left, PIECE_MIN))
			return -EMSGSIZE;
		err = put_piece(skb, cb, &d->maglev, at->object, n);
		if (err)
			return err;
		at->object += n;
	} while (at->object < size);
	return 0;
}

int netlink_dump_maglev(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	int err = 0;

	for (; d->at.stage < MAGLEV_STAGES; d->at.stage++) {
		err = d->at.stage == MAGLEV_ENDPOINTS ?
		      maglev_endpoints(skb, cb) : maglev_entries(skb, cb);
		if (err)
			break;
		d->at.object = 0;
	}
	return netlink_answer_dump(skb, err);
}

/* ---- ATTACHED_GET ---- */

struct dump *netlink_begin_attached(struct netlink_request *q)
{
	struct dump *d = alloc_dump(q);

	if (IS_ERR(d))
		return d;
	return netlink_begun(d, mesh_attached(q->mn, &d->attached, &d->n, d->r));
}

static int put_attached(struct sk_buff *skb, struct netlink_callback *cb,
			const struct attached *a)
{
	void *header = netlink_begin_message(skb, cb, L7MESH_CMD_ATTACHED_GET);
	struct nlattr *nest;

	if (!header)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, L7MESH_A_ATTACHED);
	if (!nest ||
	    nla_put_u64_64bit(skb, L7MESH_ATTACHED_A_INODE, a->inode,
			      L7MESH_ATTACHED_A_PAD) ||
	    nla_put_u64_64bit(skb, L7MESH_ATTACHED_A_COOKIE, a->cookie,
			      L7MESH_ATTACHED_A_PAD))
		return netlink_end_message(skb, header, -EMSGSIZE);
	nla_nest_end(skb, nest);
	return netlink_end_message(skb, header, 0);
}

int netlink_dump_attached(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	int err = 0;

	for (; d->at.object < d->n; d->at.object++) {
		err = put_attached(skb, cb, &d->attached[d->at.object]);
		if (err)
			break;
	}
	return netlink_answer_dump(skb, err);
}

/* ---- SPLICES_GET ---- */

struct dump *netlink_begin_splices(struct netlink_request *q)
{
	struct dump *d = netlink_new_dump(q);

	if (!IS_ERR(d) && d->mesh && splice_list(d->mesh, &d->splices, &d->n))
		return netlink_begun(d, refusal_set(d->r, -ENOMEM,
						    "out of memory"));
	return d;
}

static int put_fallback(struct sk_buff *skb, enum splice_reason reason, u64 n)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);

	if (!item ||
	    nla_put_string(skb, L7MESH_STAT_A_NAME, splice_reason_name(reason)) ||
	    nla_put_u64_64bit(skb, L7MESH_STAT_A_VALUE, n, L7MESH_STAT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, item);
	return 0;
}

static int put_fallbacks(struct sk_buff *skb, const struct splice_count *c)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_SPLICE_END_A_FALLBACKS);
	enum splice_reason reason;
	int err;

	if (!list)
		return -EMSGSIZE;
	for (reason = 0; reason < SPLICE_REASONS; reason++) {
		if (!c->fallbacks[reason])
			continue;
		err = put_fallback(skb, reason, c->fallbacks[reason]);
		if (err)
			return err;
	}
	nla_nest_end(skb, list);
	return 0;
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, L7MESH_SPLICE_END_A_PAD);
}

static int put_splice_end(struct sk_buff *skb, int type,
			  const struct splice_end_info *e)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	const struct splice_count *c = &e->count;

	if (!nest ||
	    netlink_put_address(skb, L7MESH_SPLICE_END_A_ADDRESS, &e->address) ||
	    nla_put_u16(skb, L7MESH_SPLICE_END_A_PORT, ntohs(e->address.port)) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_NETNS, e->netns) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_SOCKET, e->inode) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_DIRECT_BYTES, c->direct_bytes) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_DIRECT_MESSAGES,
		    c->direct_messages) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_TCP_BYTES, c->tcp_bytes) ||
	    put_u64(skb, L7MESH_SPLICE_END_A_TCP_MESSAGES, c->tcp_messages) ||
	    put_fallbacks(skb, c))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_splice(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct splice_info *info)
{
	void *header = netlink_begin_message(skb, cb, L7MESH_CMD_SPLICES_GET);
	struct nlattr *nest;

	if (!header)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, L7MESH_A_SPLICE_PAIR);
	if (!nest ||
	    put_splice_end(skb, L7MESH_SPLICE_PAIR_A_CLIENT, &info->ends[0]) ||
	    put_splice_end(skb, L7MESH_SPLICE_PAIR_A_SERVER, &info->ends[1]))
		return netlink_end_message(skb, header, -EMSGSIZE);
	nla_nest_end(skb, nest);
	return netlink_end_message(skb, header, 0);
}

int netlink_dump_splices(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	int err = 0;

	for (; d->at.object < d->n; d->at.object++) {
		err = put_splice(skb, cb, &d->splices[d->at.object]);
		if (err)
			break;
	}
	return netlink_answer_dump(skb, err);
}
