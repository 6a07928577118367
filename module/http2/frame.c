// SPDX-License-Identifier: GPL-2.0
/*
 * The reader. Sections are of RFC 9113 unless they name another.
 *
 * What is short (heads, numbers) is gathered first and then read; what is long is passed
 * on, or over.
 */
#include "http2/frame.h"

#include <linux/minmax.h>

#define PRIORITY_LEN	5
#define SETTING_LEN	6

enum {
	ST_HEAD,
	ST_PADDED,		/* the length of the padding */
	ST_PRIORITY,		/* HEADERS: what it depends on */
	ST_BEGIN,
	ST_PIECES,
	ST_PADDING,
	ST_END,
	ST_SETTINGS,
	ST_FIXED,		/* a payload that is gathered */
	ST_TEXT,		/* of PRIORITY_UPDATE */
	ST_SKIP,		/* what is left is of no interest */
	ST_ERROR,
};

static u32 number(const u8 *p, u32 bytes)
{
	u32 n = 0;

	for (; bytes; bytes--)
		n = n << 8 | *p++;
	return n;
}

static u32 stream_number(const u8 *p)
{
	return number(p, 4) & FRAME_STREAM_MAX;
}

static enum frame_event fail(struct frame_reader *r, enum frame_code code)
{
	r->code = code;
	r->state = ST_ERROR;
	return FRAME_ERROR;
}

/* Functions that find no event say FRAME_MORE: whoever called goes on. */
static enum frame_event enter(struct frame_reader *r, u8 state)
{
	r->state = state;
	return FRAME_MORE;
}

static enum frame_event gather_in(struct frame_reader *r, u8 state, u32 due)
{
	r->had = 0;
	r->due = due;
	return enter(r, state);
}

void frame_reader_init(struct frame_reader *r, bool of_server)
{
	*r = (struct frame_reader){
		.size_max = FRAME_SIZE_MIN,
		.of_server = of_server,
		.due = FRAME_HEAD_LEN,
	};
}

/* Is all there that is due? */
static bool gather(struct frame_reader *r, struct span *in)
{
	u32 n = min_t(u32, r->due - r->had, in->len);

	memcpy(r->bytes + r->had, in->p, n);
	*in = span_from(*in, n);
	r->had += n;
	return r->had == r->due;
}

/* What a frame's head says alone. 6. */

enum { ANY, ZERO, NOT_ZERO };

/* The stream that a frame may name, and how long it may be. */
static const struct {
	u8 stream;
	u8 least;
	u8 most;		/* 0: SETTINGS_MAX_FRAME_SIZE */
} kinds[] = {
	[FRAME_DATA] = { NOT_ZERO, 0, 0 },
	[FRAME_HEADERS] = { NOT_ZERO, 0, 0 },
	[FRAME_PRIORITY] = { NOT_ZERO, 0, 0 },
	[FRAME_RST_STREAM] = { NOT_ZERO, 4, 4 },
	[FRAME_SETTINGS] = { ZERO, 0, 0 },
	[FRAME_PUSH_PROMISE] = { ANY, 0, 0 },
	[FRAME_PING] = { ZERO, 8, 8 },
	[FRAME_GOAWAY] = { ZERO, 8, 0 },
	[FRAME_WINDOW_UPDATE] = { ANY, 4, 4 },
	[FRAME_CONTINUATION] = { NOT_ZERO, 0, 0 },
	[FRAME_CONTINUATION + 1 ... FRAME_PRIORITY_UPDATE - 1] = { ANY, 0, 0 },
	[FRAME_PRIORITY_UPDATE] = { ZERO, 4, 0 },
};

static bool is_of_its_stream(const struct frame_reader *r)
{
	u8 stream = r->type <= FRAME_PRIORITY_UPDATE ? kinds[r->type].stream : ANY;

	return stream == ANY || (stream == ZERO) == !r->stream;
}

