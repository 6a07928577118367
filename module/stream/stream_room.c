// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

void stream_await_room(struct stream *s, const struct link *link)
{
	struct conn *c = s->conn;

	stat_inc(c->mesh->stats, link == &c->link ? STAT_DOWNSTREAM_NO_ROOM :
						    STAT_UPSTREAM_NO_ROOM);
	if (link_is_drained(link))
		patience_wake_soon(&s->patience);
}

bool stream_flush_response(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	int err = out_flush(&s->down, &c->link, false);

	if (err == -EAGAIN)
		stream_await_room(s, &c->link);
	else if (err)
		stream_end(s, run, s->request == REQUEST_TUNNEL);
	return !err;
}

void stream_settle(struct stream *s)
{
	u32 bytes = message_bytes(s->request_head) +
		    message_bytes(s->response_head) + out_bytes(&s->up) +
		    out_bytes(&s->down) + s->replay.bytes +
		    s->filter_bytes;

	if (bytes == s->held)
		return;
	conn_hold(s->conn, (s64)bytes - s->held);
	s->held = bytes;
}

void stream_drop_configuration(struct stream *s)
{
	s->cluster = NULL;
	s->route = NULL;
	s->vhost = NULL;
	s->edit_cost = 0;
	s->chosen = NULL;
	s->cookie = NULL;
	if (s->snapshot)
		snapshot_put(s->snapshot);
	s->snapshot = NULL;
	message_free(s->request_head);
	s->request_head = NULL;
}
