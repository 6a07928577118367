// SPDX-License-Identifier: GPL-2.0
#include "upstream/call.h"

#include <linux/wait_bit.h>

#include "http1/head.h"
#include "lib/payer.h"
#include "link/http_net.h"

/*
 * Not http_wq, which accepts: calls of a control group that is full may have to
 * wait.
 */
static struct workqueue_struct *call_wq;

/* Whatever happens to the link. */
static void call_event(struct link *link)
{
	struct call *call = container_of(link, struct call, link);

	mod_delayed_work(call_wq, &call->work, 0);
}

LINK_EVENTS(call, call_event, call_event)

static const struct callbacks call_callbacks = LINK_CALLBACKS(call);

/*
 * Each step returns 0 when it is done, -EAGAIN to wait, or the error that ends the
 * call.
 */

/* For a client that has an identity the socket is its group's already. */
static bool call_charge(struct call *call)
{
	struct mem_cgroup *payer = payer_pause();
	bool charged;

	link_lock(&call->link);
	charged = link_charge(&call->link, call->payer);
	link_unlock(&call->link);
	payer_resume(payer);
	return charged;
}

static int start_connecting(struct call *call)
{
	int err;

	err = link_open(&call->link, call->identity, call->hn->net,
			call->to.family);
	if (err)
		return err;
	link_set_nodelay(&call->link);
	link_hook(&call->link, &call_callbacks);
	if (!call_charge(call))
		return -ENOBUFS;
	return link_connect(&call->link, call->identity, &call->to);
}

static int why_broken(struct call *call)
{
	return link_error(&call->link) ?: -ECONNRESET;
}

static int await_connected(struct call *call)
{
	if (link_is_broken(&call->link))
		return why_broken(call);
	if (link_is_connecting(&call->link))
		return -EAGAIN;
	return out_flush(&call->header, &call->link, !out_empty(&call->request));
}

static int send_body(struct call *call)
{
	struct replay *body = &call->body;
	struct sk_buff *skb;
	u32 len;
	int n;

	while (replay_pending(body)) {
		skb = body->next;
		len = skb->len - body->off;
		n = out_send_skb(&call->link, skb, body->off, len, skb->next);
		if (n < 0)
			return n;
		replay_consume(body, n);
	}
	return 0;
}

static int send_request(struct call *call)
{
	int err;

	if (link_is_broken(&call->link))
		return why_broken(call);
	err = out_flush(&call->request, &call->link, replay_pending(&call->body));
	return err ?: send_body(call);
}

/* What is read, and what came of it: -EAGAIN as long as more is wanted. */
struct reading {
	struct call *call;
	int err;
};

static u64 body_bytes(const struct message *m)
{
	if (message_bodiless(m))
		return 0;
	return m->framing == BODY_LENGTH ? m->content_length : U64_MAX;
}

static int take_head(struct reading *r, struct sk_buff *skb, u32 off, u32 len)
{
	struct call *call = r->call;
	gfp_t gfp = GFP_NOIO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL |
		    payer_gfp(call->payer);
	enum http1_result result;
	int n;

	if (!call->response) {
		call->response = head_alloc(true, gfp);
		if (!call->response)
			return r->err = -ENOMEM;
		call->response->head_request = call->head_request;
	}
	n = head_gather(call->response, skb, off, len, gfp, &result);
	if (n < 0)
		return r->err = n;
	if (result == HTTP1_ERROR)
		return r->err = -EBADMSG;
	if (result == HTTP1_MORE)
		return n;
	if (call->response->status >= 200) {
		call->left = body_bytes(call->response);
		r->err = 0;
		return n;
	}
	/* An interim response: another one follows. */
	message_free(call->response);
	call->response = NULL;
	return n;
}

static int head_actor(read_descriptor_t *desc, struct sk_buff *skb,
		      unsigned int off, size_t len)
{
	struct reading *r = desc->arg.data;

	return r->err == -EAGAIN ? take_head(r, skb, off, len) : 0;
}

static int discard_actor(read_descriptor_t *desc, struct sk_buff *skb,
			 unsigned int off, size_t len)
{
	struct reading *r = desc->arg.data;
	u64 n = min_t(u64, len, r->call->left);

	if (r->call->left != U64_MAX)
		r->call->left -= n;
	return n;
}

static int read_with(struct call *call, sk_read_actor_t actor)
{
	struct reading r = { .call = call, .err = -EAGAIN };
	read_descriptor_t desc = { .arg.data = &r, .count = 1 };

	if (link_has_urgent(&call->link))
		return -EBADMSG;
	if (link_pending(&call->link))
		link_read(&call->link, &desc, actor);
	if (r.err != -EAGAIN)
		return r.err;
	if (call->state == CALL_DRAINING && !call->left)
		return 0;
	if (link_is_broken(&call->link))
		return why_broken(call);
	return link_eof(&call->link) ? -ECONNRESET : -EAGAIN;
}

/* The next step, under the link's lock if there is one. */
static int step(struct call *call)
{
	switch (call->state) {
	case CALL_CONNECTING:
		return await_connected(call);
	case CALL_SENDING:
		return send_request(call);
	case CALL_READING:
		return read_with(call, head_actor);
	default:
		return read_with(call, discard_actor);
	}
}

