// SPDX-License-Identifier: GPL-2.0
/* What a route's action says. */
#include <linux/mm.h>
#include "http/authority.h"
#include "http/chars.h"
#include "http/path_template.h"
#include "lib/objset.h"
#include "netlink/netlink.h"

static_assert((int)L7MESH_SCHEME_HTTP == REDIRECT_SCHEME_HTTP);
static_assert((int)L7MESH_SCHEME_HTTPS == REDIRECT_SCHEME_HTTPS);

static int alloc_clusters(struct route *route, struct route_parser *p, u32 n,
			  struct refusal *r)
{
	p->clusters = kvcalloc(n, sizeof(*p->clusters), GFP_KERNEL_ACCOUNT);
	if (!p->clusters)
		return refusal_set(r, -ENOMEM, "out of memory");
	route->clusters = p->clusters;
	return 0;
}

static int parse_subset(struct weighted_cluster *wc, const struct nlattr *nla,
			struct refusal *r)
{
	struct name_ref name;
	int err;

	if (!nla)
		return 0;
	err = attr_name(nla, &name, r);
	wc->subset = name.name;
	return err;
}

static int parse_cluster(struct route *route, struct route_parser *p,
			 const struct nlattr *nla, const struct nlattr *subset,
			 struct refusal *r)
{
	int err = alloc_clusters(route, p, 1, r);

	if (err)
		return err;
	route->action = ROUTE_CLUSTER;
	route->nclusters = 1;
	p->clusters[0].weight = 1;
	return attr_name(nla, &p->clusters[0].cluster, r) ?:
	       parse_subset(&p->clusters[0], subset, r);
}

/* @ops: room for all operations; becomes what is left of it. */
static int parse_cluster_edit(struct header_edit *edit, struct header_op **ops,
			      struct nlattr **tb, struct refusal *r)
{
	int err;

	err = netlink_parse_ops(&edit->request, *ops,
				tb[L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS],
				false, r);
	if (err)
		return err;
	*ops += edit->request.n;
	err = netlink_parse_ops(&edit->response, *ops,
				tb[L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS],
				true, r);
	*ops += edit->response.n;
	return err;
}

static int parse_weighted_cluster(struct weighted_cluster *wc,
				  struct header_op **ops,
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
	err = attr_name(tb[L7MESH_WEIGHTED_CLUSTER_A_NAME], &wc->cluster, r) ?:
	      parse_subset(wc, tb[L7MESH_WEIGHTED_CLUSTER_A_SUBSET], r);
	return err ?: parse_cluster_edit(&wc->edit, ops, tb, r);
}

/* An operation's nest, and its name: the least that one takes. */
#define OP_BYTES	(2 * NLA_HDRLEN)

static int parse_weighted(struct route *route, struct route_parser *p,
			  const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	struct header_op *ops;
	u64 total = 0;
	int rem, err;

	err = alloc_clusters(route, p, attr_count(list) ?: 1, r);
	if (err)
		return err;
	p->ops = kvcalloc(nla_len(list) / OP_BYTES + 1, sizeof(*p->ops),
			  GFP_KERNEL_ACCOUNT);
	if (!p->ops)
		return refusal_set(r, -ENOMEM, "out of memory");
	ops = p->ops;
	route->action = ROUTE_WEIGHTED_CLUSTERS;
	nla_for_each_nested(item, list, rem) {
		struct weighted_cluster *wc = &p->clusters[route->nclusters++];

		err = parse_weighted_cluster(wc, &ops, item, r);
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

static int parse_cluster_header(struct route *route, const struct nlattr *nla,
				struct refusal *r)
{
	route->action = ROUTE_CLUSTER_HEADER;
	route->cluster_header = attr_span(nla);
	if (chars_token_valid(route->cluster_header))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL,
				"not the name of a header field");
}

/* Attributes of one meaning, in rewrites and redirects. */
struct rewrite_attrs {
	const struct nlattr *host, *path, *prefix, *template;
};

static int parse_rewrite_path(struct rewrite *rw, const struct nlattr *nla,
			      u8 kind, struct refusal *r)
{
	if (!nla)
		return 0;
	if (rw->path_kind)
		return refusal_set_attr(r, nla, -EINVAL,
					"only one of the path's replacements is allowed");
	rw->path_kind = kind;
	rw->path = attr_span(nla);
	if (route_path_valid(rw->path))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL,
				"a path starts with / and has no space, ? and #");
}

static int parse_rewrite_attrs(struct rewrite *rw,
			       const struct rewrite_attrs *a, struct refusal *r)
{
	int err;

	if (a->host)
		rw->host = attr_span(a->host);
	if (a->host && !authority_valid(rw->host))
		return refusal_set_attr(r, a->host, -EINVAL, "not a host");
	err = parse_rewrite_path(rw, a->path, REWRITE_PATH_WHOLE, r);
	if (!err)
		err = parse_rewrite_path(rw, a->prefix, REWRITE_PATH_PREFIX, r);
	if (!err)
		err = parse_rewrite_path(rw, a->template, REWRITE_PATH_TEMPLATE,
					 r);
	return err;
}

static int parse_rewrite(struct route *route, const struct nlattr *nest,
			 struct refusal *r)
{
	struct nlattr *tb[L7MESH_REWRITE_A_MAX + 1];
	struct rewrite_attrs a;
	int err;

