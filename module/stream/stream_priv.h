/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exchange, as its own files see it. A file calls those below it and none above, so
 * that what calls what has no circles:
 *
 *	stream.c		what is done in which order, the end, time
 *	stream_request.c	the request, from downstream to upstream
 *	stream_response.c	the response, from upstream to downstream
 *	stream_tunnel.c	bytes both ways, after an upgrade or CONNECT
 *	stream_read.c		reading, and what comes of it
 *	stream_hedge.c	several tries of a request at one time
 *	stream_retry.c	failure upstream, and what is tried again
 *	stream_route.c	from an understood request to an endpoint
 *	stream_mirror.c	copies of requests
 *	stream_fault.c	what routes do to requests on purpose
 *	stream_limits.c	what happens to a request beyond a limit
 *	stream_reply.c	answers of our own
 *	try.c			tries: the current one, and those that are out beside it
 *	stream_breakers.c	circuit breakers
 *	try_leg.c		the leg: its lock, getting one, parting with it
 *	try_endpoint.c		load and latency of the endpoint
 *	stream_headers.c	both heads, as they go on
 *	stream_room.c		room to send, memory that is held
 *
 * Everything here is called with the connection locked, within a run.
 */
#ifndef L7MESH_EXCHANGE_PRIV_H
#define L7MESH_EXCHANGE_PRIV_H

#include <linux/l7mesh.h>
#include "http/forward.h"
#include "lib/compat.h"
#include "lib/payer.h"
#include "link/http_net.h"
#include "link/leg.h"
#include "policy/rate_limiter.h"
#include "policy/retry.h"
#include "stream/conn.h"
#include "stream/stream.h"
#include "stream/reply.h"
#include "stream/routing.h"

/*
 * For allocations under a socket lock. Reclaim must not come back to the network.
 * If the client's control group is full the client is refused; nobody is killed for
 * it, and reserves are not used: a run that may not sleep leaves it to the work.
 */
static inline gfp_t run_gfp(const struct conn *c, const struct run *run)
{
	gfp_t gfp = run->may_sleep ?
		    GFP_NOIO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL :
		    GFP_NOWAIT | __GFP_NOWARN;

	return gfp | payer_gfp(c->payer);
}

static inline void end_conn(struct conn *c, struct run *run, bool reset)
{
	c->ended = true;
	c->reset |= reset;
	run->defer = true;
}

/* CONNECT, and the tunnel ends at the endpoint. For a request that is understood. */
static inline bool ends_tunnel_here(const struct conn *c)
{
	return routing_ends_tunnel(&c->options, c->ex.request_head);
}

/* The client expects a 100, and the mesh sends it. For a request that is understood. */
static inline bool answers_expect(const struct conn *c)
{
	return routing_answers_expect(&c->options, c->ex.request_head);
}

/* The client's address: the peer's, or what trusted proxies say. */
static inline const struct address *client_of(const struct conn *c)
{
	return &c->ex.client;
}

/*
 * Routes may do so much to heads that it is too long for softirq. Then all that happens
 * to the exchange is left to the work.
 */
static inline bool edits_much(const struct exchange *ex)
{
	return unlikely(ex->edit_cost > COST_INLINE_MAX);
}

/* So it may be done now. If not, the run ends, and the next one has enough for it. */
static inline bool may_edit(const struct exchange *ex, struct run *run)
{
	if (likely(!edits_much(ex)) || run->left >= BUDGET_WORK / 2)
		return true;
	run->left = min(run->left, 0);
	run->again = true;
	return false;
}

/*
 * The context of an actor of link_read(). An actor must not close the link that is
 * being read: it notes a refusal here, which is carried out afterwards.
 */
struct reader {
	struct conn *c;
	struct run *run;
	enum mesh_stat reason;
	u16 refuse_status;	/* 0: no refusal */
	bool failed;		/* the refusal is the endpoint's fault */
	bool retry;		/* another try instead */
};

/* May an actor go on? If not, the run is to go on later. */
static inline bool may_spend(struct run *run)
{
	if (likely(run->left > 0))
		return true;
	run->again = true;
	return false;
}

/* How much of a head may be read. */
static inline u32 affordable_head(const struct run *run, u32 len)
{
	return min_t(u32, len, run->left / COST_HEAD_BYTE + 1);
}

/* The body of a request that is understood, from its first byte. */
static inline void begin_request_body(struct conn *c)
{
	struct exchange *ex = &c->ex;

	body_init(&ex->request_body, &ex->request_head->parser, false,
		  c->options.max_body_bytes ?: U64_MAX);
	if (unlikely(ex->request_filter)) {
		trailer_filter_restart(ex->request_filter);
		ex->request_body.filter = ex->request_filter;
	}
}

/* stream_room.c */
/*
 * A send on @link, the connection's or its leg's, found no room. Usually the link says
 * when there is room. If memory was short with nothing in flight it never would: then
 * the exchange is run again soon.
 */
