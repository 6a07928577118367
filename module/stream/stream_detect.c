// SPDX-License-Identifier: GPL-2.0
/*
 * What speaks on a connection of an auto listener's: HTTP/1, TLS, or something else. It
 * is seen by the first bytes, which are gathered as a TLS client's are; who says nothing
 * may wait for the server to speak first, and is connected with that after some time.
 */
#include <linux/skbuff.h>

#include "http1/opening.h"
#include "stream/stream_priv.h"
#include "tls/hello.h"

void stream_detect(struct stream *s, const struct listener *l)
{
	struct conn *c = s->conn;

	c->relays = true;
	c->detect = l->tls_route_table.name.len ? DETECT_HTTP_TLS : DETECT_HTTP;
	c->options = l->http;
}

/* Neither, or it is not to be told. It goes to the listener's cluster. */
static void be_opaque(struct stream *s)
{
	s->conn->detect = DETECT_NOTHING;
	s->conn->options.stream_idle_timeout = 0;
	s->opaque = true;
	s->request = REQUEST_PARSED;
}

void stream_detect_late(struct stream *s, struct run *run)
{
	if (!s->request_head) {
		if (conn_quota_spent(s->conn)) {
			stream_refuse(s, run, STAT_REPLY_MEMORY_LIMIT, 503);
			return;
		}
		s->request_head = message_alloc(run_gfp(s, run));
		if (!s->request_head) {
			stream_refuse(s, run, STAT_REPLY_NO_MEMORY, 503);
			return;
		}
		message_init(s->request_head, false);
	}
	be_opaque(s);
}

static int look_at_tls(struct reader *r, int n)
{
	struct stream *s = r->s;
	struct conn *c = s->conn;

	if (c->detect == DETECT_HTTP) {
		be_opaque(s);
		return n;
	}
	if (s->request_head->len == 1)
		return n;
	if (s->request_head->text[1] != HELLO_MAJOR) {
		be_opaque(s);
		return n;
	}
	c->detect = DETECT_NOTHING;
	patience_set(&s->patience, c->options.headers_timeout);
	return stream_look_at_hello(r, n);
}

int stream_take_opening(struct reader *r, struct sk_buff *skb, u32 off, u32 len)
{
	struct stream *s = r->s;
	int n = stream_gather(r, skb, off, len);
	struct message *m = s->request_head;

	if (n <= 0)
		return n;
	if (m->text[0] == HELLO_RECORD)
		return look_at_tls(r, n);
	switch (opening_scan(&s->opening, m->text, m->len)) {
	case OPENING_MORE:
		/* So long a line is refused as HTTP's. */
		if (m->len < s->conn->options.max_header_bytes)
			break;
		s->opening = m->len;
		fallthrough;
	case OPENING_REQUEST:
		/* The rest is not looked at yet. */
		n -= m->len - s->opening;
		m->len = s->opening;
		s->conn->relays = false;
		s->conn->detect = DETECT_NOTHING;
		break;
	default:
		be_opaque(s);
		break;
	}
	return n;
}
