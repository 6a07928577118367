// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_route: see netlink.h. What a route's match and action say.
 */
#include <linux/mm.h>
#include <linux/stringify.h>
#include "netlink.h"
#include "objset.h"

/* What may stand in a query, RFC 3986 3.4, less what separates its parameters. */
static bool query_valid(struct span s, const char *separators)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || strchr(separators, s.p[i]))
			return false;
	return true;
}

static bool match_name_valid(struct span name, bool query)
{
	return query ? name.len && query_valid(name, "&#=") :
		       http1_token_valid(name);
}

static bool match_value_valid(struct span value, bool query)
{
	return query ? query_valid(value, "&#") : http1_value_valid(value);
}

static int parse_value(struct value_match *m, struct nlattr **tb, bool query,
		       struct refusal *r)
{
	struct nlattr *exact = tb[L7MESH_VALUE_MATCH_A_EXACT];
	struct nlattr *prefix = tb[L7MESH_VALUE_MATCH_A_PREFIX];
	struct nlattr *present = tb[L7MESH_VALUE_MATCH_A_PRESENT];

	if (!!exact + !!prefix + !!present != 1)
		return refusal_set(r, -EINVAL,
				   "exactly one of EXACT, PREFIX, PRESENT is needed");
	if (present) {
		m->kind = nla_get_u8(present) ? VALUE_MATCH_PRESENT :
						VALUE_MATCH_ABSENT;
		return 0;
	}
	m->kind = exact ? VALUE_MATCH_EXACT : VALUE_MATCH_PREFIX;
	m->value = netlink_span(exact ?: prefix);
	if (!match_value_valid(m->value, query))
		return refusal_set_attr(r, exact ?: prefix, -EINVAL,
					"this value can never be in a request");
	return 0;
}

static int parse_value_match(struct value_match *m, const struct nlattr *item,
			     bool query, struct refusal *r)
{
	struct nlattr *tb[L7MESH_VALUE_MATCH_A_MAX + 1];
	struct nlattr *name;
	int err;

	err = netlink_parse(tb, L7MESH_VALUE_MATCH_A_MAX, item,
			    netlink_value_match_policy, r);
	if (err)
		return err;
	name = tb[L7MESH_VALUE_MATCH_A_NAME];
	if (!name)
		return refusal_set_missing(r, item, L7MESH_VALUE_MATCH_A_NAME, "NAME");
	memset(m, 0, sizeof(*m));
	m->name = netlink_span(name);
	if (!match_name_valid(m->name, query))
		return refusal_set_attr(r, name, -EINVAL, "%s",
					query ? "not the name of a query parameter" :
					"not the name of a header field");
	r->attr = item;
	return parse_value(m, tb, query, r);
}

static int parse_value_matches(struct value_match *m, u16 *n,
			       const struct nlattr *list, bool query,
			       struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	*n = 0;
	if (!list)
		return 0;
	nla_for_each_nested(item, list, rem) {
		if (*n == VALUE_MATCHES_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(VALUE_MATCHES_MAX)
						" in one match");
		err = parse_value_match(&m[*n], item, query, r);
		if (err)
			return err;
		++*n;
	}
	return 0;
}

static int parse_path(struct route *route, struct nlattr **tb,
		      const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *exact = tb[L7MESH_MATCH_A_PATH_EXACT];
	struct nlattr *prefix = tb[L7MESH_MATCH_A_PATH_PREFIX];

	if (exact && prefix)
		return refusal_set_attr(r, nest, -EINVAL,
					"PATH_EXACT and PATH_PREFIX exclude each other");
	route->path_kind = exact ? PATH_MATCH_EXACT :
			   prefix ? PATH_MATCH_PREFIX : PATH_MATCH_ANY;
	route->path = (struct span){ };
	if (!exact && !prefix)
		return 0;
	route->path = netlink_span(exact ?: prefix);
	if (route_path_valid(route->path))
		return 0;
	return refusal_set_attr(r, exact ?: prefix, -EINVAL,
				"a path starts with / and has no space, ? and #");
}

static int parse_method(struct route *route, const struct nlattr *nla,
			struct refusal *r)
{
	route->method = (struct span){ };
	if (!nla)
		return 0;
	route->method = netlink_span(nla);
	if (http1_token_valid(route->method))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL, "not a method");
}

int netlink_parse_match(struct route *route, struct route_parser *p,
			const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_MATCH_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_MATCH_A_MAX, nest, netlink_match_policy,
			    r);
	if (!err)
		err = parse_path(route, tb, nest, r);
	if (!err)
		err = parse_method(route, tb[L7MESH_MATCH_A_METHOD], r);
	if (!err)
		err = parse_value_matches(p->headers, &route->nheaders,
					  tb[L7MESH_MATCH_A_HEADERS], false, r);
	if (!err)
		err = parse_value_matches(p->query, &route->nquery,
					  tb[L7MESH_MATCH_A_QUERY], true, r);
	route->headers = p->headers;
	route->query = p->query;
	return err;
}

static int alloc_clusters(struct route *route, struct route_parser *p, u32 n,
			  struct refusal *r)
{
	p->clusters = kvcalloc(n, sizeof(*p->clusters), GFP_KERNEL_ACCOUNT);
	if (!p->clusters)
		return refusal_set(r, -ENOMEM, "out of memory");
	route->clusters = p->clusters;
	return 0;
}

static int parse_cluster(struct route *route, struct route_parser *p,
			 const struct nlattr *nla, struct refusal *r)
{
	int err = alloc_clusters(route, p, 1, r);

	if (err)
		return err;
	route->action = ROUTE_CLUSTER;
	route->nclusters = 1;
	p->clusters[0].weight = 1;
	return netlink_name(nla, &p->clusters[0].cluster, r);
}

