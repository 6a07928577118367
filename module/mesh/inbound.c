// SPDX-License-Identifier: GPL-2.0
#include <linux/l7mesh.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "authz/authz_table.h"
#include "authz/workload.h"
#include "http/message.h"
#include "http/path.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"

bool inbound_is_here(struct net *net, const struct address *a)
{
	if (a->family == AF_INET)
		return inet_addr_type(net, a->v4) == RTN_LOCAL;
	return ipv6_chk_addr(net, &a->v6, NULL, 0);
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
		    const struct address *to, inbound_has_program *has_program)
{
	const struct mesh_net *owner;
	bool exempt = false;

	if (!g->workload->exempt_node)
		return false;
	/* Between a namespace's pre_exit and its exit there is a grace period. */
	rcu_read_lock();
	owner = READ_ONCE(m->owner);
	if (owner)
		exempt = has_program(owner->net, peer, to);
	rcu_read_unlock();
	if (exempt)
		stat_inc(m->stats, STAT_AUTHZ_EXEMPT);
	return exempt;
}

bool inbound_denies(struct mesh *m, const struct authz_table *t, const struct guard *g,
		    struct authz_request *req, struct guard_decision *d)
{
	req->source = authz_table_workload(t, req->peer);
	*d = guard_decide(g, req);
	guard_count(g, d);
	if (d->audited)
		stat_inc(m->stats, STAT_AUTHZ_AUDITED);
	if (d->dry_denied)
		stat_inc(m->stats, STAT_AUTHZ_DRY_DENIED);
	if (guard_denies(d))
		return true;
	stat_inc(m->stats, STAT_AUTHZ_ALLOWED);
	return false;
}

bool inbound_allows(struct mesh *m, const struct authz_table *t, const struct guard *g,
		    struct authz_request *req, inbound_has_program *has_program)
{
	struct guard_decision d;

	if (!inbound_denies(m, t, g, req, &d) ||
	    inbound_exempt(m, g, req->peer, req->to, has_program))
		return true;
	guard_count_refused(g, &d, req->message);
	return false;
}

const struct authorization *inbound_cuts(struct mesh *m, const struct authz_table *t,
					 const struct guard *g, struct authz_request *req,
					 inbound_has_program *has_program)
{
	const struct authorization *by;

	req->source = authz_table_workload(t, req->peer);
	by = guard_cuts(g, req);
	return by && !inbound_exempt(m, g, req->peer, req->to, has_program) ? by : NULL;
}
