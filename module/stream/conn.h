/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn: a downstream connection, from an application to the HTTP engine.
 *
 * Context. The lock of the downstream link (conn->link) protects a connection.
 * Events of either link run the exchange where they happen, in softirq, when
 * both locks are free and the last run did not use up what one may cost; otherwise,
 * and whenever something may sleep (a leg is opened, a link is closed, memory is
 * waited for), the work does it, when it is the connection's turn in its line.
 *
 * References: one for being open, dropped by conn_close(); one for standing in the
 * line. A leg that is bound to a connection has a pointer without a
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
#include "lib/address.h"
#include "link/identity.h"
#include "link/line.h"
#include "link/link.h"
#include "mesh/mesh.h"
#include "stream/patience.h"
#include "stream/stream.h"
#include "upstream/cluster_state.h"

/* FIN, when all is said and the client may still be sending. */
enum shut_down {
	SHUT_DOWN_NO,
	SHUT_DOWN_WANTED,		/* the work is to send it */
	SHUT_DOWN_SENT,
};

struct conn {
	struct link link;		/* to the client; first, as it is used most */
	struct http_net *hn;
	struct mesh *mesh;
	struct address original;	/* what the client connected to */
	struct address source;		/* the client */
	struct identity *identity;	/* the client's, counted */
	struct mem_cgroup *payer;	/* the identity's, see payer.h; or NULL */
	u8 source_len;
	char source_text[ADDRESS_HOST_MAX]; /* its address alone */
	refcount_t ref;
	struct list_head list;		/* hn->conns */
	u32 walk;			/* of hn's that it needs no visit of, or had it */
	struct line *line;		/* hn's; where it waits for the work */
	struct turn turn;
	struct patience patience;

	/* under the lock */
	struct http_options options;	/* of the listener, see http_options.h */
	unsigned long expires;		/* jiffies: no request begins after it; 0: never */
	u32 requests;
	unsigned long asked;		/* jiffies | 1: when the client still listened; 0: never */
	struct source *client;		/* counted, if a limit counts what it has; or NULL */
	bool client_connected;		/* this connection is */
	struct exchange ex;
	u32 held;			/* bytes of ex, as in hn->quota */
	struct list_head tries;		/* that are out beside the current one */
	struct list_head doomed_legs;	/* to be parted from this and closed by the work */
	struct pending pending;		/* waits for a connection of ex.cluster */
	bool running;			/* the exchange is being run */
	bool missed;			/* something happened meanwhile */
	bool greedy;			/* a run cost what it may: the work goes on */
	u8 shut_down;			/* enum shut_down */
	u8 leg_shut_down;		/* the same towards the endpoint, of a tunnel */
	bool ended;			/* the work is to close this */
	bool reset;			/* with RST */
	bool closed;
	bool draining;			/* no further request, from any context */
	unsigned long drain_until;	/* jiffies: then it is reset; 0: never */
	bool killed;			/* close at once, from any context */
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

/* Has it grown too old for another request? */
static inline bool conn_expired(const struct conn *c)
{
	return deadline_is_over(c->expires);
}

#endif
