/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mux_end: an end of a connection of HTTP/2, as an owner of a mux has it, and all that the
 * mux says as text.
 */
#ifndef UNIT_MUX_END_H
#define UNIT_MUX_END_H

#include <linux/container_of.h>

#include "frames.h"
#include "head2.h"
#include "http2/mux.h"

struct mux_end_stream {
	struct mux_stream s;
	struct mux_end_stream *next;
	u32 untaken;		/* bytes of its DATA */
	u64 received;
	u64 sent;
	bool ended;		/* by the peer */
};

struct mux_end {
	struct mux m;
	void *memory;
	struct message *message;
	struct mux_end_stream *streams;
	struct block_text said;
	struct block_text out;	/* to the peer */
	bool quiet;		/* says nothing */
	bool keeps;		/* what comes is not taken */
	bool refuses;		/* streams */
	bool patient;		/* what is malformed is not reset */
	bool over;		/* by an error */
	u32 nstreams_max;	/* ever */
};

static const struct mux_options mux_end_options = {
	.max_streams = 10,
	.stream_window = FRAME_WINDOW_DEFAULT,
	.window = FRAME_WINDOW_DEFAULT,
	.head_limit = 8000,
	.extended = true,
	.glitches = { 100, 10 },
};

static inline void mux_end_write(struct mux_end *e, const char *from, const char *to)
{
	block_put(&e->out, from, to - from);
}

static inline void mux_end_init(struct mux_end *e, bool server, const struct mux_options *o)
{
	char text[200];

	memset(e, 0, sizeof(*e));
	block_put(&e->said, "", 0);
	e->memory = malloc(mux_bytes(o->max_streams, 2048));
	mux_init(&e->m, server, o, o->max_streams, 2048, e->memory, 0x123456789abcdefULL);
	mux_end_write(e, text, mux_write_begin(&e->m, text));
}

static inline void mux_end_drop_message(struct mux_end *e)
{
	if (e->message)
		free(e->message->text);
	free(e->message);
	e->message = NULL;
}

static inline void mux_end_forget(struct mux_end *e, struct mux_stream *st)
{
	struct mux_end_stream **at = &e->streams, *gone;

	while (*at && &(*at)->s != st)
		at = &(*at)->next;
	gone = *at;
	*at = gone->next;
	mux_forget(&e->m, st);
	free(gone);
}

static inline void mux_end_exit(struct mux_end *e)
{
	while (e->streams)
		mux_end_forget(e, &e->streams->s);
	mux_end_drop_message(e);
	free(e->memory);
	free(e->said.p);
	free(e->out.p);
}

static inline struct mux_end_stream *mux_end_new(struct mux_end *e)
{
	struct mux_end_stream *st = calloc(1, sizeof(*st));

	st->next = e->streams;
	e->streams = st;
	return st;
}

#define mux_end_say(e, ...) do {					\
	if (!(e)->quiet)						\
		frames_put(&(e)->said, __VA_ARGS__);			\
} while (0)

static inline void mux_end_reset(struct mux_end *e, struct mux_stream *st, u32 id,
				 enum frame_code code)
{
	char text[FRAME_RST_STREAM_LEN];

	mux_end_write(e, text, mux_write_reset(&e->m, st, id, code, text));
	if (st)
		mux_end_forget(e, st);
}

/* Both sides have ended, or one has reset it. */
static inline void mux_end_forget_closed(struct mux_end *e, struct mux_stream *st)
{
	if (!mux_receives(st) && !mux_sends(st))
		mux_end_forget(e, st);
}

static inline void mux_end_open(struct mux_end *e)
{
	struct mux_end_stream *st;

	mux_end_say(e, "open(%u) ", e->m.id);
	if (e->refuses) {
		mux_refuse(&e->m);
		return;
	}
	st = mux_end_new(e);
	mux_accept(&e->m, &st->s);
	if (e->m.nstreams > e->nstreams_max)
		e->nstreams_max = e->m.nstreams;
}

static inline void mux_end_block(struct mux_end *e)
{
	mux_end_drop_message(e);
	e->message = calloc(1, sizeof(*e->message));
	message_init(e->message, !e->m.server);
	e->message->text = malloc(1);
	e->message->limits.head = e->m.options.head_limit;
	if (!mux_wants_block(&e->m))
		mux_end_say(e, "unwanted ");
	mux_take_block(&e->m, e->message);
}

static inline void mux_end_message(struct mux_end *e, const char *what)
{
	const struct message *m = e->message;
	struct span path = message_path(m);

	if (m->response)
		mux_end_say(e, "%s(%u, %u) ", what, e->m.stream->id, m->status);
	else
		mux_end_say(e, "%s(%u, %.*s) ", what, e->m.stream->id, (int)path.len, path.p);
}

static inline void mux_end_update(struct mux_end *e, struct mux_stream *st)
{
	char text[MUX_UPDATE_MAX];

	mux_end_write(e, text, mux_write_update(&e->m, st, text));
}

static inline void mux_end_data(struct mux_end *e)
{
	struct mux_end_stream *st = container_of(e->m.stream, struct mux_end_stream, s);
	struct span data = e->m.data;

	if (!e->quiet)
		block_put(&e->said, data.p, data.len);
	st->received += data.len;
	st->untaken += data.len;
	mux_admitted(&e->m, data.len);
	if (e->keeps)
		return;
	mux_taken(&st->s, st->untaken);
	st->untaken = 0;
	mux_end_update(e, &st->s);
}

