/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream_state: what may come on a stream, and what it is then. RFC 9113 5.1.
 *
 * Plain C, without any memory of its own; any context. Which streams are idle, and how
 * many there may be, is the connection's to know: numbers only grow (5.1.1).
 */
#ifndef L7MESH_STREAM_STATE_H
#define L7MESH_STREAM_STATE_H

#include <linux/types.h>
#include "http2/frame.h"

enum stream_state {
	STREAM_IDLE,
	STREAM_OPEN,
	STREAM_HALF_LOCAL,	/* we have ended */
	STREAM_HALF_REMOTE,	/* the peer has */
	STREAM_CLOSED,		/* both have */
	STREAM_CLOSED_RESET,	/* the peer has reset it */
	STREAM_CLOSED_BY_US,	/* we have: what was under way comes all the same */
};

/* Frames, of either direction. */
enum stream_event {
	STREAM_HEADERS,
	STREAM_HEADERS_END,	/* with END_STREAM */
	STREAM_DATA,
	STREAM_DATA_END,
	STREAM_RST,
	STREAM_WINDOW_UPDATE,
	STREAM_PRIORITY,
};

/*
 * A block is decoded whatever becomes of its stream, as the table has to be what the peer
 * thinks that it is, and DATA is counted in the connection's window: but for STREAM_FATAL.
 */
enum stream_verdict {
	STREAM_GOOD,
	STREAM_IGNORE,		/* it means nothing: GLITCH_LATE */
	STREAM_WRONG,		/* the stream's error, @code: it may be reset */
	STREAM_FATAL,		/* the connection's, @code */
};

struct stream_step {
	u8 state;		/* enum stream_state; if it is good */
	u8 verdict;		/* enum stream_verdict */
	u8 code;		/* enum frame_code */
};

/**
 * stream_state_received() - The peer has sent a frame
 * @state: of the stream
 * @event: the frame
 * @may_begin: HEADERS of the peer may begin a stream: it is a client
 *
 * Of a frame that FRAME_STREAM_ERROR was said of as well, see frame.h.
 *
 * Return: what it is, and the state that follows if it is good.
 */
struct stream_step stream_state_received(enum stream_state state, enum stream_event event,
					 bool may_begin);

/**
 * stream_state_sent() - We send a frame
 * @state: of the stream
 * @event: the frame
 *
 * Return: verdict STREAM_GOOD, or STREAM_FATAL if it must not be sent.
 */
struct stream_step stream_state_sent(enum stream_state state, enum stream_event event);

static inline bool stream_state_is_closed(enum stream_state state)
{
	return state >= STREAM_CLOSED;
}

/* May the peer still send its side of it? */
static inline bool stream_state_receives(enum stream_state state)
{
	return state == STREAM_OPEN || state == STREAM_HALF_LOCAL;
}

static inline bool stream_state_sends(enum stream_state state)
{
	return state == STREAM_OPEN || state == STREAM_HALF_REMOTE;
}

#endif