void exchange_await_room(struct conn *c, const struct link *link);
/* Send what is pending of the response. Returns whether that is all of it. */
bool exchange_flush_response(struct conn *c, struct run *run);
/* Tell the namespace what the exchange holds by now. */
void exchange_settle(struct conn *c);

/*
 * stream_headers.c: of heads that are whole in @head and ->down; 0, -ENOMEM or
 * -EMSGSIZE: it cannot be done, so the message is to be refused
 */
/* As the endpoint of @t gets it: the current try, or a mirror. */
int exchange_write_head(struct conn *c, const struct try *t, struct out *head,
			gfp_t gfp);
int exchange_edit_response(struct conn *c, u16 status, gfp_t gfp);
/*
 * Add our fields to the buffer that holds the request and nothing else. Returns its
 * length from then on, or 0 if there is no room.
 */
u32 exchange_extend_head(struct conn *c, struct sk_buff *skb);
/*
 * The same for the trailers of bodies that are chunked and have not begun; may be
 * called again. 0 or -ENOMEM.
 */
int exchange_filter_request(struct conn *c, gfp_t gfp);
int exchange_filter_response(struct conn *c, gfp_t gfp);
/* Whether routes leave the heads as they are. */
bool exchange_request_stays(const struct exchange *ex);
bool exchange_response_stays(const struct exchange *ex);

/* try_endpoint.c: what the endpoint is told of a try */
void try_begin_load(struct try *t);
void try_end_load(struct try *t);
/* Its request is on its way, to an endpoint of @cluster. */
void try_begins(struct try *t, const struct cluster *cluster);
/* So long it took, if anybody wants to know. */
void try_took(struct try *t, const struct cluster *cluster);
void try_answered(struct conn *c, u16 status);

/* Identifies a client to endpoint_note_reached(). */
static inline u32 who_connects(const struct conn *c)
{
	return identity_hash(c->identity) ^ hash_ptr(c->hn, 32);
}

/* @status: what the client would be told */
void try_failed(struct conn *c, u16 status);
/* The same for a failure to connect, which may be the client's fault. */
void try_connect_failed(struct conn *c);
/* Its time is over, though the answer may still come. */
void try_late(struct conn *c);

/* try_leg.c */
/*
 * Lock the leg and mark it busy, so that events that the run itself causes are known as
 * such.
 */
bool try_enter_leg(struct conn *c, struct run *run);
void try_leave_leg(struct conn *c, struct run *run);
/* Give up the leg, which is locked: to its pool if possible, else to be closed. */
void try_drop_leg(struct conn *c, struct run *run, bool reuse);
void try_want_leg(struct conn *c, struct run *run);

/* stream_breakers.c */
enum admission {
	ADMISSION_REFUSED,
	ADMISSION_AWAITED,	/* it will be woken */
	ADMISSION_GRANTED,
};

bool exchange_admit(struct exchange *ex);
bool exchange_admit_retry(struct exchange *ex);
/* May a leg be used? */
enum admission exchange_ask_connection(struct conn *c);
/* No leg is used, or wanted, any more. */
void exchange_leave_connection(struct conn *c);
/* The request is over. */
void exchange_leave_cluster(struct conn *c);

/* try.c */
/* One that is to be the current one. Returns NULL without memory. */
struct try *try_alloc(gfp_t gfp);
/* Another one is to be the current one, or none. */
void try_free_current(struct exchange *ex);
/* Undo the current try, except that it counts: the request will be sent anew. */
void try_abandon(struct conn *c, struct run *run);
/* The same, but it will be sent to the same endpoint, which keeps the load. */
void try_begin_anew(struct conn *c, struct run *run);
/* The current try is out beside the one that becomes the current one. */
void try_set_aside(struct conn *c);
/* The same, and @next is that one. */
void try_begin_next(struct conn *c, struct run *run, struct try *next);
/* @t, which is out, becomes the current one. Nothing is left of the one before. */
void try_take(struct conn *c, struct run *run, struct try *t);
/* @t, which is out, is not wanted any more. */
void try_lose(struct conn *c, struct try *t);
/* None that is out is; try_win(): because the current one has an answer. */
void try_lose_others(struct conn *c, struct run *run);
void try_win(struct conn *c, struct run *run);
/*
 * Others are out, and the current try would end in a reply of ours. True: no reply, as
 * one of them may have an answer.
 */
bool try_fall_back(struct conn *c, struct run *run, enum mesh_stat reason);

/* stream_reply.c */
const char *exchange_connection_field(const struct exchange *ex);
bool exchange_is_head(const struct exchange *ex);
/* Answer in the endpoint's place. The exchange is over but for sending it. */
void exchange_reply(struct conn *c, struct run *run, enum mesh_stat reason,
		    struct reply *r);
void exchange_refuse(struct conn *c, struct run *run, enum mesh_stat reason,
		     u16 status);
