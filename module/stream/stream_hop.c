// SPDX-License-Identifier: GPL-2.0
/*
 * One hop: a pod asks for what an application in another pod of this node has, and the
 * listener there would do no more than ask that workload's policies (listener_slot.asks).
 * Then they are asked here, and the leg goes to the application itself: what is sent is
 * read once. The namespace there knows such a leg by its socket, and lets it pass.
 *
 * What is denied is not answered here. It takes two hops, so that who refuses it, and
 * what is counted, is the same in any case, and no connection is made for it.
 *
 * The address that a leg is from is known once it is connected. Until then it is taken
 * for the first one of the workload in the client's namespace.
 */
#include "authz/workload.h"
#include "http/path.h"
#include "stream/stream_priv.h"

/* Who the client is, if that is a pod whose connection was intercepted there; or NULL. */
static const struct workload *client_workload(const struct stream *s)
{
	const struct conn *c = s->conn;
	const struct guard *g;

	if (!c->identity || c->relays ||
	    !READ_ONCE(mesh_net(c->hn->net)->is_attached))
		return NULL;
	g = authz_table_guard(s->snapshot->authz, c->hn->net->net_cookie);
	return g ? g->workload : NULL;
}

static const struct address *address_of(const struct workload *w, u16 family)
{
	u32 i;

	for (i = 0; i < w->naddresses; i++)
		if (w->addresses[i].family == family)
			return &w->addresses[i];
	return NULL;
}

static bool is_attached(const struct mesh *m, u64 netns)
{
	bool is;

	rcu_read_lock();
	is = mesh_attached_net(m, netns);
	rcu_read_unlock();
	return is;
}

/* Is it sent as it has come, as far as policies see it? */
static bool stays(const struct stream *s, const struct guard *g)
{
	const struct message *m = s->request_head;
	struct span path = message_path(m);

	return stream_request_stays(s) && !s->upgrade && !m->connect &&
	       !g->asks_fields && path_is_strict(path.p, path.len) &&
	       !s->cluster->options.proxy_protocol;
}

/* What guards the endpoint, if it can be asked here; or NULL. */
static const struct guard *guard_of(const struct stream *s, const struct workload *from,
				    const struct address *to)
{
	const struct authz_table *t = s->snapshot->authz;
	const struct workload *w = authz_table_workload(t, to);
	const struct listener_target *target;
	const struct guard *g;

	if (!w || !w->netns || w->netns == from->netns)
		return NULL;
	target = listener_target(s->snapshot, to);
	g = inbound_guard(t, w->netns, to->port);
	if (!g || !target || target->npicks || !target->slot.asks || !stays(s, g) ||
	    !is_attached(s->conn->mesh, w->netns))
		return NULL;
	return g;
}

/* As if the leg was from there. */
static bool allows(struct stream *s, struct run *run, const struct guard *g,
		   const struct workload *w, const struct address *from)
{
	struct authz_request req = {
		.source = w,
		.source_kind = workload_identity_kind(w),
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

void stream_choose_hop(struct stream *s, struct run *run)
{
	const struct workload *w = client_workload(s);
	const struct address *to = &s->try->ep->address, *from;
	const struct guard *g;

	s->try->hop_from = NULL;
	from = w ? address_of(w, to->family) : NULL;
	g = from ? guard_of(s, w, to) : NULL;
	if (!g || !allows(s, run, g, w, from))
		return;
	s->try->hop_from = from;
	stat_inc(s->conn->mesh->stats, STAT_ONE_HOP);
}

bool stream_may_hop(struct stream *s, struct run *run)
{
	const struct authz_table *t = s->snapshot->authz;
	const struct workload *w, *to;
	struct address from;
	const struct guard *g;

	link_self(&s->try->leg->link, &from);
	from.port = 0;
	if (likely(address_eq(&from, s->try->hop_from)))
		return true;
	to = authz_table_workload(t, &s->try->ep->address);
	g = authz_table_guard(t, to->netns);
	w = authz_table_workload(t, &from);
	/* Who has the leg is known; what is said of another namespace's is not. */
	if (w && w->netns && w->netns != s->conn->hn->net->net_cookie)
		w = NULL;
	if (allows(s, run, g, w, &from))
		return true;
	stream_reply_forbidden(s, run);
	return false;
}
