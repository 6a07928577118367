// SPDX-License-Identifier: GPL-2.0
/*
 * What comes. Sections are of RFC 9113 unless they name another.
 *
 * Functions that find no event say MUX_MORE: whoever called goes on.
 */
#include "http2/mux_priv.h"

#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

/* DATA of fewer bytes than a message of gRPC begins with, and no end. */
#define DRIBBLE		5
/* A window that grows by less is a nuisance. */
#define LITTLE_ROOM	256

void mux_init(struct mux *m, bool server, const struct mux_options *options,
	      u32 max_streams, u32 encoder_limit, void *memory, u64 seed)
{
	char *at = memory;

	*m = (struct mux){
		.server = server,
		.peer_streams = U32_MAX,
		.peer_window = FRAME_WINDOW_DEFAULT,
		.peer_frame = FRAME_SIZE_MIN,
		.peer_head = U32_MAX,
		.peer_last = FRAME_STREAM_MAX,
		.accepted = FRAME_STREAM_MAX,
		.options = *options,
		.seed = seed >> 32 | 1,
	};
	window_init(&m->send, FRAME_WINDOW_DEFAULT);
	window_in_init(&m->receive, FRAME_WINDOW_DEFAULT);
	frame_reader_init(&m->reader, !server);
	at = mux_streams_init(m, max_streams, at);
	hpack_decoder_init(&m->decoder, at, HPACK_TABLE_DEFAULT);
	m->decoder.number = options->number;
	at += hpack_table_bytes(HPACK_TABLE_DEFAULT);
	hpack_encoder_init(&m->encoder, at, encoder_limit, seed);
}

/* ---- what goes wrong ---- */

static enum mux_event fail(struct mux *m, enum frame_code code)
{
	m->code = code;
	m->due = MUX_ERROR;
	return MUX_ERROR;
}

static enum mux_event glitch(struct mux *m, enum glitch kind)
{
	if (glitches_add(&m->glitches, &m->options.glitches, kind, m->now))
		return MUX_MORE;
	m->flooded = true;
	return fail(m, FRAME_ENHANCE_YOUR_CALM);
}

/* The stream's error: it is to be reset. Nothing of it is wanted from here on. */
static enum mux_event wrong(struct mux *m, enum frame_code code)
{
	m->code = code;
	m->id = m->reader.stream;
	m->due = 0;
	return glitch(m, GLITCH_ERROR) ?: MUX_WRONG;
}

/* The same of one that is refused, which may be nobody's fault. */
static enum mux_event refused(struct mux *m)
{
	m->id = m->reader.stream;
	if (m->blame < GLITCH_KINDS && glitch(m, m->blame))
		return MUX_ERROR;
	return MUX_WRONG;
}

/* A frame of this kind came, of m->stream, or one that is not there. */
static struct stream_step step_of(const struct mux *m, enum stream_event event)
{
	enum stream_state state = m->stream ? m->stream->state :
					      mux_streams_state(m, m->reader.stream);

	return stream_state_received(state, event, false);
}

/*
 * All of it is there. What it makes of the stream is asked now, as we may have sent
 * something of it, or given it up, since it began: then the answer is no.
 */
static bool take_step(struct mux *m, enum stream_event event)
{
	struct mux_stream *st = m->stream;
	struct stream_step step;

	if (!st)
		return false;
	step = stream_state_received(st->state, event, m->server);
	if (step.verdict != STREAM_GOOD)
		return false;
	st->state = step.state;
	return true;
}

/* Of what comes of the stream only its end is told. */
static bool is_spoilt(const struct mux *m)
{
	return m->stream && m->stream->spoilt;
}

/* ---- blocks ---- */

static bool ends_stream(const struct mux *m)
{
	return m->reader.flags & FRAME_END_STREAM;
}

/* It is read for the table's sake. Then the stream is wrong, if @code is an error. */
static enum mux_event unwanted_block(struct mux *m, enum frame_code code)
{
	m->in_block = true;
	m->unwanted = true;
	m->wrong = code;
	m->code = code;
	m->blame = GLITCH_ERROR;
	return MUX_BLOCK;
}

