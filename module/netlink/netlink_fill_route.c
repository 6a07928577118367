// SPDX-License-Identifier: GPL-2.0
/* As netlink_fill.c, for routes. */
#include "netlink/netlink.h"

static int put_comparison(struct sk_buff *skb, const struct value_match *m)
{
	switch ((enum value_match_kind)m->kind) {
	case VALUE_MATCH_EXACT:
		return attr_put_span(skb, L7MESH_VALUE_MATCH_A_EXACT, m->value);
	case VALUE_MATCH_PREFIX:
		return attr_put_span(skb, L7MESH_VALUE_MATCH_A_PREFIX,
				     m->value);
	case VALUE_MATCH_SUFFIX:
		return attr_put_span(skb, L7MESH_VALUE_MATCH_A_SUFFIX,
				     m->value);
	case VALUE_MATCH_CONTAINS:
		return attr_put_span(skb, L7MESH_VALUE_MATCH_A_CONTAINS,
				     m->value);
	case VALUE_MATCH_REGEX:
		return attr_put_span(skb, L7MESH_VALUE_MATCH_A_REGEX, m->value);
	case VALUE_MATCH_RANGE:
		return nla_put_s64(skb, L7MESH_VALUE_MATCH_A_RANGE_START,
				   m->first, L7MESH_VALUE_MATCH_A_PAD) ?:
		       nla_put_s64(skb, L7MESH_VALUE_MATCH_A_RANGE_END, m->end,
				   L7MESH_VALUE_MATCH_A_PAD);
	default:
		return nla_put_u8(skb, L7MESH_VALUE_MATCH_A_PRESENT,
				  m->kind == VALUE_MATCH_PRESENT);
	}
}

static int put_value_match(struct sk_buff *skb, const struct value_match *m)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_VALUE_MATCH_A_NAME, m->name) ||
	      put_comparison(skb, m);
	if (!err && m->invert)
		err = nla_put_flag(skb, L7MESH_VALUE_MATCH_A_INVERT);
	return attr_end_nest(skb, item, err);
}

static int put_value_matches(struct sk_buff *skb, int type,
			     const struct value_match *m, u32 n)
{
	struct nlattr *list;
	int err = 0;
	u32 i;

	if (!n)
		return 0;
	list = nla_nest_start(skb, type);
	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < n && !err; i++)
		err = put_value_match(skb, &m[i]);
	return attr_end_nest(skb, list, err);
}

static int put_path(struct sk_buff *skb, const struct route_match *m)
{
	static const u16 attrs[] = {
		[PATH_MATCH_EXACT] = L7MESH_MATCH_A_PATH_EXACT,
		[PATH_MATCH_PREFIX] = L7MESH_MATCH_A_PATH_PREFIX,
		[PATH_MATCH_RAW_PREFIX] = L7MESH_MATCH_A_PATH_RAW_PREFIX,
		[PATH_MATCH_SUFFIX] = L7MESH_MATCH_A_PATH_SUFFIX,
		[PATH_MATCH_TEMPLATE] = L7MESH_MATCH_A_PATH_TEMPLATE,
		[PATH_MATCH_REGEX] = L7MESH_MATCH_A_PATH_REGEX,
	};

	if (m->path_kind == PATH_MATCH_ANY)
		return 0;
	return attr_put_span(skb, attrs[m->path_kind], m->path);
}

static int put_client(struct sk_buff *skb, const struct route_match *m)
{
	int err = 0;

	if (m->source.family)
		err = attr_put_network(skb, L7MESH_MATCH_A_SOURCE, &m->source);
	if (!err && m->source_netns)
		err = nla_put_u64_64bit(skb, L7MESH_MATCH_A_SOURCE_NETNS,
					m->source_netns, L7MESH_MATCH_A_PAD);
	if (!err && m->listener.name.len)
		err = attr_put_span(skb, L7MESH_MATCH_A_LISTENER,
				    m->listener.name);
	if (!err && m->has_fraction)
		err = nla_put_u32(skb, L7MESH_MATCH_A_FRACTION, m->fraction);
	return err;
}

static int put_match(struct sk_buff *skb, const struct route_match *m)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_ROUTE_A_MATCH);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = put_path(skb, m);
	if (!err && m->method.len)
		err = attr_put_span(skb, L7MESH_MATCH_A_METHOD, m->method);
	if (!err)
		err = put_value_matches(skb, L7MESH_MATCH_A_HEADERS, m->headers,
					m->nheaders);
	if (!err)
		err = put_value_matches(skb, L7MESH_MATCH_A_QUERY, m->query,
					m->nquery);
	if (!err)
		err = put_client(skb, m);
	return attr_end_nest(skb, nest, err);
}

static int put_weighted_cluster(struct sk_buff *skb,
				const struct weighted_cluster *wc)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_WEIGHTED_CLUSTER_A_NAME,
			    wc->cluster.name) ||
	      nla_put_u32(skb, L7MESH_WEIGHTED_CLUSTER_A_WEIGHT, wc->weight) ||
	      (wc->subset.len &&
	       attr_put_span(skb, L7MESH_WEIGHTED_CLUSTER_A_SUBSET,
			     wc->subset)) ||
	      netlink_put_header_edit(skb,
				      L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS,
				      L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS,
				      &wc->edit);
	return attr_end_nest(skb, item, err);
}

