/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream: one HTTP request of a connection, and the response to it.
 *
 * A state machine that is run whenever something may have changed: bytes came,
 * room came, a leg connected, somebody closed, time is up. Running it when there
 * is nothing to do is harmless.
 *
 * An HTTP/1 connection has one stream, which is all of its requests one after the
 * other, so pipelined ones are answered in order; what the client sends ahead waits in
 * the socket.
 *
 * Locks. A stream has a lock of its own: who runs it has it, and may sleep. Nobody waits
 * for it: who finds it taken leaves word, and the one who has it looks once more. So it
 * can be asked for with any link locked, and stands in no order with other locks.
 *
 * Whoever touches a stream of HTTP/1 has its connection's link locked, too, because that
 * is what a run reads and writes. There, only events meet a lock that is taken: those
 * that a run causes itself, and those of legs that it has not locked.
 *
 * Errors end a stream (stream_end()). What becomes of its connection is for that to
 * say: one of HTTP/1 ends as well, since nobody knows where the next request would
 * begin.
 *
 * RFC 9110, RFC 9112.
 */
#ifndef L7MESH_STREAM_H
#define L7MESH_STREAM_H

#include "http/message_memory.h"
#include "lib/address.h"
#include "lib/budget.h"
#include "lib/stats.h"
#include "link/out.h"
#include "link/replay.h"
#include "mesh/snapshot.h"
#include "policy/policy.h"
#include "stream/body.h"
#include "stream/patience.h"
#include "stream/try.h"
#include "tls/hello.h"
#include "upstream/cluster_state.h"

struct conn;
struct leg;
struct leg_client;

enum request_state {
	REQUEST_IDLE,		/* not a byte of it yet */
	REQUEST_HEAD,		/* part of its head */
	REQUEST_PARSED,		/* its head is whole */
	REQUEST_MATCHING,	/* its route is being looked for */
	REQUEST_DELAYED,	/* has a route; a policy of it has it wait */
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

/* What is to be told of a connection by what its client says first. */
enum detect {
	DETECT_NOTHING,		/* or it is known */
	DETECT_HTTP,
	DETECT_HTTP_TLS,
};

/* So many of the endpoints that failed are avoided by later tries. */
#define TRIED_MAX	4

/* FIN, when all is said and the other end may still be sending. */
enum shut_down {
	SHUT_DOWN_NO,
	SHUT_DOWN_WANTED,	/* the work is to send it */
	SHUT_DOWN_SENT,
};

struct stream {
	struct conn *conn;	/* whose part it is */
	struct patience patience;
	struct list_head others; /* tries that are out beside the current one */
	struct list_head doomed_legs; /* to be parted from this and closed by the work */
	struct pending pending;	/* waits for a connection of ->cluster */
	u32 held;		/* bytes of it, as in hn->quota */
	atomic_t lock;		/* 0: free; more than 1: word was left, see stream_tell() */
	bool ended;
	bool reset;		/* with RST, or what another protocol has for it */

