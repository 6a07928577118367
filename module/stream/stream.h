/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exchange: one HTTP request on a downstream connection and the response to it.
 *
 * A state machine that is run whenever something may have changed: bytes came,
 * room came, a leg connected, somebody closed, time is up. Running it when there
 * is nothing to do is harmless. Requests of a connection are served one after the
 * other, so pipelined ones are answered in order; what the client sends ahead
 * waits in the socket.
 *
 * RFC 9110, RFC 9112.
 */
#ifndef L7MESH_EXCHANGE_H
#define L7MESH_EXCHANGE_H

#include "http1/head.h"
#include "lib/address.h"
#include "lib/budget.h"
#include "lib/stats.h"
#include "link/out.h"
#include "link/replay.h"
#include "mesh/snapshot.h"
#include "stream/body.h"
#include "stream/try.h"

struct conn;
struct leg;

enum request_state {
	REQUEST_IDLE,		/* not a byte of it yet */
	REQUEST_HEAD,		/* part of its head */
	REQUEST_PARSED,		/* its head is whole */
	REQUEST_MATCHING,	/* its route is being looked for */
	REQUEST_DELAYED,	/* has a route, which lets it wait on purpose */
	REQUEST_BACKOFF,	/* a try has failed; the next one has its time */
	REQUEST_HASHING,	/* hash policies are asked, one by one */
	REQUEST_PENDING,	/* has an endpoint, waits for a connection to be free */
	REQUEST_ROUTED,		/* has an endpoint, wants a leg */
	REQUEST_CONNECTING,	/* its leg is there or being opened */
	REQUEST_BODY,		/* head sent (or in ->up), body being passed on */
	REQUEST_DONE,
	REQUEST_DISCARD,	/* what comes is read and thrown away; only to close */
	REQUEST_TUNNEL,		/* no HTTP any more, see stream_tunnel.c */
};

enum response_state {
	RESPONSE_NONE,		/* nothing sent upstream yet */
	RESPONSE_HEAD,		/* waited for, or part of its head */
	RESPONSE_BODY,
	RESPONSE_DONE,		/* all of it is sent, or in ->down */
};

/* So many of the endpoints that failed are avoided by later tries. */
#define TRIED_MAX	4

struct exchange {
	struct try *try;	/* the current one; never NULL */
	struct try first;	/* the first one */
	u8 request;		/* enum request_state */
	u8 response;		/* enum response_state */
	bool received;		/* all of the request was, at some time */
	bool committed;		/* the client heard from an endpoint: no other try */
	u8 tries;		/* that failed and were done again */
	bool admitted;		/* counts among ->state's requests, ... */
	bool retrying;		/* ... its retries */
	bool waited;		/* for a connection; may do so still */
	bool local;		/* the response is ours */
	bool http10;		/* the client speaks HTTP/1.0 */
	bool close;		/* close downstream after the response */
	bool head_whole;	/* response_head is understood, and not yet written */
	bool upgrade;		/* the client's wish for one was passed on */
	bool counted;		/* in requests */
	bool from_source;	/* in those of conn->client */
	/* held until the response's head has passed, see let_go() */
	struct snapshot *snapshot;
	struct cluster *cluster;	/* of the snapshot */
	struct cluster_state *state;	/* counted, if a limit counts the request ... */
	struct cluster_load *load;	/* ... in this of it, of the route's priority */
	u32 cluster_hash;		/* of its name, once it is let go */
	struct endpoint *tried[TRIED_MAX]; /* of the snapshot, those of tries */
	u32 rate;			/* bytes a second of the response's body; 0: any */
	u64 rate_since;			/* ns */
	u64 rate_passed;		/* bytes since then */
	struct route_search search;	/* for a route, while it goes on */
	const struct route *route;	/* of the snapshot, with its ... */
	const struct virtual_host *vhost;	/* ... virtual host; or NULL */
	u32 edit_cost;		/* what both do to a head, and to its copies', see budget.h */
	struct address client;	/* of a request that is understood, see client_of() */
	u64 hash;		/* of a request that is REQUEST_HASHING, so far ... */
	u8 asked;		/* ... as so many policies say, ... */
	bool hashed;		/* ... and whether it has one */
	const struct weighted_cluster *chosen;	/* of the route; or NULL */
	u8 cors;		/* enum cors_kind */
	u8 mirrors;		/* bits: of the route's, those that the request drew */
	const struct hash_policy *cookie;	/* of the cluster: to be given, ... */
	u64 cookie_value;	/* ... with this value; or NULL */
	u64 ident[2];		/* of x-request-id; 0: none yet */
	struct head *request_head;
	struct head *response_head;
	struct body request_body;
	struct body response_body;
	struct trailer_filter *request_filter;	/* of the bodies' trailers, or NULL */
	struct trailer_filter *response_filter;
	u32 filter_bytes;	/* of both */
	struct replay replay;	/* of the request's body */
	struct out up;		/* our bytes for the leg */
	struct out down;	/* our bytes for the client */
};

/* How an exchange is being run. */
struct run {
	bool may_sleep;
	bool defer;		/* out: the work must go on */
	bool again;		/* out: its budget is used up, and there is more to be done */
	int left;		/* of its budget; not always positive */
	struct sk_buff *request;	/* private: all of the request, or NULL */
	struct leg *held;	/* locked by the caller, or NULL */
	struct leg *locked;	/* private: locked by the run itself */
};

/* Make what is zeroed an exchange without a request. */
static inline void exchange_init(struct exchange *ex)
{
	ex->try = &ex->first;
}

/**
 * exchange_run() - Go as far as possible
 * @c: connection, locked
 * @run: how
 *
 * The caller sets may_sleep, left and held; on return no lock of the run's own is held,
 * and if @run->defer is set the caller is to kick the work.
 */
void exchange_run(struct conn *c, struct run *run);

/**
 * exchange_timeout() - The deadline has passed
 * @c: connection, locked
 * @run: how, may_sleep
 */
void exchange_timeout(struct conn *c, struct run *run);

/**
 * exchange_leg_opened() - The leg that was wanted is there, or is not
 * @c: connection, locked
 * @leg: leg, or NULL
 * @err: why not
 */
void exchange_leg_opened(struct conn *c, struct leg *leg, int err);

/**
 * exchange_release() - Give back what an exchange holds
 * @c: connection, locked; its leg is unbound and doomed, other tries have lost
 * @run: how
 */
void exchange_release(struct conn *c, struct run *run);

/**
 * try_part() - Part the connection from the legs of tries that have lost
 * @c: connection, locked
 *
 * Then all that are on its doomed_legs can be closed.
 *
 * Context: process, no leg locked.
 */
void try_part(struct conn *c);

/**
 * exchange_listener() - The listener of a connection, whose options it takes over
 * @c: connection, locked
 * @s: snapshot
 *
 * Return: borrowed from @s, or NULL if there is none any more.
 */
const struct listener_slot *exchange_listener(struct conn *c,
					      const struct snapshot *s);

#endif