/* The connection ends as well: nothing that follows on it can be trusted. */
void exchange_refuse_malformed(struct conn *c, struct run *run,
			       enum http1_error error);

/* stream_limits.c */
/* Takes a token. If there is none, the request is refused. */
bool exchange_take_token(struct conn *c, struct run *run,
			 struct rate_limiter *limiter,
			 const struct rate_limit *limit);

static inline bool admit_rate(struct conn *c, struct run *run,
			      struct rate_limiter *limiter,
			      const struct rate_limit *limit)
{
	return !limiter || exchange_take_token(c, run, limiter, limit);
}

void exchange_refuse_overload(struct conn *c, struct run *run);
/* May a leg be used? If not, the request is refused or becomes REQUEST_PENDING. */
bool exchange_enter_connection(struct conn *c, struct run *run);
/* A connection may be free for a request that is REQUEST_PENDING. */
void exchange_end_pending(struct conn *c, struct run *run);

/* For a listener with a limit of requests. False: the request was answered. */
bool exchange_count_source(struct conn *c, struct run *run,
			   const struct listener *l);
static inline bool admit_source(struct conn *c, struct run *run,
				const struct listener *l)
{
	return !c->options.max_requests_per_source ||
	       exchange_count_source(c, run, l);
}

/* The request, which was counted there, is over. */
void exchange_leave_source(struct conn *c);

/* stream_fault.c: @true if the request does not go on now, or at all */
bool exchange_delay(struct conn *c, struct run *run);
bool exchange_abort(struct conn *c, struct run *run);
/* Draws, once for each request, whether its response is to be slow. */
void exchange_draw_rate(struct exchange *ex);
/* The response's body begins; how many bytes of it may be passed on now */
void exchange_slow_response(struct conn *c);
u32 exchange_allowance(struct conn *c, u32 len);

/* stream_mirror.c */
/* Once for each request; what is done to its head costs as much for each copy. */
void exchange_draw_mirrors(struct exchange *ex);
/* All of the request is sent. */
void exchange_mirror(struct conn *c, struct run *run);

/* stream_route.c */
void exchange_begin_request(struct conn *c, struct run *run);
/* The search for the route of a request that is REQUEST_MATCHING goes on. */
void exchange_match_on(struct conn *c, struct run *run);
/* The choice of an endpoint for one that is REQUEST_HASHING does. */
void exchange_hash_on(struct conn *c, struct run *run);
void exchange_pick_endpoint(struct conn *c, struct run *run);
/* The route's delay is over, if it has one. */
void exchange_proceed(struct conn *c, struct run *run);
/* All of the request is there: from now on the route's timeout runs. */
void exchange_request_received(struct conn *c);

/* stream_retry.c */
/* The try has failed before the client had a response: try again, or refuse. */
void exchange_upstream_failed(struct conn *c, struct run *run,
			      enum retry_failure failure, enum mesh_stat reason,
			      u16 status);
/* Does nothing that has been done so far rule out another try? */
bool exchange_may_try_again(struct conn *c);
/* Count one more try, to another endpoint. */
void exchange_count_try(struct conn *c);
/*
 * Is a response of this status to be retried instead of passed on? See
 * exchange_retry().
 */
bool exchange_retry_response(struct conn *c, u16 status);
void exchange_retry(struct conn *c, struct run *run);
/* The time before the next try is over. */
void exchange_end_backoff(struct conn *c, struct run *run);
/* How much memory may keep the request's body for another try. */
u32 exchange_body_limit(const struct exchange *ex);

/* stream_hedge.c */
/* The request is sent: set the time after which the try is given up, or hedged. */
void exchange_await_response(struct conn *c);
/* That time is over. */
void exchange_hedge(struct conn *c, struct run *run);
/*
 * Other tries are out, and one may have an answer. With the connection's lock; a leg
 * may be locked, or not.
 */
void exchange_look_at_tries(struct conn *c, struct run *run);

/* stream_read.c */
int exchange_note_refusal(struct reader *r, enum mesh_stat reason, u16 status);
int exchange_note_no_memory(struct reader *r);
/* The namespace is at its limit of memory: a head is not begun, or does not grow. */
int exchange_note_memory_limit(struct reader *r);
void exchange_read_from(struct link *link, struct conn *c, struct run *run,
			sk_read_actor_t actor);
/* The same for the direction that is read after another. */
void exchange_read_second(struct link *link, struct conn *c, struct run *run,
			  sk_read_actor_t actor);

/* stream_tunnel.c */
void exchange_begin_tunnel(struct conn *c, struct run *run);
void exchange_run_tunnel(struct conn *c, struct run *run);
void exchange_reset_tunnel(struct conn *c, struct run *run);

/* stream_request.c */
void exchange_read_request(struct conn *c, struct run *run);
void exchange_send_head(struct conn *c, struct run *run);
void exchange_send_request(struct conn *c, struct run *run);

/* stream_response.c */
void exchange_pass_response(struct conn *c, struct run *run);

#endif
