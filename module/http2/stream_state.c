// SPDX-License-Identifier: GPL-2.0
#include "http2/stream_state.h"

static struct stream_step good(enum stream_state state)
{
	return (struct stream_step){ .state = state, .verdict = STREAM_GOOD };
}

static struct stream_step bad(enum stream_state state, enum stream_verdict verdict,
			      enum frame_code code)
{
	return (struct stream_step){ .state = state, .verdict = verdict, .code = code };
}

static bool ends(enum stream_event event)
{
	return event == STREAM_HEADERS_END || event == STREAM_DATA_END;
}

static bool is_headers(enum stream_event event)
{
	return event == STREAM_HEADERS || event == STREAM_HEADERS_END;
}

/* HEADERS and DATA, which a side sends until it has ended. */
static bool is_content(enum stream_event event)
{
	return event <= STREAM_DATA_END;
}

static struct stream_step received_idle(enum stream_event event, bool may_begin)
{
	if (event == STREAM_PRIORITY)
		return good(STREAM_IDLE);
	if (!is_headers(event) || !may_begin)
		return bad(STREAM_IDLE, STREAM_FATAL, FRAME_PROTOCOL_ERROR);
	return good(ends(event) ? STREAM_HALF_REMOTE : STREAM_OPEN);
}

/* The peer had not ended yet. */
static struct stream_step received_open(enum stream_state state, enum stream_event event)
{
	if (event == STREAM_RST)
		return good(STREAM_CLOSED_RESET);
	if (!ends(event))
		return good(state);
	return good(state == STREAM_OPEN ? STREAM_HALF_REMOTE : STREAM_CLOSED);
}

/*
 * The peer had ended. After that: an error of the stream; of the connection, where both
 * had ended, as the peer knows that.
 */
static struct stream_step received_ended(enum stream_state state, enum stream_event event)
{
	if (is_content(event))
		return bad(state, state == STREAM_CLOSED ? STREAM_FATAL : STREAM_WRONG,
			   FRAME_STREAM_CLOSED);
	if (event == STREAM_RST && state == STREAM_HALF_REMOTE)
		return good(STREAM_CLOSED_RESET);
	return state == STREAM_HALF_REMOTE ? good(state) : bad(state, STREAM_IGNORE, 0);
}

struct stream_step stream_state_received(enum stream_state state, enum stream_event event,
					 bool may_begin)
{
	switch (state) {
	case STREAM_IDLE:
		return received_idle(event, may_begin);
	case STREAM_OPEN:
	case STREAM_HALF_LOCAL:
		return received_open(state, event);
	case STREAM_HALF_REMOTE:
	case STREAM_CLOSED:
		return received_ended(state, event);
	default:
		/*
		 * It may not know yet that we have reset it. If it was the peer, who knows,
		 * it gets no answer: 5.4.2 lets none be sent to its RST_STREAM.
		 */
		return bad(state, STREAM_IGNORE, 0);
	}
}

static struct stream_step sent_content(enum stream_state state, enum stream_event event)
{
	if (state == STREAM_IDLE && is_headers(event))
		return good(ends(event) ? STREAM_HALF_LOCAL : STREAM_OPEN);
	if (!stream_state_sends(state))
		return bad(state, STREAM_FATAL, FRAME_INTERNAL_ERROR);
	if (!ends(event))
		return good(state);
	return good(state == STREAM_OPEN ? STREAM_HALF_LOCAL : STREAM_CLOSED);
}

struct stream_step stream_state_sent(enum stream_state state, enum stream_event event)
{
	if (is_content(event))
		return sent_content(state, event);
	if (event == STREAM_PRIORITY)
		return good(state);
	if (state == STREAM_IDLE || (event == STREAM_RST && stream_state_is_closed(state)))
		return bad(state, STREAM_FATAL, FRAME_INTERNAL_ERROR);
	return good(event == STREAM_RST ? STREAM_CLOSED_BY_US : state);
}
