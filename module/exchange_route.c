// SPDX-License-Identifier: GPL-2.0
#include "exchange_priv.h"

const struct listener_slot *exchange_listener(struct conn *c,
					      const struct snapshot *s)
{
	const struct listener_slot *slot = snapshot_listener(s, &c->original);

	if (!slot || slot->listener->protocol != L7MESH_PROTOCOL_HTTP)
		return NULL;
	c->ex.request_timeout = slot->listener->request_timeout;
	c->ex.idle_timeout = slot->listener->idle_timeout;
	return slot;
}

static void reply_redirect(struct conn *c, struct run *run,
			   const struct route *route,
			   const struct route_request *req)
{
	struct reply r = {
		.status = route->status,
		.location = route->redirect_host,
		.location_path = route->redirect_path.len ?
				 route->redirect_path : req->path,
		.location_query = req->query,
	};

	local_reply(c, run, STAT_REPLY_REDIRECT, &r);
}

static void reply_direct(struct conn *c, struct run *run,
			 const struct route *route)
{
	struct reply r = {
		.status = route->status,
		.body = { route->body.p ?: "", route->body.len },
	};

	local_reply(c, run, STAT_REPLY_DIRECT, &r);
}

/* Choose the endpoint, or say that there is none. */
static void pick_endpoint(struct conn *c, struct run *run,
			  const struct route *route)
{
	struct exchange *ex = &c->ex;
	struct pick pick = {
		.source = c->source,
		.parser = &ex->request_head->parser,
		.head = ex->request_head->data,
	};

	ex->cluster = snapshot_cluster(ex->snapshot,
				       route_pick_cluster(route,
							  get_random_u32()));
	ex->ep = ex->cluster ? cluster_pick(ex->cluster, &pick) : NULL;
	if (!ex->ep) {
		refuse(c, run, STAT_REPLY_NO_ENDPOINT, 503);
		return;
	}
	ex->request = REQUEST_ROUTED;
}

static void route_request(struct conn *c, struct run *run,
			  const struct route_table *table)
{
	struct exchange *ex = &c->ex;
	const struct route *route;
	struct route_request req;

	route_request_init(&req, &ex->request_head->parser,
			   ex->request_head->data);
	route = route_table_match(table, &req);
	if (!route)
		refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
	else if (route->action == ROUTE_REDIRECT)
		reply_redirect(c, run, route, &req);
	else if (route->action == ROUTE_DIRECT_RESPONSE)
		reply_direct(c, run, route);
	else
		pick_endpoint(c, run, route);
}

/* The namespace obeys another mesh by now, or none. */
static bool mesh_changed(const struct conn *c)
{
	bool changed;

	rcu_read_lock();
	changed = mesh_obeyed(c->hn->net) != c->mesh;
	rcu_read_unlock();
	return changed;
}

/* A request's head is understood. It keeps the configuration of this moment. */
void begin_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	const struct http1_parser *p = &ex->request_head->parser;
	const struct listener_slot *slot;

	stat_inc(c->mesh->stats, STAT_REQUESTS);
	ex->counted = true;
	ex->http10 = !p->minor;
	ex->close = !p->keep_alive || READ_ONCE(c->draining) || mesh_changed(c);
	body_init(&ex->request_body, p, false);
	ex->snapshot = mesh_snapshot_get(c->mesh);
	slot = exchange_listener(c, ex->snapshot);
	if (slot) {
		route_request(c, run, slot->route_table);
		return;
	}
	ex->close = true;
	refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
}