	err = netlink_parse(tb, L7MESH_REWRITE_A_MAX, nest,
			    netlink_rewrite_policy, r);
	if (err)
		return err;
	a = (struct rewrite_attrs){
		tb[L7MESH_REWRITE_A_HOST], tb[L7MESH_REWRITE_A_PATH],
		tb[L7MESH_REWRITE_A_PREFIX], tb[L7MESH_REWRITE_A_TEMPLATE],
	};
	if (!a.host && !a.path && !a.prefix && !a.template)
		return refusal_set_attr(r, nest, -EINVAL,
					"HOST, PATH, PREFIX or TEMPLATE is needed");
	return parse_rewrite_attrs(&route->rewrite, &a, r);
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
	struct nlattr *status, *scheme, *port, *strip;
	struct rewrite_attrs a = {};
	int err;

	err = netlink_parse(tb, L7MESH_REDIRECT_A_MAX, nest,
			    netlink_redirect_policy, r);
	if (err)
		return err;
	a.host = tb[L7MESH_REDIRECT_A_HOST];
	a.path = tb[L7MESH_REDIRECT_A_PATH];
	a.prefix = tb[L7MESH_REDIRECT_A_PREFIX];
	status = tb[L7MESH_REDIRECT_A_STATUS];
	scheme = tb[L7MESH_REDIRECT_A_SCHEME];
	port = tb[L7MESH_REDIRECT_A_PORT];
	strip = tb[L7MESH_REDIRECT_A_STRIP_QUERY];
	route->action = ROUTE_REDIRECT;
	route->status = status ? nla_get_u16(status) : 301;
	route->redirect.scheme = scheme ? nla_get_u32(scheme) : 0;
	route->redirect.port = port ? nla_get_u16(port) : 0;
	route->redirect.strip_query = strip && nla_get_u8(strip);
	if (!redirect_status_valid(route->status))
		return refusal_set_attr(r, status, -EINVAL,
					"STATUS must be 301, 302, 303, 307 or 308");
	return parse_rewrite_attrs(&route->rewrite, &a, r);
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
	route->cluster_header = (struct span){ };
	route->body = (struct span){ };
	memset(&route->rewrite, 0, sizeof(route->rewrite));
	memset(&route->redirect, 0, sizeof(route->redirect));
}

static int parse_one_action(struct route *route, struct route_parser *p,
			    struct nlattr **tb, const struct nlattr *nest,
			    struct refusal *r)
{
	struct nlattr *cluster = tb[L7MESH_ACTION_A_CLUSTER];
	struct nlattr *subset = tb[L7MESH_ACTION_A_SUBSET];
	struct nlattr *weighted = tb[L7MESH_ACTION_A_WEIGHTED_CLUSTERS];
	struct nlattr *header = tb[L7MESH_ACTION_A_CLUSTER_HEADER];
	struct nlattr *redirect = tb[L7MESH_ACTION_A_REDIRECT];
	struct nlattr *direct = tb[L7MESH_ACTION_A_DIRECT_RESPONSE];

	if (!!cluster + !!weighted + !!header + !!redirect + !!direct != 1)
		return refusal_set_attr(r, nest, -EINVAL,
					"exactly one of CLUSTER, WEIGHTED_CLUSTERS, CLUSTER_HEADER, REDIRECT, DIRECT_RESPONSE is needed");
	clear_action(route);
	if (subset && !cluster)
		return refusal_set_attr(r, subset, -EINVAL,
					"SUBSET goes with CLUSTER");
	if (cluster)
		return parse_cluster(route, p, cluster, subset, r);
	if (weighted)
		return parse_weighted(route, p, weighted, r);
	if (header)
		return parse_cluster_header(route, header, r);
	if (redirect)
		return parse_redirect(route, redirect, r);
	return parse_direct_response(route, direct, r);
}

int netlink_parse_action(struct route *route, struct route_parser *p,
			 const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_ACTION_A_MAX + 1];
	struct nlattr *rewrite;
	int err;

	err = netlink_parse(tb, L7MESH_ACTION_A_MAX, nest,
			    netlink_action_policy, r);
	if (!err)
		err = parse_one_action(route, p, tb, nest, r);
	rewrite = tb[L7MESH_ACTION_A_REWRITE];
	if (err || !rewrite)
		return err;
	if (route->action == ROUTE_REDIRECT ||
	    route->action == ROUTE_DIRECT_RESPONSE)
		return refusal_set_attr(r, rewrite, -EINVAL,
					"nothing is forwarded that could be rewritten");
	return parse_rewrite(route, rewrite, r);
}

int netlink_check_rewrite(const struct route *route, struct refusal *r)
{
	u8 kind = route->match.path_kind;
	const char *why;

	if (route->rewrite.path_kind == REWRITE_PATH_PREFIX &&
	    kind != PATH_MATCH_PREFIX && kind != PATH_MATCH_RAW_PREFIX &&
	    kind != PATH_MATCH_EXACT)
		return refusal_set(r, -EINVAL,
				   "a prefix is replaced of a route that matches one");
	if (route->rewrite.path_kind != REWRITE_PATH_TEMPLATE)
		return 0;
	if (kind != PATH_MATCH_TEMPLATE)
		return refusal_set(r, -EINVAL,
				   "a template rewrites paths of a route that has one");
	why = path_template_check_rewrite(route->rewrite.path, route->match.path);
	return why ? refusal_set(r, -EINVAL, "the template that rewrites: %s",
				 why) : 0;
}