static int parse_weighted_cluster(struct weighted_cluster *wc,
				  const struct nlattr *item, struct refusal *r)
{
	struct nlattr *tb[L7MESH_WEIGHTED_CLUSTER_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_WEIGHTED_CLUSTER_A_MAX, item,
			    netlink_weighted_cluster_policy, r);
	if (err)
		return err;
	if (!tb[L7MESH_WEIGHTED_CLUSTER_A_NAME])
		return refusal_set_missing(r, item, L7MESH_WEIGHTED_CLUSTER_A_NAME,
					   "NAME");
	if (!tb[L7MESH_WEIGHTED_CLUSTER_A_WEIGHT])
		return refusal_set_missing(r, item, L7MESH_WEIGHTED_CLUSTER_A_WEIGHT,
					   "WEIGHT");
	wc->weight = nla_get_u32(tb[L7MESH_WEIGHTED_CLUSTER_A_WEIGHT]);
	return netlink_name(tb[L7MESH_WEIGHTED_CLUSTER_A_NAME], &wc->cluster, r);
}

static int parse_weighted(struct route *route, struct route_parser *p,
			  const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	u64 total = 0;
	int rem, err;

	err = alloc_clusters(route, p, netlink_count(list) ?: 1, r);
	if (err)
		return err;
	route->action = ROUTE_WEIGHTED_CLUSTERS;
	nla_for_each_nested(item, list, rem) {
		struct weighted_cluster *wc = &p->clusters[route->nclusters++];

		err = parse_weighted_cluster(wc, item, r);
		if (err)
			return err;
		total += wc->weight;
	}
	if (!total)
		return refusal_set_attr(r, list, -EINVAL,
					"at least one weight must not be 0");
	if (total > U32_MAX)
		return refusal_set_attr(r, list, -EINVAL,
					"the weights exceed 4294967295 together");
	return 0;
}

static bool redirect_status_valid(u16 status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static int parse_redirect(struct route *route, const struct nlattr *nest,
			  struct refusal *r)
{
	struct nlattr *tb[L7MESH_REDIRECT_A_MAX + 1];
	struct nlattr *host, *path, *status;
	int err;

	err = netlink_parse(tb, L7MESH_REDIRECT_A_MAX, nest,
			    netlink_redirect_policy, r);
	if (err)
		return err;
	host = tb[L7MESH_REDIRECT_A_HOST];
	path = tb[L7MESH_REDIRECT_A_PATH];
	status = tb[L7MESH_REDIRECT_A_STATUS];
	if (!host && !path)
		return refusal_set_attr(r, nest, -EINVAL, "HOST or PATH is needed");
	route->action = ROUTE_REDIRECT;
	route->status = status ? nla_get_u16(status) : 301;
	if (!redirect_status_valid(route->status))
		return refusal_set_attr(r, status, -EINVAL,
					"STATUS must be 301, 302, 303, 307 or 308");
	if (host)
		route->redirect_host = netlink_span(host);
	if (host && !http1_authority_valid(route->redirect_host))
		return refusal_set_attr(r, host, -EINVAL, "not a host");
	if (path)
		route->redirect_path = netlink_span(path);
	if (path && !route_path_valid(route->redirect_path))
		return refusal_set_attr(r, path, -EINVAL,
					"a path starts with / and has no space, ? and #");
	return 0;
}

static int parse_direct_response(struct route *route, const struct nlattr *nest,
				 struct refusal *r)
{
	struct nlattr *tb[L7MESH_DIRECT_RESPONSE_A_MAX + 1];
	struct nlattr *body;
	int err;

	err = netlink_parse(tb, L7MESH_DIRECT_RESPONSE_A_MAX, nest,
			    netlink_direct_response_policy, r);
	if (err)
		return err;
	if (!tb[L7MESH_DIRECT_RESPONSE_A_STATUS])
		return refusal_set_missing(r, nest, L7MESH_DIRECT_RESPONSE_A_STATUS,
					   "STATUS");
	route->action = ROUTE_DIRECT_RESPONSE;
	route->status = nla_get_u16(tb[L7MESH_DIRECT_RESPONSE_A_STATUS]);
	body = tb[L7MESH_DIRECT_RESPONSE_A_BODY];
	if (body)
		route->body = (struct span){ nla_data(body), nla_len(body) };
	return 0;
}

static void clear_action(struct route *route)
{
	route->status = 0;
	route->nclusters = 0;
	route->clusters = NULL;
	route->redirect_host = (struct span){ };
	route->redirect_path = (struct span){ };
	route->body = (struct span){ };
}

int netlink_parse_action(struct route *route, struct route_parser *p,
			 const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_ACTION_A_MAX + 1];
	struct nlattr *cluster, *weighted, *redirect, *direct;
	int err;

	err = netlink_parse(tb, L7MESH_ACTION_A_MAX, nest,
			    netlink_action_policy, r);
	if (err)
		return err;
	cluster = tb[L7MESH_ACTION_A_CLUSTER];
	weighted = tb[L7MESH_ACTION_A_WEIGHTED_CLUSTERS];
	redirect = tb[L7MESH_ACTION_A_REDIRECT];
	direct = tb[L7MESH_ACTION_A_DIRECT_RESPONSE];
	if (!!cluster + !!weighted + !!redirect + !!direct != 1)
		return refusal_set_attr(r, nest, -EINVAL,
					"exactly one of CLUSTER, WEIGHTED_CLUSTERS, REDIRECT, DIRECT_RESPONSE is needed");
	clear_action(route);
	if (cluster)
		return parse_cluster(route, p, cluster, r);
	if (weighted)
		return parse_weighted(route, p, weighted, r);
	if (redirect)
		return parse_redirect(route, redirect, r);
	return parse_direct_response(route, direct, r);
}
