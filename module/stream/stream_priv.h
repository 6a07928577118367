/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream, as its own files see it. A file calls those below it and none above, so
 * that what calls what has no circles:
 *
 *	conn_source.c		who the client is, where a proxy says so: before a stream
 *	stream.c		what is done in which order, its lock, time
 *	stream_end.c		what is left of a request when it is over, or nearly so
 *	stream_request.c	the request, from downstream to upstream
 *	stream_response.c	the response, from upstream to downstream
 *	stream_tunnel.c	bytes both ways, after an upgrade or CONNECT
 *	stream_detect.c		whether it is HTTP, TLS, or something else
 *	stream_hello.c		what a TLS client says first
 *	stream_read.c		reading, and what comes of it
 *	stream_hedge.c		several tries of a request at one time
 *	stream_retry.c		failure upstream, and what is tried again
 *	stream_route.c		from an understood request to an endpoint
 *	stream_policy.c		what policies say of a request
 *	stream_authz.c		what authorization says of it
 *	stream_hop.c		whether it needs to be read by its endpoint's pod as well
 *	stream_copy.c		copies of requests
 *	stream_pace.c		responses that are to be slow
 *	stream_limits.c	what happens to a request beyond a limit
 *	stream_reply.c		answers of our own
 *	try.c			tries: the current one, and those that are out beside it
 *	stream_breakers.c	circuit breakers
 *	try_leg.c		the leg: its lock, getting one, parting with it
 *	stream_introduce.c	who the endpoint is told that the client is
 *	try_endpoint.c		load and latency of the endpoint
 *	stream_headers.c	both heads, as they go on
 *	stream_room.c		room to send, memory that is held
 *
 * Everything here is called with the connection locked, within a run.
 */
#ifndef L7MESH_STREAM_PRIV_H
#define L7MESH_STREAM_PRIV_H

#include <linux/l7mesh.h>
#include "http/forward.h"
#include "lib/compat.h"
#include "lib/payer.h"
#include "link/http_net.h"
#include "link/leg.h"
#include "policy/policy.h"
#include "stream/conn.h"
#include "stream/reply.h"
#include "stream/routing.h"
#include "stream/stream.h"

/*
 * For allocations under a socket lock. Reclaim must not come back to the network.
 * If the client's control group is full the client is refused; nobody is killed for
 * it, and reserves are not used: a run that may not sleep leaves it to the work.
 */
static inline gfp_t run_gfp(const struct stream *s, const struct run *run)
{
	gfp_t gfp = run->may_sleep ?
		    GFP_NOIO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL :
		    GFP_NOWAIT | __GFP_NOWARN;

	return gfp | payer_gfp(s->conn->payer);
}

/*
 * Free the buffer that the request came in, if it was not sent on: it belongs to
 * this request alone.
 */
static inline void run_drop_taken(struct run *run)
{
	if (likely(!run->request))
		return;
	__kfree_skb(run->request);
	run->request = NULL;
}

/*
 * There is no HTTP, or CONNECT, and the tunnel ends at the endpoint. For a request that is
 * understood.
 */
static inline bool ends_tunnel_here(const struct stream *s)
{
	return s->conn->relays ||
	       routing_ends_tunnel(&s->conn->options, s->request_head);
}

/* The client expects a 100, and the mesh sends it. For a request that is understood. */
static inline bool answers_expect(const struct stream *s)
{
	return routing_answers_expect(&s->conn->options, s->request_head);
}

/* The client's address: the peer's, or what trusted proxies say. */
static inline const struct address *client_of(const struct stream *s)
{
	return &s->client;
}

/* Is there nothing newer, which may say otherwise? */
static inline bool stream_is_current(const struct stream *s)
{
	return rcu_access_pointer(s->conn->mesh->snapshot) == s->snapshot;
}

