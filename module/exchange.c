// SPDX-License-Identifier: GPL-2.0
#include "exchange.h"

#include <linux/l7mesh.h>
#include <net/tcp.h>
#include "compat.h"
#include "conn.h"
#include "http_net_priv.h"
#include "leg.h"
#include "reply.h"

/* How long a client may take to notice that we have closed, and to stop sending. */
#define LINGER_TIMEOUT	2000

/*
 * Rounds of one run. A client that pipelines without end must not keep a CPU in
 * softirq, nor those that spin on the socket's lock.
 */
#define RUN_ROUNDS	16

static gfp_t run_gfp(const struct run *run)
{
	/* Under a socket lock: reclaim must not come back to the network. */
	return run->may_sleep ? GFP_NOIO : GFP_ATOMIC;
}

static void end_conn(struct conn *c, struct run *run, bool reset)
{
	c->ended = true;
	c->reset |= reset;
	run->defer = true;
}

/* No byte of @sk is left to be read, and none will come. */
static bool at_eof(const struct sock *sk)
{
	return skb_queue_empty(&sk->sk_receive_queue) &&
	       (sk->sk_err || sk->sk_state == TCP_CLOSE ||
		(sk->sk_shutdown & RCV_SHUTDOWN));
}

static bool is_broken(const struct sock *sk)
{
	return sk->sk_err || sk->sk_state == TCP_CLOSE;
}

/* ---- the leg and its lock ---- */

static bool trylock_leg(struct leg *leg)
{
	struct sock *sk = leg->sk;

	if (!spin_trylock(&sk->sk_lock.slock))
		return false;
	if (sock_owned_by_user_nocheck(sk)) {
		spin_unlock(&sk->sk_lock.slock);
		return false;
	}
	__release(&sk->sk_lock.slock);	/* for sparse: run->locked knows */
	return true;
}

/* Lock the leg that is bound, if it is not locked. */
static bool lock_leg(struct conn *c, struct run *run)
{
	struct leg *leg = c->leg;

	if (!leg || leg == run->held || leg == run->locked)
		return true;
	if (run->may_sleep) {
		sock_hold(leg->sk);
		lock_sock_nested(leg->sk, SINGLE_DEPTH_NESTING);
	} else if (!trylock_leg(leg)) {
		run->defer = true;
		return false;
	}
	run->locked = leg;
	return true;
}

/* The leg may be somebody else's by now: only its socket is touched. */
static void unlock_leg(struct run *run)
{
	struct sock *sk;

	if (!run->locked)
		return;
	sk = run->locked->sk;
	run->locked = NULL;
	if (run->may_sleep) {
		release_sock(sk);
		sock_put(sk);
	} else {
		__acquire(&sk->sk_lock.slock);
		spin_unlock(&sk->sk_lock.slock);
	}
}

/* Lock it, and let its events of the run's own making be known for such. */
static bool enter_leg(struct conn *c, struct run *run)
{
	if (!lock_leg(c, run))
		return false;
	if (c->leg)
		c->leg->busy = true;
	return true;
}

static void leave_leg(struct conn *c, struct run *run)
{
	if (c->leg)
		c->leg->busy = false;
	unlock_leg(run);
}

/* Part with the leg, which is locked: to its pool, or to be closed. */
static void drop_leg(struct conn *c, struct run *run, bool reuse)
{
	struct exchange *ex = &c->ex;
	struct leg *leg = c->leg;
	struct sock *sk;

	if (!leg)
		return;
	sk = leg->sk;
	leg->conn = NULL;
	leg->busy = false;
	c->leg = NULL;
	if (!reuse || !leg_park(leg, jiffies + msecs_to_jiffies(ex->leg_idle),
				ex->cluster->max_idle)) {
		leg_doom(leg, &c->doomed_legs);
		run->defer = true;
	}
	if (run->locked && run->locked->sk == sk)
		unlock_leg(run);
}

/* ---- local replies ---- */

static const char *connection_field(const struct exchange *ex)
{
	if (ex->close)
		return "close";
	return ex->http10 ? "keep-alive" : NULL;
}

