// SPDX-License-Identifier: GPL-2.0
/* All is decided as it begins, but for mismatches; the dump tells of it. */
#include <linux/mm.h>
#include "authz/authorization.h"
#include "authz/workload.h"
#include "lib/objset.h"
#include "mesh/mesh.h"
#include "netlink/netlink_dump_priv.h"
#include "stream/explain.h"
#include "tls/hello.h"

/* What of a head an attribute holds. */
#define HEAD_MAX	65000U
/*
 * Mismatches that are told of at a time. A route is matched again for that, which takes
 * as long as the head, and the core holds a lock of the socket meanwhile.
 */
#define MISMATCHES_MAX	32

/* Owned by the dump. */
struct explaining {
	struct question q;
	struct explanation e;
	struct hello hello;
};

enum {
	EXPLAIN_OUTCOME,
	EXPLAIN_ROUTE,
	EXPLAIN_REQUEST,
	EXPLAIN_RESPONSE,
	EXPLAIN_MISMATCHES,
	EXPLAIN_STAGES,
};

static_assert((int)L7MESH_MISMATCH_NONE == ROUTE_MATCHES);
static_assert((int)L7MESH_MISMATCH_PATH == ROUTE_PATH_DIFFERS);
static_assert((int)L7MESH_MISMATCH_METHOD == ROUTE_METHOD_DIFFERS);
static_assert((int)L7MESH_MISMATCH_HEADER == ROUTE_HEADER_DIFFERS);
static_assert((int)L7MESH_MISMATCH_QUERY == ROUTE_QUERY_DIFFERS);
static_assert((int)L7MESH_MISMATCH_SOURCE == ROUTE_SOURCE_DIFFERS);
static_assert((int)L7MESH_MISMATCH_SOURCE_NETNS == ROUTE_NETNS_DIFFERS);
static_assert((int)L7MESH_MISMATCH_LISTENER == ROUTE_LISTENER_DIFFERS);
static_assert((int)L7MESH_MISMATCH_FRACTION == ROUTE_NOT_DRAWN);

void netlink_free_explaining(struct explaining *x)
{
	if (!x)
		return;
	explain_release(&x->e);
	kfree(x);
}

static int find_listener(struct dump *d, const struct nlattr *nla,
			 struct listener_slot *slot)
{
	struct listener *l = NULL;
	struct name_ref name;

	if (!nla)
		return refusal_set(d->r, -EINVAL, "LISTENER is missing");
	name = name_ref(attr_span(nla));
	if (d->s)
		l = objset_find(&d->s->listeners, &name);
	if (!l)
		return refusal_set(d->r, -ENOENT,
				   "there is no such listener");
	*slot = listener_slot(d->s, l);
	return 0;
}

/* Which of its ports, if there are several. */
static int take_port(struct dump *d, struct question *q, const struct nlattr *nla)
{
	const struct listener *l = q->slot.listener;
	u16 first = ntohs(l->address.port), port = nla ? nla_get_u16(nla) : 0;

	if (l->port_end && nla && (port < first || port > l->port_end))
		return refusal_set_attr(d->r, nla, -EINVAL,
					"the listener's ports are %u to %u", first,
					l->port_end);
	if (!first || (l->port_end && nla))
		q->original.port = htons(port ?: 80);
	return 0;
}

static int take_source(struct dump *d, struct question *q, const struct nlattr *nla)
{
	struct address *source = &q->source;
	int err;

	q->source_unsaid = !nla;
	if (!nla) {
		if (source->family == AF_INET)
			address_set_v4(source, htonl(INADDR_LOOPBACK), 0);
		else
			address_set_v6(source, &in6addr_loopback, 0);
		return 0;
	}
	err = netlink_address(source, nla, NULL, d->r);
	if (!err && !listener_is_for(q->slot.listener, source))
		err = refusal_set_attr(d->r, nla, -EINVAL,
				       "the listener is for other clients: see its FROM");
	return err;
}

static int take_head(struct dump *d, struct question *q, const struct nlattr *nla)
{
	const struct listener *l = q->slot.listener;

	if (l->protocol == L7MESH_PROTOCOL_HTTP && !nla)
		return refusal_set(d->r, -EINVAL,
				   "HEAD is missing: the listener's protocol is http");
	if (!listener_serves_http(l) && nla)
		return refusal_set_attr(d->r, nla, -EINVAL,
					"HEAD is given, and the listener's protocol is neither http nor auto");
	if (nla)
		q->head = (struct span){ nla_data(nla), nla_len(nla) };
	return 0;
}

/* A client of a tls listener says something, if it names no server. */
static int take_server_name(struct dump *d, struct question *q, const struct nlattr *nla)
{
	const struct listener *l = q->slot.listener;
	struct hello *hello = &d->explaining->hello;

	if (!nla && l->protocol != L7MESH_PROTOCOL_TLS)
		return 0;
	if (q->head.p)
		return refusal_set_attr(d->r, nla, -EINVAL,
					"SERVER_NAME is of TLS, and HEAD of HTTP: there can be one of them");
	if (l->protocol != L7MESH_PROTOCOL_TLS && l->protocol != L7MESH_PROTOCOL_AUTO)
		return refusal_set_attr(d->r, nla, -EINVAL,
					"SERVER_NAME is given, and the listener's protocol is neither tls nor auto");
	if (!hello_ask_for(hello, nla ? attr_span(nla) : SPAN("")))
		return refusal_set_attr(d->r, nla, -EINVAL,
					"who asks for such a server is reset: it is no host's name in a certificate");
	q->hello = hello;
	return 0;
}

