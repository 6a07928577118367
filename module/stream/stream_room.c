// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

void exchange_await_room(struct conn *c, const struct link *link)
{
	stat_inc(c->mesh->stats, link == &c->link ? STAT_DOWNSTREAM_NO_ROOM :
						    STAT_UPSTREAM_NO_ROOM);
	if (link_is_drained(link))
		patience_wake_soon(&c->patience);
}

bool exchange_flush_response(struct conn *c, struct run *run)
{
	int err = out_flush(&c->ex.down, &c->link, false);

	if (err == -EAGAIN)
		exchange_await_room(c, &c->link);
	else if (err)
		end_conn(c, run, false);
	return !err;
}

void exchange_settle(struct conn *c)
{
	const struct exchange *ex = &c->ex;
	u32 bytes = head_bytes(ex->request_head) +
		    head_bytes(ex->response_head) + out_bytes(&ex->up) +
		    out_bytes(&ex->down) + ex->replay.bytes +
		    ex->filter_bytes;

	if (bytes == c->held)
		return;
	quota_add(&c->hn->quota, (s64)bytes - c->held);
	c->held = bytes;
}