static enum mux_event wanted_block(struct mux *m)
{
	m->in_block = true;
	m->unwanted = false;
	m->wrong = false;
	return MUX_BLOCK;
}

/* 5.1.2, 5.1.1, 6.8: of a client's that is new. */
static enum mux_event begin_stream(struct mux *m)
{
	u32 id = m->reader.stream;

	if (!(id & 1))
		return fail(m, FRAME_PROTOCOL_ERROR);
	mux_streams_advance(m, id);
	m->id = id;
	if (id > m->accepted) {
		mux_streams_gone(m, id, STREAM_CLOSED_BY_US);
		return glitch(m, GLITCH_LATE) ?: unwanted_block(m, FRAME_NO_ERROR);
	}
	if (m->reader.self_dependent)
		return unwanted_block(m, FRAME_PROTOCOL_ERROR);
	if (m->nstreams >= m->options.max_streams) {
		unwanted_block(m, FRAME_REFUSED_STREAM);
		/* 6.5.2: it may not know of the limit yet. */
		if (!m->acknowledged)
			m->blame = GLITCH_KINDS;
		return MUX_BLOCK;
	}
	return MUX_OPEN;
}

void mux_accept(struct mux *m, struct mux_stream *st)
{
	*st = (struct mux_stream){
		.id = m->id,
		.state = STREAM_IDLE,
		.expected = U64_MAX,
	};
	mux_streams_add(m, st);
	m->stream = st;
	m->due = wanted_block(m);
}

void mux_refuse(struct mux *m)
{
	m->due = unwanted_block(m, FRAME_REFUSED_STREAM);
	m->blame = GLITCH_LATE;
}

static enum mux_event begin_headers(struct mux *m)
{
	struct stream_step step;

	m->ends = ends_stream(m);
	if (!m->reader.left && !m->ends && glitch(m, GLITCH_EMPTY))
		return MUX_ERROR;
	m->stream = mux_find(m, m->reader.stream);
	if (m->server && !m->stream && m->reader.stream > m->opened)
		return begin_stream(m);
	step = step_of(m, m->ends ? STREAM_HEADERS_END : STREAM_HEADERS);
	switch (step.verdict) {
	case STREAM_FATAL:
		return fail(m, step.code);
	case STREAM_IGNORE:
		m->stream = NULL;
		return glitch(m, GLITCH_LATE) ?: unwanted_block(m, FRAME_NO_ERROR);
	case STREAM_WRONG:
		return unwanted_block(m, step.code);
	default:
		break;
	}
	if (is_spoilt(m))
		return unwanted_block(m, FRAME_NO_ERROR);
	/* Trailers; or, to a client, a head. */
	return m->reader.self_dependent ? unwanted_block(m, FRAME_PROTOCOL_ERROR) :
					  wanted_block(m);
}

static enum section_kind kind_of(const struct mux *m)
{
	return m->stream && m->stream->headed ? SECTION_TRAILERS : SECTION_HEAD;
}

void mux_take_block(struct mux *m, struct message *message)
{
	m->message = message;
	section_begin(&m->section, &m->decoder, message, kind_of(m), m->ends);
	if (m->server && m->options.extended)
		section_allow_extended(&m->section);
	if (m->unwanted)
		section_unwanted(&m->section);
}

static enum mux_event section_failed(struct mux *m, enum section_result result)
{
	if (result == SECTION_FLOOD)
		m->flooded = true;
	return fail(m, result == SECTION_FLOOD ? FRAME_ENHANCE_YOUR_CALM :
						 FRAME_COMPRESSION_ERROR);
}

/* What of a frame is here goes into the message. */
static enum mux_event take_fragment(struct mux *m, struct span *in)
{
	u32 n = min(m->reader.left, in->len);
	struct span part = { in->p, n };
	enum section_result result;

	if (!n)
		return MUX_MORE;
	result = section_take(&m->section, &m->decoder, m->message, &part);
	*in = span_from(*in, n - part.len);
	frame_passed(&m->reader, n - part.len);
	switch (result) {
	case SECTION_MORE:
		return MUX_MORE;
	case SECTION_ROOM:
		return MUX_ROOM;
	default:
		return section_failed(m, result);
	}
}

