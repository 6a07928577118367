// SPDX-License-Identifier: GPL-2.0
#include "policy/cors.h"
#include "route/path_rewrite.h"
#include "route/rewrite.h"
#include "stream/stream_priv.h"

const struct listener_slot *exchange_listener(struct conn *c,
					      const struct snapshot *s)
{
	const struct listener_slot *slot = listener_find(s, &c->original);

	if (!slot || slot->listener->protocol != L7MESH_PROTOCOL_HTTP)
		return NULL;
	c->options = slot->listener->http;
	return slot;
}

static void reply_redirect(struct conn *c, struct run *run)
{
	const struct route *route = c->ex.route;
	const struct head *h = c->ex.request_head;
	struct location location;
	struct reply r = { .status = route->status, .location = &location };
	struct route_request req;

	route_request_init(&req, &h->parser, h->data);
	rewrite_location(&location, route, &req, &c->original, &c->options);
	exchange_reply(c, run, STAT_REPLY_REDIRECT, &r);
}

static void reply_direct(struct conn *c, struct run *run)
{
	const struct route *route = c->ex.route;
	struct reply r = {
		.status = route->status,
		.body = { route->body.p ?: "", route->body.len },
	};

	exchange_reply(c, run, STAT_REPLY_DIRECT, &r);
}

/* Leave it to the work, and let others in between. */
static void leave_to_work(struct conn *c, struct run *run, u8 state)
{
	run->left = min(run->left, 0);
	run->again = true;
	if (c->ex.request == state)
		return;
	c->ex.request = state;
	/* The client has said all that was waited for. */
	patience_set(&c->patience, 0);
}

/*
 * Ask hash policies as far as the run may. They are many, and the head is long: each may
 * take as long as a run should.
 */
static bool ask_hash(struct conn *c, struct run *run, struct pick *pick)
{
	struct exchange *ex = &c->ex;
	bool more = true;

	if (ex->asked) {
		pick->asked = ex->asked;
		pick->hashed = ex->hashed;
		pick->hash = ex->hash;
		pick->cookie = ex->cookie;
		pick->cookie_value = ex->cookie_value;
	}
	while (more && run->may_sleep && run->left > 0) {
		run->left -= cluster_next_hash_cost(ex->cluster, pick);
		more = cluster_ask_hash(ex->cluster, pick);
	}
	ex->asked = more ? pick->asked : 0;
	ex->hashed = more && pick->hashed;
	ex->hash = pick->hash;
	ex->cookie = pick->cookie;
	ex->cookie_value = pick->cookie_value;
	if (more)
		leave_to_work(c, run, REQUEST_HASHING);
	return !more;
}

static bool hash_is_dear(const struct exchange *ex, const struct pick *pick)
{
	return ex->cluster && cluster_hash_is_dear(ex->cluster, pick);
}

/* Choose the endpoint, or say that there is none. */
void exchange_pick_endpoint(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	struct try *t = ex->try;
	struct pick pick = {
		.source = *client_of(c),
		.parser = &ex->request_head->parser,
		.head = ex->request_head->data,
		.policies = &ex->route->hash,
		.avoid = ex->tried,
	};

	if (ex->route->retry.avoid_previous_hosts)
		pick.navoid = min_t(u32, ex->tries, TRIED_MAX);
	if (!ex->cluster)
		ex->cluster = routing_cluster(ex->snapshot, ex->route,
					      ex->request_head, &ex->chosen);
	if (ex->chosen)
		pick.subset = ex->chosen->subset;
	if (unlikely(hash_is_dear(ex, &pick)) && !ask_hash(c, run, &pick))
		return;
	t->ep = ex->cluster ? cluster_pick(ex->cluster, &pick) : NULL;
	ex->cookie = pick.cookie;
	ex->cookie_value = pick.cookie_value;
	if (!t->ep) {
		exchange_refuse(c, run, STAT_REPLY_NO_ENDPOINT, 503);
		return;
	}
	if (!exchange_admit(ex)) {
		exchange_refuse_overload(c, run);
		return;
	}
	try_begin_load(t);
	ex->request = REQUEST_ROUTED;
}

/* RFC 9110 10.1.1: the client sends the body only after a 100. */
static void answer_expect(struct conn *c, struct run *run)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct exchange *ex = &c->ex;

	if (!answers_expect(c) || ex->received || link_readable(&c->link))
		return;
	if (out_send(&ex->down, &c->link, text, sizeof(text) - 1, false))
		end_conn(c, run, true);
}

/* The client, as routes see it. */
static void describe_client(const struct conn *c,
			    const struct listener_slot *slot,
			    struct route_request *req)
{
	const struct address *client = client_of(c);

	req->source_family = client->family;
	req->source = (const u8 *)&client->v6;
	req->source_netns = c->hn->net->net_cookie;
	req->listener = &slot->listener->name;
	req->match_port = c->options.host_port == L7MESH_HOST_PORT_MATCH;
	req->random = get_random_u32;
}

/* Returns false if the request is refused. */
static bool obey(struct conn *c, struct run *run, struct routing_refusal r)
{
	if (likely(!r.status))
		return true;
	c->ex.close |= routing_ends_connection(r.reason);
	exchange_refuse(c, run, r.reason, r.status);
	return false;
}