static int put_weighted(struct sk_buff *skb, const struct route *r)
{
	struct nlattr *list = nla_nest_start(skb,
					     L7MESH_ACTION_A_WEIGHTED_CLUSTERS);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < r->nclusters && !err; i++)
		err = put_weighted_cluster(skb, &r->clusters[i]);
	return attr_end_nest(skb, list, err);
}

static int put_redirect(struct sk_buff *skb, const struct route *r)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_ACTION_A_REDIRECT);
	bool prefix = r->rewrite.path_kind == REWRITE_PATH_PREFIX;
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_some(skb, L7MESH_REDIRECT_A_HOST, r->rewrite.host) ||
	      attr_put_some(skb, prefix ? L7MESH_REDIRECT_A_PREFIX :
				     L7MESH_REDIRECT_A_PATH, r->rewrite.path) ||
	      nla_put_u16(skb, L7MESH_REDIRECT_A_STATUS, r->status) ||
	      nla_put_u32(skb, L7MESH_REDIRECT_A_SCHEME, r->redirect.scheme);
	if (!err && r->redirect.port)
		err = nla_put_u16(skb, L7MESH_REDIRECT_A_PORT, r->redirect.port);
	if (!err)
		err = nla_put_u8(skb, L7MESH_REDIRECT_A_STRIP_QUERY,
				 r->redirect.strip_query);
	return attr_end_nest(skb, nest, err);
}

static int put_rewrite(struct sk_buff *skb, const struct rewrite *rw)
{
	static const u16 attrs[] = {
		[REWRITE_PATH_WHOLE] = L7MESH_REWRITE_A_PATH,
		[REWRITE_PATH_PREFIX] = L7MESH_REWRITE_A_PREFIX,
		[REWRITE_PATH_TEMPLATE] = L7MESH_REWRITE_A_TEMPLATE,
	};
	struct nlattr *nest;
	int err;

	if (!rw->host.len && !rw->path_kind)
		return 0;
	nest = nla_nest_start(skb, L7MESH_ACTION_A_REWRITE);
	if (!nest)
		return -EMSGSIZE;
	err = attr_put_some(skb, L7MESH_REWRITE_A_HOST, rw->host) ||
	      attr_put_some(skb, attrs[rw->path_kind], rw->path);
	return attr_end_nest(skb, nest, err);
}

static int put_direct_response(struct sk_buff *skb, const struct route *r)
{
	struct nlattr *nest = nla_nest_start(skb,
					     L7MESH_ACTION_A_DIRECT_RESPONSE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u16(skb, L7MESH_DIRECT_RESPONSE_A_STATUS, r->status);
	if (!err && r->body.len)
		err = nla_put(skb, L7MESH_DIRECT_RESPONSE_A_BODY, r->body.len,
			      r->body.p);
	return attr_end_nest(skb, nest, err);
}

static int put_action(struct sk_buff *skb, const struct route *r)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_ROUTE_A_ACTION);
	int err;

	if (!nest)
		return -EMSGSIZE;
	switch ((enum route_action_kind)r->action) {
	case ROUTE_CLUSTER:
		err = attr_put_span(skb, L7MESH_ACTION_A_CLUSTER,
				    r->clusters[0].cluster.name);
		if (!err && r->clusters[0].subset.len)
			err = attr_put_span(skb, L7MESH_ACTION_A_SUBSET,
					    r->clusters[0].subset);
		break;
	case ROUTE_WEIGHTED_CLUSTERS:
		err = put_weighted(skb, r);
		break;
	case ROUTE_CLUSTER_HEADER:
		err = attr_put_span(skb, L7MESH_ACTION_A_CLUSTER_HEADER,
				    r->cluster_header);
		break;
	case ROUTE_REDIRECT:
		err = put_redirect(skb, r);
		break;
	default:
		err = put_direct_response(skb, r);
		break;
	}
	if (!err && r->action != ROUTE_REDIRECT)
		err = put_rewrite(skb, &r->rewrite);
	return attr_end_nest(skb, nest, err);
}

int netlink_fill_route(struct sk_buff *skb, const struct route_table *t,
		       const struct virtual_host *vh, u32 index)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_ROUTE);
	const struct route *r = vh->routes[index];
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_ROUTE_A_ROUTE_TABLE, t->name.name) ||
	      attr_put_span(skb, L7MESH_ROUTE_A_VIRTUAL_HOST, vh->name) ||
	      nla_put_u32(skb, L7MESH_ROUTE_A_INDEX, index) ||
	      put_match(skb, &r->match) || put_action(skb, r) ||
	      netlink_put_header_edit(skb, L7MESH_ROUTE_A_REQUEST_HEADERS,
				      L7MESH_ROUTE_A_RESPONSE_HEADERS,
				      &r->edit) ||
	      policy_put(skb, &r->policies, POLICY_OF_ROUTE) ||
	      nla_put_u32(skb, L7MESH_ROUTE_A_TIMEOUT, r->timeout) ||
	      nla_put_u32(skb, L7MESH_ROUTE_A_PRIORITY, r->priority) ||
	      (r->hash.n && netlink_put_hash(skb, L7MESH_ROUTE_A_HASH, &r->hash));
	return attr_end_nest(skb, nest, err);
}

