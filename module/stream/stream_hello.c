// SPDX-License-Identifier: GPL-2.0
/*
 * A client of a TLS listener's says which server it wants, and is connected with that.
 *
 * What it says is gathered in the text of a message, which is bounded, and paid for, as
 * a request's head is. No configuration is held before it is whole. Then there is a
 * route, as for a request, but without any HTTP: the text is what the tunnel begins with
 * (RFC 9110 9.3.6, as if there had been a CONNECT).
 */
#include <linux/skbuff.h>

#include "stream/stream_priv.h"
#include "tls/hello.h"

void stream_await_hello(struct stream *s, const struct http_options *options)
{
	s->conn->relays = true;
	s->conn->options = *options;
}

/* Returns false if there is no memory, or none for the namespace any more. */
static bool have_room(struct reader *r)
{
	struct stream *s = r->s;

	if ((!s->request_head || message_full(s->request_head)) &&
	    conn_quota_spent(s->conn)) {
		stream_note_memory_limit(r);
		return false;
	}
	if (s->request_head)
		return true;
	s->request_head = message_alloc(run_gfp(s, r->run));
	if (!s->request_head) {
		stream_note_no_memory(r);
		return false;
	}
	message_init(s->request_head, false);
	s->request = REQUEST_HEAD;
	return true;
}

/* Returns how many bytes were taken, or a negative errno. */
static int gather(struct reader *r, struct sk_buff *skb, u32 off, u32 len)
{
	struct message *m = r->s->request_head;
	int n = message_room(m, affordable_head(r->run, len), run_gfp(r->s, r->run));

	if (n < 0)
		return n;
	n = min_t(u32, n, r->s->conn->options.max_header_bytes - m->len);
	/* Cannot fail: the range is inside the skb. */
	skb_copy_bits(skb, off, m->text + m->len, n);
	m->len += n;
	r->run->left -= n * COST_HEAD_BYTE;
	return n;
}

int stream_gather(struct reader *r, struct sk_buff *skb, u32 off, u32 len)
{
	int n = have_room(r) ? gather(r, skb, off, len) : 0;

	return n < 0 ? stream_note_no_memory(r) : n;
}

int stream_look_at_hello(struct reader *r, int n)
{
	struct stream *s = r->s;
	const struct message *m = s->request_head;

	switch (hello_scan(&s->hello, m->text, m->len)) {
	case HELLO_WHOLE:
		s->request = REQUEST_PARSED;
		return n;
	case HELLO_MORE:
		if (m->len < s->conn->options.max_header_bytes)
			return n;
		fallthrough;
	default:
		return stream_note_refusal(r, STAT_TLS_BAD_HELLO, 400);
	}
}

int stream_take_hello(struct reader *r, struct sk_buff *skb, u32 off, u32 len)
{
	int n = stream_gather(r, skb, off, len);

	return n ? stream_look_at_hello(r, n) : 0;
}

/*
 * RFC 6066 3: a fatal alert, unrecognized_name, in a record (RFC 8446 5.1 and 6) that is
 * of the version that the client's was.
 */
static void refuse_name(struct stream *s, struct run *run)
{
	const char *text = s->request_head->text;
	const char alert[] = { 21, text[1], text[2], 0, 2, 2, 112 };
	struct conn *c = s->conn;

	stat_inc(c->mesh->stats, STAT_TLS_UNKNOWN_NAME);
	if (out_send(&s->down, &c->link, (struct span){ alert, sizeof(alert) })) {
		stream_end(s, run, true);
		return;
	}
	stream_drop_configuration(s);
	s->patience.bound = 0;
	patience_set(&s->patience, c->options.stream_idle_timeout);
	s->request = REQUEST_DISCARD;
	s->response = RESPONSE_DONE;
	run->again = true;
}

const struct route stream_relay_route = { .action = ROUTE_CLUSTER };

/* As a TCP listener's. */
static void route_opaque(struct stream *s, struct run *run, const struct listener *l)
{
	s->cluster = snapshot_cluster(s->snapshot, &l->cluster);
	s->route = &stream_relay_route;
	stream_hash_on(s, run);
}

static void route_hello(struct stream *s, struct run *run,
			const struct listener_slot *slot)
{
	const struct route_table *t = routing_tls_table(s->snapshot, slot);
	struct hello hello;

	if (!t) {
		stream_refuse(s, run, STAT_REPLY_NO_ROUTE, 404);
		return;
	}
	if (!hello_parse(s->request_head->text, &hello)) {
		stream_refuse(s, run, STAT_TLS_BAD_HELLO, 400);
		return;
	}
	s->vhost = routing_tls_host(t, &hello);
	if (!s->vhost) {
		refuse_name(s, run);
		return;
	}
	/* It has no other, see tls_table.h. */
	s->route = s->vhost->routes[0];
	stream_hash_on(s, run);
}

void stream_begin_hello(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	const struct listener_slot *slot;
	const struct listener *l;

	s->snapshot = mesh_snapshot_get(c->mesh);
	slot = conn_slot(c, s->snapshot);
	l = slot ? slot->listener : NULL;
	s->received = true;
	s->client = c->source;
	run->left -= s->request_head->len;
	/* The client has said all that was waited for. */
	patience_set(&s->patience, 0);
	if (!l || (s->opaque && l->protocol != L7MESH_PROTOCOL_AUTO))
		stream_refuse(s, run, STAT_REPLY_NO_ROUTE, 404);
	else if (l->policies.n && !stream_meet_listener(s, run, l))
		return;
	else if (s->opaque)
		route_opaque(s, run, l);
	else
		route_hello(s, run, slot);
}
