// SPDX-License-Identifier: GPL-2.0
/*
 * RFC 9110 7.8 and 9.3.6.
 *
 * Bytes go both ways as they come. A FIN is passed on when all before it is sent,
 * and the tunnel is over when both have passed; a reset of either side is one of
 * the other. Neither the configuration nor a head is held meanwhile, and the leg is
 * never used again.
 */
#include "stream/stream_priv.h"

/*
 * As if the client had asked for a tunnel that ends at the endpoint. The message is
 * empty, and goes when the tunnel begins.
 */
bool stream_relay(struct stream *s, struct snapshot *snapshot,
		  struct cluster *cluster)
{
	struct conn *c = s->conn;

	s->request_head = message_alloc(GFP_KERNEL | payer_gfp(c->payer));
	if (!s->request_head)
		return false;
	message_init(s->request_head, false);
	s->snapshot = snapshot_get(snapshot);
	s->cluster = cluster;
	s->route = &stream_relay_route;
	s->client = c->source;
	s->received = true;
	s->request = REQUEST_HASHING;
	c->relays = true;
	c->options = http_options_default;
	c->options.stream_idle_timeout = 0;
	return true;
}

void stream_begin_tunnel(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (!c->relays) {
		stat_inc(c->mesh->stats, STAT_RESPONSES);
		stat_inc(c->mesh->stats, STAT_TUNNELS);
	}
	s->request = REQUEST_TUNNEL;
	s->response = RESPONSE_NONE;
	s->try->leg_reusable = false;
	try_end_load(s->try);
	stream_drop_configuration(s);
	s->try->ep = NULL;
	s->patience.bound = 0;
	patience_set(&s->patience, c->options.stream_idle_timeout);
	run->again = true;
}

void stream_reset_tunnel(struct stream *s, struct run *run)
{
	s->try->leg->reset = true;
	stream_end(s, run, true);
}

static int pass(struct reader *r, struct sk_buff *skb, u32 off, u32 len,
		struct link *to)
{
	int n;

	if (r->s->ended || !may_spend(r->run))
		return 0;
	r->run->left -= cost_of_bytes(len);
	n = out_send_skb(to, skb, off, len, false);
	if (n > 0) {
		patience_set(&r->s->patience, r->s->conn->options.stream_idle_timeout);
		return n;
	}
	if (n == -EAGAIN)
		stream_await_room(r->s, to);
	else
		stream_reset_tunnel(r->s, r->run);
	return 0;
}

static int upstream_actor(read_descriptor_t *desc, struct sk_buff *skb,
			  unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	return pass(r, skb, off, len, &r->s->try->leg->link);
}

static int downstream_actor(read_descriptor_t *desc, struct sk_buff *skb,
			    unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	return pass(r, skb, off, len, &r->s->conn->link);
}

/* A FIN of one side is passed on to the other. */
static void pass_fin(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	struct try *t = s->try;
	bool up = out_empty(&s->up) && link_eof(&c->link);
	bool down = link_eof(&t->leg->link);

	if (up && down) {
		stream_end(s, run, false);
		return;
	}
	if (up && t->shut_down == SHUT_DOWN_NO) {
		t->shut_down = SHUT_DOWN_WANTED;
		run->defer = true;
	}
	if (down && c->shut_down == SHUT_DOWN_NO) {
		c->shut_down = SHUT_DOWN_WANTED;
		run->defer = true;
	}
}

/* What it began with may still wait for room. */
static bool flush_first(struct stream *s, struct run *run)
{
	struct link *to = &s->try->leg->link;
	int err = out_flush(&s->up, to, false);

	if (err == -EAGAIN)
		stream_await_room(s, to);
	else if (err)
		stream_reset_tunnel(s, run);
	return !err;
}

void stream_run_tunnel(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	struct link *up = &s->try->leg->link;

	if (link_has_failed(&c->link) || link_has_failed(up)) {
		stream_reset_tunnel(s, run);
		return;
	}
	/* The head of the response that opened it may still wait for room. */
	if (!stream_flush_response(s, run))
		return;
	if (flush_first(s, run))
		stream_read_from(&c->link, s, run, upstream_actor);
	if (!s->ended)
		stream_read_second(up, s, run, downstream_actor);
	if (!s->ended)
		pass_fin(s, run);
}