/* 4.2: in a frame that may change the connection's state it is the connection's error. */
static bool is_sized_well(const struct frame_reader *r)
{
	if (r->length > r->size_max)
		return false;
	if (r->type > FRAME_PRIORITY_UPDATE)
		return true;
	return r->length >= kinds[r->type].least &&
	       (!kinds[r->type].most || r->length <= kinds[r->type].most);
}

/* 6.10: a block is in frames that follow each other. */
static bool is_in_order(const struct frame_reader *r)
{
	if (r->block)
		return r->type == FRAME_CONTINUATION && r->stream == r->block;
	return r->type != FRAME_CONTINUATION;
}

/* 3.4: the first frame is SETTINGS. 8.4: push is never enabled. RFC 9218 7.1. */
static bool may_come(const struct frame_reader *r)
{
	if (!r->begun && (r->type != FRAME_SETTINGS || r->flags & FRAME_ACK))
		return false;
	return r->type != FRAME_PUSH_PROMISE &&
	       !(r->type == FRAME_PRIORITY_UPDATE && r->of_server);
}

/* Of DATA, HEADERS, CONTINUATION. */

/* 6.1, 6.2: a flag promises what is then to be there. */
static enum frame_event begin_block(struct frame_reader *r)
{
	u32 least = 0;

	r->padding = 0;
	if (r->type == FRAME_CONTINUATION)
		r->flags &= FRAME_END_HEADERS;
	if (r->type == FRAME_DATA)
		r->flags &= FRAME_END_STREAM | FRAME_PADDED;
	if (r->flags & FRAME_PADDED)
		least++;
	if (r->flags & FRAME_HAS_PRIORITY)
		least += PRIORITY_LEN;
	if (r->length < least)
		return fail(r, FRAME_SIZE_ERROR);
	if (r->type != FRAME_DATA)
		r->block = r->flags & FRAME_END_HEADERS ? 0 : r->stream;
	if (r->flags & FRAME_PADDED)
		return gather_in(r, ST_PADDED, 1);
	if (r->flags & FRAME_HAS_PRIORITY)
		return gather_in(r, ST_PRIORITY, PRIORITY_LEN);
	return enter(r, ST_BEGIN);
}

static enum frame_event on_padded(struct frame_reader *r)
{
	bool priority = r->flags & FRAME_HAS_PRIORITY;

	r->padding = r->bytes[0];
	r->payload--;
	if (r->padding + (priority ? PRIORITY_LEN : 0) > r->payload)
		return fail(r, FRAME_PROTOCOL_ERROR);
	r->payload -= r->padding;
	if (priority)
		return gather_in(r, ST_PRIORITY, PRIORITY_LEN);
	return enter(r, ST_BEGIN);
}

/* RFC 7540 5.3.1; what else it says of priorities is ignored, 5.3.2. */
static bool depends_on_itself(const struct frame_reader *r)
{
	return stream_number(r->bytes) == r->stream;
}

static enum frame_event on_priority(struct frame_reader *r)
{
	r->self_dependent = depends_on_itself(r);
	r->payload -= PRIORITY_LEN;
	return enter(r, ST_BEGIN);
}

static enum frame_event on_begin(struct frame_reader *r)
{
	r->left = r->payload;
	r->state = ST_PIECES;
	return FRAME_BEGUN;
}

static enum frame_event on_pieces(struct frame_reader *r, struct span *in)
{
	u32 n = min(r->left, in->len);

	if (!r->left)
		return enter(r, ST_PADDING);
	*in = span_from(*in, n);
	r->left -= n;
	return FRAME_PIECE;
}

static enum frame_event on_padding(struct frame_reader *r, struct span *in)
{
	u32 n = min(r->padding, in->len);

	*in = span_from(*in, n);
	r->padding -= n;
	return r->padding ? FRAME_MORE : enter(r, ST_END);
}

static enum frame_event on_end(struct frame_reader *r)
{
	gather_in(r, ST_HEAD, FRAME_HEAD_LEN);
	return FRAME_DONE;
}

/* SETTINGS. 6.5. */