/* What follows is no body, but what is in a tunnel. */
static bool opens_tunnel(const struct mux *m)
{
	const struct message *message = m->message;

	return message->connect || m->section.extended ||
	       (message->connect_request && message->status / 100 == 2);
}

static void expect_body(const struct mux *m, struct mux_stream *st)
{
	const struct message *message = m->message;

	if (opens_tunnel(m))
		return;
	if (message_bodiless(message))
		st->expected = 0;
	else if (message->framing == BODY_LENGTH)
		st->expected = message->content_length;
}

/* 8.1: those with 1xx are followed by another. */
static bool is_final(const struct message *message)
{
	return !message->response || message->status >= 200;
}

static enum mux_event head_read(struct mux *m)
{
	struct mux_stream *st = m->stream;
	bool trailers = st->headed;

	/* 8.1.1: and less than was promised has come. */
	if (m->ends && trailers && st->expected && st->expected != U64_MAX)
		return wrong(m, FRAME_PROTOCOL_ERROR);
	if (trailers)
		return MUX_TRAILERS;
	if (is_final(m->message)) {
		st->headed = true;
		expect_body(m, st);
	} else if (st->interim && glitch(m, GLITCH_INTERIM)) {
		return MUX_ERROR;
	}
	st->interim = true;
	return MUX_HEAD;
}

static enum mux_event unwanted_read(struct mux *m)
{
	if (!m->wrong)
		return MUX_MORE;
	return m->code == FRAME_REFUSED_STREAM ? refused(m) : wrong(m, m->code);
}

/* The block is whole. */
static enum mux_event end_block(struct mux *m)
{
	enum section_result result = section_end(&m->section, &m->decoder, m->message);

	m->block_whole = result == SECTION_ROOM;
	if (m->block_whole)
		return MUX_ROOM;
	m->in_block = false;
	if (result == SECTION_COMPRESSION || result == SECTION_FLOOD)
		return section_failed(m, result);
	if (m->unwanted && !is_spoilt(m))
		return unwanted_read(m);
	if (!take_step(m, m->ends ? STREAM_HEADERS_END : STREAM_HEADERS))
		return MUX_MORE;
	if (m->ends)
		m->due = MUX_END;
	if (m->unwanted)
		return MUX_MORE;
	if (result == SECTION_DONE)
		return head_read(m);
	m->stream->expected = U64_MAX;
	m->stream->spoilt = true;
	return glitch(m, GLITCH_ERROR) ?: MUX_MALFORMED;
}

static enum mux_event begin_continuation(struct mux *m)
{
	if (glitch(m, GLITCH_CONTINUATION))
		return MUX_ERROR;
	return m->reader.left ? MUX_MORE : glitch(m, GLITCH_EMPTY);
}

/* ---- DATA ---- */

/* It takes room of the connection, whatever becomes of it. 6.9.1 */
static enum mux_event use_window(struct mux *m)
{
	const struct frame_reader *r = &m->reader;

	if (!window_use(&m->receive.window, 0, r->length))
		return fail(m, FRAME_FLOW_CONTROL_ERROR);
	/* The padding, with its length, is nobody's. */
	m->receive.taken += r->length - r->left;
	return MUX_MORE;
}

/* Nobody's: it is passed over. */
static enum mux_event pass_over(struct mux *m, enum mux_event event)
{
	m->receive.taken += m->reader.left;
	m->unwanted = true;
	return event;
}

static enum mux_event begin_wanted(struct mux *m)
{
	const struct frame_reader *r = &m->reader;
	struct mux_stream *st = m->stream;

