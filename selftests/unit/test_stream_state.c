// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http2/stream_state.c, window.h and glitches.c. */
#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>

#include "http2/glitches.h"
#include "http2/stream_state.h"
#include "http2/window.h"
#include "tap.h"
#include "unit.h"

/*
 * What becomes of a stream, by frames: h HEADERS, H with END_STREAM, d and D of DATA,
 * r RST_STREAM, w WINDOW_UPDATE, p PRIORITY, each behind '<' if the peer sends it and
 * '>' if we do. RFC 9113 5.1.
 */
static const struct {
	const char *frames;
	const char *wanted;
	bool of_server;		/* the peer is one */
} paths[] = {
	{ .frames = "<h<d<D>h>d>D", .wanted = "closed" },
	{ .frames = "<H", .wanted = "half remote" },
	{ .frames = "<H>H", .wanted = "closed" },
	{ .frames = "<h>H<d<w<H", .wanted = "closed" },
	{ .frames = "<h>h>D<d", .wanted = "half local" },
	{ .frames = "<h<H", .wanted = "half remote" },
	{ .frames = "<h<h", .wanted = "open" },
	{ .frames = "<p", .wanted = "idle" },
	{ .frames = "<p<h", .wanted = "open" },
	{ .frames = "<h<r", .wanted = "reset" },
	{ .frames = "<H<r", .wanted = "reset" },
	{ .frames = "<h>r", .wanted = "closed by us" },
	{ .frames = "<H>d>w>r", .wanted = "closed by us" },
	{ .frames = ">h>D<h<D", .wanted = "closed", .of_server = true },
	{ .frames = ">H<h", .wanted = "half local", .of_server = true },
	{ .frames = ">h<H>d>D", .wanted = "closed", .of_server = true },
	/* errors: idle */
	{ .frames = "<d", .wanted = "fatal 1" },
	{ .frames = "<r", .wanted = "fatal 1" },
	{ .frames = "<w", .wanted = "fatal 1" },
	{ .frames = "<h", .wanted = "fatal 1", .of_server = true },
	{ .frames = ">d", .wanted = "fatal 2" },
	{ .frames = ">r", .wanted = "fatal 2" },
	/* the peer has ended */
	{ .frames = "<H<d", .wanted = "wrong 5" },
	{ .frames = "<H<h", .wanted = "wrong 5" },
	{ .frames = "<H<w<p", .wanted = "half remote" },
	{ .frames = "<H>H<d", .wanted = "fatal 5" },
	{ .frames = "<H>H<H", .wanted = "fatal 5" },
	{ .frames = "<H>H<w", .wanted = "ignored" },
	{ .frames = "<H>H<r", .wanted = "ignored" },
	{ .frames = "<H>H<p", .wanted = "ignored" },
	/* or reset */
	{ .frames = "<h<r<d", .wanted = "ignored" },
	{ .frames = "<h<r<h", .wanted = "ignored" },
	{ .frames = "<h<r<w", .wanted = "ignored" },
	{ .frames = "<h<r>d", .wanted = "fatal 2" },
	{ .frames = "<h<r>r", .wanted = "fatal 2" },
	/* or we have */
	{ .frames = "<h>r<d", .wanted = "ignored" },
	{ .frames = "<h>r<H", .wanted = "ignored" },
	{ .frames = "<h>r<r", .wanted = "ignored" },
	{ .frames = "<h>r>d", .wanted = "fatal 2" },
	/* or have ended */
	{ .frames = "<h>H>d", .wanted = "fatal 2" },
	{ .frames = "<h>D>h", .wanted = "fatal 2" },
};

static enum stream_event event_of(char c)
{
	static const char letters[] = "hHdDrwp";

	return strchr(letters, c) - letters;
}

static void check_path(u32 i)
{
	static const char * const names[] = { "idle", "open", "half local", "half remote",
					      "closed", "reset", "closed by us" };
	struct stream_step step = { .state = STREAM_IDLE };
	const char *at = paths[i].frames;
	char got[40];

	for (; *at && step.verdict == STREAM_GOOD; at += 2)
		step = at[0] == '<' ?
		       stream_state_received(step.state, event_of(at[1]), !paths[i].of_server) :
		       stream_state_sent(step.state, event_of(at[1]));
	if (step.verdict == STREAM_GOOD)
		sprintf(got, "%s", names[step.state]);
	else if (step.verdict == STREAM_IGNORE)
		sprintf(got, "ignored");
	else
		sprintf(got, "%s %u", step.verdict == STREAM_WRONG ? "wrong" : "fatal", step.code);
	if (*at)
		sprintf(got, "too early");
	tap_is(got, paths[i].wanted, "stream state: %s", paths[i].frames);
}

/* Where a frame is the stream's error, we must be allowed to say so. */
static void check_wrong(void)
{
	struct stream_step received, sent;
	u32 state, event;
	bool good = true;

	for (state = STREAM_IDLE; state <= STREAM_CLOSED_BY_US; state++) {
		for (event = STREAM_HEADERS; event <= STREAM_PRIORITY; event++) {
			received = stream_state_received(state, event, true);
			sent = stream_state_sent(state, STREAM_RST);
			good &= received.verdict != STREAM_WRONG || sent.verdict == STREAM_GOOD;
		}
	}
	tap_ok(good, "stream state: what is wrong can be answered");
}

