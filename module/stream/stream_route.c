// SPDX-License-Identifier: GPL-2.0
#include "http1/head.h"
#include "route/path_rewrite.h"
#include "route/rewrite.h"
#include "stream/stream_priv.h"

static void reply_redirect(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	const struct route *route = s->route;
	struct location location;
	struct reply r = { .status = route->status, .location = &location };
	struct route_request req;

	route_request_init(&req, s->request_head);
	rewrite_location(&location, route, &req, &c->original, &c->options);
	stream_reply(s, run, STAT_REPLY_REDIRECT, &r);
}

static void reply_direct(struct stream *s, struct run *run)
{
	const struct route *route = s->route;
	struct reply r = {
		.status = route->status,
		.body = { route->body.p ?: "", route->body.len },
	};

	stream_reply(s, run, STAT_REPLY_DIRECT, &r);
}

/* Leave it to the work, and let others in between. */
static void leave_to_work(struct stream *s, struct run *run, u8 state)
{
	run->left = min(run->left, 0);
	run->again = true;
	if (s->request == state)
		return;
	s->request = state;
	/* The client has said all that was waited for. */
	patience_set(&s->patience, 0);
}

/*
 * Ask hash policies as far as the run may. They are many, and the head is long: each may
 * take as long as a run should.
 */
static bool ask_hash(struct stream *s, struct run *run, struct pick *pick)
{
	bool more = true;

	if (s->asked) {
		pick->asked = s->asked;
		pick->hashed = s->hashed;
		pick->hash = s->hash;
		pick->cookie = s->cookie;
		pick->cookie_value = s->cookie_value;
	}
	while (more && run->may_sleep && run->left > 0) {
		run->left -= cluster_next_hash_cost(s->cluster, pick);
		more = cluster_ask_hash(s->cluster, pick);
	}
	s->asked = more ? pick->asked : 0;
	s->hashed = more && pick->hashed;
	s->hash = pick->hash;
	s->cookie = pick->cookie;
	s->cookie_value = pick->cookie_value;
	if (more)
		leave_to_work(s, run, REQUEST_HASHING);
	return !more;
}

static bool hash_is_dear(const struct stream *s, const struct pick *pick)
{
	return s->cluster && pick->message &&
	       cluster_hash_is_dear(s->cluster, pick);
}

/* Choose the endpoint, or say that there is none. */
void stream_pick_endpoint(struct stream *s, struct run *run)
{
	struct try *t = s->try;
	struct pick pick = {
		.source = *client_of(s),
		.message = s->conn->relays ? NULL : s->request_head,
		.policies = &s->route->hash,
		.avoid = s->tried,
	};

	if (unlikely(s->tries) && stream_tries(s).avoid)
		pick.navoid = min_t(u32, s->tries, TRIED_MAX);
	if (!s->cluster)
		s->cluster = routing_cluster(s->snapshot, s->route,
					     s->request_head, &s->chosen);
	if (s->chosen)
		pick.subset = s->chosen->subset;
	if (unlikely(hash_is_dear(s, &pick)) && !ask_hash(s, run, &pick))
		return;
	t->ep = s->cluster ? cluster_pick(s->cluster, &pick) : NULL;
	s->cookie = pick.cookie;
	s->cookie_value = pick.cookie_value;
	if (!t->ep) {
		stream_refuse(s, run, STAT_REPLY_NO_ENDPOINT, 503);
		return;
	}
	if (!stream_admit(s)) {
		stream_refuse_overload(s, run);
		return;
	}
	if (unlikely(s->snapshot->authz))
		stream_choose_hop(s, run);
	try_begin_load(t);
	s->request = REQUEST_ROUTED;
}

/* RFC 9110 10.1.1: the client sends the body only after a 100. */
static void answer_expect(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (!answers_expect(s) || s->received || link_readable(&c->link))
		return;
	if (out_send(&s->down, &c->link, HEAD_CONTINUE))
		stream_end(s, run, true);
}

/* The client, as routes see it. */
static void describe_client(const struct stream *s,
			    const struct listener_slot *slot,
			    struct route_request *req)
{
	const struct address *client = client_of(s);
	const struct conn *c = s->conn;

	req->source_family = client->family;
	req->source = (const u8 *)&client->v6;
	req->source_netns = c->hn->net->net_cookie;
	req->listener = &slot->listener->name;
	req->match_port = c->options.host_port == L7MESH_HOST_PORT_MATCH;
	req->random = get_random_u32;
}

/* Returns false if the request is refused. */
static bool obey(struct stream *s, struct run *run, struct routing_refusal r)
{
	if (likely(!r.status))
		return true;
	s->close |= routing_ends_connection(r.reason);
	stream_refuse(s, run, r.reason, r.status);
	return false;
}