static bool is_head_request(const struct exchange *ex)
{
	const struct head *h = ex->request_head;

	return h && span_eq(head_span(h, h->parser.method,
				      h->parser.method_len), SPAN("HEAD"));
}

/* Answer in the endpoint's place. The exchange is over but for sending it. */
static void local_reply(struct conn *c, struct run *run, enum mesh_stat reason,
			struct reply *r)
{
	struct exchange *ex = &c->ex;
	bool whole = ex->request >= REQUEST_PARSED && ex->request_body.done;

	stat_inc(c->mesh->stats, reason);
	if (!whole)
		ex->close = true;
	ex->local = true;
	ex->leg_reusable = false;
	ex->head_whole = false;
	r->connection = connection_field(ex);
	r->head_request = is_head_request(ex);
	out_clear(&ex->up);
	drop_leg(c, run, false);
	c->open_leg = false;
	/* Half an interim response is on its way, or there is no memory. */
	if (ex->down.data && ex->down.off)
		goto reset;
	out_clear(&ex->down);
	if (reply_write(r, run_gfp(run), &ex->down))
		goto reset;
	ex->response = RESPONSE_DONE;
	ex->request = whole ? REQUEST_DONE : REQUEST_DISCARD;
	conn_set_deadline(c, ex->idle_timeout);
	run->again = true;
	return;
reset:
	end_conn(c, run, true);
}

static void refuse(struct conn *c, struct run *run, enum mesh_stat reason,
		   u16 status)
{
	struct reply r = { .status = status };

	local_reply(c, run, reason, &r);
}

static void refuse_malformed(struct conn *c, struct run *run,
			     enum http1_error error)
{
	enum mesh_stat reason;

	switch (error) {
	case HTTP1_URI_TOO_LONG:
		reason = STAT_REPLY_URI_TOO_LONG;
		break;
	case HTTP1_HEAD_TOO_LARGE:
		reason = STAT_REPLY_HEAD_TOO_LARGE;
		break;
	case HTTP1_NOT_IMPLEMENTED:
		reason = STAT_REPLY_NOT_IMPLEMENTED;
		break;
	case HTTP1_VERSION:
		reason = STAT_REPLY_VERSION;
		break;
	default:
		reason = STAT_REPLY_BAD_REQUEST;
		break;
	}
	c->ex.close = true;
	refuse(c, run, reason, http1_status(error));
}

/* ---- failure upstream ---- */

/* RFC 9110 9.2.2, of the methods that we know. */
static bool is_idempotent(struct span method)
{
	static const struct span methods[] = {
		SPAN("GET"), SPAN("HEAD"), SPAN("OPTIONS"), SPAN("TRACE"),
		SPAN("PUT"), SPAN("DELETE"),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (span_eq(method, methods[i]))
			return true;
	return false;
}

/*
 * A pooled leg may be closed by the endpoint just as we use it. The request is
 * sent again, once, on a fresh leg if doing it twice is harmless and not a byte
 * of a response has come (RFC 9112 9.3.1).
 */
static bool may_retry(const struct exchange *ex)
{
	const struct http1_parser *p = &ex->request_head->parser;

	return ex->reused_leg && !ex->retried && !ex->response_head &&
	       !p->content_length && p->framing != HTTP1_BODY_CHUNKED &&
	       is_idempotent(head_span(ex->request_head, p->method,
				       p->method_len));
}

static void retry(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_LEGS_RETRIED);
	ex->retried = true;
	out_clear(&ex->up);
	drop_leg(c, run, false);
	ex->request = REQUEST_ROUTED;
	ex->response = RESPONSE_NONE;
	run->again = true;
}

/* The leg ended or cannot be used, and the client has no response yet. */
static void upstream_failed(struct conn *c, struct run *run,
			    enum mesh_stat reason, u16 status)
{
	struct exchange *ex = &c->ex;

	atomic64_inc(&ex->ep->failures);
	if (may_retry(ex))
		retry(c, run);
	else
		refuse(c, run, reason, status);
}

