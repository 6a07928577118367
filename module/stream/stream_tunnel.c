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

void exchange_begin_tunnel(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_RESPONSES);
	stat_inc(c->mesh->stats, STAT_TUNNELS);
	ex->request = REQUEST_TUNNEL;
	ex->response = RESPONSE_NONE;
	ex->try->leg_reusable = false;
	head_free(ex->request_head);
	ex->request_head = NULL;
	try_end_load(ex->try);
	snapshot_put(ex->snapshot);
	ex->snapshot = NULL;
	ex->route = NULL;
	ex->vhost = NULL;
	ex->edit_cost = 0;
	ex->chosen = NULL;
	ex->cookie = NULL;
	ex->cluster = NULL;
	ex->try->ep = NULL;
	c->patience.bound = 0;
	patience_set(&c->patience, c->options.stream_idle_timeout);
	run->again = true;
}

void exchange_reset_tunnel(struct conn *c, struct run *run)
{
	c->ex.try->leg->reset = true;
	end_conn(c, run, true);
}

static int pass(struct reader *r, struct sk_buff *skb, u32 off, u32 len,
		struct link *to)
{
	int n;

	if (r->c->ended || !may_spend(r->run))
		return 0;
	r->run->left -= cost_of_bytes(len);
	n = out_send_skb(to, skb, off, len, false);
	if (n > 0) {
		patience_set(&r->c->patience, r->c->options.stream_idle_timeout);
		return n;
	}
	if (n == -EAGAIN)
		exchange_await_room(r->c, to);
	else
		exchange_reset_tunnel(r->c, r->run);
	return 0;
}

static int upstream_actor(read_descriptor_t *desc, struct sk_buff *skb,
			  unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	return pass(r, skb, off, len, &r->c->ex.try->leg->link);
}

static int downstream_actor(read_descriptor_t *desc, struct sk_buff *skb,
			    unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	return pass(r, skb, off, len, &r->c->link);
}

/* A FIN of one side is passed on to the other. */
static void pass_fin(struct conn *c, struct run *run)
{
	bool up = link_eof(&c->link);
	bool down = link_eof(&c->ex.try->leg->link);

	if (up && down) {
		end_conn(c, run, false);
		return;
	}
	if (up && c->leg_shut_down == SHUT_DOWN_NO) {
		c->leg_shut_down = SHUT_DOWN_WANTED;
		run->defer = true;
	}
	if (down && c->shut_down == SHUT_DOWN_NO) {
		c->shut_down = SHUT_DOWN_WANTED;
		run->defer = true;
	}
}

void exchange_run_tunnel(struct conn *c, struct run *run)
{
	struct link *up = &c->ex.try->leg->link;

	if (link_has_failed(&c->link) || link_has_failed(up)) {
		exchange_reset_tunnel(c, run);
		return;
	}
	/* The head of the response that opened it may still wait for room. */
	if (!exchange_flush_response(c, run))
		return;
	exchange_read_from(&c->link, c, run, upstream_actor);
	if (!c->ended)
		exchange_read_second(up, c, run, downstream_actor);
	if (!c->ended)
		pass_fin(c, run);
}