static int take_question(struct dump *d, struct question *q,
			 const struct nlattr *nest)
{
	struct nlattr *tb[L7MESH_EXPLAIN_A_MAX + 1];
	struct nlattr *netns;
	int err;

	if (!nest)
		return refusal_set(d->r, -EINVAL, "EXPLAIN is missing");
	err = netlink_parse(tb, L7MESH_EXPLAIN_A_MAX, nest,
			    netlink_explain_policy, d->r);
	if (!err)
		err = find_listener(d, tb[L7MESH_EXPLAIN_A_LISTENER], &q->slot);
	if (err)
		return err;
	netns = tb[L7MESH_EXPLAIN_A_SOURCE_NETNS];
	q->original = q->slot.listener->address;
	err = take_port(d, q, tb[L7MESH_EXPLAIN_A_PORT]);
	if (err)
		return err;
	q->source.family = q->original.family;
	if (netns)
		q->netns = nla_get_u64(netns);
	return take_source(d, q, tb[L7MESH_EXPLAIN_A_SOURCE]) ?:
	       take_head(d, q, tb[L7MESH_EXPLAIN_A_HEAD]) ?:
	       take_server_name(d, q, tb[L7MESH_EXPLAIN_A_SERVER_NAME]);
}

static int begin_explaining(struct netlink_request *q, struct dump *d)
{
	struct explaining *x = kzalloc(sizeof(*x), GFP_KERNEL_ACCOUNT);
	struct explanation *e;
	int err;

	if (!x)
		return refusal_set(d->r, -ENOMEM, "out of memory");
	d->explaining = x;
	e = &x->e;
	x->q.netns = q->mn->net->net_cookie;
	err = take_question(d, &x->q, q->attrs[L7MESH_A_EXPLAIN]);
	if (err)
		return err;
	err = explain(e, d->s, &x->q);
	if (err == -ENOMEM)
		return refusal_set(d->r, err, "out of memory");
	if (err)
		return refusal_set(d->r, err,
				   "HEAD must be the head of one request, up to the blank line");
	d->room = NLMSG_GOODSIZE +
		  max3(d->s->largest, min(e->reply.len, HEAD_MAX),
		       min(e->forwarded.len, HEAD_MAX));
	return 0;
}

struct dump *netlink_begin_explain(struct netlink_request *q)
{
	struct dump *d = netlink_new_dump(q);

	return IS_ERR(d) ? d : netlink_begun(d, begin_explaining(q, d));
}

static int put_route_key(struct sk_buff *skb, const struct explanation *e)
{
	const struct virtual_host *vh = e->vhost;
	int err;

	err = attr_put_span(skb, L7MESH_EXPLANATION_A_ROUTE_TABLE,
			    e->table->name.name);
	if (!err && vh)
		err = attr_put_span(skb, L7MESH_EXPLANATION_A_VIRTUAL_HOST,
				    vh->name);
	if (!err && e->route)
		err = nla_put_u32(skb, L7MESH_EXPLANATION_A_ROUTE,
				  route_index_at(&vh->index, e->position));
	return err;
}

static int put_target(struct sk_buff *skb, const struct explanation *e)
{
	const struct listener *l = e->question->slot.listener;
	const struct address *a = e->ep ? &e->ep->address : NULL;
	int err = 0;

	if (l->has_proxy)
		a = &l->proxy;
	if (e->cluster)
		err = attr_put_span(skb, L7MESH_EXPLANATION_A_CLUSTER,
				    e->cluster->name.name);
	if (!err && e->chosen && e->chosen->subset.len)
		err = attr_put_span(skb, L7MESH_EXPLANATION_A_SUBSET,
				    e->chosen->subset);
	if (!err && a)
		err = netlink_put_address(skb, L7MESH_EXPLANATION_A_ADDRESS, a) ?:
		      nla_put_u16(skb, L7MESH_EXPLANATION_A_PORT,
				  ntohs(a->port));
	if (!err && e->hashed)
		err = nla_put_u64_64bit(skb, L7MESH_EXPLANATION_A_HASH, e->hash,
					L7MESH_EXPLANATION_A_PAD);
	return err;
}

static int put_answer(struct sk_buff *skb, const struct explanation *e)
{
	int err = 0;

	if (e->own.status)
		err = nla_put_u16(skb, L7MESH_EXPLANATION_A_STATUS,
				  e->own.status);
	if (!err && e->own.reason)
		err = nla_put_string(skb, L7MESH_EXPLANATION_A_REASON,
				     mesh_stat_names[e->own.reason]);
	return err;
}