/* ---- routing ---- */

const struct listener_slot *exchange_listener(struct conn *c,
					      const struct snapshot *s)
{
	const struct listener_slot *slot = snapshot_listener(s, &c->original);

	if (!slot || slot->listener->protocol != L7MESH_PROTOCOL_HTTP)
		return NULL;
	c->ex.request_timeout = slot->listener->request_timeout;
	c->ex.idle_timeout = slot->listener->idle_timeout;
	return slot;
}

static void reply_redirect(struct conn *c, struct run *run,
			   const struct route *route,
			   const struct route_request *req)
{
	struct reply r = {
		.status = route->status,
		.location = route->redirect_host,
		.location_path = route->redirect_path.len ?
				 route->redirect_path : req->path,
		.location_query = req->query,
	};

	local_reply(c, run, STAT_REPLY_REDIRECT, &r);
}

static void reply_direct(struct conn *c, struct run *run,
			 const struct route *route)
{
	struct reply r = {
		.status = route->status,
		.body = { route->body.p ?: "", route->body.len },
	};

	local_reply(c, run, STAT_REPLY_DIRECT, &r);
}

/* Choose the endpoint, or say that there is none. */
static void pick_endpoint(struct conn *c, struct run *run,
			  const struct route *route)
{
	struct exchange *ex = &c->ex;
	struct pick pick = {
		.source = c->source,
		.parser = &ex->request_head->parser,
		.head = ex->request_head->data,
	};

	ex->cluster = snapshot_cluster(ex->snapshot,
				       route_pick_cluster(route,
							  get_random_u32()));
	ex->ep = ex->cluster ? cluster_pick(ex->cluster, &pick) : NULL;
	if (!ex->ep) {
		refuse(c, run, STAT_REPLY_NO_ENDPOINT, 503);
		return;
	}
	ex->request = REQUEST_ROUTED;
}

static void route_request(struct conn *c, struct run *run,
			  const struct route_table *table)
{
	struct exchange *ex = &c->ex;
	const struct route *route;
	struct route_request req;

	route_request_init(&req, &ex->request_head->parser,
			   ex->request_head->data);
	route = route_table_match(table, &req);
	if (!route)
		refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
	else if (route->action == ROUTE_REDIRECT)
		reply_redirect(c, run, route, &req);
	else if (route->action == ROUTE_DIRECT_RESPONSE)
		reply_direct(c, run, route);
	else
		pick_endpoint(c, run, route);
}

/* The namespace obeys another mesh by now, or none. */
static bool mesh_changed(const struct conn *c)
{
	bool changed;

	rcu_read_lock();
	changed = mesh_obeyed(c->hn->net) != c->mesh;
	rcu_read_unlock();
	return changed;
}

/* A request's head is understood. It keeps the configuration of this moment. */
static void begin_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	const struct http1_parser *p = &ex->request_head->parser;
	const struct listener_slot *slot;

	stat_inc(c->mesh->stats, STAT_REQUESTS);
	ex->counted = true;
	ex->http10 = !p->minor;
	ex->close = !p->keep_alive || READ_ONCE(c->draining) || mesh_changed(c);
	body_init(&ex->request_body, p, false);
	ex->snapshot = mesh_snapshot_get(c->mesh);
	slot = exchange_listener(c, ex->snapshot);
	if (slot) {
		route_request(c, run, slot->route_table);
		return;
	}
	ex->close = true;
	refuse(c, run, STAT_REPLY_NO_ROUTE, 404);
}

/* ---- getting a leg ---- */

/* Returns whether an idle leg was found and bound. */
static bool take_pooled_leg(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	struct leg *leg;

	while ((leg = leg_take(c->hn, ex->ep))) {
		c->leg = leg;
		if (!lock_leg(c, run)) {
			/* Its socket is busy just now: the work will wait. */
			c->leg = NULL;
			if (!leg_park(leg, leg->expires, ex->cluster->max_idle))
				leg_doom(leg, &c->doomed_legs);
			return false;
		}
		leg->busy = true;
		if (leg_bind(leg, c))
			return true;
		drop_leg(c, run, false);
	}
	return false;
}