/* So it may be done now. If not, the run ends, and the next one has enough for it. */
static inline bool may_edit(const struct stream *s, struct run *run)
{
	if (likely(!edits_much(s)) || run->left >= BUDGET_WORK / 2)
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
	struct stream *s;
	struct run *run;
	enum mesh_stat reason;
	u16 refuse_status;	/* 0: no refusal */
	bool failed;		/* the refusal is the endpoint's fault */
	bool retry;		/* another try instead, ... */
	u32 wait;		/* ... after so many ms */
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
static inline void begin_request_body(struct stream *s)
{
	body_init(&s->request_body, s->request_head, false,
		  s->conn->options.max_body_bytes ?: U64_MAX);
	if (unlikely(s->request_filter)) {
		trailer_filter_restart(s->request_filter);
		s->request_body.filter = s->request_filter;
	}
}

/* What policies want to be known of the current try. */
static inline struct policy_tries stream_tries(const struct stream *s)
{
	if (likely(!s->route->policies.n))
		return (struct policy_tries){ };
	return policy_tries(&s->route->policies, s->request_head, s->tries);
}

/* stream_room.c */
/*
 * A send on @link, the connection's or its leg's, found no room. Usually the link says
 * when there is room. If memory was short with nothing in flight it never would: then
 * the stream is run again soon.
 */
void stream_await_room(struct stream *s, const struct link *link);
/* Send what is pending of the response. Returns whether that is all of it. */
bool stream_flush_response(struct stream *s, struct run *run);
/* Tell the namespace what the stream holds by now. */
void stream_settle(struct stream *s);
/* Hold neither the configuration nor the request's head any longer. */
void stream_drop_configuration(struct stream *s);

/*
 * stream_headers.c: of heads that are whole in @head and ->down; 0, -ENOMEM or
 * -EMSGSIZE: it cannot be done, so the message is to be refused
 */
/* As the endpoint of @t gets it: the current try, or a copy's. */
int stream_write_head(struct stream *s, const struct try *t, struct out *head,
		      gfp_t gfp);
/* What routes, their policies and session affinity want of a response with this status. */
int stream_edit_response(struct stream *s, u16 status, struct edit *e);
/* The endpoint's, final or one that switches protocols, into ->down. */
int stream_write_response(struct stream *s, u8 framing, const char *connection,
			  gfp_t gfp);
/*
 * Add our fields to the buffer that holds the request and nothing else. Returns its
 * length from then on, or 0 if there is no room.
 */
u32 stream_extend_head(struct stream *s, struct sk_buff *skb);
/*
 * The same for the trailers of bodies that are chunked and have not begun; may be
 * called again. 0 or -ENOMEM.
 */
int stream_filter_request(struct stream *s, gfp_t gfp);
int stream_filter_response(struct stream *s, gfp_t gfp);
/* Whether routes leave the heads as they are. */
bool stream_request_stays(const struct stream *s);
bool stream_response_stays(const struct stream *s);

/* try_endpoint.c: what the endpoint is told of a try */
void try_begin_load(struct try *t);
void try_end_load(struct try *t);
/* Its request is on its way, to an endpoint of @cluster. */
void try_begins(struct try *t, const struct cluster *cluster);
/* So long it took, if anybody wants to know. */
void try_took(struct try *t, const struct cluster *cluster);
void try_answered(struct stream *s, u16 status);
/* A tunnel that ends at it begins: no more will be known of it. */
void try_reached(struct stream *s);

/* Identifies a client to endpoint_note_reached(). */
static inline u32 who_connects(const struct conn *c)
{
	const struct address *shown = conn_shown(c);

	return identity_hash(c->identity) ^ hash_ptr(c->hn, 32) ^
	       (shown ? address_hash(shown, 0) : 0);
}

/* @status: what the client would be told */
void try_failed(struct stream *s, u16 status);
/* The same for a failure to connect, which may be the client's fault. */
void try_connect_failed(struct stream *s);
/* Its time is over, though the answer may still come. */
void try_late(struct stream *s);

/* try_leg.c */
/* Lock the leg, if there is one that is not locked. False: the work has to wait for it. */
bool try_lock_leg(struct stream *s, struct run *run);
/* If the run has locked it by itself. */
void try_unlock_leg(struct run *run);
/* Give up the leg, which is locked: to its pool if possible, else to be closed. */
void try_drop_leg(struct stream *s, struct run *run, bool reuse);
void try_want_leg(struct stream *s, struct run *run);

/* stream_introduce.c */
/* What they are told, into @out, which is empty; perhaps nothing. 0 or -ENOMEM. */
int stream_introduce(const struct stream *s, const struct cluster *cluster, gfp_t gfp,
		     struct out *out);

/* stream_breakers.c */
enum admission {
	ADMISSION_REFUSED,
	ADMISSION_AWAITED,	/* it will be woken */
	ADMISSION_GRANTED,
};

bool stream_admit(struct stream *s);
bool stream_admit_retry(struct stream *s);
/* May a leg be used? */
enum admission stream_ask_connection(struct stream *s);
/* No leg is used, or wanted, any more. */
void stream_leave_connection(struct stream *s);
/* The request is over. */
void stream_leave_cluster(struct stream *s);

/* try.c */
/* One that is to be the current one. Returns NULL without memory. */
struct try *try_alloc(gfp_t gfp);
/* Another one is to be the current one, or none. */
void try_free_current(struct stream *s);
/* Undo the current try, except that it counts: the request will be sent anew. */
void try_abandon(struct stream *s, struct run *run);
/* The same, but it will be sent to the same endpoint, which keeps the load. */
void try_begin_anew(struct stream *s, struct run *run);
/* The current try is out beside the one that becomes the current one. */
void try_set_aside(struct stream *s);
/* The same, and @next is that one. */
void try_begin_next(struct stream *s, struct run *run, struct try *next);
/* @t, which is out, becomes the current one. Nothing is left of the one before. */
void try_take(struct stream *s, struct run *run, struct try *t);
/* @t, which is out, is not wanted any more. */
void try_lose(struct stream *s, struct try *t);
/* None that is out is; try_win(): because the current one has an answer. */
void try_lose_others(struct stream *s, struct run *run);
void try_win(struct stream *s, struct run *run);
/*
 * Others are out, and the current try would end in a reply of ours. True: no reply, as
 * one of them may have an answer.
 */
bool try_fall_back(struct stream *s, struct run *run, enum mesh_stat reason);

/* stream_reply.c */
const char *stream_connection_field(const struct stream *s);
bool stream_is_head(const struct stream *s);
/* Answer in the endpoint's place. The stream is over but for sending it. */
void stream_reply(struct stream *s, struct run *run, enum mesh_stat reason,
		  struct reply *r);
void stream_refuse(struct stream *s, struct run *run, enum mesh_stat reason,
		   u16 status);
/* The connection ends as well: nothing that follows on it can be trusted. */
void stream_refuse_malformed(struct stream *s, struct run *run,
			     enum message_error error);

/* stream_limits.c */
void stream_refuse_overload(struct stream *s, struct run *run);
/* May a leg be used? If not, the request is refused or becomes REQUEST_PENDING. */
bool stream_enter_connection(struct stream *s, struct run *run);
/* A connection may be free for a request that is REQUEST_PENDING. */
void stream_end_pending(struct stream *s, struct run *run);

/* stream_pace.c: the response's body begins; how many bytes of it may be passed on now */
void stream_begin_pace(struct stream *s);
u32 stream_allowance(struct stream *s, u32 len);

/* stream_policy.c: whether the request goes on now; if not, what policies say is done */
bool stream_meet_listener(struct stream *s, struct run *run,
			  const struct listener *l);
bool stream_meet_policies(struct stream *s, struct run *run);

/* stream_authz.c: whether a request may be, or a connection that is relayed; else refuses it */
bool stream_authorize(struct stream *s, struct run *run);

/* stream_hop.c: an endpoint was picked: may the leg go straight to the application? */
void stream_choose_hop(struct stream *s, struct run *run);

/* stream_copy.c: all of the request is sent, and there are to be copies of it */
void stream_copy(struct stream *s, struct run *run);

/* stream_route.c */
void stream_begin_request(struct stream *s, struct run *run);
/* The search for the route of a request that is REQUEST_MATCHING goes on. */
void stream_match_on(struct stream *s, struct run *run);
/* The choice of an endpoint for one that is REQUEST_HASHING does. */
void stream_hash_on(struct stream *s, struct run *run);
void stream_pick_endpoint(struct stream *s, struct run *run);
/* From the route's policies on; also when the time is over that one had it wait for. */
void stream_proceed(struct stream *s, struct run *run);
/* All of the request is there: from now on the route's timeout runs. */
void stream_request_received(struct stream *s);

/* stream_retry.c */
/* The try has failed before the client had a response: try again, or refuse. */
void stream_upstream_failed(struct stream *s, struct run *run,
			    enum policy_outcome_kind kind, enum mesh_stat reason,
			    u16 status);
/*
 * A try has ended so: may there be another one, and do policies want it? @wait: out, or
 * NULL: ms until then.
 */
bool stream_may_try_again(struct stream *s, enum policy_outcome_kind kind, u32 *wait);
/* Count one more try, to another endpoint. */
void stream_count_try(struct stream *s);
/* Instead of passing the response on. */
void stream_retry(struct stream *s, struct run *run, u32 wait);
/* The time before the next try is over. */
void stream_end_backoff(struct stream *s, struct run *run);
/* How much memory may keep the request's body for another try. */
u32 stream_body_limit(const struct stream *s);

/* stream_hedge.c */
/* The request is sent: set the time after which the try is given up, or hedged. */
void stream_await_response(struct stream *s);
/* That time is over. */
void stream_hedge(struct stream *s, struct run *run);
/*
 * Other tries are out, and one may have an answer. With the connection's lock; a leg
 * may be locked, or not.
 */
void stream_look_at_tries(struct stream *s, struct run *run);

/* stream_read.c */
int stream_note_refusal(struct reader *r, enum mesh_stat reason, u16 status);
int stream_note_no_memory(struct reader *r);
/* The namespace is at its limit of memory: a head is not begun, or does not grow. */
int stream_note_memory_limit(struct reader *r);
void stream_read_from(struct link *link, struct stream *s, struct run *run,
		      sk_read_actor_t actor);
/* The same for the direction that is read after another. */
void stream_read_second(struct link *link, struct stream *s, struct run *run,
			sk_read_actor_t actor);

/* stream_detect.c */
/* An actor's. If it is HTTP its connection is no relay afterwards. */
int stream_take_opening(struct reader *r, struct sk_buff *skb, u32 off, u32 len);
/* It is not waited for what the client says, or all of it. */
void stream_detect_late(struct stream *s, struct run *run);

/* stream_hello.c */
/* An actor's: into the text. Returns 0 if there is no memory, which is seen to. */
int stream_gather(struct reader *r, struct sk_buff *skb, u32 off, u32 len);
/* After that, with what it has returned, which this does unless it is refused. */
int stream_look_at_hello(struct reader *r, int n);
/* An actor's. */
int stream_take_hello(struct reader *r, struct sk_buff *skb, u32 off, u32 len);
/* All of it is there. */
void stream_begin_hello(struct stream *s, struct run *run);
/* Nothing is asked of it but to lead to a cluster. */
extern const struct route stream_relay_route;

/* stream_tunnel.c */
void stream_begin_tunnel(struct stream *s, struct run *run);
void stream_run_tunnel(struct stream *s, struct run *run);
void stream_reset_tunnel(struct stream *s, struct run *run);

/* stream_request.c */
void stream_read_request(struct stream *s, struct run *run);
void stream_send_head(struct stream *s, struct run *run);
void stream_send_request(struct stream *s, struct run *run);

/* stream_end.c */
/* Nothing of the configuration is needed any more, if that is so. */
void stream_let_go(struct stream *s);
/* The request is over, if that is so: another one, or the connection's end. */
void stream_finish(struct stream *s, struct run *run);
/* The connection is drained, and there is no request. */
void stream_end_idle(struct stream *s, struct run *run);

/* stream_response.c */
void stream_pass_response(struct stream *s, struct run *run);

#endif