static int put_authz(struct sk_buff *skb, const struct explained_authz *a)
{
	const struct authorization *policy = a->decision.policy;
	int err;

	if (!a->workload)
		return 0;
	err = attr_put_span(skb, L7MESH_EXPLANATION_A_WORKLOAD, a->workload->name.name) ?:
	      nla_put_u32(skb, L7MESH_EXPLANATION_A_VERDICT, a->decision.verdict);
	if (!err && a->source)
		err = attr_put_span(skb, L7MESH_EXPLANATION_A_SOURCE_WORKLOAD,
				    a->source->name.name);
	if (!err && policy)
		err = attr_put_span(skb, L7MESH_EXPLANATION_A_AUTHORIZATION,
				    policy->name.name);
	if (!err && a->request)
		err = nla_put_flag(skb, L7MESH_EXPLANATION_A_OF_REQUEST);
	return err;
}

static int fill_outcome(struct sk_buff *skb, const struct explanation *e)
{
	const struct listener *l = e->question->slot.listener;
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_EXPLANATION);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, L7MESH_EXPLANATION_A_PROTOCOL, l->protocol) ?:
	      netlink_put_address(skb, L7MESH_EXPLANATION_A_CLIENT, &e->client);
	if (!err && e->table)
		err = put_route_key(skb, e);
	if (!err && listener_routes(l))
		err = nla_put_u32(skb, L7MESH_EXPLANATION_A_POLICIES, e->policies);
	if (!err)
		err = put_answer(skb, e) ?: put_target(skb, e) ?: put_authz(skb, &e->authz);
	return attr_end_nest(skb, nest, err);
}

static struct span wanted_text(const struct route_match *m,
			       struct route_mismatch mismatch)
{
	switch (mismatch.kind) {
	case ROUTE_PATH_DIFFERS:
		return m->path;
	case ROUTE_METHOD_DIFFERS:
		return m->method;
	case ROUTE_HEADER_DIFFERS:
		return m->headers[mismatch.index].name;
	case ROUTE_QUERY_DIFFERS:
		return m->query[mismatch.index].name;
	case ROUTE_LISTENER_DIFFERS:
		return m->listener.name;
	default:
		return SPAN("");
	}
}

static int fill_mismatch(struct sk_buff *skb, struct explanation *e,
			 u32 position)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_MISMATCH);
	struct route_mismatch mismatch;
	u32 index;
	int err;

	if (!nest)
		return -EMSGSIZE;
	mismatch = explain_mismatch(e, position, &index);
	err = nla_put_u32(skb, L7MESH_MISMATCH_A_ROUTE, index) ?:
	      nla_put_u32(skb, L7MESH_MISMATCH_A_KIND, mismatch.kind) ?:
	      attr_put_some(skb, L7MESH_MISMATCH_A_OF,
			    wanted_text(&e->vhost->routes[index]->match,
					mismatch));
	return attr_end_nest(skb, nest, err);
}

static int fill_head(struct sk_buff *skb, int type, const struct out *head)
{
	return nla_put(skb, type, min(head->len, HEAD_MAX), head->data);
}

/* Is there anything to tell at this stage? */
static bool tells(const struct explanation *e, u32 stage, u32 done)
{
	switch (stage) {
	case EXPLAIN_ROUTE:
		return !done && e->route;
	case EXPLAIN_REQUEST:
		return !done && !out_empty(&e->forwarded);
	case EXPLAIN_RESPONSE:
		return !done && !out_empty(&e->reply);
	case EXPLAIN_MISMATCHES:
		return e->vhost && done < e->position;
	default:
		return !done;
	}
}

static int fill(struct sk_buff *skb, struct explanation *e,
		const struct cursor *at)
{
	switch (at->stage) {
	case EXPLAIN_ROUTE:
		return netlink_fill_route(skb, e->table, e->vhost,
					  route_index_at(&e->vhost->index,
							 e->position));
	case EXPLAIN_REQUEST:
		return fill_head(skb, L7MESH_A_REQUEST_HEAD, &e->forwarded);
	case EXPLAIN_RESPONSE:
		return fill_head(skb, L7MESH_A_RESPONSE, &e->reply);
	case EXPLAIN_MISMATCHES:
		return fill_mismatch(skb, e, at->object);
	default:
		return fill_outcome(skb, e);
	}
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	void *header = netlink_begin_message(skb, cb, L7MESH_CMD_EXPLAIN);

	if (!header)
		return -EMSGSIZE;
	return netlink_end_message(skb, header,
				   fill(skb, &d->explaining->e, &d->at));
}

int netlink_dump_explain(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *d = netlink_dump_of(cb);
	struct cursor *at = &d->at;
	u32 n = 0;
	int err;

	for (; at->stage < EXPLAIN_STAGES; at->stage++, at->object = 0) {
		for (; tells(&d->explaining->e, at->stage, at->object);
		     at->object++) {
			if (n++ == MISMATCHES_MAX)
				return skb->len;
			err = put_message(skb, cb);
			if (err)
				return netlink_answer_dump(skb, err);
			cond_resched();
		}
	}
	return skb->len;
}