static void want_leg(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (!ex->retried && take_pooled_leg(c, run)) {
		stat_inc(c->mesh->stats, STAT_LEGS_REUSED);
		ex->reused_leg = true;
		ex->request = REQUEST_CONNECTING;
		return;
	}
	run->defer = true;
	if (!run->may_sleep)
		return;		/* the work comes here again */
	ex->reused_leg = false;
	ex->request = REQUEST_CONNECTING;
	c->open_leg = true;
	conn_set_deadline(c, ex->cluster->connect_timeout);
}

void exchange_leg_opened(struct conn *c, struct leg *leg, int err)
{
	struct exchange *ex = &c->ex;
	struct run run = { .may_sleep = true };

	if (leg) {
		stat_inc(c->mesh->stats, STAT_LEGS_OPENED);
		c->leg = leg;
		return;
	}
	atomic64_inc(&ex->ep->failures);
	if (err == -ENOMEM || err == -ENOBUFS)
		refuse(c, &run, STAT_REPLY_NO_MEMORY, 503);
	else
		refuse(c, &run, STAT_REPLY_CONNECT_FAILURE, 503);
}

/* The leg is there: once it is connected the request goes. */
static void send_request_head(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (!c->leg || c->open_leg)
		return;
	if (is_broken(c->leg->sk)) {
		upstream_failed(c, run, STAT_REPLY_CONNECT_FAILURE, 503);
		return;
	}
	if (!leg_connected(c->leg))
		return;
	if (head_write_request(ex->request_head, &c->original, run_gfp(run),
			       &ex->up)) {
		if (run->may_sleep)
			refuse(c, run, STAT_REPLY_NO_MEMORY, 503);
		run->defer = true;
		return;
	}
	atomic64_inc(&ex->ep->requests);
	ex->request = REQUEST_BODY;
	ex->response = RESPONSE_HEAD;
	conn_set_deadline(c, ex->idle_timeout);
}

/* From a request that is understood to one that is being sent. */
static void dispatch(struct conn *c, struct run *run)
{
	if (c->ex.request == REQUEST_PARSED)
		begin_request(c, run);
	if (c->ex.request == REQUEST_ROUTED)
		want_leg(c, run);
	if (c->ex.request == REQUEST_CONNECTING)
		send_request_head(c, run);
}

/* ---- the request, from downstream to upstream ---- */

/*
 * What an actor of tcp_read_sock() works for. An actor must not part with the
 * socket that is being read: a refusal is noted here and made afterwards.
 */
struct reader {
	struct conn *c;
	struct run *run;
	enum mesh_stat reason;
	u16 refuse_status;	/* 0: no refusal */
};

static int note_refusal(struct reader *r, enum mesh_stat reason, u16 status)
{
	r->reason = reason;
	r->refuse_status = status;
	return 0;
}

/* No memory for a head: where one may not sleep, it is tried where one may. */
static int note_no_memory(struct reader *r)
{
	if (r->run->may_sleep)
		return note_refusal(r, STAT_REPLY_NO_MEMORY, 503);
	r->run->defer = true;
	return 0;
}

static int take_request_head(struct reader *r, struct sk_buff *skb, u32 off,
			     u32 len)
{
	struct exchange *ex = &r->c->ex;
	gfp_t gfp = run_gfp(r->run);
	enum http1_result result;
	int n;

	if (!ex->request_head) {
		ex->request_head = head_alloc(false, gfp);
		if (!ex->request_head)
			return note_no_memory(r);
		ex->request = REQUEST_HEAD;
		conn_set_deadline(r->c, ex->request_timeout);
	}
	n = head_gather(ex->request_head, skb, off, len, gfp, &result);
	if (n < 0)
		return note_no_memory(r);
	if (result == HTTP1_DONE)
		ex->request = REQUEST_PARSED;
	else if (result == HTTP1_ERROR)
		refuse_malformed(r->c, r->run, ex->request_head->parser.error);
	return n;
}