static bool is_last(const struct call *call)
{
	return call->state == CALL_DRAINING ||
	       (call->state == CALL_CONNECTING && out_empty(&call->request));
}

static int take_steps(struct call *call)
{
	bool last = false;
	int err = 0;

	if (call->state == CALL_NEW) {
		err = start_connecting(call);
		if (err)
			return err;
		call->state = CALL_CONNECTING;
	}
	link_lock(&call->link);
	while (!err && !last) {
		err = step(call);
		last = is_last(call);
		if (!err && !last)
			call->state++;
	}
	link_unlock(&call->link);
	return err;
}

void call_release(struct call *call)
{
	out_clear(&call->header);
	out_clear(&call->request);
	replay_clear(&call->body);
	message_free(call->response);
	call->response = NULL;
	identity_put(call->identity);
	call->identity = NULL;
	payer_put(call->payer);
	call->payer = NULL;
}

static void close_link(struct call *call, bool reset)
{
	if (!link_is_open(&call->link))
		return;
	link_lock(&call->link);
	link_unhook(&call->link);
	link_unlock(&call->link);
	link_close(&call->link, reset);
}

static void finish(struct call *call, int err)
{
	struct http_net *hn = call->hn;
	u16 status = 0;

	close_link(call, err);
	spin_lock_bh(&hn->calls_lock);
	list_del(&call->list);
	spin_unlock_bh(&hn->calls_lock);
	/* The call is off the list, so nobody can queue its work again. */
	cancel_delayed_work(&call->work);
	/* The response's head was complete; how its body ends does not matter. */
	if (call->state == CALL_DRAINING)
		err = 0;
	if (!err && call->response)
		status = call->response->status;
	call_release(call);
	quota_add(&hn->quota, -(s64)call->bytes);
	call->done(call, err, status);
	if (atomic_dec_and_test(&hn->ncalls))
		wake_up_var(&hn->ncalls);
}

#define SEND_AGAIN	(HZ / 10)

/* Runs as far as possible: -EAGAIN to wait, else the call is over. */
static int advance(struct call *call)
{
	struct mem_cgroup *payer = call->payer;
	struct mem_cgroup *old = payer_enter(payer);
	int err = take_steps(call);

	payer_leave(payer, old);
	return err;
}

static void call_work(struct work_struct *work)
{
	struct call *call = container_of(to_delayed_work(work), struct call,
					 work);
	int err = READ_ONCE(call->killed) ? -ESHUTDOWN : advance(call);
	unsigned long now = jiffies, wait = call->deadline - now;

	if (err == -EAGAIN && time_after_eq(now, call->deadline))
		err = -ETIMEDOUT;
	/* No event reports that memory is available again, so look now and then. */
	if (call->state == CALL_SENDING ||
	    (!out_empty(&call->header) && link_is_open(&call->link) &&
	     link_is_connected(&call->link)))
		wait = min_t(unsigned long, wait, SEND_AGAIN);
	if (err == -EAGAIN)
		queue_delayed_work(call_wq, &call->work, wait);
	else
		finish(call, err);
}

bool call_begin(struct call *call, struct http_net *hn, u32 timeout)
{
	bool begun;

	call->hn = hn;
	call->deadline = jiffies + msecs_to_jiffies(timeout);
	replay_rewind(&call->body);
	INIT_DELAYED_WORK(&call->work, call_work);
	spin_lock_bh(&hn->calls_lock);
	begun = !READ_ONCE(hn->dead);
	if (begun) {
		atomic_inc(&hn->ncalls);
		call->bytes = out_bytes(&call->header) +
			      out_bytes(&call->request) + call->body.bytes;
		quota_add(&hn->quota, call->bytes);
		list_add(&call->list, &hn->calls);
		queue_delayed_work(call_wq, &call->work, 0);
	}
	spin_unlock_bh(&hn->calls_lock);
	return begun;
}

/* Calls that are told to end with BH off at one time. */
#define END_BATCH	64

/*
 * No call is added any more. Calls that have been told go to the end of the list.
 * Returns whether all have been told.
 */
static bool end_batch(struct http_net *hn)
{
	struct call *call;
	int n;

	spin_lock_bh(&hn->calls_lock);
	for (n = 0; n < END_BATCH; n++) {
		call = list_first_entry_or_null(&hn->calls, struct call, list);
		if (!call || call->killed)
			break;
		WRITE_ONCE(call->killed, true);
		list_move_tail(&call->list, &hn->calls);
		mod_delayed_work(call_wq, &call->work, 0);
	}
	spin_unlock_bh(&hn->calls_lock);
	return n < END_BATCH;
}

void call_end_all(struct http_net *hn)
{
	while (!end_batch(hn))
		cond_resched();
	wait_var_event(&hn->ncalls, !atomic_read(&hn->ncalls));
}

int call_init(void)
{
	call_wq = alloc_workqueue("l7mesh_call", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return call_wq ? 0 : -ENOMEM;
}

void call_exit(void)
{
	destroy_workqueue(call_wq);
}