	if (!window_use(&st->receive.window, mux_initial(m), r->length))
		return pass_over(m, wrong(m, FRAME_FLOW_CONTROL_ERROR));
	st->receive.taken += r->length - r->left;
	if (st->spoilt) {
		st->receive.taken += r->left;
		return pass_over(m, MUX_MORE);
	}
	/* 8.1.1; and a response begins with its head. */
	if (!st->headed || r->left > st->expected)
		return pass_over(m, wrong(m, FRAME_PROTOCOL_ERROR));
	if (st->expected != U64_MAX)
		st->expected -= r->left;
	m->unwanted = false;
	return MUX_MORE;
}

static enum mux_event begin_data(struct mux *m)
{
	const struct frame_reader *r = &m->reader;
	struct stream_step step;

	m->ends = ends_stream(m);
	if (!m->ends && r->left < DRIBBLE &&
	    glitch(m, r->left ? GLITCH_DRIBBLE : GLITCH_EMPTY))
		return MUX_ERROR;
	if (use_window(m))
		return MUX_ERROR;
	m->stream = mux_find(m, r->stream);
	step = step_of(m, m->ends ? STREAM_DATA_END : STREAM_DATA);
	switch (step.verdict) {
	case STREAM_FATAL:
		return fail(m, step.code);
	case STREAM_IGNORE:
		return pass_over(m, glitch(m, GLITCH_LATE));
	case STREAM_WRONG:
		return pass_over(m, wrong(m, step.code));
	default:
		return begin_wanted(m);
	}
}

/* The stream may have gone meanwhile. */
static enum mux_event data_piece(struct mux *m, struct span piece)
{
	if (m->unwanted)
		return MUX_MORE;
	if (!m->stream || !mux_receives(m->stream)) {
		m->receive.taken += piece.len;
		return MUX_MORE;
	}
	m->data = piece;
	return MUX_DATA;
}

static enum mux_event end_data(struct mux *m)
{
	struct mux_stream *st = m->stream;

	if ((m->unwanted && !is_spoilt(m)) || !m->ends || !take_step(m, STREAM_DATA_END))
		return MUX_MORE;
	/* 8.1.1 */
	if (st->expected && st->expected != U64_MAX)
		return wrong(m, FRAME_PROTOCOL_ERROR);
	return MUX_END;
}

/* ---- SETTINGS ---- */

/* What holds so far. */
static void begin_settings(struct mux *m)
{
	m->settings = (struct mux_settings){
		.streams = m->peer_streams,
		.window = m->peer_window,
		.frame = m->peer_frame,
		.head = m->peer_head,
		.extended = m->peer_extended,
	};
	m->in_settings = true;
}

/* RFC 7541 4.2: the lowest there was is told the peer as well. */
static void take_table_size(struct mux_settings *s, u32 size)
{
	s->table_lowest = s->has_table ? min(s->table_lowest, size) : size;
	s->table = size;
	s->has_table = true;
}

/*
 * What they allow is used from the ACK on, behind which they hold: a peer need not be
 * ready for it earlier.
 */
static enum mux_event take_setting(struct mux *m)
{
	struct frame_setting s = m->reader.setting;

	if (!m->in_settings)
		begin_settings(m);
	switch (s.id) {
	case FRAME_HEADER_TABLE_SIZE:
		take_table_size(&m->settings, s.value);
		break;
	case FRAME_MAX_CONCURRENT_STREAMS:
		m->settings.streams = s.value;
		break;
	case FRAME_INITIAL_WINDOW_SIZE:
		m->settings.window = s.value;
		break;
	case FRAME_MAX_FRAME_SIZE:
		m->settings.frame = s.value;
		break;
	case FRAME_MAX_HEADER_LIST_SIZE:
		m->settings.head = s.value;
		break;
	case FRAME_ENABLE_CONNECT_PROTOCOL:
		/* RFC 8441 3: it is not taken back. */
		if (m->settings.extended && !s.value)
			return fail(m, FRAME_PROTOCOL_ERROR);
		m->settings.extended = s.value;
		break;
	}
	return glitch(m, GLITCH_SETTING);
}