static int take_request_body(struct conn *c, struct run *run,
			     struct sk_buff *skb, u32 off, u32 len)
{
	struct exchange *ex = &c->ex;
	int n;

	if (ex->request_body.done || !out_empty(&ex->up))
		return 0;
	n = body_pass(&ex->request_body, skb, off, len, c->leg->sk, &ex->up);
	if (n > 0) {
		conn_set_deadline(c, ex->idle_timeout);
		return n;
	}
	if (n == -EAGAIN) {
		conn_await_room(c, c->leg->sk);
		return 0;
	}
	if (n == -EBADMSG && ex->response == RESPONSE_HEAD) {
		refuse_malformed(c, run, HTTP1_BAD_REQUEST);
		return 0;
	}
	/* The endpoint takes no more; its response may be there all the same. */
	ex->request = REQUEST_DISCARD;
	return 0;
}

static int request_actor(read_descriptor_t *desc, struct sk_buff *skb,
			 unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	switch (r->c->ex.request) {
	case REQUEST_IDLE:
	case REQUEST_HEAD:
		return take_request_head(r, skb, off, len);
	case REQUEST_BODY:
		return take_request_body(r->c, r->run, skb, off, len);
	case REQUEST_DISCARD:
		return len;
	default:
		return 0;
	}
}

static void read_from(struct sock *sk, struct conn *c, struct run *run,
		      sk_read_actor_t actor)
{
	struct reader r = { .c = c, .run = run };
	read_descriptor_t desc = { .arg.data = &r, .count = 1 };

	if (skb_queue_empty(&sk->sk_receive_queue))
		return;
	/* Out-of-band bytes would stop the stream; HTTP has none. */
	if (tcp_sk(sk)->urg_data) {
		end_conn(c, run, true);
		return;
	}
	tcp_read_sock(sk, &desc, actor);
	if (r.refuse_status)
		refuse(c, run, r.reason, r.refuse_status);
}

/* The client will send no more. It may still wait for a response. */
static void downstream_eof(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->close = true;
	switch (ex->request) {
	case REQUEST_IDLE:
	case REQUEST_HEAD:
		end_conn(c, run, false);
		break;
	case REQUEST_BODY:
		if (ex->request_body.done)
			break;
		stat_inc(c->mesh->stats, STAT_REQUESTS_ABANDONED);
		end_conn(c, run, true);
		break;
	case REQUEST_DISCARD:
		if (ex->response == RESPONSE_DONE && out_empty(&ex->down))
			end_conn(c, run, false);
		break;
	default:
		break;
	}
}

static bool reads_request(const struct exchange *ex)
{
	return ex->request == REQUEST_IDLE || ex->request == REQUEST_HEAD ||
	       ex->request == REQUEST_DISCARD;
}

static void read_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (is_broken(c->sk)) {
		if (ex->counted && (ex->response != RESPONSE_DONE ||
				    !out_empty(&ex->down)))
			stat_inc(c->mesh->stats, STAT_REQUESTS_ABANDONED);
		end_conn(c, run, false);
		return;
	}
	if (reads_request(ex))
		read_from(c->sk, c, run, request_actor);
	if (!c->ended && at_eof(c->sk))
		downstream_eof(c, run);
}

/* The request is sent: now it is the endpoint's turn. */
static void request_sent(struct conn *c)
{
	struct exchange *ex = &c->ex;

	ex->request = REQUEST_DONE;
	if (ex->response == RESPONSE_HEAD)
		conn_set_deadline(c, ex->cluster->response_timeout);
}

