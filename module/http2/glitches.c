// SPDX-License-Identifier: GPL-2.0
#include "http2/glitches.h"

#include <linux/limits.h>

/* What each costs, by what it makes us do: nothing but look at it is 1. */
static const u8 prices[GLITCH_KINDS] = {
	[GLITCH_PING] = 4,		/* an answer */
	[GLITCH_SETTINGS] = 4,		/* an answer */
	[GLITCH_SETTING] = 1,
	[GLITCH_EMPTY] = 4,
	[GLITCH_CONTINUATION] = 1,
	[GLITCH_WINDOW_UPDATE] = 1,
	[GLITCH_PRIORITY] = 1,
	[GLITCH_UNKNOWN] = 1,
	[GLITCH_RESET] = 10,		/* a request that was routed, for nothing */
	[GLITCH_ERROR] = 10,		/* likewise, and an answer */
	[GLITCH_DRIBBLE] = 1,
	[GLITCH_LATE] = 1,
	[GLITCH_GOAWAY] = 10,		/* a frame of any size to pass over */
	[GLITCH_ACK] = 4,		/* only who means harm does it */
	[GLITCH_INTERIM] = 4,		/* a head to read, and to write to the client */
};

/* As much leaks in a millisecond as a second has units: the level has thousandths. */
static void leak(struct glitches *g, u32 rate, u64 now)
{
	u64 ms = now - g->last;

	g->last = now;
	/* More than any level, and the product fits. */
	if (ms > U32_MAX || ms * rate >= g->level)
		g->level = 0;
	else
		g->level -= ms * rate;
}

bool glitches_add(struct glitches *g, const struct glitch_limits *limits, enum glitch kind,
		  u64 now)
{
	u64 most = (u64)limits->rate * limits->seconds * 1000;

	if (!limits->rate)
		return true;
	leak(g, limits->rate, now);
	g->level += prices[kind] * 1000;
	return g->level <= most;
}
