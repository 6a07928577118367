// SPDX-License-Identifier: GPL-2.0
#include <uapi/linux/l7mesh.h>
#include "authz/authz_table.h"
#include "authz/workload.h"
#include "mesh/inbound.h"
#include "mesh/snapshot.h"

/* Nothing but what has a workload's connections asked for, and come from whom they do. */
static bool has_plain_options(const struct listener *l)
{
	struct http_options plain = http_options_default;

	plain.packets = true;
	plain.inbound = true;
	plain.source = L7MESH_SOURCE_KEEP;
	return l->protocol == L7MESH_PROTOCOL_HTTP && !l->policies.n && !l->port_end &&
	       !l->nmore && !l->nfrom && !*l->interface &&
	       http_options_equal(&l->http, &plain);
}

static bool matches_all(const struct route_match *m)
{
	return m->path_kind == PATH_MATCH_ANY && !m->method.len && !m->nheaders &&
	       !m->nquery && !m->source.family && !m->has_fraction &&
	       !m->source_netns && !m->listener.name.len;
}

/* The only one that a table has, if that changes nothing of what it serves; or NULL. */
static const struct route *only_route(const struct route_table *t)
{
	const struct virtual_host *vh = t->nvhosts == 1 && t->any ? t->vhosts[0] : NULL;
	const struct route *r = vh && vh->nroutes == 1 ? vh->routes[0] : NULL;

	if (!r || vh->edit_cost || r->edit_cost || r->policies.n || r->timeout ||
	    r->action != ROUTE_CLUSTER || r->rewrite.host.len || r->rewrite.path_kind ||
	    r->priority || r->clusters->subset.len || !matches_all(&r->match))
		return NULL;
	return r;
}

static bool is_only(const struct cluster *c, const struct address *a)
{
	struct cluster_options plain = cluster_options_default;

	plain.max_idle = c->options.max_idle;
	return c->nmembers == 1 && address_eq(&c->members[0].ep->address, a) &&
	       !c->health.interval && !c->dns.name.len &&
	       !session_affinity_enabled(&c->session) &&
	       cluster_options_equal(&c->options, &plain);
}

/* What it does is to ask, and to send what may be to where it is itself. */
static bool only_asks(const struct snapshot *s, const struct listener *l,
		      const struct route_table *t)
{
	const struct route *r = l->http.inbound && has_plain_options(l) ?
				only_route(t) : NULL;
	const struct cluster *c = r ? objset_find(&s->clusters, &r->clusters->cluster) : NULL;

	return c && is_only(c, &l->address);
}

static const struct guard *guard_of(const struct snapshot *s, const struct address *a)
{
	const struct workload *w = authz_table_workload(s->authz, a);
	const struct guard *g = w && w->netns ?
				inbound_guard(s->authz, w->netns, a->port) : NULL;

	return g && !g->asks_more ? g : NULL;
}

struct listener_slot listener_slot(const struct snapshot *s, struct listener *l)
{
	struct listener_slot slot = { .listener = l };

	if (listener_routes(l)) {
		slot.route_table = objset_find(&s->route_tables, &l->route_table);
		if (only_asks(s, l, slot.route_table))
			slot.asks = guard_of(s, &l->address);
	} else if (!l->has_proxy) {
		slot.cluster = objset_find(&s->clusters, &l->cluster);
	}
	return slot;
}
