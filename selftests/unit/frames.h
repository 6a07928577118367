/* SPDX-License-Identifier: GPL-2.0 */
/* frames: what the reader of frames says, as text, of bytes in any pieces. */
#ifndef UNIT_FRAMES_H
#define UNIT_FRAMES_H

#include <stdarg.h>
#include <stdio.h>

#include "block.h"
#include "http2/frame.h"

static inline void frames_put(struct block_text *t, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	block_put(t, text, vsnprintf(text, sizeof(text), format, args));
	va_end(args);
}

static inline void frames_put_whole(struct block_text *t, const struct frame_reader *r)
{
	switch (r->type) {
	case FRAME_PRIORITY:
		frames_put(t, "priority(%u) ", r->stream);
		break;
	case FRAME_RST_STREAM:
		frames_put(t, "rst(%u, %u) ", r->stream, r->code);
		break;
	case FRAME_SETTINGS:
		frames_put(t, "settings-ack ");
		break;
	case FRAME_PING:
		frames_put(t, "ping%s(%.8s) ", r->flags & FRAME_ACK ? "-ack" : "", r->ping);
		break;
	case FRAME_GOAWAY:
		frames_put(t, "goaway(%u, %u) ", r->number, r->code);
		break;
	case FRAME_WINDOW_UPDATE:
		frames_put(t, "window(%u, %u) ", r->stream, r->number);
		break;
	default:
		frames_put(t, "update(%u, %.*s) ", r->number, r->text_len, r->text);
	}
}

static inline void frames_put_event(struct block_text *t, const struct frame_reader *r,
				    enum frame_event event, struct span piece)
{
	static const char * const names[] = { [FRAME_DATA] = "data", [FRAME_HEADERS] = "headers",
					      [FRAME_CONTINUATION] = "more" };

	switch (event) {
	case FRAME_BEGUN:
		frames_put(t, "%s(%u, %u of %u%s%s%s)=", names[r->type], r->stream, r->left,
			   r->length, r->type != FRAME_CONTINUATION &&
			   r->flags & FRAME_END_STREAM ? ", end" : "",
			   r->flags & FRAME_END_HEADERS ? ", whole" : "",
			   r->self_dependent ? ", of itself" : "");
		break;
	case FRAME_PIECE:
		block_put(t, piece.p, piece.len);
		break;
	case FRAME_DONE:
		frames_put(t, r->type == FRAME_SETTINGS ? "settings " : ". ");
		break;
	case FRAME_SETTING:
		frames_put(t, "%u=%u ", r->setting.id, r->setting.value);
		break;
	case FRAME_WHOLE:
		frames_put_whole(t, r);
		break;
	case FRAME_IGNORED:
		frames_put(t, "ignored(%u) ", r->type);
		break;
	case FRAME_STREAM_ERROR:
		frames_put(t, "wrong(%u, %u) ", r->stream, r->code);
		break;
	case FRAME_ERROR:
		frames_put(t, "error(%u)", r->code);
		break;
	case FRAME_MORE:
		break;
	}
}

/* All that there is in @bytes, by pieces of @step. Return: the last event. */
static inline enum frame_event frames_read(struct frame_reader *r, struct span bytes, u32 step,
					   struct block_text *t)
{
	enum frame_event event = FRAME_MORE;
	struct span in, before;
	char *copy;

	while (bytes.len && event != FRAME_ERROR) {
		in.len = step < bytes.len ? step : bytes.len;
		copy = malloc(in.len);
		memcpy(copy, bytes.p, in.len);
		bytes = span_from(bytes, in.len);
		in.p = copy;
		do {
			before = in;
			event = frame_next(r, &in);
			before.len -= in.len;
			frames_put_event(t, r, event, before);
		} while (event != FRAME_MORE && event != FRAME_ERROR);
		free(copy);
	}
	return event;
}

#endif
