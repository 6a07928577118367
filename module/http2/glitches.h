/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glitches: what a peer does that is allowed, costs it nothing and us something, and is
 * not wanted in any number (CVE-2019-9511 to 9518, 2023-44487, 2024-27316, 2025-8671).
 *
 * One leaky bucket for all of it: each kind has its price, and what a peer may have spent
 * leaks away with time. Whoever spends more is told ENHANCE_YOUR_CALM.
 *
 * Plain C; any context. Whoever has the connection owns it.
 */
#ifndef L7MESH_GLITCHES_H
#define L7MESH_GLITCHES_H

#include <linux/types.h>

enum glitch {
	GLITCH_PING,
	GLITCH_SETTINGS,
	GLITCH_SETTING,		/* each that SETTINGS has */
	GLITCH_EMPTY,		/* DATA, HEADERS or CONTINUATION without a byte, and no end;
				 * padding is none: frame_reader.left at FRAME_BEGUN, not
				 * ->length
				 */
	GLITCH_CONTINUATION,	/* each */
	GLITCH_WINDOW_UPDATE,	/* of few bytes */
	GLITCH_PRIORITY,	/* PRIORITY and PRIORITY_UPDATE */
	GLITCH_UNKNOWN,		/* a frame of an unknown type */
	GLITCH_RESET,		/* a stream that the peer resets before it was answered */
	GLITCH_ERROR,		/* one that we have to reset */
	GLITCH_DRIBBLE,		/* DATA of few bytes, and no end */
	GLITCH_LATE,		/* anything on a stream that is closed */
	GLITCH_GOAWAY,		/* each, with what it has behind its numbers */
	GLITCH_ACK,		/* of a PING or of SETTINGS that we have not sent */
	GLITCH_INTERIM,		/* a 1xx head, but for the first of a response */
	GLITCH_KINDS,
};

/* A second leaks so much, and a bucket holds that for @seconds. */
struct glitch_limits {
	u32 rate;		/* 0: there is no limit */
	u32 seconds;
};

struct glitches {
	u64 level;		/* in thousandths of a price's unit */
	u64 last;		/* ms: when it was last looked at */
};

/**
 * glitches_add() - Something has happened
 * @g: bucket; zeroed, it begins
 * @limits: how much it holds
 * @kind: what has happened
 * @now: ms of any clock that does not go back
 *
 * Return: false if it was too much.
 */
bool glitches_add(struct glitches *g, const struct glitch_limits *limits, enum glitch kind,
		  u64 now);

#endif
