// SPDX-License-Identifier: GPL-2.0
/*
 * One hop: a pod asks for what an application in another pod of this node has, and the
 * listener there would do no more than ask that workload's policies (listener_slot.asks).
 * Then they are asked here for each request, and what is sent is read once.
 *
 * The leg begins in the application's namespace, as the listener's there would, from the
 * client's address. So the client's pod, which may have its own rules and sockets for what
 * it sends, never has what is sent here in its hands. It is a guest there: when that
 * namespace goes, so does the stream that uses it, see engine_net_exit().
 *
 * It meets none of the rules that are between both pods, and is nobody's there. So it only
 * begins while its client has a leg that did meet them: one to the listener, as whoever the
 * client is, which has served a request and is idle.
 *
 * Policies may ask for a request's method, host and path, if these are sent as they came,
 * and the listener would leave them as they are, too.
 *
 * What is denied is not answered here. It takes two hops, so that who refuses it, and
 * what is counted, is the same in any case.
 */
#include "authz/workload.h"
#include "stream/stream_priv.h"

/* Who the client is, if that is a pod whose connection was intercepted there; or NULL. */
static const struct workload *client_workload(const struct stream *s)
{
	const struct conn *c = s->conn;
	const struct mesh_net *mn = mesh_net(c->hn->net);
	const struct guard *g;

	if (!c->identity || c->relays || !READ_ONCE(mn->is_attached) ||
	    rcu_access_pointer(mn->mesh) != c->mesh)
		return NULL;
	g = authz_table_guard(s->snapshot->authz, c->hn->net->net_cookie);
	return g ? g->workload : NULL;
}

/* The first such address of its; or NULL. */
static const struct address *address_of(const struct workload *w, u16 family)
{
	u32 i;

	for (i = 0; i < w->naddresses; i++)
		if (w->addresses[i].family == family)
			return &w->addresses[i];
	return NULL;
}

/* What guards the endpoint, if it can be asked here; or NULL. */
static const struct guard *guard_of(const struct stream *s, const struct workload *from,
				    const struct address *to)
{
	const struct listener_target *target = listener_target(&s->snapshot->index, to);
	const struct guard *g = target && !target->npicks ? target->slot.asks : NULL;

	return g && g->workload->netns != from->netns ? g : NULL;
}

/* What path_rules_strict() would leave as it is, for all that is seen at a glance. */
static bool is_strict(struct span path)
{
	u32 i;

	for (i = 0; i < path.len; i++) {
		if (path.p[i] == '%' || path.p[i] == '\\')
			return false;
		if (path.p[i] == '/' && i + 1 < path.len &&
		    (path.p[i + 1] == '/' || path.p[i + 1] == '.'))
			return false;
	}
	return path.len;
}

static bool is_sent_as_it_came(const struct stream *s)
{
	const struct route *r = s->route;

	/* Who names no host is given one on the way. */
	return s->request_head->authority_len && !r->edit_cost &&
	       !s->vhost->edit_cost && !r->rewrite.host.len && !r->rewrite.path_kind &&
	       is_strict(message_path(s->request_head));
}

static bool is_there(const struct stream *s, const struct guard *g)
{
	bool is;

	rcu_read_lock();
	is = conn_leg_net(s->conn, g->workload->netns);
	rcu_read_unlock();
	return is;
}

static bool allows(struct stream *s, struct run *run, const struct guard *g,
		   const struct workload *w, const struct address *from)
{
	struct authz_request req = {
		.source = w,
		.source_kind = L7MESH_IDENTITY_KIND_KERNEL,
		.peer = from,
		.client = from,
		.to = &s->try->ep->address,
		.message = s->request_head,
		.path = message_path(s->request_head),
		.sni = AUTHZ_NO_SNI,
	};
	bool allowed = inbound_would_allow(s->conn->mesh, g, &req);

	run->left -= req.cost * COST_COMPARISON;
	return allowed;
}

/*
 * That listener would grant an upgrade, or not, by options of its own; and say who the
 * client is.
 */
static bool is_plain(const struct stream *s)
{
	const struct http_options *o = &s->conn->options;

	return !s->upgrade && !s->request_head->connect &&
	       !s->cluster->options.proxy_protocol &&
	       o->x_forwarded_for == http_options_default.x_forwarded_for &&
	       o->x_forwarded_proto == http_options_default.x_forwarded_proto;
}

static bool has_met_rules(const struct stream *s)
{
	const struct leg_client client = stream_leg_client(s, s->cluster);
	const struct conn *c = s->conn;

	return leg_is_idle(c->hn, s->try->ep, c->identity, &client);
}

void stream_choose_hop(struct stream *s, struct run *run)
{
	const struct workload *w = client_workload(s);
	const struct address *to = &s->try->ep->address, *from;
	const struct guard *g;

	s->try->hop = NULL;
	from = w ? address_of(w, to->family) : NULL;
	g = from ? guard_of(s, w, to) : NULL;
	if (!g || !is_plain(s) || (g->asks_request && !is_sent_as_it_came(s)) ||
	    !stream_is_current(s) || !is_there(s, g) || !has_met_rules(s) ||
	    !allows(s, run, g, w, from))
		return;
	s->try->hop = g;
	s->try->hop_from = from;
	stat_inc(s->conn->mesh->stats, STAT_ONE_HOP);
}
