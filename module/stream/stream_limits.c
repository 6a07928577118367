// SPDX-License-Identifier: GPL-2.0
/* What happens to a request beyond a limit: it is refused at once, or waits. */
#include "stream/stream_priv.h"

void stream_refuse_overload(struct stream *s, struct run *run)
{
	static const struct field_list overloaded = {
		.fields = { { SPAN("x-envoy-overloaded"), SPAN("true") } },
		.n = 1,
	};
	struct reply r = { .status = 503, .fields = &overloaded };

	stream_reply(s, run, STAT_REPLY_OVERFLOW, &r);
}

bool stream_enter_connection(struct stream *s, struct run *run)
{
	switch (stream_ask_connection(s)) {
	case ADMISSION_GRANTED:
		return true;
	case ADMISSION_REFUSED:
		stream_refuse_overload(s, run);
		return false;
	default:
		break;
	}
	if (s->request != REQUEST_PENDING) {
		stat_inc(s->conn->mesh->stats, STAT_REQUESTS_PENDING);
		patience_set(&s->patience, s->cluster->options.connect_timeout);
	}
	s->request = REQUEST_PENDING;
	return false;
}

void stream_end_pending(struct stream *s, struct run *run)
{
	if (list_empty_careful(&s->pending.list) &&
	    stream_enter_connection(s, run))
		s->request = REQUEST_ROUTED;
}