static void send_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	struct sock *to;
	int err;

	if (ex->request != REQUEST_BODY || !c->leg)
		return;
	to = c->leg->sk;
	/* The head may wait for the body's first bytes, if they are there. */
	err = out_flush(&ex->up, to,
			ex->request_body.framing == HTTP1_BODY_LENGTH &&
			!ex->request_body.done && tcp_inq(c->sk) > 0);
	if (err == -EAGAIN) {
		conn_await_room(c, to);
		return;
	}
	if (err) {
		/* Read what the endpoint may have said before it closed. */
		out_clear(&ex->up);
		ex->request = ex->request_body.done ? REQUEST_DONE :
						      REQUEST_DISCARD;
		return;
	}
	if (!ex->request_body.done)
		read_from(c->sk, c, run, request_actor);
	if (ex->request == REQUEST_BODY && !out_empty(&ex->up))
		conn_await_room(c, to);
	if (ex->request == REQUEST_BODY && ex->request_body.done &&
	    out_empty(&ex->up))
		request_sent(c);
	else if (ex->request == REQUEST_BODY && at_eof(c->sk))
		downstream_eof(c, run);
}

/* ---- the response, from upstream to downstream ---- */

static int note_bad_response(struct reader *r)
{
	atomic64_inc(&r->c->ex.ep->failures);
	return note_refusal(r, STAT_REPLY_BAD_RESPONSE, 502);
}

/* 1xx: passed on; the final response is yet to come (RFC 9110 15.2). */
static int pass_interim(struct conn *c, gfp_t gfp)
{
	struct exchange *ex = &c->ex;

	ex->retried = true;	/* something came: not to be sent again */
	if (ex->http10)
		return 0;
	return head_write_response(ex->response_head, HTTP1_BODY_NONE, NULL,
				   gfp, &ex->down);
}

/* How long the leg may stay idle: a second less than the endpoint allows. */
static void learn_leg_life(struct exchange *ex)
{
	const struct http1_parser *p = &ex->response_head->parser;
	u32 seconds = head_idle_seconds(ex->response_head);

	ex->leg_idle = ex->cluster->idle_timeout;
	if (seconds <= ex->leg_idle / 1000)
		ex->leg_idle = seconds ? (seconds - 1) * 1000 : 0;
	ex->leg_reusable = p->keep_alive && ex->leg_idle &&
			   p->framing != HTTP1_BODY_UNTIL_CLOSE;
}

static int pass_final(struct conn *c, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	const struct http1_parser *p = &ex->response_head->parser;
	u8 framing = p->framing;
	int err;

	if (ex->http10 && framing == HTTP1_BODY_CHUNKED)
		framing = HTTP1_BODY_UNTIL_CLOSE;
	/* An answer to half a request: its rest would be taken for the next. */
	if (framing == HTTP1_BODY_UNTIL_CLOSE || ex->request != REQUEST_DONE)
		ex->close = true;
	err = head_write_response(ex->response_head, framing,
				  connection_field(ex), gfp, &ex->down);
	if (err)
		return err;
	body_init(&ex->response_body, p, framing != p->framing);
	learn_leg_life(ex);
	ex->response = ex->response_body.done ? RESPONSE_DONE : RESPONSE_BODY;
	conn_set_deadline(c, ex->idle_timeout);
	return 0;
}

/* @more: bytes of the body are there already */
static void pass_response_head(struct conn *c, struct run *run, bool more)
{
	struct exchange *ex = &c->ex;
	gfp_t gfp = run_gfp(run);
	int err;

	err = ex->response_head->parser.status < 200 ? pass_interim(c, gfp) :
						       pass_final(c, gfp);
	if (err == -ENOMEM && !run->may_sleep) {
		run->defer = true;
		return;
	}
	ex->head_whole = false;
	head_free(ex->response_head);
	ex->response_head = NULL;
	if (!err)
		err = out_flush(&ex->down, c->sk,
				more && ex->response == RESPONSE_BODY &&
				ex->response_body.framing == HTTP1_BODY_LENGTH);
	if (err == -EAGAIN)
		conn_await_room(c, c->sk);
	else if (err)
		end_conn(c, run, true);
}