static enum frame_event begin_settings(struct frame_reader *r)
{
	r->begun = true;
	if (r->length % SETTING_LEN || (r->flags & FRAME_ACK && r->length))
		return fail(r, FRAME_SIZE_ERROR);
	if (!(r->flags & FRAME_ACK))
		return gather_in(r, ST_SETTINGS, SETTING_LEN);
	gather_in(r, ST_HEAD, FRAME_HEAD_LEN);
	return FRAME_WHOLE;
}

/* 6.5.2; RFC 8441 3; RFC 9218 2.1 */
static enum frame_code setting_fault(const struct frame_reader *r)
{
	u32 value = r->setting.value;

	switch (r->setting.id) {
	case FRAME_ENABLE_PUSH:
		return value > !r->of_server ? FRAME_PROTOCOL_ERROR : FRAME_NO_ERROR;
	case FRAME_INITIAL_WINDOW_SIZE:
		return value > FRAME_STREAM_MAX ? FRAME_FLOW_CONTROL_ERROR : FRAME_NO_ERROR;
	case FRAME_MAX_FRAME_SIZE:
		return value < FRAME_SIZE_MIN || value > FRAME_SIZE_MAX ?
		       FRAME_PROTOCOL_ERROR : FRAME_NO_ERROR;
	case FRAME_ENABLE_CONNECT_PROTOCOL:
	case FRAME_NO_RFC7540_PRIORITIES:
		return value > 1 ? FRAME_PROTOCOL_ERROR : FRAME_NO_ERROR;
	default:
		return FRAME_NO_ERROR;
	}
}

static enum frame_event on_settings(struct frame_reader *r, struct span *in)
{
	enum frame_code fault;

	if (!r->payload)
		return enter(r, ST_END);
	if (!gather(r, in))
		return FRAME_MORE;
	r->payload -= SETTING_LEN;
	r->setting.id = number(r->bytes, 2);
	r->setting.value = number(r->bytes + 2, 4);
	fault = setting_fault(r);
	if (fault)
		return fail(r, fault);
	gather_in(r, ST_SETTINGS, SETTING_LEN);
	return FRAME_SETTING;
}

/* Frames that are gathered. */

static enum frame_event stream_error(struct frame_reader *r, enum frame_code code)
{
	r->code = code;
	r->state = ST_SKIP;
	return FRAME_STREAM_ERROR;
}

static enum frame_event whole(struct frame_reader *r)
{
	r->state = ST_SKIP;
	return FRAME_WHOLE;
}

/* 6.9 */
static enum frame_event on_window_update(struct frame_reader *r)
{
	r->number = stream_number(r->bytes);
	if (r->number)
		return whole(r);
	if (!r->stream)
		return fail(r, FRAME_PROTOCOL_ERROR);
	return stream_error(r, FRAME_PROTOCOL_ERROR);
}

/* RFC 9218 7.1 */
static enum frame_event on_priority_update(struct frame_reader *r)
{
	r->number = stream_number(r->bytes);
	r->text_len = 0;
	return r->number ? enter(r, ST_TEXT) : fail(r, FRAME_PROTOCOL_ERROR);
}

static enum frame_event on_fixed(struct frame_reader *r)
{
	r->payload -= r->due;
	switch (r->type) {
	case FRAME_PRIORITY:
		return depends_on_itself(r) ? stream_error(r, FRAME_PROTOCOL_ERROR) : whole(r);
	case FRAME_RST_STREAM:
		r->code = number(r->bytes, 4);
		return whole(r);
	case FRAME_PING:
		memcpy(r->ping, r->bytes, sizeof(r->ping));
		return whole(r);
	case FRAME_GOAWAY:
		r->number = stream_number(r->bytes);
		r->code = number(r->bytes + 4, 4);
		return whole(r);
	case FRAME_WINDOW_UPDATE:
		return on_window_update(r);
	default:
		return on_priority_update(r);
	}
}

static enum frame_event on_text(struct frame_reader *r, struct span *in)
{
	u32 room = FRAME_TEXT_MAX - r->text_len, n = min(min(r->payload, in->len), room);