static void check_windows(void)
{
	struct window w, c;
	struct window_in in;

	window_init(&c, FRAME_WINDOW_DEFAULT);
	window_init(&w, 0);
	tap_ok(window_use(&w, 1000, 600) && window_left(&w, 1000) == 400, "window: 600 of 1000");
	tap_ok(!window_use(&w, 1000, 401), "window: no more than there is");
	tap_ok(window_left(&w, 100) == -500 && !window_allows(&w, 100, 10),
	       "window: the initial size shrinks");
	tap_ok(window_add(&w, 100, 501) && window_allows(&w, 100, 10) == 1,
	       "window: ... and is made good");
	tap_ok(window_allows(&w, 70000, 100000) == 69901, "window: it grows again");
	tap_ok(window_use(&w, 70000, 0), "window: nothing is never too much");
	tap_ok(!window_add(&w, FRAME_STREAM_MAX, 100), "window: more than 2^31 - 1");
	tap_ok(window_add(&w, FRAME_STREAM_MAX, 99), "window: just that");
	tap_ok(!window_overflows(&w, FRAME_STREAM_MAX), "window: ... is no overflow");
	window_init(&w, 0);
	window_add(&w, 0, 1);
	tap_ok(window_overflows(&w, FRAME_STREAM_MAX),
	       "window: an initial size that makes it too large");
	window_init(&w, 0);
	tap_ok(window_use(&w, FRAME_STREAM_MAX, FRAME_STREAM_MAX) &&
	       window_left(&w, 0) == -WINDOW_MAX, "window: the lowest that there is");
	tap_ok(window_use(&c, 0, 65535) && !window_use(&c, 0, 1), "window: of a connection");

	window_in_init(&in, 100);
	window_use(&in.window, 0, 80);
	in.taken += 30;
	tap_ok(!window_in_due(&in, 100, 50), "window: 30 are not worth a frame of 50");
	in.taken += 20;
	tap_ok(window_in_due(&in, 100, 50) == 50 && window_left(&in.window, 0) == 70,
	       "window: 50 are");
	tap_ok(!window_in_due(&in, 100, 0), "window: nothing is nothing");
	window_in_init(&in, 100);
	window_use(&in.window, 0, 100);
	in.taken = 49;
	tap_ok(!window_in_due(&in, 100, 1000), "window: less than half of it is not due");
	in.taken = 100;
	tap_ok(window_in_due(&in, 100, 1000) == 100,
	       "window: a frame is due though more would be worth it than there can be");
	window_in_init(&in, 0);
	window_use(&in.window, 1, 1);
	in.taken = 1;
	tap_ok(window_in_due(&in, 1, 1000) == 1, "window: ... of a byte");
}

static u32 how_many(struct glitches *g, const struct glitch_limits *limits, enum glitch kind,
		    u64 now, u32 most)
{
	u32 n = 0;

	while (n < most && glitches_add(g, limits, kind, now))
		n++;
	return n;
}

static void check_glitches(void)
{
	const struct glitch_limits limits = { .rate = 100, .seconds = 10 }, none = { 0 };
	struct glitches g = { 0 };
	u32 kind;

	tap_ok(how_many(&g, &limits, GLITCH_RESET, 5000, 1000) == 100,
	       "glitches: a hundred resets at once");
	tap_ok(how_many(&g, &limits, GLITCH_PRIORITY, 5999, 1000) < 100,
	       "glitches: less than a second later less than a hundred of the cheapest");
	g = (struct glitches){ 0 };
	tap_ok(how_many(&g, &limits, GLITCH_GOAWAY, 5000, 1000) == 100, "glitches: GOAWAY");
	g = (struct glitches){ 0 };
	tap_ok(how_many(&g, &limits, GLITCH_ACK, 5000, 1000) == 250,
	       "glitches: answers to no question");
	g = (struct glitches){ 0 };
	tap_ok(how_many(&g, &limits, GLITCH_INTERIM, 5000, 1000) == 250,
	       "glitches: interim responses");
	for (kind = 0; kind < GLITCH_KINDS; kind++) {
		g = (struct glitches){ 0 };
		tap_ok(how_many(&g, &limits, kind, 5000, 2000) <= 1000,
		       "glitches: %u has a price", kind);
	}
	g = (struct glitches){ 0 };
	how_many(&g, &limits, GLITCH_PING, 5000, 250);
	tap_ok(!how_many(&g, &limits, GLITCH_PING, 5010, 1),
	       "glitches: a bucket that is full");
	g = (struct glitches){ 0 };
	how_many(&g, &limits, GLITCH_PING, 5000, 250);
	tap_ok(how_many(&g, &limits, GLITCH_PING, 7000, 1000) == 50,
	       "glitches: two seconds later there is room for two hundred");
	tap_ok(how_many(&g, &limits, GLITCH_PING, 1000000000000000ULL, 1000) == 250,
	       "glitches: after a long time it is empty");
	g = (struct glitches){ 0 };
	tap_ok(how_many(&g, &none, GLITCH_RESET, 0, 100000) == 100000, "glitches: no limit");
	g = (struct glitches){ 0 };
	for (u32 ms = 0; ms < 100000; ms += 10)
		if (!glitches_add(&g, &limits, GLITCH_PRIORITY, ms))
			tap_ok(false, "glitches: what leaks as fast as it comes, at %u ms", ms);
	tap_ok(g.level <= 1000, "glitches: ... is never much");
}

void test_stream_state(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		check_path(i);
	check_wrong();
	check_windows();
	check_glitches();
}