static int take_response_head(struct reader *r, struct sk_buff *skb, u32 off,
			      u32 len)
{
	struct exchange *ex = &r->c->ex;
	gfp_t gfp = run_gfp(r->run);
	enum http1_result result;
	int n;

	if (!ex->response_head) {
		ex->response_head = head_alloc(true, gfp);
		if (!ex->response_head)
			return note_no_memory(r);
		ex->response_head->parser.head_request = is_head_request(ex);
	}
	n = head_gather(ex->response_head, skb, off, len, gfp, &result);
	if (n < 0)
		return note_no_memory(r);
	if (result == HTTP1_ERROR)
		return note_bad_response(r);
	/* Nobody asked for an upgrade. */
	if (result == HTTP1_DONE && ex->response_head->parser.status == 101)
		return note_bad_response(r);
	ex->head_whole = result == HTTP1_DONE;
	if (ex->head_whole)
		pass_response_head(r->c, r->run, n < len);
	return n;
}

static void cut_response(struct conn *c, struct run *run)
{
	stat_inc(c->mesh->stats, STAT_RESPONSES_CUT);
	atomic64_inc(&c->ex.ep->failures);
	/* RST: not to be taken for the end of a body that lasts until close */
	end_conn(c, run, true);
}

static int take_response_body(struct conn *c, struct run *run,
			      struct sk_buff *skb, u32 off, u32 len)
{
	struct exchange *ex = &c->ex;
	int n;

	n = body_pass(&ex->response_body, skb, off, len, c->sk, &ex->down);
	if (n == -EAGAIN) {
		conn_await_room(c, c->sk);
		return 0;
	}
	if (n == -EBADMSG) {
		cut_response(c, run);
		return 0;
	}
	if (n < 0) {
		end_conn(c, run, true);
		return 0;
	}
	if (ex->response_body.done)
		ex->response = RESPONSE_DONE;
	conn_set_deadline(c, ex->idle_timeout);
	return n;
}

static int response_actor(read_descriptor_t *desc, struct sk_buff *skb,
			  unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;
	struct exchange *ex = &r->c->ex;

	if (r->c->ended || r->refuse_status || !out_empty(&ex->down) ||
	    ex->head_whole)
		return 0;
	switch (ex->response) {
	case RESPONSE_HEAD:
		return take_response_head(r, skb, off, len);
	case RESPONSE_BODY:
		return take_response_body(r->c, r->run, skb, off, len);
	default:
		return 0;
	}
}

static void upstream_eof(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->leg_reusable = false;
	if (ex->response == RESPONSE_HEAD) {
		upstream_failed(c, run, STAT_REPLY_UPSTREAM_RESET, 502);
	} else if (ex->response == RESPONSE_BODY) {
		/* DONE: a FIN came, not a reset */
		if (ex->response_body.framing == HTTP1_BODY_UNTIL_CLOSE &&
		    sock_flag(c->leg->sk, SOCK_DONE))
			ex->response = RESPONSE_DONE;
		else
			cut_response(c, run);
	}
}

static bool waits_for_response(const struct exchange *ex)
{
	return ex->response == RESPONSE_HEAD || ex->response == RESPONSE_BODY;
}

static void pass_response(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	int err;

	err = out_flush(&ex->down, c->sk, false);
	if (err == -EAGAIN) {
		conn_await_room(c, c->sk);
		return;
	}
	if (err) {
		end_conn(c, run, false);
		return;
	}
	if (!c->leg || !waits_for_response(ex))
		return;
	if (ex->head_whole)
		pass_response_head(c, run, false);
	if (!c->ended)
		read_from(c->leg->sk, c, run, response_actor);
	if (c->ended || !c->leg)
		return;
	if (!out_empty(&ex->down))
		conn_await_room(c, c->sk);
	else if (!ex->head_whole && waits_for_response(ex) &&
		 at_eof(c->leg->sk))
		upstream_eof(c, run);
}

/* ---- the end of an exchange ---- */

static void release_request(struct exchange *ex)
{
	head_free(ex->request_head);
	head_free(ex->response_head);
	out_clear(&ex->up);
	out_clear(&ex->down);
	if (ex->snapshot)
		snapshot_put(ex->snapshot);
}

void exchange_release(struct conn *c, struct run *run)
{
	if (enter_leg(c, run))
		drop_leg(c, run, false);
	release_request(&c->ex);
	memset(&c->ex, 0, sizeof(c->ex));
}