	/* From here on of one request, see forget_request(). */
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
	bool limited;		/* policies count it, see policy_end() */
	bool authorized;	/* authorization was asked, and lets it be */
	struct policy_edits edits;	/* of the response */
	u8 policy;		/* of the route's, that it has come to */
	u8 copies;		/* bits: of policy_copy(), those that are to be made */
	u8 asked;		/* so many hash policies have said what ->hash is, ... */
	bool hashed;		/* ... and it has one */
	u32 cluster_hash;	/* of its name, once it is let go */
	u32 rate;		/* bytes a second of the response's body; 0: any */
	u32 edit_cost;		/* what ->route and ->vhost do to a head, and to its
				 * copies', see budget.h
				 */
	u32 filter_bytes;	/* of both trailer filters */
	struct try *try;	/* the current one; never NULL */
	struct try first;	/* the first one */
	/* held until the response's head has passed, see let_go() */
	struct snapshot *snapshot;
	struct cluster *cluster;	/* of the snapshot */
	struct cluster_state *state;	/* counted, if a limit counts the request ... */
	struct cluster_load *load;	/* ... in this of it, of the route's priority */
	struct endpoint *tried[TRIED_MAX]; /* of the snapshot, those of tries */
	u64 rate_since;			/* ns */
	u64 rate_passed;		/* bytes since then */
	struct route_search search;	/* for a route, while it goes on */
	const struct route *route;	/* of the snapshot, with its ... */
	const struct virtual_host *vhost;	/* ... virtual host; or NULL */
	struct address client;	/* of a request that is understood, see client_of() */
	struct hello_scan hello;	/* of what a TLS client says, so far */
	u32 opening;		/* how much of what a client says is looked at */
	bool opaque;		/* it is neither HTTP nor TLS */
	u64 hash;		/* of a request that is REQUEST_HASHING, so far */
	const struct weighted_cluster *chosen;	/* of the route; or NULL */
	const struct hash_policy *cookie;	/* of the cluster: to be given, ... */
	u64 cookie_value;	/* ... with this value; or NULL */
	u64 ident[2];		/* of x-request-id; 0: none yet */
	struct message *request_head;
	struct message *response_head;
	struct body request_body;
	struct body response_body;
	struct trailer_filter *request_filter;	/* of the bodies' trailers, or NULL */
	struct trailer_filter *response_filter;
	struct replay replay;	/* of the request's body */
	struct out up;		/* our bytes for the leg */
	struct out down;	/* our bytes for the client */
};

/*
 * Routes may do so much to heads that it is too long for softirq. Then all that happens
 * to the stream is left to the work.
 */
static inline bool edits_much(const struct stream *s)
{
	return unlikely(s->edit_cost > COST_INLINE_MAX);
}

/* How a stream is being run. */
struct run {
	bool may_sleep;
	bool defer;		/* out: the work must go on */
	bool again;		/* out: its budget is used up, and there is more to be done */
	int left;		/* of its budget; not always positive */
	struct sk_buff *request;	/* private: all of the request, or NULL */
	struct leg *held;	/* locked by the caller, or NULL */
	struct leg *locked;	/* private: locked by the run itself */
};

/**
 * stream_init() - Make a stream without a request
 * @s: zeroed
 * @conn: whose part it is
 * @expired: its timer's
 * @wake: its ->pending's
 */
void stream_init(struct stream *s, struct conn *conn,
		 void (*expired)(struct timer_list *timer),
		 void (*wake)(struct pending *p));

/**
 * stream_tell() - Something has happened
 * @s: stream
 *
 * Any context. What has happened is to be seen by who sees that it was told.
 *
 * Return: true if somebody runs it, who looks once more. Else the caller is to have it
 * run.
 */
static inline bool stream_tell(struct stream *s)
{
	return atomic_inc_not_zero(&s->lock);
}

static inline bool stream_is_run(const struct stream *s)
{
	return atomic_read(&s->lock);
}

/**
 * stream_run() - Go as far as possible
 * @s: stream, its connection locked
 * @run: how
 *
 * The caller sets may_sleep, left and held; on return no lock of the run's own is held,
 * and if @run->defer is set the caller is to kick the work. If somebody runs it, that
 * one looks once more instead.
 */
void stream_run(struct stream *s, struct run *run);

/**
 * stream_relay() - What comes is no HTTP, but goes to an endpoint of a cluster as it is
 * @s: stream without a request, its connection locked
 * @snapshot: has the cluster
 * @cluster: cluster
 *
 * stream_run() is to follow. Errors reset the connection. Context: process, may sleep.
 *
 * Return: false if there is no memory.
 */
bool stream_relay(struct stream *s, struct snapshot *snapshot,
		  struct cluster *cluster);

/**
 * stream_await_hello() - What comes is TLS: it goes to the server that it asks for
 * @s: stream without a request, its connection locked
 * @options: the listener's
 *
 * stream_run() is to follow. Errors reset the connection, but a name that no virtual host
 * has is answered as TLS does.
 */
void stream_await_hello(struct stream *s, const struct http_options *options);

/**
 * stream_detect() - What comes is HTTP, TLS, or something else
 * @s: stream without a request, its connection locked
 * @l: auto listener
 *
 * stream_run() is to follow, and stream_timeout() when the listener's detect_timeout is
 * over.
 */
void stream_detect(struct stream *s, const struct listener *l);

/**
 * stream_timeout() - The deadline has passed
 * @s: stream, its connection locked
 * @run: how, may_sleep
 *
 * stream_run() is to follow.
 */
void stream_timeout(struct stream *s, struct run *run);

/**
 * stream_leg_client() - What endpoints of a cluster are to know of the client
 * @s: stream, its connection locked
 * @cluster: cluster
 */
struct leg_client stream_leg_client(const struct stream *s,
				    const struct cluster *cluster);

/**
 * stream_leg_opened() - The leg that was wanted is there, or is not
 * @s: stream, its connection locked
 * @leg: leg, or NULL
 * @err: why not
 */
void stream_leg_opened(struct stream *s, struct leg *leg, int err);

/**
 * stream_release() - Give back what a stream holds
 * @s: stream, its connection locked
 * @run: how, may_sleep
 *
 * It has no request and no tries afterwards. Their legs are on its doomed_legs, see
 * try_part().
 */
void stream_release(struct stream *s, struct run *run);

/**
 * stream_end() - There will be no more of it
 * @s: stream, its connection locked
 * @run: how
 * @reset: the client is to know that something is missing
 */
static inline void stream_end(struct stream *s, struct run *run, bool reset)
{
	s->ended = true;
	s->reset |= reset;
	run->defer = true;
}

/**
 * try_part() - Part the stream from the legs of tries that have lost
 * @s: stream, its connection locked
 *
 * Then all that are on its doomed_legs can be closed.
 *
 * Context: process, no leg locked.
 */
void try_part(struct stream *s);

#endif
