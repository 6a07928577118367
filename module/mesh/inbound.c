// SPDX-License-Identifier: GPL-2.0
#include <linux/l7mesh.h>
#include <linux/slab.h>

#include "authz/authz_table.h"
#include "authz/workload.h"
#include "http/message.h"
#include "http/path.h"
#include "lib/address_here.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"

static const struct inbound_sight *sight __ro_after_init;

void inbound_sees_by(const struct inbound_sight *given)
{
	sight = given;
}

const struct guard *inbound_guard(const struct authz_table *t, u64 netns, __be16 port)
{
	const struct guard *g = authz_table_guard(t, netns);

	return g && workload_excludes(g->workload, ntohs(port)) ? NULL : g;
}

struct span inbound_path(const struct message *m, gfp_t gfp, char **memory)
{
	/* An absolute target may have none: it is read as "/". That of CONNECT has none. */
	struct span path = m->path_len || m->connect ? message_path(m) : SPAN("/");

	*memory = NULL;
	if (likely(!path.len || !memchr(path.p, '%', path.len)))
		return path;
	*memory = kmemdup(path.p, path.len, gfp);
	if (!*memory)
		return (struct span){};
	return (struct span){ *memory, path_unescape(*memory, path.len) };
}

bool inbound_exempt(struct mesh *m, const struct guard *g, const struct address *peer,
		    const struct address *to)
{
	const struct mesh_net *owner;
	bool exempt = false;

	if (!g->workload->exempt_node)
		return false;
	/* Between a namespace's pre_exit and its exit there is a grace period. */
	rcu_read_lock();
	owner = READ_ONCE(m->owner);
	/* A proxy there may speak from its clients' addresses. */
	exempt = owner && address_is_here(owner->net, peer) &&
		 sight->has_program(owner->net, peer, to);
	rcu_read_unlock();
	if (exempt)
		stat_inc(m->stats, STAT_AUTHZ_EXEMPT);
	return exempt;
}

void inbound_source(const struct authz_table *t, struct authz_request *req)
{
	req->source = authz_table_workload(t, req->peer);
	req->source_kind = workload_identity_kind(req->source);
}

static bool is_in(const struct mesh *m, u64 netns, const struct client_end *end)
{
	const struct mesh_net *owner;
	struct net *net;
	bool is;

	/* Between a namespace's pre_exit and its exit there is a grace period. */
	rcu_read_lock();
	net = mesh_attached_net(m, netns);
	owner = READ_ONCE(m->owner);
	is = net && owner && sight->is_in(net, owner->net, end);
	rcu_read_unlock();
	return is;
}

void inbound_prove(struct mesh *m, struct authz_request *req,
		   const struct client_end *end, u64 *proven)
{
	if (req->source_kind != L7MESH_IDENTITY_KIND_KERNEL ||
	    req->source->netns == *proven)
		return;
	if (is_in(m, req->source->netns, end)) {
		*proven = req->source->netns;
		return;
	}
	stat_inc(m->stats, STAT_AUTHZ_UNPROVEN);
	req->source_kind = L7MESH_IDENTITY_KIND_NONE;
}

static void count(struct mesh *m, const struct guard *g, const struct guard_decision *d)
{
	guard_count(g, d);
	if (d->audited)
		stat_inc(m->stats, STAT_AUTHZ_AUDITED);
	if (d->dry_denied)
		stat_inc(m->stats, STAT_AUTHZ_DRY_DENIED);
	if (!guard_denies(d))
		stat_inc(m->stats, STAT_AUTHZ_ALLOWED);
}

bool inbound_denies(struct mesh *m, const struct guard *g, struct authz_request *req,
		    struct guard_decision *d)
{
	*d = guard_decide(g, req);
	count(m, g, d);
	return guard_denies(d);
}

bool inbound_would_allow(struct mesh *m, const struct guard *g, struct authz_request *req)
{
	struct guard_decision d = guard_decide(g, req);

	if (guard_denies(&d))
		return false;
	count(m, g, &d);
	return true;
}

const struct authorization *inbound_cuts(struct mesh *m, const struct authz_table *t,
					 const struct guard *g, struct authz_request *req)
{
	const struct authorization *by;

	inbound_source(t, req);
	by = guard_cuts(g, req);
	return by && !inbound_exempt(m, g, req->peer, req->to) ? by : NULL;
}