static void act(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (path_rewrite_mixes(ex->route) &&
	    !obey(c, run, routing_check_rewrite(&c->options, ex->route,
						ex->request_head)))
		return;
	if (ex->route->action == ROUTE_REDIRECT)
		reply_redirect(c, run);
	else if (ex->route->action == ROUTE_DIRECT_RESPONSE)
		reply_direct(c, run);
	else
		exchange_pick_endpoint(c, run);
}

void exchange_request_received(struct conn *c)
{
	c->ex.received = true;
	c->patience.bound = deadline_or_none(c->ex.route->timeout);
}

/* Its endpoint was picked for the first time, unless it was not. */
static void begin_routed(struct conn *c, struct run *run)
{
	if (c->ex.request != REQUEST_ROUTED)
		return;
	if (c->ex.route->nmirrors)
		exchange_draw_mirrors(&c->ex);
	if (c->ex.route->fault.rate_fraction)
		exchange_draw_rate(&c->ex);
	if (c->ex.received)
		exchange_request_received(c);
	answer_expect(c, run);
}

void exchange_proceed(struct conn *c, struct run *run)
{
	if (exchange_abort(c, run))
		return;
	act(c, run);
	begin_routed(c, run);
}

void exchange_hash_on(struct conn *c, struct run *run)
{
	exchange_pick_endpoint(c, run);
	if (!c->ex.tries)
		begin_routed(c, run);
}

/* Envoy's filters in the order that its documentation recommends. */
static void serve(struct conn *c, struct run *run)
{
	struct reply preflight = { .status = 200, .body = SPAN("") };
	struct exchange *ex = &c->ex;

	ex->cors = cors_kind_of(&ex->route->cors, ex->request_head);
	if (ex->cors == CORS_PREFLIGHT)
		exchange_reply(c, run, STAT_REPLY_PREFLIGHT, &preflight);
	else if (admit_rate(c, run, ex->route->limiter, &ex->route->limit) &&
		 !exchange_delay(c, run))
		exchange_proceed(c, run);
}

static u32 cost_of_edits(const struct exchange *ex)
{
	u32 cost = ex->route->edit_cost + ex->vhost->edit_cost;

	if (unlikely(ex->route->rewrite.path_kind == REWRITE_PATH_TEMPLATE))
		cost += ex->request_head->parser.path_len * COST_REWRITE_BYTE;
	return cost;
}

static void route_request(struct conn *c, struct run *run,
			  const struct listener_slot *slot)
{
	struct exchange *ex = &c->ex;
	struct route_request req;
	bool done;

	/*
	 * The request keeps its snapshot, so the table stays the same however often
	 * the search is left; each run looks whether its client is still there.
	 */
	route_request_init(&req, &ex->request_head->parser,
			   ex->request_head->data);
	describe_client(c, slot, &req);
	if (ex->request == REQUEST_MATCHING)
		req.search = ex->search;
	req.left = run->left;
	req.fresh = run->left >= BUDGET_WORK / 2;
	done = route_table_match(slot->route_table, &req, &ex->vhost, &ex->route);
	run->left = req.left;
	if (ex->route)
		ex->edit_cost = cost_of_edits(ex);
	if (!done || !may_edit(ex, run)) {
		ex->search = req.search;
		leave_to_work(c, run, REQUEST_MATCHING);
	} else if (ex->route) {
		serve(c, run);
	} else {
		exchange_refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
	}
}

void exchange_match_on(struct conn *c, struct run *run)
{
	route_request(c, run, listener_find(c->ex.snapshot, &c->original));
}

/* Is this the last request that the connection may have? */
static bool is_last_request(struct conn *c)
{
	u32 most = c->options.max_requests_per_connection;

	if (++c->requests < most || !most)
		return false;
	stat_inc(c->mesh->stats, STAT_DOWNSTREAM_MAX_REQUESTS);
	return true;
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
void exchange_begin_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	const struct http1_parser *p = &ex->request_head->parser;
	const struct listener_slot *slot;

	stat_inc(c->mesh->stats, STAT_REQUESTS);
	ex->counted = true;
	ex->http10 = !p->minor;
	ex->close = !p->keep_alive || READ_ONCE(c->draining) || mesh_changed(c);
	ex->snapshot = mesh_snapshot_get(c->mesh);
	slot = exchange_listener(c, ex->snapshot);
	begin_request_body(c);
	ex->received = ex->request_body.done;
	if (ex->received)
		c->patience.bound = 0;
	if (!slot) {
		ex->close = true;
		exchange_refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
		return;
	}
	ex->close |= is_last_request(c) || conn_expired(c);
	/*
	 * Bytes that follow belong to the tunnel. If it is refused they must not be
	 * read as HTTP.
	 */
	ex->close |= p->connect;
	ex->upgrade = routing_upgrades(&c->options, ex->request_head);
	ex->client = routing_client(&c->options, ex->request_head, &c->source);
	if (obey(c, run, routing_check(&c->options, ex->request_head)) &&
	    admit_source(c, run, slot->listener) &&
	    admit_rate(c, run, slot->listener->limiter, &slot->listener->limit))
		route_request(c, run, slot);
}