static void act(struct stream *s, struct run *run)
{
	if (path_rewrite_mixes(s->route) &&
	    !obey(s, run, routing_check_rewrite(&s->conn->options, s->route,
						s->request_head)))
		return;
	if (s->route->action == ROUTE_REDIRECT)
		reply_redirect(s, run);
	else if (s->route->action == ROUTE_DIRECT_RESPONSE)
		reply_direct(s, run);
	else
		stream_pick_endpoint(s, run);
}

void stream_request_received(struct stream *s)
{
	s->received = true;
	s->patience.bound = deadline_or_none(s->route->timeout);
}

/* Its endpoint was picked for the first time, unless it was not. */
static void begin_routed(struct stream *s, struct run *run)
{
	if (s->request != REQUEST_ROUTED)
		return;
	if (s->received)
		stream_request_received(s);
	answer_expect(s, run);
}

void stream_proceed(struct stream *s, struct run *run)
{
	if (s->route->policies.n && !stream_meet_policies(s, run))
		return;
	act(s, run);
	begin_routed(s, run);
}

void stream_hash_on(struct stream *s, struct run *run)
{
	if (unlikely(s->conn->relays) && !stream_authorize(s, run))
		return;
	stream_pick_endpoint(s, run);
	if (!s->tries)
		begin_routed(s, run);
}

static u32 cost_of_edits(const struct stream *s)
{
	u32 cost = s->route->edit_cost + s->vhost->edit_cost;

	if (unlikely(s->route->rewrite.path_kind == REWRITE_PATH_TEMPLATE))
		cost += s->request_head->path_len * COST_REWRITE_BYTE;
	return cost;
}

static void route_request(struct stream *s, struct run *run,
			  const struct listener_slot *slot)
{
	struct route_request req;
	bool done;

	/*
	 * The request keeps its snapshot, so the table stays the same however often
	 * the search is left; each run looks whether its client is still there.
	 */
	route_request_init(&req, s->request_head);
	describe_client(s, slot, &req);
	if (s->request == REQUEST_MATCHING)
		req.search = s->search;
	req.left = run->left;
	req.fresh = run->left >= BUDGET_WORK / 2;
	done = route_table_match(slot->route_table, &req, &s->vhost, &s->route);
	run->left = req.left;
	if (s->route)
		s->edit_cost = cost_of_edits(s);
	if (!done || !may_edit(s, run)) {
		s->search = req.search;
		leave_to_work(s, run, REQUEST_MATCHING);
	} else if (s->route) {
		stream_proceed(s, run);
	} else {
		stream_refuse(s, run, STAT_REPLY_NO_ROUTE, 404);
	}
}

void stream_match_on(struct stream *s, struct run *run)
{
	route_request(s, run, conn_slot(s->conn, s->snapshot));
}

/* Is this the last request that the connection may have? */
static bool is_last_request(struct stream *s)
{
	struct conn *c = s->conn;
	u32 most = c->options.max_requests_per_connection;

	if (++c->requests < most || !most)
		return false;
	stat_inc(c->mesh->stats, STAT_DOWNSTREAM_MAX_REQUESTS);
	return true;
}

/* The namespace obeys another mesh by now, or none. */
static bool mesh_changed(const struct stream *s)
{
	struct conn *c = s->conn;
	bool changed;

	rcu_read_lock();
	changed = mesh_obeyed(c->hn->net) != c->mesh;
	rcu_read_unlock();
	return changed;
}

static bool meet_listener(struct stream *s, struct run *run,
			  const struct listener *l)
{
	return likely(!l->policies.n) || stream_meet_listener(s, run, l);
}

/* A request's head is understood. It keeps the configuration of this moment. */
void stream_begin_request(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	const struct message *p = s->request_head;
	const struct listener_slot *slot;

	stat_inc(c->mesh->stats, STAT_REQUESTS);
	s->counted = true;
	s->http10 = !p->minor;
	s->close = !p->keep_alive || READ_ONCE(c->draining) || mesh_changed(s);
	s->snapshot = mesh_snapshot_get(c->mesh);
	slot = conn_listener(c, s->snapshot);
	begin_request_body(s);
	s->received = s->request_body.done;
	if (s->received)
		s->patience.bound = 0;
	if (!slot) {
		s->close = true;
		stream_refuse(s, run, STAT_REPLY_NO_ROUTE, 404);
		return;
	}
	s->close |= is_last_request(s) || conn_expired(c);
	/*
	 * Bytes that follow belong to the tunnel. If it is refused they must not be
	 * read as HTTP.
	 */
	s->close |= p->connect;
	s->upgrade = routing_upgrades(&c->options, s->request_head);
	s->client = routing_client(&c->options, s->request_head, &c->source);
	if (obey(s, run, routing_check(&c->options, s->request_head)) &&
	    stream_authorize(s, run) && meet_listener(s, run, slot->listener))
		route_request(s, run, slot);
}
