/* SPDX-License-Identifier: GPL-2.0 */
/*
 * window: flow control of a connection and of its streams. RFC 9113 5.2, 6.9.
 *
 * SETTINGS_INITIAL_WINDOW_SIZE changes the windows of all streams at once: a stream has
 * only what it was given besides that, less what it has used, so nothing is done for it.
 * What a change makes of it is seen when the stream is next asked.
 *
 * Plain C; any context. Whoever has the connection owns its windows.
 */
#ifndef L7MESH_WINDOW_H
#define L7MESH_WINDOW_H

#include <linux/minmax.h>
#include <linux/types.h>
#include "http2/frame.h"

#define WINDOW_MAX	((s64)FRAME_STREAM_MAX)

/*
 * What may be sent, by us or by the peer: this and the initial size. That of the
 * connection has none, and begins with FRAME_WINDOW_DEFAULT. It stays within 32 bits with
 * a sign: what was given besides is at most WINDOW_MAX, and what was used at most the
 * largest initial size more than that.
 */
struct window {
	s32 more;
};

static inline void window_init(struct window *w, u32 size)
{
	w->more = size;
}

/* It may be negative: the initial size has shrunk. 6.9.2 */
static inline s64 window_left(const struct window *w, u32 initial)
{
	return (s64)initial + w->more;
}

/* How many bytes of @len may go now. */
static inline u32 window_allows(const struct window *w, u32 initial, u32 len)
{
	return clamp_t(s64, window_left(w, initial), 0, len);
}

/**
 * window_use() - Bytes go
 * @w: window
 * @initial: SETTINGS_INITIAL_WINDOW_SIZE of the receiver; 0 for the connection's
 * @len: payload of DATA, with its padding
 *
 * Return: false if they may not: FLOW_CONTROL_ERROR, if the peer did it.
 */
static inline bool window_use(struct window *w, u32 initial, u32 len)
{
	if (len > window_left(w, initial))
		return false;
	w->more -= len;
	return true;
}

/**
 * window_add() - The receiver lets more go
 * @w: window
 * @initial: as for window_use()
 * @increment: 1 to FRAME_STREAM_MAX
 *
 * Return: false if it lets too much go: FLOW_CONTROL_ERROR.
 */
static inline bool window_add(struct window *w, u32 initial, u32 increment)
{
	if (window_left(w, initial) + increment > WINDOW_MAX)
		return false;
	w->more += increment;
	return true;
}

/*
 * Has a change of the initial size made too much of it? 6.9.2: the connection's error. To
 * be asked before window_use() and window_add(): behind them it may not be seen any more,
 * or be taken for an error of the stream's.
 */
static inline bool window_overflows(const struct window *w, u32 initial)
{
	return window_left(w, initial) > WINDOW_MAX;
}

/*
 * What we let the peer send. What it has sent, and somebody has taken, is let go again
 * when that is worth a frame.
 */
struct window_in {
	struct window window;
	u32 taken;		/* and not yet told */
};

static inline void window_in_init(struct window_in *w, u32 size)
{
	window_init(&w->window, size);
	w->taken = 0;
}

/**
 * window_in_due() - How much is to be told in WINDOW_UPDATE
 * @w: window
 * @size: what it has when nothing is under way: our SETTINGS_INITIAL_WINDOW_SIZE for that of
 *	a stream, what window_in_init() was told for the connection's
 * @least: bytes that are worth a frame; half of the window is in any case, or a peer that
 *	has used all of it would wait for ever
 *
 * Return: the increment, which is let go with this; or 0.
 */
static inline u32 window_in_due(struct window_in *w, u32 size, u32 least)
{
	u32 n = w->taken;

	if (!n || n < min(least, size / 2))
		return 0;
	w->taken = 0;
	w->window.more += n;
	return n;
}

#endif
