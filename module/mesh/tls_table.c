// SPDX-License-Identifier: GPL-2.0
#include "mesh/tls_table.h"

#include <linux/errno.h>
#include <linux/sched.h>

#include "lib/refusal.h"
#include "mesh/snapshot.h"
#include "policy/order.h"
#include "route/route.h"

/* Each is of every request: what a file says that has to say something. */
static bool is_any_path(const struct route_match *m)
{
	return m->path_kind == PATH_MATCH_ANY ||
	       ((m->path_kind == PATH_MATCH_PREFIX ||
		 m->path_kind == PATH_MATCH_RAW_PREFIX) && m->path.len == 1);
}

/* What of a request it looks at, or NULL. */
static const char *unfit_match(const struct route_match *m)
{
	if (!is_any_path(m))
		return "its match has a path";
	if (m->method.len)
		return "its match has a method";
	if (m->nheaders)
		return "its match has headers";
	if (m->nquery)
		return "its match has query parameters";
	if (m->source.family || m->source_netns)
		return "its match has a source";
	if (m->listener.name.len)
		return "its match has a listener";
	return m->has_fraction ? "its match has a fraction" : NULL;
}

static bool edits(const struct header_edit *e)
{
	return e->request.n || e->response.n;
}

static bool clusters_edit(const struct route *r)
{
	u32 i;

	for (i = 0; i < r->nclusters; i++)
		if (edits(&r->clusters[i].edit))
			return true;
	return false;
}

static bool only_retries(const struct parts *policies)
{
	u32 i;

	for (i = 0; i < policies->n; i++)
		if (policies->list[i].ops != &policy_retry.part)
			return false;
	return true;
}

/* What else there is to it that would be without effect, or NULL. */
static const char *unfit_action(const struct route *r)
{
	if (!route_forwards(r))
		return "it does not lead to a cluster";
	if (r->action == ROUTE_CLUSTER_HEADER)
		return "a header is to name its cluster";
	if (r->rewrite.host.len || r->rewrite.path_kind)
		return "it has a rewrite";
	if (edits(&r->edit) || clusters_edit(r))
		return "it has operations on headers";
	if (r->timeout)
		return "it has a timeout";
	return only_retries(&r->policies) ? NULL : "it has a policy other than retry";
}

static const char *unfit_host(const struct virtual_host *vh)
{
	if (edits(&vh->edit))
		return "it has operations on headers";
	return vh->nroutes > 1 ? "it has several routes" : NULL;
}

int tls_table_check(const struct listener *l, const struct route_table *t,
		    struct refusal *r)
{
	const struct virtual_host *vh;
	const char *why;
	u32 i;

	for (i = 0; i < t->nvhosts; i++) {
		vh = t->vhosts[i];
		why = unfit_host(vh);
		if (!why && vh->nroutes)
			why = unfit_match(&vh->routes[0]->match) ?:
			      unfit_action(vh->routes[0]);
		if (why)
			return refusal_set(r, -EINVAL,
					   "virtual host \"%.*s\" is used by tls listener \"%.*s\", but %s",
					   vh->name.len, vh->name.p,
					   l->name.name.len, l->name.name.p, why);
		cond_resched();
	}
	return 0;
}
