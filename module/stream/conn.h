/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn: a downstream connection, from an application to the HTTP engine.
 *
 * Context. The lock of the downstream link (conn->link) protects a connection, and who
 * runs its stream has it (see stream.h). Events of either link run the stream where they
 * happen, in softirq, when both locks are free and the last run did not use up what one
 * may cost; otherwise, and whenever something may sleep (a leg is opened, a link is
 * closed, memory is waited for), the work does it, when it is the connection's turn in
 * its line.
 *
 * References: one for being open, dropped by conn_close(); one for standing in the
 * line. A leg that is bound to its stream has a pointer without a
 * reference: conn_close() takes it back under the leg's lock before it drops the
 * first reference. The mesh and the module are held as long as the connection.
 *
 * End: only the work closes a connection. By then no leg points to it, its
 * callbacks are detached under the lock, the timer is deleted; it may still
 * stand in the line once more, where the work finds it closed.
 */
#ifndef L7MESH_CONN_H
#define L7MESH_CONN_H

#include <linux/refcount.h>
#include "authz/authz_table.h"
#include "http/path.h"
#include "lib/address.h"
#include "lib/payer.h"
#include "link/http_net.h"
#include "link/identity.h"
#include "link/line.h"
#include "link/link.h"
#include "mesh/inbound.h"
#include "mesh/mesh.h"
#include "stream/conn_source.h"
#include "stream/stream.h"

struct conn {
	struct link link;		/* to the client; first, as it is used most */
	struct http_net *hn;
	struct mesh *mesh;
	struct address original;	/* what the client connected to */
	struct address from;		/* whose connection it is, whatever a proxy says; port 0 */
	char by[IFNAMSIZ];		/* the interface that its packets come by, or "" */
	struct address source;		/* the client; port 0 */
	u64 source_netns;		/* cookie: its namespace is known to have it; 0: none is */
	struct identity *identity;	/* the client's, counted */
	struct mem_cgroup *payer;	/* the identity's, or held without one, see payer.h;
					 * or NULL
					 */
	u8 source_len;
	char source_text[ADDRESS_HOST_MAX]; /* its address alone */
	__be16 source_port;
	struct conn_source *said;	/* by a proxy, of the client; or NULL */
	refcount_t ref;
	struct list_head list;		/* hn->conns */
	u32 walk;			/* of hn's that it needs no visit of, or had it */
	struct line *line;		/* hn's; where it waits for the work */
	struct turn turn;

	/* from any context */
	unsigned long drain_until;	/* jiffies: then it is reset; 0: never */
	bool draining;			/* no further request */
	bool killed;			/* close at once */

	/* under the lock */
	struct http_options options;	/* of the listener, see http_options.h */
	unsigned long expires;		/* jiffies: no request begins after it; 0: never */
	u32 requests;
	unsigned long asked;		/* jiffies | 1: when the client still listened; 0: never */
	struct policy_client client;	/* what its listener's policies have of it */
	bool counted;			/* by them */
	bool awaits_source;		/* of a proxy, see conn_source.h: until then no run */
	bool relays;			/* bytes alone: a TCP listener's, see stream_relay(), or a
					 * TLS listener's, see stream_await_hello()
					 */
	u8 detect;			/* enum detect: an auto listener's, at first */
	bool greedy;			/* a run cost what it may: the work goes on */
	u8 shut_down;			/* enum shut_down */
	bool closed;
	struct stream stream;		/* HTTP/1: one request after the other */
};

/* Prepare a line of a namespace, in which its connections wait. */
void conn_line_init(struct line *l);

int conn_cache_init(void);
void conn_cache_exit(void);

/**
 * conn_accept() - Take over an accepted link
 * @hn: namespace
 * @accepted: becomes the connection's, and is closed if this fails
 *
 * Context: process. A link that is not the other end of a redirection of ours
 * is reset.
 */
void conn_accept(struct http_net *hn, struct link *accepted);

/**
 * conn_kick() - Let the work look at a connection
 * @c: connection, kept alive by the caller
 *
 * Any context.
 */
void conn_kick(struct conn *c);

/*
 * May nothing more be begun for it, for want of memory? A client of this kernel's pays for
 * itself; for others the application does, which is not asked.
 */
static inline bool conn_quota_spent(const struct conn *c)
{
	if (quota_spent(&c->hn->quota))
		return true;
	return !c->identity && c->payer &&
	       atomic_long_read(&http_net_share(c->hn, c->payer)->bytes) >=
	       payer_share(c->payer);
}

/* So many bytes are held for it, or with a negative number are not any more. */
static inline void conn_hold(const struct conn *c, s64 bytes)
{
	quota_add(&c->hn->quota, bytes);
	if (unlikely(!c->identity && c->payer))
		atomic_long_add(bytes, &http_net_share(c->hn, c->payer)->bytes);
}

/* Has it grown too old for another request? */
static inline bool conn_expired(const struct conn *c)
{
	return deadline_is_over(c->expires);
}

/* The address that is shown to endpoints, see struct leg_client. */
static inline const struct address *conn_shown(const struct conn *c)
{
	return c->options.source == L7MESH_SOURCE_KEEP ? &c->source : NULL;
}

/*
 * Where a leg of its begins: in its own namespace, or that of cookie @hop, if that is still
 * there and attached, and what is sent to the leg is caught; or NULL. Under RCU.
 */
static inline struct http_net *conn_leg_net(const struct conn *c, u64 hop)
{
	struct http_net *hn;
	struct net *net;

	if (likely(!hop))
		return c->hn;
	net = mesh_attached_net(c->mesh, hop);
	hn = net ? mesh_net(net)->http : NULL;
	return hn && transparent_is_caught(&hn->transparent) ? hn : NULL;
}

/* What guards the workload that a connection has come to; NULL: none, or not from outside. */
static inline const struct guard *conn_guard(const struct conn *c,
					     const struct snapshot *s)
{
	return c->identity ? NULL : inbound_guard(s->authz, c->hn->net->net_cookie,
						  c->original.port);
}

/* The listener of a connection, borrowed from a snapshot; NULL if there is none. */
static inline const struct listener_slot *conn_slot(const struct conn *c,
						    const struct snapshot *s)
{
	return listener_find(&s->index, &c->original, &c->from, c->by);
}

/**
 * conn_listener() - The listener of a connection, whose options it takes over
 * @c: connection, locked
 * @s: snapshot
 *
 * Return: borrowed from @s, or NULL if there is none any more.
 */
static inline const struct listener_slot *
conn_listener(struct conn *c, const struct snapshot *s)
{
	const struct listener_slot *slot = conn_slot(c, s);

	if (!slot || !listener_serves_http(slot->listener))
		return NULL;
	c->options = slot->listener->http;
	if (unlikely(s->authz) && s->authz->has_paths && conn_guard(c, s))
		path_rules_strict(&c->options.path);
	return slot;
}

#endif