static void next_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	u32 request_timeout = ex->request_timeout;
	u32 idle_timeout = ex->idle_timeout;

	release_request(ex);
	memset(ex, 0, sizeof(*ex));
	ex->request_timeout = request_timeout;
	ex->idle_timeout = idle_timeout;
	conn_set_deadline(c, idle_timeout);
	if (!skb_queue_empty(&c->sk->sk_receive_queue))
		run->again = true;
}

/*
 * Close without losing the response: bytes that we have not read would make TCP
 * send RST, and the client might never read what we said. So FIN, and the client
 * has some time to close as well (RFC 9112 9.6).
 */
static void linger(struct conn *c, struct run *run)
{
	c->ex.request = REQUEST_DISCARD;
	c->shut_down = SHUT_DOWN_WANTED;
	run->defer = true;
	conn_set_deadline(c, LINGER_TIMEOUT);
}

static void finish(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	bool whole = ex->request == REQUEST_DONE;
	bool reuse;

	if (ex->response != RESPONSE_DONE || !out_empty(&ex->down) ||
	    c->shut_down != SHUT_DOWN_NO)
		return;
	if (ex->counted && !ex->local)
		stat_inc(c->mesh->stats, STAT_RESPONSES);
	if (c->leg) {
		reuse = whole && ex->leg_reusable &&
			skb_queue_empty(&c->leg->sk->sk_receive_queue) &&
			!at_eof(c->leg->sk);
		drop_leg(c, run, reuse);
	}
	if (whole && !ex->close && !READ_ONCE(c->draining))
		next_request(c, run);
	else if (at_eof(c->sk))
		end_conn(c, run, false);
	else
		linger(c, run);
}

static void end_idle(struct conn *c, struct run *run)
{
	if (READ_ONCE(c->draining) && c->ex.request == REQUEST_IDLE &&
	    skb_queue_empty(&c->sk->sk_receive_queue))
		end_conn(c, run, false);
}

void exchange_run(struct conn *c, struct run *run)
{
	int rounds = RUN_ROUNDS;

	c->running = true;
	if (READ_ONCE(c->killed))
		end_conn(c, run, true);
	do {
		run->again = false;
		c->missed = false;
		if (c->ended || !enter_leg(c, run))
			break;
		read_request(c, run);
		if (!c->ended)
			dispatch(c, run);
		if (!c->ended)
			send_request(c, run);
		if (!c->ended)
			pass_response(c, run);
		if (!c->ended)
			finish(c, run);
		if (!c->ended)
			end_idle(c, run);
		run->again |= c->missed;
	} while (run->again && --rounds);
	run->defer |= run->again;
	leave_leg(c, run);
	c->running = false;
}

static void response_late(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (ex->request == REQUEST_BODY && out_empty(&ex->up) &&
	    skb_queue_empty(&c->sk->sk_receive_queue)) {
		ex->close = true;
		refuse(c, run, STAT_REPLY_REQUEST_TIMEOUT, 408);
	} else {
		atomic64_inc(&ex->ep->failures);
		refuse(c, run, STAT_REPLY_RESPONSE_TIMEOUT, 504);
	}
}

static void timed_out(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (c->shut_down != SHUT_DOWN_NO || ex->request == REQUEST_IDLE) {
		end_conn(c, run, false);
	} else if (ex->request == REQUEST_HEAD) {
		ex->close = true;
		refuse(c, run, STAT_REPLY_REQUEST_TIMEOUT, 408);
	} else if (ex->request == REQUEST_CONNECTING) {
		atomic64_inc(&ex->ep->failures);
		refuse(c, run, STAT_REPLY_CONNECT_TIMEOUT, 503);
	} else if (ex->response == RESPONSE_HEAD) {
		response_late(c, run);
	} else {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		end_conn(c, run, true);
	}
}

void exchange_timeout(struct conn *c, struct run *run)
{
	c->running = true;
	if (enter_leg(c, run)) {
		timed_out(c, run);
		leave_leg(c, run);
	}
	c->running = false;
}