	memcpy(r->text + r->text_len, in->p, n);
	*in = span_from(*in, n);
	r->text_len += n;
	r->payload -= n;
	if (r->payload && r->text_len < FRAME_TEXT_MAX)
		return FRAME_MORE;
	return whole(r);
}

static enum frame_event on_skip(struct frame_reader *r, struct span *in)
{
	u32 n = min(r->payload, in->len);

	*in = span_from(*in, n);
	r->payload -= n;
	return r->payload ? FRAME_MORE : gather_in(r, ST_HEAD, FRAME_HEAD_LEN);
}

/* What has to be there of a payload that is gathered; the rest is passed over. */
static enum frame_event begin_payload(struct frame_reader *r)
{
	switch (r->type) {
	case FRAME_DATA:
	case FRAME_HEADERS:
	case FRAME_CONTINUATION:
		return begin_block(r);
	case FRAME_SETTINGS:
		return begin_settings(r);
	case FRAME_PRIORITY:
		if (r->length != PRIORITY_LEN)
			return stream_error(r, FRAME_SIZE_ERROR);
		return gather_in(r, ST_FIXED, PRIORITY_LEN);
	case FRAME_RST_STREAM:
	case FRAME_PING:
	case FRAME_GOAWAY:
	case FRAME_WINDOW_UPDATE:
	case FRAME_PRIORITY_UPDATE:
		return gather_in(r, ST_FIXED, kinds[r->type].least);
	default:
		r->state = ST_SKIP;
		return FRAME_IGNORED;
	}
}

static enum frame_event on_head(struct frame_reader *r)
{
	r->length = number(r->bytes, 3);
	r->type = r->bytes[3];
	r->flags = r->bytes[4];
	r->stream = stream_number(r->bytes + 5);
	r->payload = r->length;
	r->self_dependent = false;
	if (!may_come(r) || !is_in_order(r) || !is_of_its_stream(r))
		return fail(r, FRAME_PROTOCOL_ERROR);
	if (!is_sized_well(r))
		return fail(r, FRAME_SIZE_ERROR);
	return begin_payload(r);
}

/* Those that begin when what they need was gathered. */
static enum frame_event gathered(struct frame_reader *r)
{
	switch (r->state) {
	case ST_HEAD:
		return on_head(r);
	case ST_PADDED:
		return on_padded(r);
	case ST_PRIORITY:
		return on_priority(r);
	default:
		return on_fixed(r);
	}
}

static enum frame_event step(struct frame_reader *r, struct span *in)
{
	switch (r->state) {
	case ST_BEGIN:
		return on_begin(r);
	case ST_PIECES:
		return on_pieces(r, in);
	case ST_PADDING:
		return on_padding(r, in);
	case ST_END:
		return on_end(r);
	case ST_SETTINGS:
		return on_settings(r, in);
	case ST_TEXT:
		return on_text(r, in);
	case ST_SKIP:
		return on_skip(r, in);
	case ST_ERROR:
		return FRAME_ERROR;
	default:
		return gather(r, in) ? gathered(r) : FRAME_MORE;
	}
}

/* Is there something to be said without another byte? */
static bool is_ready(const struct frame_reader *r)
{
	switch (r->state) {
	case ST_BEGIN:
	case ST_END:
		return true;
	case ST_PIECES:
		return !r->left;
	case ST_PADDING:
		return !r->padding;
	case ST_SETTINGS:
	case ST_TEXT:
		return !r->payload;
	default:
		return false;
	}
}

enum frame_event frame_next(struct frame_reader *r, struct span *in)
{
	enum frame_event event = FRAME_MORE;

	while (event == FRAME_MORE && (in->len || is_ready(r)))
		event = step(r, in);
	return r->state == ST_ERROR ? FRAME_ERROR : event;
}

int frame_preface(u32 had, struct span *in)
{
	struct span due = span_from(FRAME_PREFACE, had);
	u32 n = min(due.len, in->len);

	if (memcmp(in->p, due.p, n))
		return -1;
	*in = span_from(*in, n);
	return had + n;
}
