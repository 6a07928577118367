// SPDX-License-Identifier: GPL-2.0
#include "http2/mux_priv.h"

#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

/* A WINDOW_UPDATE of fewer bytes is not worth sending; see window_in_due(). */
#define UPDATE_LEAST	8192

/* RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1 */
static u32 server_settings(const struct mux *m, struct frame_setting *s)
{
	u32 n = 0;

	s[n++] = (struct frame_setting){ FRAME_MAX_CONCURRENT_STREAMS, m->options.max_streams };
	s[n++] = (struct frame_setting){ FRAME_NO_RFC7540_PRIORITIES, 1 };
	if (m->options.extended)
		s[n++] = (struct frame_setting){ FRAME_ENABLE_CONNECT_PROTOCOL, 1 };
	return n;
}

char *mux_write_begin(struct mux *m, char *to)
{
	struct frame_setting s[6];
	u32 n;

	if (m->server) {
		n = server_settings(m, s);
	} else {
		to = span_copy(to, FRAME_PREFACE);
		s[0] = (struct frame_setting){ FRAME_ENABLE_PUSH, 0 };
		n = 1;
	}
	if (m->options.stream_window != FRAME_WINDOW_DEFAULT)
		s[n++] = (struct frame_setting){ FRAME_INITIAL_WINDOW_SIZE,
						 m->options.stream_window };
	s[n++] = (struct frame_setting){ FRAME_MAX_HEADER_LIST_SIZE, m->options.head_limit };
	to = frame_write_settings(to, s, n);
	if (m->options.window <= FRAME_WINDOW_DEFAULT)
		return to;
	m->receive.window.more += m->options.window - FRAME_WINDOW_DEFAULT;
	return frame_write_window_update(to, 0, m->options.window - FRAME_WINDOW_DEFAULT);
}

/* From here on they hold. */
static void obey_settings(struct mux *m)
{
	const struct mux_settings *s = &m->settings;

	if (s->has_table) {
		hpack_encoder_resize(&m->encoder, s->table_lowest);
		hpack_encoder_resize(&m->encoder, s->table);
	}
	m->peer_streams = s->streams;
	m->peer_window = s->window;
	m->peer_frame = s->frame;
	m->peer_head = s->head;
	m->peer_extended = s->extended;
}

char *mux_write_answer(struct mux *m, char *to)
{
	u8 answer = m->answer;

	m->answer = 0;
	if (answer == FRAME_PING)
		return frame_write_ping(to, m->ping, true);
	obey_settings(m);
	return frame_write_settings_ack(to);
}

char *mux_write_ping(struct mux *m, char *to)
{
	m->pinged = true;
	return frame_write_ping(to, "l7mesh\0", false);
}

char *mux_write_update(struct mux *m, struct mux_stream *st, char *to)
{
	u32 n = window_in_due(&m->receive, m->options.window, UPDATE_LEAST);

	if (n)
		to = frame_write_window_update(to, 0, n);
	/* 6.9: of what has ended nobody wants to know. */
	if (!st || !mux_receives(st))
		return to;
	n = window_in_due(&st->receive, mux_initial(m), UPDATE_LEAST);
	return n ? frame_write_window_update(to, st->id, n) : to;
}

u32 mux_allows(const struct mux *m, const struct mux_stream *st, u32 len)
{
	len = min(len, m->peer_frame);
	len = window_allows(&st->send, m->peer_window, len);
	return window_allows(&m->send, 0, len);
}

static void sent(struct mux_stream *st, enum stream_event event)
{
	struct stream_step step = stream_state_sent(st->state, event);

	if (step.verdict == STREAM_GOOD)
		st->state = step.state;
}

bool mux_may_open(const struct mux *m)
{
	return m->nstreams < m->peer_streams && m->opened < FRAME_STREAM_MAX - 1 &&
	       !m->peer_goes;
}

/* 5.1.1: numbers grow in the order in which heads go. */
static void open_stream(struct mux *m, struct mux_stream *st)
{
	mux_streams_advance(m, m->opened ? m->opened + 2 : 1);
	*st = (struct mux_stream){ .id = m->opened, .expected = U64_MAX };
	mux_streams_add(m, st);
}

char *mux_write_block(struct mux *m, struct mux_stream *st, char *at, u32 len, bool end)
{
	if (!m->server && st->state == STREAM_IDLE)
		open_stream(m, st);
	sent(st, end ? STREAM_HEADERS_END : STREAM_HEADERS);
	return frame_write_block(at, len, st->id, end, m->peer_frame);
}

char *mux_write_data(struct mux *m, struct mux_stream *st, char *to, u32 len, bool end)
{
	window_use(&m->send, 0, len);
	window_use(&st->send, m->peer_window, len);
	sent(st, end ? STREAM_DATA_END : STREAM_DATA);
	return frame_write_data(to, st->id, len, end);
}

char *mux_write_reset(struct mux *m, struct mux_stream *st, u32 id, enum frame_code code,
		      char *to)
{
	/* 5.4.2: not of one that both know to be over. */
	if (st && stream_state_is_closed(st->state))
		return to;
	/* Its head may still be coming: then nothing was sent or received of it. */
	if (st)
		st->state = STREAM_CLOSED_BY_US;
	else
		mux_streams_gone(m, id, STREAM_CLOSED_BY_US);
	return frame_write_rst_stream(to, id, code);
}

char *mux_write_goaway(struct mux *m, enum frame_code code, bool soon, char *to)
{
	/* Of a client's connection: the server has begun none. */
	u32 last = m->server ? m->opened : 0;

	if (soon && m->server)
		last = FRAME_STREAM_MAX;
	m->accepted = min(m->accepted, last);
	return frame_write_goaway(to, m->accepted, code);
}