static inline void mux_end_ended(struct mux_end *e)
{
	struct mux_stream *st = e->m.stream;

	mux_end_say(e, "end(%u) ", st->id);
	container_of(st, struct mux_end_stream, s)->ended = true;
	mux_end_forget_closed(e, st);
}

static inline void mux_end_answer(struct mux_end *e)
{
	char text[MUX_ANSWER_MAX];

	mux_end_say(e, "answer ");
	mux_end_write(e, text, mux_write_answer(&e->m, text));
}

static inline void mux_end_error(struct mux_end *e)
{
	char text[FRAME_GOAWAY_LEN];

	mux_end_say(e, "error(%u%s) ", e->m.code, e->m.flooded ? ", flooded" : "");
	mux_end_write(e, text, mux_write_goaway(&e->m, e->m.code, false, text));
	e->over = true;
}

static inline void mux_end_act(struct mux_end *e, enum mux_event event)
{
	struct mux *m = &e->m;
	struct mux_stream *st = m->stream;

	switch (event) {
	case MUX_MORE:
		break;
	case MUX_BEGUN:
		mux_end_say(e, "begun ");
		break;
	case MUX_OPEN:
		mux_end_open(e);
		break;
	case MUX_BLOCK:
		mux_end_block(e);
		break;
	case MUX_ROOM:
		head2_reserve(e->message, mux_need(m));
		break;
	case MUX_HEAD:
		mux_end_message(e, mux_is_extended(m) ? "extended" : "head");
		break;
	case MUX_TRAILERS:
		mux_end_say(e, "trailers(%u, %u) ", st->id, e->message->nfields);
		break;
	case MUX_MALFORMED:
		mux_end_say(e, "malformed(%u, %u) ", st->id, e->message->error);
		if (!e->patient)
			mux_end_reset(e, st, st->id, FRAME_PROTOCOL_ERROR);
		break;
	case MUX_DATA:
		mux_end_data(e);
		break;
	case MUX_END:
		mux_end_ended(e);
		break;
	case MUX_RESET:
		mux_end_say(e, "reset(%u, %u) ", st->id, m->code);
		mux_end_forget(e, st);
		break;
	case MUX_WRONG:
		mux_end_say(e, "wrong(%u, %u%s) ", m->id, m->code, st ? "" : ", none");
		mux_end_reset(e, st, m->id, m->code);
		break;
	case MUX_WINDOW:
		mux_end_say(e, "window(%u) ", st ? st->id : 0);
		break;
	case MUX_PRIORITY:
		mux_end_say(e, "priority(%u, %.*s) ", st->id, (int)m->priority.len,
			    m->priority.p);
		break;
	case MUX_ANSWER:
		mux_end_answer(e);
		break;
	case MUX_PONG:
		mux_end_say(e, "pong ");
		break;
	case MUX_GOAWAY:
		mux_end_say(e, "goaway(%u, %u) ", m->last, m->code);
		break;
	case MUX_ERROR:
		mux_end_error(e);
		break;
	}
}

/* All of @bytes, in pieces of @step, each in memory of its own. */
static inline void mux_end_take(struct mux_end *e, struct span bytes, u32 step)
{
	enum mux_event event;
	struct span piece;
	char *copy;

	while (bytes.len && !e->over) {
		piece = (struct span){ bytes.p, step < bytes.len ? step : bytes.len };
		bytes = span_from(bytes, piece.len);
		copy = malloc(piece.len);
		memcpy(copy, piece.p, piece.len);
		piece.p = copy;
		do {
			event = mux_next(&e->m, &piece);
			mux_end_act(e, event);
		} while (event != MUX_MORE && !e->over);
		free(copy);
	}
}

/* What it has for its peer, which is taken. */
static inline struct block_text mux_end_sends(struct mux_end *e)
{
	struct block_text out = e->out;

	e->out = (struct block_text){ 0 };
	return out;
}

/* A head or trailers of lines, as of head2_block(). */
static inline void mux_end_send_block(struct mux_end *e, struct mux_stream *st,
				      const char *lines, u32 len, bool end)
{
	u32 room = 2 * len + 64, n;
	char *block = malloc(room), *frames;

	n = head2_block(lines, len, block);
	frames = malloc(frame_block_len(n, e->m.peer_frame));
	memcpy(frames + FRAME_HEAD_LEN, block, n);
	mux_end_write(e, frames, mux_write_block(&e->m, st, frames, n, end));
	free(frames);
	free(block);
}

/* As much as may go; returns that. */
static inline u32 mux_end_send_data(struct mux_end *e, struct mux_stream *st, u32 len, bool end)
{
	u32 n = mux_allows(&e->m, st, len);
	char head[FRAME_HEAD_LEN];

	if (len && !n)
		return 0;
	mux_end_write(e, head, mux_write_data(&e->m, st, head, n, end && n == len));
	for (len = n; len; len--)
		block_put(&e->out, "x", 1);
	container_of(st, struct mux_end_stream, s)->sent += n;
	return n;
}

#endif