/* Streams may have got room: that is known when the answer is written. */
static enum mux_event end_settings(struct mux *m)
{
	if (glitch(m, GLITCH_SETTINGS))
		return MUX_ERROR;
	if (!m->in_settings)
		begin_settings(m);
	m->in_settings = false;
	m->stream = NULL;
	m->answer = FRAME_SETTINGS;
	if (!m->begun)
		m->due = MUX_BEGUN;
	else if (m->settings.window > m->peer_window)
		m->due = MUX_WINDOW;
	m->begun = true;
	return MUX_ANSWER;
}

/* The first that is acknowledged is all that we sent. */
static enum mux_event settings_acknowledged(struct mux *m)
{
	if (m->acknowledged)
		return glitch(m, GLITCH_ACK);
	m->acknowledged = true;
	return MUX_MORE;
}

/* ---- other frames ---- */

static enum mux_event take_ping(struct mux *m)
{
	if (m->reader.flags & FRAME_ACK) {
		if (!m->pinged)
			return glitch(m, GLITCH_ACK);
		m->pinged = false;
		return MUX_PONG;
	}
	if (glitch(m, GLITCH_PING))
		return MUX_ERROR;
	memcpy(m->ping, m->reader.ping, sizeof(m->ping));
	m->answer = FRAME_PING;
	return MUX_ANSWER;
}

/* 6.8: a number that grows would bring back what was given up. */
static enum mux_event take_goaway(struct mux *m)
{
	if (glitch(m, GLITCH_GOAWAY))
		return MUX_ERROR;
	m->peer_goes = true;
	m->peer_last = min(m->peer_last, m->reader.number);
	m->last = m->peer_last;
	m->code = m->reader.code;
	m->stream = NULL;
	return MUX_GOAWAY;
}

static enum mux_event take_reset(struct mux *m)
{
	struct stream_step step = step_of(m, STREAM_RST);

	if (step.verdict == STREAM_FATAL)
		return fail(m, step.code);
	if (step.verdict != STREAM_GOOD || !m->stream)
		return glitch(m, GLITCH_LATE);
	/* Nobody has answered it yet: that was for nothing. */
	if (m->server && mux_sends(m->stream) && glitch(m, GLITCH_RESET))
		return MUX_ERROR;
	m->stream->state = step.state;
	m->code = m->reader.code;
	return MUX_RESET;
}

/* 6.9, 6.9.2 */
static enum mux_event widen_stream(struct mux *m)
{
	struct stream_step step = step_of(m, STREAM_WINDOW_UPDATE);
	struct mux_stream *st = m->stream;

	if (step.verdict == STREAM_FATAL)
		return fail(m, step.code);
	if (step.verdict != STREAM_GOOD || !st)
		return glitch(m, GLITCH_LATE);
	if (window_overflows(&st->send, m->peer_window))
		return fail(m, FRAME_FLOW_CONTROL_ERROR);
	if (!window_add(&st->send, m->peer_window, m->reader.number))
		return wrong(m, FRAME_FLOW_CONTROL_ERROR);
	return mux_sends(st) ? MUX_WINDOW : MUX_MORE;
}

static enum mux_event take_window_update(struct mux *m)
{
	bool was_closed;

	if (m->reader.number < LITTLE_ROOM && glitch(m, GLITCH_WINDOW_UPDATE))
		return MUX_ERROR;
	if (m->reader.stream)
		return widen_stream(m);
	was_closed = window_left(&m->send, 0) <= 0;
	if (!window_add(&m->send, 0, m->reader.number))
		return fail(m, FRAME_FLOW_CONTROL_ERROR);
	/* Else nobody waits for it. */
	return was_closed ? MUX_WINDOW : MUX_MORE;
}

/* RFC 9218 7.1; of one that has not begun nothing is kept. */
static enum mux_event take_priority(struct mux *m)
{
	if (glitch(m, GLITCH_PRIORITY))
		return MUX_ERROR;
	m->stream = mux_find(m, m->reader.number);
	m->priority = (struct span){ m->reader.text, m->reader.text_len };
	return m->stream ? MUX_PRIORITY : MUX_MORE;
}

