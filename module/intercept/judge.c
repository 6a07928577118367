// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>
#include <net/dst.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "intercept/judge.h"
#include "intercept/redirect.h"
#include "link/link.h"
#include "mesh/mesh.h"
#include "mesh/shaping.h"
#include "splice/sock_address.h"

/* Under RCU. */
static const struct splice_policy *policy_of(const struct mesh *m)
{
	return &rcu_dereference(m->snapshot)->splice;
}

/* The mesh that decides, or NULL. Under RCU. */
static struct mesh *judge_of(struct mesh *a, struct mesh *b)
{
	struct mesh *node = mesh_obeyed(&init_net);

	if (a && b)
		return a == b ? a : NULL;
	return (!a || a == node) && (!b || b == node) ? node : NULL;
}

/* May the other end be the engine's, which takes packets? Under RCU. */
static bool goes_to_packets(const struct sock *client, const struct mesh *m)
{
	const struct listener_target *t;
	struct address to;

	if (!READ_ONCE(m->packet_use))
		return false;
	sock_peer_address(client, &to);
	t = listener_target(&rcu_dereference(m->snapshot)->index, &to);
	/* Where it depends on the client, what is between may change its address. */
	return t && (t->npicks || t->slot.listener->http.packets);
}

static bool concerns(const struct sock *client)
{
	struct mesh *obeyed, *m;
	bool may = false;

	rcu_read_lock();
	obeyed = mesh_obeyed(sock_net(client));
	m = obeyed ?: mesh_obeyed(&init_net);
	if (!m)
		goto out;
	switch ((enum l7mesh_splice_policy)policy_of(m)->policy) {
	case L7MESH_SPLICE_MESH:
		may = obeyed && (link_owns(client) ||
				 redirect_exists(client));
		may = may || goes_to_packets(client, m);
		break;
	case L7MESH_SPLICE_ATTACHED:
		may = obeyed;
		break;
	case L7MESH_SPLICE_ALL:
		may = true;
		break;
	case L7MESH_SPLICE_OFF:
		break;
	}
out:
	rcu_read_unlock();
	return may;
}

static bool is_looped(const struct sock *client)
{
	const struct dst_entry *dst;
	bool looped;

	rcu_read_lock();
	dst = rcu_dereference(client->sk_dst_cache);
	looped = dst && dst->dev && dst->dev->flags & IFF_LOOPBACK;
	rcu_read_unlock();
	return looped;
}

static void describe(struct splice_subject *s, struct sock *client,
		     const struct sock *server)
{
	struct address asked;

	s->client = sock_net(client);
	s->server = sock_net(server);
	s->meshed = static_branch_unlikely(&mesh_active) &&
		    (link_owns(client) || redirect_exists(client) ||
		     link_owns(server));
	s->looped = s->client == s->server && is_looped(client);
	sock_peer_address(client, &asked);
	s->ports[1] = ntohs(asked.port);
	if (s->meshed)
		redirect_peer(client, &asked);
	s->ports[0] = ntohs(asked.port);
	s->ports[2] = inet_sk(server)->inet_num;
}

static bool is_excepted(const struct splice_policy *p,
			const struct splice_subject *s)
{
	u32 i, k;

	for (i = 0; i < p->nexcept; i++)
		for (k = 0; k < ARRAY_SIZE(s->ports); k++)
			if (p->except[i] == s->ports[k])
				return true;
	return false;
}

static bool is_shaped(const struct splice_subject *s)
{
	if (s->looped)
		return shaping_on_loopback(s->client);
	return shaping_in(s->client) || shaping_in(s->server) ||
	       shaping_in(&init_net);
}

static bool is_wanted(const struct splice_policy *p,
		      const struct splice_subject *s, bool attached)
{
	switch ((enum l7mesh_splice_policy)p->policy) {
	case L7MESH_SPLICE_MESH:
		return s->meshed;
	case L7MESH_SPLICE_ATTACHED:
		return s->meshed || attached;
	case L7MESH_SPLICE_ALL:
		return true;
	default:
		return false;
	}
}

/* The mesh that wants it spliced, or NULL. Under RCU. */
static struct mesh *find(const struct splice_subject *s)
{
	struct mesh *a = mesh_obeyed(s->client), *b = mesh_obeyed(s->server);
	struct mesh *m = judge_of(a, b);
	const struct splice_policy *p;

	if (!m)
		return NULL;
	p = policy_of(m);
	if (!is_wanted(p, s, a && b) || is_excepted(p, s) ||
	    (!p->bypass_shaping && is_shaped(s)))
		return NULL;
	return m;
}

static bool get(const struct splice_subject *s, struct splice_owner *owner)
{
	struct mesh *m;

	rcu_read_lock();
	m = find(s);
	if (m && !mesh_tryget(m))
		m = NULL;
	rcu_read_unlock();
	if (m)
		*owner = (struct splice_owner){ .mesh = m, .stats = m->stats };
	return m;
}

static bool wants(const struct splice_subject *s, const struct mesh *m)
{
	bool wanted;

	rcu_read_lock();
	wanted = find(s) == m;
	rcu_read_unlock();
	return wanted;
}

const struct splice_judge judge = {
	.is_engines = link_owns,
	.concerns = concerns,
	.describe = describe,
	.get = get,
	.put = mesh_put,
	.wants = wants,
};
