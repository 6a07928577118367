// SPDX-License-Identifier: GPL-2.0
/*
 * One hop: a pod asks for what an application in another pod of this node has, and the
 * listener there would do no more than ask that workload's policies (listener_slot.asks),
 * which ask for nothing but who connects to what. Then they are asked here for each
 * request, and the leg goes to the application itself: what is sent is read once.
 *
 * The namespace there knows such a leg by its socket, and leaves it to no listener; but its
 * guard judges the connection, as any. That is why policies may ask for no more: what they
 * are told here the client's pod could still change on its way, as it may have its own
 * rules for what it sends.
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
	const struct guard *g;

	if (!c->identity || c->relays ||
	    !READ_ONCE(mesh_net(c->hn->net)->is_attached))
		return NULL;
	g = authz_table_guard(s->snapshot->authz, c->hn->net->net_cookie);
	return g ? g->workload : NULL;
}

/* From where the leg will be, unless the pod has several such addresses; or NULL. */
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

static bool allows(struct stream *s, struct run *run, const struct guard *g,
		   const struct workload *w, const struct address *from)
{
	struct authz_request req = {
		.source = w,
		.source_kind = L7MESH_IDENTITY_KIND_KERNEL,
		.peer = from,
		.client = from,
		.to = &s->try->ep->address,
	};
	bool allowed = inbound_would_allow(s->conn->mesh, g, &req);

	run->left -= req.cost * COST_COMPARISON;
	return allowed;
}

/* That listener would grant an upgrade, or not, by options of its own. */
static bool is_plain(const struct stream *s)
{
	return !s->upgrade && !s->request_head->connect &&
	       !s->cluster->options.proxy_protocol;
}

void stream_choose_hop(struct stream *s, struct run *run)
{
	const struct workload *w = client_workload(s);
	const struct address *to = &s->try->ep->address, *from;
	const struct guard *g;

	s->try->one_hop = false;
	from = w ? address_of(w, to->family) : NULL;
	g = from ? guard_of(s, w, to) : NULL;
	if (!g || !is_plain(s) || !allows(s, run, g, w, from))
		return;
	s->try->one_hop = true;
	stat_inc(s->conn->mesh->stats, STAT_ONE_HOP);
}