static enum mux_event take_whole(struct mux *m)
{
	m->stream = m->reader.stream ? mux_find(m, m->reader.stream) : NULL;
	switch (m->reader.type) {
	case FRAME_PRIORITY:
		return glitch(m, GLITCH_PRIORITY);
	case FRAME_RST_STREAM:
		return take_reset(m);
	case FRAME_SETTINGS:
		return settings_acknowledged(m);
	case FRAME_PING:
		return take_ping(m);
	case FRAME_GOAWAY:
		return take_goaway(m);
	case FRAME_WINDOW_UPDATE:
		return take_window_update(m);
	default:
		return take_priority(m);
	}
}

/* See frame.h. */
static enum mux_event stream_error(struct mux *m)
{
	enum stream_event event = m->reader.type == FRAME_PRIORITY ? STREAM_PRIORITY :
								     STREAM_WINDOW_UPDATE;
	struct stream_step step;

	m->stream = mux_find(m, m->reader.stream);
	step = step_of(m, event);
	if (step.verdict == STREAM_FATAL)
		return fail(m, step.code);
	if (!m->stream || stream_state_is_closed(m->stream->state))
		return glitch(m, GLITCH_ERROR);
	return wrong(m, m->reader.code);
}

/* ---- frames ---- */

static enum mux_event begin_frame(struct mux *m)
{
	switch (m->reader.type) {
	case FRAME_DATA:
		return begin_data(m);
	case FRAME_HEADERS:
		return begin_headers(m);
	default:
		return begin_continuation(m);
	}
}

static enum mux_event end_frame(struct mux *m)
{
	switch (m->reader.type) {
	case FRAME_SETTINGS:
		return end_settings(m);
	case FRAME_DATA:
		return end_data(m);
	default:
		return m->reader.flags & FRAME_END_HEADERS ? end_block(m) : MUX_MORE;
	}
}

static enum mux_event take_frame(struct mux *m, enum frame_event event, struct span piece)
{
	switch (event) {
	case FRAME_BEGUN:
		return begin_frame(m);
	case FRAME_PIECE:
		return data_piece(m, piece);
	case FRAME_DONE:
		return end_frame(m);
	case FRAME_SETTING:
		return take_setting(m);
	case FRAME_WHOLE:
		return take_whole(m);
	case FRAME_IGNORED:
		return glitch(m, GLITCH_UNKNOWN);
	case FRAME_STREAM_ERROR:
		return stream_error(m);
	case FRAME_ERROR:
		return fail(m, m->reader.code);
	default:
		return MUX_MORE;
	}
}

/* An event that was to come behind another; the end of a stream that is there. */
static enum mux_event take_due(struct mux *m)
{
	enum mux_event event = m->due;

	if (event == MUX_ERROR)
		return event;
	m->due = 0;
	if (event == MUX_END && (!m->stream || m->stream->state > STREAM_CLOSED))
		return MUX_MORE;
	return event;
}

static enum mux_event take_preface(struct mux *m, struct span *in)
{
	int had = frame_preface(m->preface, in);

	if (had < 0)
		return fail(m, FRAME_PROTOCOL_ERROR);
	m->preface = had;
	return MUX_MORE;
}

static bool awaits_preface(const struct mux *m)
{
	return m->server && m->preface < FRAME_PREFACE.len;
}

/* Of a block bytes go straight into its message, as far as there is room. */
static enum mux_event step(struct mux *m, struct span *in, bool *more)
{
	enum frame_event event;
	enum mux_event found;
	struct span before;

	if (m->in_block) {
		found = m->block_whole ? end_block(m) : take_fragment(m, in);
		if (found)
			return found;
	}
	before = *in;
	event = frame_next(&m->reader, in);
	*more = event != FRAME_MORE;
	before.len -= in->len;
	return take_frame(m, event, before);
}

enum mux_event mux_next(struct mux *m, struct span *in)
{
	enum mux_event event = MUX_MORE;
	bool more = true;

	if (m->answer)
		return MUX_ANSWER;
	if (m->due)
		event = take_due(m);
	if (!event && awaits_preface(m)) {
		event = take_preface(m, in);
		more = !awaits_preface(m);
	}
	while (!event && more)
		event = step(m, in, &more);
	return event;
}
