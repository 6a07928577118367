// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http2/mux*.c and urgency.c: what comes of frames, in any pieces; what
 * may go; two ends that talk to each other.
 */
#include <stdio.h>

#include "http2/urgency.h"
#include "mux_end.h"
#include "tap.h"
#include "unit.h"

#define E	"\x1e"
#define GET	":method: GET" E ":scheme: http" E ":path: /" E ":authority: a" E
#define POST5	":method: POST" E ":scheme: http" E ":path: /p" E ":authority: a" E \
		"content-length: 5" E
#define BAD	":method: GET" E ":scheme: http" E ":path: /" E ":authority: a" E "A: b" E
#define CONNECT	":method: CONNECT" E ":authority: a:80" E
#define SOCKET	":method: CONNECT" E ":protocol: websocket" E ":scheme: http" E ":path: /s" E \
		":authority: a" E
#define OK	":status: 200" E
#define OK5	":status: 200" E "content-length: 5" E
#define EARLY	":status: 103" E
#define TRAILER	"a: b" E

/* ---- frames of a text: words, each a frame ---- */

static void put_head(struct block_text *t, u32 len, u8 type, u8 flags, u32 id)
{
	char head[FRAME_HEAD_LEN] = { len >> 16, len >> 8, len, type, flags,
				      id >> 24, id >> 16, id >> 8, id };

	block_put(t, head, sizeof(head));
}

static void put_lines(struct block_text *t, u32 id, const char *lines, u8 flags)
{
	char block[500];
	u32 n = head2_block(lines, strlen(lines), block);

	put_head(t, n, FRAME_HEADERS, flags, id);
	block_put(t, block, n);
}

/* As many CONTINUATION as the block has bytes. */
static void put_crumbs(struct block_text *t, u32 id, const char *lines, u8 flags)
{
	char block[500];
	u32 n = head2_block(lines, strlen(lines), block), i;

	put_head(t, 0, FRAME_HEADERS, flags & ~FRAME_END_HEADERS, id);
	for (i = 0; i < n; i++) {
		put_head(t, 1, FRAME_CONTINUATION, i + 1 == n ? FRAME_END_HEADERS : 0, id);
		block_put(t, block + i, 1);
	}
}

static void put_data(struct block_text *t, u32 id, u32 len, u8 flags)
{
	put_head(t, len, FRAME_DATA, flags, id);
	while (len--)
		block_put(t, "x", 1);
}

static void put_padded(struct block_text *t, u32 id, u32 len, u8 padding)
{
	char pad = padding;

	put_head(t, 1 + len + padding, FRAME_DATA, FRAME_PADDED, id);
	block_put(t, &pad, 1);
	while (len--)
		block_put(t, "x", 1);
	while (padding--)
		block_put(t, "", 1);
}

static const struct {
	char word;
	const char *lines;
} heads[] = {
	{ 'g', GET }, { 'q', POST5 }, { 'b', BAD }, { 'c', CONNECT }, { 's', SOCKET },
	{ 't', TRAILER }, { 'o', OK }, { 'l', OK5 }, { 'e', EARLY },
};

/*
 * A word: what it is, its stream, a number, and whether it ends the stream: "g1." is a GET,
 * "d1:5" five bytes of DATA. In capitals a head is in crumbs.
 */
static void put_word(struct block_text *t, const char *word)
{
	u8 end = word[strlen(word) - 1] == '.' ? FRAME_END_STREAM : 0;
	struct frame_setting setting = { 0 };
	u32 id = 0, n = 0, i;
	char text[64];
	char *to = text;

	if (sscanf(word + 1, "%u:%u", &id, &n) < 1)
		id = 0;
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		if (word[0] == heads[i].word)
			put_lines(t, id, heads[i].lines, end | FRAME_END_HEADERS);
		if (word[0] == heads[i].word - 'a' + 'A')
			put_crumbs(t, id, heads[i].lines, end);
	}
	setting.id = id;
	setting.value = n;
	switch (word[0]) {
	case '*':
		to = span_copy(to, FRAME_PREFACE);
		break;
	case 'd':
		put_data(t, id, n, end);
		break;
	case 'D':
		put_padded(t, id, n, 20);
		break;
	case '=':
		to = frame_write_settings(to, &setting, !!id);
		break;
	case '+':
		to = frame_write_settings_ack(to);
		break;
	case 'p':
		to = frame_write_ping(to, "12345678", n);
		break;
	case 'r':
		to = frame_write_rst_stream(to, id, n);
		break;
	case 'w':
		to = frame_write_window_update(to, id, n);
		break;
	case '<':
		to = frame_write_goaway(to, id, n);
		break;
	case 'i':
		put_head(t, 5, FRAME_PRIORITY, 0, id);
		block_put(t, n ? "\0\0\0\1\1" : "\0\0\0\0\1", 5);
		break;
	case 'u':
		put_head(t, 7, FRAME_PRIORITY_UPDATE, 0, 0);
		block_put(t, (char[]){ 0, 0, 0, id }, 4);
		block_put(t, "u=1", 3);
		break;
	case '?':
		put_head(t, 3, 0x77, 0, id);
		block_put(t, "abc", 3);
		break;
	case 'm':
		put_lines(t, id, GET, FRAME_END_STREAM);
		break;
	}
	block_put(t, text, to - text);
}

static struct block_text frames_of(const char *words)
{
	struct block_text t = { 0 };
	char word[40];
	int n;

	for (; sscanf(words, "%39s%n", word, &n) == 1; words += n)
		put_word(&t, word);
	return t;
}

/* What it answers, as text. */
static char *told(struct block_text out, bool client)
{
	struct span in = { out.p, out.len }, before;
	struct block_text t = { 0 };
	struct frame_reader r;
	enum frame_event event;

	if (client)
		in = span_from(in, FRAME_PREFACE.len);
	frame_reader_init(&r, !client);
	do {
		before = in;
		event = frame_next(&r, &in);
		before.len -= in.len;
		if (event != FRAME_MORE)
			frames_put_event(&t, &r, event, before);
	} while (event != FRAME_MORE && event != FRAME_ERROR);
	return t.p;
}

/* What is said of frames, and what of it this shows. */
struct reading {
	const char *words, *said, *what;
};

static const struct reading server_cases[] = {
	{ "* = g1.", "answer begun open(1) head(1, /) end(1) ", "a request" },
	{ "* = G1.", "answer begun open(1) head(1, /) end(1) ", "a request in crumbs" },
	{ "* = q1 d1:2 d1:3.", "answer begun open(1) head(1, /p) xxxxxend(1) ",
	  "a request with a body" },
	{ "* = q1 D1:5 d1:0.", "answer begun open(1) head(1, /p) xxxxxend(1) ", "padding" },
	{ "* = q1 d1:5 t1.", "answer begun open(1) head(1, /p) xxxxxtrailers(1, 1) end(1) ",
	  "trailers" },
	{ "* = q1 d1:5 t1", "answer begun open(1) head(1, /p) xxxxxmalformed(1, 1) ",
	  "trailers that are no end" },
	{ "* = q1 d1:6", "answer begun open(1) head(1, /p) wrong(1, 1) ",
	  "more than the content-length" },
	{ "* = q1 d1:4.", "answer begun open(1) head(1, /p) xxxxwrong(1, 1) ",
	  "less than the content-length" },
	{ "* = q1 d1:4 t1.", "answer begun open(1) head(1, /p) xxxxwrong(1, 1) ",
	  "less than that before trailers" },
	{ "* = b1. g3.", "answer begun open(1) malformed(1, 1) open(3) head(3, /) end(3) ",
	  "a malformed request is its stream's error" },
	{ "* = c1 d1:3", "answer begun open(1) head(1, ) xxx", "CONNECT has a tunnel" },
	{ "* = s1 d1:3", "answer begun open(1) extended(1, /s) xxx", "so has its extension" },
	{ "* g1.", "error(1) ", "a first frame that is not SETTINGS" },
	{ "* +", "error(1) ", "a first frame that acknowledges" },
	{ "*x", "", "a preface that is not whole" },
	{ "= g1.", "error(1) ", "no preface" },
	{ "* = g2.", "answer begun error(1) ", "an even number" },
	{ "* = g5. g3.", "answer begun open(5) head(5, /) end(5) error(1) ",
	  "a number that was passed over" },
	{ "* = d1:3", "answer begun error(1) ", "DATA of an idle stream" },
	{ "* = r1:8", "answer begun error(1) ", "RST_STREAM of an idle stream" },
	{ "* = w1:8", "answer begun error(1) ", "WINDOW_UPDATE of an idle stream" },
	{ "* = w2:8", "answer begun error(1) ", "and of one that nobody may begin" },
	{ "* = i1 i3", "answer begun ", "PRIORITY of an idle stream" },
	{ "* = g1. d1:3", "answer begun open(1) head(1, /) end(1) wrong(1, 5) ",
	  "DATA behind the end" },
	{ "* = g1. g1.", "answer begun open(1) head(1, /) end(1) unwanted wrong(1, 5) ",
	  "HEADERS behind the end" },
	{ "* = q1 r1:8 d1:5. g3.", "answer begun open(1) head(1, /p) reset(1, 8) open(3) "
	  "head(3, /) end(3) ", "RST_STREAM, and what comes behind it" },
	{ "* = p w0:500", "answer begun answer ", "PING, and a window that was not closed" },
	{ "* = p0:1", "answer begun ", "an answer that nobody asked for" },
	{ "* = +", "answer begun ", "our SETTINGS are acknowledged" },
	{ "* = =4:100 =4:200", "answer begun answer answer window(0) ",
	  "the initial window shrinks, and grows" },
	{ "* = =4:2147483648", "answer begun error(3) ", "a window that is too large" },
	{ "* = w0:2147483647", "answer begun error(3) ", "likewise of the connection" },
	{ "* = q1 w1:2147483647", "answer begun open(1) head(1, /p) wrong(1, 3) ",
	  "likewise of a stream" },
	{ "* = q1 =4:65536 w1:2147418111 =4:65537 w1:1",
	  "answer begun open(1) head(1, /p) answer window(0) window(1) answer window(0) "
	  "error(3) ", "a window made too large by a new initial one" },
	{ "* = w0:0", "answer begun error(1) ", "an increment of 0" },
	{ "* = q1 w1:0", "answer begun open(1) head(1, /p) wrong(1, 1) ",
	  "likewise of a stream" },
	{ "* = =2:1 =2:0", "answer begun answer answer ", "a client may allow push" },
	{ "* = =2:2", "answer begun error(1) ", "but not so" },
	{ "* = =8:1 =8:0", "answer begun answer error(1) ", "what cannot be taken back" },
	{ "* = ?0 ?1 ?2", "answer begun ", "frames of unknown types" },
	{ "* = m1 d1:1", "answer begun open(1) error(1) ", "a block that is interrupted" },
	{ "* = m1 ?1", "answer begun open(1) error(1) ", "even by nothing" },
	{ "* = q1 i1:1", "answer begun open(1) head(1, /p) wrong(1, 1) ",
	  "a stream that depends on itself" },
	{ "* = q1 u1 u3", "answer begun open(1) head(1, /p) priority(1, u=1) ",
	  "PRIORITY_UPDATE, also of an idle one" },
	{ "* = q1 <0:0 d1:5.", "answer begun open(1) head(1, /p) goaway(0, 0) xxxxxend(1) ",
	  "GOAWAY of a client ends nothing" },
	{ "* = g1. g3. g5. g7. g9. g11. g13. g15. g17. g19. g21. r1:8 g23.",
	  "answer begun open(1) head(1, /) end(1) open(3) head(3, /) end(3) open(5) "
	  "head(5, /) end(5) open(7) head(7, /) end(7) open(9) head(9, /) end(9) open(11) "
	  "head(11, /) end(11) open(13) head(13, /) end(13) open(15) head(15, /) end(15) "
	  "open(17) head(17, /) end(17) open(19) head(19, /) end(19) unwanted "
	  "wrong(21, 7, none) reset(1, 8) open(23) head(23, /) end(23) ",
	  "more streams than there may be" },
};

/* As of a client that has asked for GET on stream 1, and for POST on 3, not all of it. */
static const struct reading client_cases[] = {
	{ "= o1.", "answer begun head(1, 200) end(1) ", "a response" },
	{ "= l1 d1:5.", "answer begun head(1, 200) xxxxxend(1) ", "with a body" },
	{ "= e1 e1 l1 d1:5 t1.", "answer begun head(1, 103) head(1, 103) head(1, 200) "
	  "xxxxxtrailers(1, 1) end(1) ", "interim ones, trailers" },
	{ "= e1.", "answer begun malformed(1, 7) ", "an interim one that is all" },
	{ "= d1:5", "answer begun wrong(1, 1) ", "a body without a head" },
	{ "= e1 d1:5", "answer begun head(1, 103) wrong(1, 1) ", "or with an interim one" },
	{ "= g1.", "answer begun malformed(1, 7) ", "a request is no response" },
	{ "= o5.", "answer begun error(1) ", "a response that nobody asked for" },
	{ "= o2.", "answer begun error(1) ", "a stream that a server begins" },
	{ "= r2:0", "answer begun error(1) ", "an end of such a one" },
	{ "= l1 d1:2.", "answer begun head(1, 200) xxwrong(1, 1) ", "a short body" },
	{ "= o3. w3:100 w3:100", "answer begun head(3, 200) end(3) window(3) window(3) ",
	  "a response before all of the request has gone" },
	{ "= r3:0 d3:1", "answer begun reset(3, 0) ", "no more of the request is wanted" },
	{ "= <1:0 o1. <3:0", "answer begun goaway(1, 0) head(1, 200) end(1) goaway(1, 0) ",
	  "GOAWAY, whose number does not grow" },
	{ "= =2:1", "answer begun error(1) ", "a server cannot allow push" },
	{ "= p", "answer begun answer ", "PING" },
	{ "= u1", "answer begun error(1) ", "a server has no PRIORITY_UPDATE" },
};

static void begin_client(struct mux_end *e)
{
	struct mux_end_stream *get, *post;

	mux_end_init(e, false, &mux_end_options);
	get = mux_end_new(e);
	post = mux_end_new(e);
	mux_end_send_block(e, &get->s, GET, strlen(GET), true);
	mux_end_send_block(e, &post->s, POST5, strlen(POST5), false);
}

static void begin_server(struct mux_end *e)
{
	mux_end_init(e, true, &mux_end_options);
}

static void is_read(void (*begin)(struct mux_end *e), const struct reading *r)
{
	static const u32 steps[] = { 100000, 1, 7 };
	struct block_text in = frames_of(r->words);
	struct mux_end e;
	u32 i;

	for (i = 0; i < 3; i++) {
		begin(&e);
		mux_end_take(&e, (struct span){ in.p, in.len }, steps[i]);
		tap_is(e.said.p, r->said, "to a %s: %s, in pieces of %u",
		       e.m.server ? "server" : "client", r->what, steps[i]);
		mux_end_exit(&e);
	}
	free(in.p);
}

static void test_reading(void)
{
	u32 i;

	for (i = 0; i < sizeof(server_cases) / sizeof(*server_cases); i++)
		is_read(begin_server, &server_cases[i]);
	for (i = 0; i < sizeof(client_cases) / sizeof(*client_cases); i++)
		is_read(begin_client, &client_cases[i]);
}

/* Whoever answers what is malformed hears no more of it but its end. */
static void test_malformed(void)
{
	static const struct {
		const char *words, *said;
	} cases[] = {
		{ "b1 g1. g3.", "malformed(1, 1) unwanted end(1) open(3) head(3, /) end(3) " },
		{ "b1 d1:5 d1:9. p", "malformed(1, 1) end(1) answer " },
		{ "b1 g1 r1:8", "malformed(1, 1) unwanted reset(1, 8) " },
		{ "b1. d1:1", "malformed(1, 1) end(1) wrong(1, 5) " },
	};
	struct block_text in;
	struct mux_end e;
	u32 i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		mux_end_init(&e, true, &mux_end_options);
		e.patient = true;
		in = frames_of("* =");
		mux_end_take(&e, (struct span){ in.p, in.len }, 1);
		free(in.p);
		e.said.len = 0;
		in = frames_of(cases[i].words);
		mux_end_take(&e, (struct span){ in.p, in.len }, 5);
		free(in.p);
		tap_is(e.said.p + strlen("open(1) "), cases[i].said, "malformed: %s",
		       cases[i].words);
		mux_end_exit(&e);
	}
}

/* ---- what is answered ---- */

static void is_answered(const char *words, const char *answer, const char *what)
{
	const char *begin = "3=10 9=1 8=1 6=8000 settings ";
	struct block_text in = frames_of(words), t = { 0 };
	struct mux_end e;
	char *got;

	mux_end_init(&e, true, &mux_end_options);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	got = told(e.out, false);
	block_put(&t, begin, strlen(begin));
	block_put(&t, answer, strlen(answer));
	tap_is(got, t.p, "%s", what);
	free(got);
	free(t.p);
	free(in.p);
	mux_end_exit(&e);
}

static void test_answers(void)
{
	struct mux_options large = mux_end_options;
	struct block_text in;
	struct mux_end e;
	char *got;

	is_answered("* =", "settings-ack ", "SETTINGS are acknowledged");
	in = frames_of("* =5:65536");
	mux_end_init(&e, true, &mux_end_options);
	mux_end_take(&e, (struct span){ in.p, in.len - 1 }, 100000);
	tap_ok(e.m.peer_frame == FRAME_SIZE_MIN, "they do not hold before all are there");
	mux_end_take(&e, (struct span){ in.p + in.len - 1, 1 }, 1);
	tap_ok(e.m.peer_frame == 65536, "and hold when they are acknowledged");
	mux_end_exit(&e);
	free(in.p);
	is_answered("* = p p", "settings-ack ping-ack(12345678) ping-ack(12345678) ",
		    "each PING is answered");
	is_answered("* = b1.", "settings-ack rst(1, 1) ", "what is malformed is reset");
	is_answered("* = g1. g5. g3.", "settings-ack goaway(5, 1) ",
		    "an error of the connection names the last stream");
	is_answered("* = q1 d1:6 d1:6", "settings-ack rst(1, 1) ",
		    "what is reset is reset once");
	large.window = 1 << 20;
	large.stream_window = 1 << 18;
	mux_end_init(&e, false, &large);
	got = told(e.out, true);
	tap_is(got, "2=0 4=262144 6=8000 settings window(0, 983041) ", "how a client begins");
	free(got);
	mux_end_exit(&e);
}

/* ---- windows ---- */

/* @n bytes of DATA, in frames that are as large as they may be. */
static void put_much(struct block_text *t, u32 id, u32 n)
{
	u32 len;

	for (; n; n -= len) {
		len = n < FRAME_SIZE_MIN ? n : FRAME_SIZE_MIN;
		put_data(t, id, len, 0);
	}
}

static void test_windows_in(void)
{
	struct block_text in = frames_of("* = + c1 c3");
	struct mux_end e;

	mux_end_init(&e, true, &mux_end_options);
	e.quiet = true;
	e.keeps = true;
	put_much(&in, 1, 65535);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	tap_ok(!e.over && e.out.len, "a stream may fill its window");
	in.len = 0;
	put_data(&in, 1, 1, 0);
	e.quiet = false;
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	tap_is(e.said.p, "error(3) ", "a byte more than the connection's is its error");
	mux_end_exit(&e);
	free(in.p);

	in = frames_of("* = + c1 c3");
	mux_end_init(&e, true, &mux_end_options);
	e.keeps = true;
	e.quiet = true;
	put_much(&in, 1, 65535);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	/* A place was found for it: what other streams may send is not its matter. */
	mux_end_update(&e, NULL);
	in.len = 0;
	put_data(&in, 1, 1, 0);
	put_data(&in, 3, 7, 0);
	e.quiet = false;
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	tap_is(e.said.p, "wrong(1, 3) xxxxxxx", "a byte more than the stream's is its error");
	mux_end_exit(&e);
	free(in.p);
}

/* What comes of streams that are gone takes nothing of the connection's window for good. */
static void test_window_of_nobody(void)
{
	struct block_text in = frames_of("* = + c1 r1:8");
	struct mux_end e;
	u32 i;

	mux_end_init(&e, true, &mux_end_options);
	e.m.options.glitches.rate = 0;
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	in.len = 0;
	put_data(&in, 1, 16384, 0);
	put_padded(&in, 1, 10, 20);
	for (i = 0; i < 100 && !e.over; i++) {
		mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
		mux_end_update(&e, NULL);
	}
	tap_ok(!e.over, "DATA of streams that are gone is let go again");
	free(in.p);
	mux_end_exit(&e);
}

static void test_windows_out(void)
{
	struct block_text in = frames_of("* =4:10 g1. g3.");
	struct mux_end_stream *one, *three;
	struct mux_end e;
	u32 i;

	mux_end_init(&e, true, &mux_end_options);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	one = container_of(mux_find(&e.m, 1), struct mux_end_stream, s);
	three = container_of(mux_find(&e.m, 3), struct mux_end_stream, s);
	mux_end_send_block(&e, &one->s, OK, strlen(OK), false);
	mux_end_send_block(&e, &three->s, OK, strlen(OK), false);
	tap_ok(mux_end_send_data(&e, &one->s, 100, true) == 10, "no more than the initial window");
	tap_ok(!mux_allows(&e.m, &one->s, 1), "and then nothing");
	in = frames_of("=4:4");
	mux_end_take(&e, (struct span){ in.p, in.len }, 1);
	free(in.p);
	tap_ok(mux_allows(&e.m, &three->s, 100) == 4, "a smaller one holds for all streams");
	in = frames_of("w1:6");
	mux_end_take(&e, (struct span){ in.p, in.len }, 1);
	free(in.p);
	tap_ok(!mux_allows(&e.m, &one->s, 1), "and is made up for first");
	in = frames_of("w1:70000 w3:70000");
	mux_end_take(&e, (struct span){ in.p, in.len }, 1);
	free(in.p);
	tap_ok(mux_allows(&e.m, &one->s, 100000) == FRAME_SIZE_MIN, "a frame at a time");
	for (i = 0; i < 10; i++)
		mux_end_send_data(&e, &one->s, 100000, false);
	tap_ok(one->sent == 65535 && !mux_allows(&e.m, &three->s, 1),
	       "all streams together have the connection's window");
	mux_end_exit(&e);
}

/* ---- floods ---- */

/* Of the glitches that a connection may have, less its first SETTINGS. */
#define SPENDABLE	(100 * 10 - 4)

/* How often @words can be said until it is too much. */
static u32 endures(const char *first, const char *words)
{
	struct block_text in = frames_of(first);
	struct mux_end e;
	u32 n = 0;

	mux_end_init(&e, true, &mux_end_options);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	in = frames_of(words);
	for (; n < 5000 && !e.over; n++)
		mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	if (e.over && !(e.m.flooded && e.m.code == FRAME_ENHANCE_YOUR_CALM))
		n = 0;
	free(in.p);
	mux_end_exit(&e);
	return n;
}

static void test_floods(void)
{
	static const struct {
		const char *words, *what;
		u32 price;
	} floods[] = {
		{ "p", "PING", 4 }, { "=", "SETTINGS", 4 }, { "=1:4096", "settings", 5 },
		{ "i1", "PRIORITY", 1 }, { "u1", "PRIORITY_UPDATE", 1 },
		{ "w0:1", "little windows", 1 }, { "d1:0", "empty DATA", 4 },
		{ "d1:1", "dribbled DATA", 1 }, { "?1", "unknown frames", 1 },
		{ "<0:0", "GOAWAY", 10 }, { "p0:1", "answers to no PING", 4 },
	};
	u32 i, n;

	for (i = 0; i < sizeof(floods) / sizeof(*floods); i++) {
		n = endures("* = c1 +", floods[i].words);
		tap_ok(n == SPENDABLE / floods[i].price + 1, "so many %s are a flood: %u",
		       floods[i].what, n);
	}
	tap_ok(endures("* = c1 +", "w0:300 d1:300") == 5000, "what is useful is none");
}

static bool refusing;

/* Requests that are reset at once, again and again. CVE-2023-44487, CVE-2025-8671 */
static u32 resets(const char *format)
{
	struct mux_end e;
	struct block_text in = frames_of("* =");
	char words[80];
	u32 n = 0;

	mux_end_init(&e, true, &mux_end_options);
	e.refuses = refusing;
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	for (; n < 5000 && !e.over; n++) {
		snprintf(words, sizeof(words), format, 2 * n + 1, 2 * n + 1);
		in = frames_of(words);
		mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
		free(in.p);
	}
	n = e.m.flooded ? n : 0;
	mux_end_exit(&e);
	return n;
}

static void test_rapid_reset(void)
{
	tap_ok(resets("g%u. r%u:8") == SPENDABLE / 10 + 1, "requests that are reset are a flood");
	tap_ok(resets("q%u d%u:6") == SPENDABLE / 10 + 1, "so are those that we are made to reset");
	tap_ok(resets("q%u w%u:2147483647") == SPENDABLE / 10 + 1, "by their windows as well");
	tap_ok(resets("b%u.") == SPENDABLE / 10 + 1, "or because they are malformed");
	refusing = true;
	tap_ok(resets("g%u.") == SPENDABLE + 1, "those that we refuse are no great fault");
	refusing = false;
}

/* ---- the end of a connection ---- */

static void test_goaway(void)
{
	struct block_text in = frames_of("* = g1.");
	char text[FRAME_GOAWAY_LEN];
	struct mux_end e;

	mux_end_init(&e, true, &mux_end_options);
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	e.said.len = 0;
	mux_end_write(&e, text, mux_write_goaway(&e.m, FRAME_NO_ERROR, true, text));
	in = frames_of("g3.");
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	mux_end_write(&e, text, mux_write_goaway(&e.m, FRAME_NO_ERROR, false, text));
	in = frames_of("q5 d5:5 d5:9 r5:0 p");
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	free(in.p);
	tap_is(e.said.p, "open(3) head(3, /) end(3) unwanted answer ",
	       "what begins between two GOAWAY is looked at, what begins later is not");
	mux_end_exit(&e);
}

/* 6.8: whatever its number is, whoever sends it wants no more. */
static void test_goaway_of_server(void)
{
	struct block_text in = frames_of("= <2147483647:0");
	struct mux_end e;

	begin_client(&e);
	tap_ok(mux_may_open(&e.m), "a client may begin streams");
	mux_end_take(&e, (struct span){ in.p, in.len }, 100000);
	tap_ok(!mux_may_open(&e.m), "until GOAWAY has come");
	mux_end_exit(&e);
	free(in.p);
}

/* One that is reset while its head, or its trailers, are read, and forgotten later. */
static void test_reset_meanwhile(void)
{
	struct block_text in = frames_of("* = Q1 d1:5 T1. g3.");
	struct span bytes = { in.p, in.len };
	struct mux_end e;
	bool good = true;
	char text[20];
	u32 n;

	for (n = 1; n < in.len && good; n++) {
		mux_end_init(&e, true, &mux_end_options);
		mux_end_take(&e, (struct span){ bytes.p, n }, 100000);
		if (mux_find(&e.m, 1)) {
			mux_write_reset(&e.m, mux_find(&e.m, 1), 1, FRAME_CANCEL, text);
			e.said.len = 0;
			mux_end_take(&e, span_from(bytes, n), 100000);
			good = !strcmp(e.said.p, "open(3) head(3, /) end(3) ") ||
			       !strcmp(e.said.p, "head(3, /) end(3) ") ||
			       !strcmp(e.said.p, "end(3) ") || mux_find(&e.m, 3);
			good = good && !mux_sends(mux_find(&e.m, 1)) && !e.over;
		}
		mux_end_exit(&e);
	}
	tap_ok(good, "and reset at any byte (%u)", n);
	free(in.p);
}

/* A stream that its owner gives up while its trailers are read. */
static void test_forgotten(void)
{
	struct block_text in = frames_of("* = q1 d1:5 T1. g3.");
	struct span bytes = { in.p, in.len };
	struct mux_end e;
	u32 n;

	for (n = 1; n < in.len; n++) {
		mux_end_init(&e, true, &mux_end_options);
		mux_end_take(&e, (struct span){ bytes.p, n }, 100000);
		if (mux_find(&e.m, 1))
			mux_end_reset(&e, mux_find(&e.m, 1), 1, FRAME_CANCEL);
		mux_end_take(&e, span_from(bytes, n), 100000);
		if (e.over || !mux_find(&e.m, 3))
			break;
		mux_end_exit(&e);
	}
	tap_ok(n == in.len, "a stream may be given up at any byte (%u)", n);
	free(in.p);
}

/* ---- two ends ---- */

/* One step of an end: something of a stream of its own goes. */
static void act_at_random(struct mux_end *e)
{
	u32 n = tap_random(8), i = e->m.nstreams ? tap_random(e->m.nstreams) : 0;
	struct mux_end_stream *st = e->streams;

	if (!e->m.server && !n && mux_may_open(&e->m) && e->m.nstreams < 10) {
		st = mux_end_new(e);
		mux_end_send_block(e, &st->s, CONNECT, strlen(CONNECT), !tap_random(9));
		return;
	}
	while (i-- && st)
		st = st->next;
	if (!st)
		return;
	if (n == 1 && !tap_random(5))
		mux_end_reset(e, &st->s, st->s.id, FRAME_CANCEL);
	else if (!mux_sends(&st->s))
		return;
	else if (e->m.server && !st->sent && n == 2 && !tap_random(3))
		mux_end_send_block(e, &st->s, EARLY, strlen(EARLY), false);
	else if (e->m.server && !st->sent)
		mux_end_send_block(e, &st->s, OK, strlen(OK), st->sent++ && false);
	else
		mux_end_send_data(e, &st->s, tap_random(40000), !tap_random(6));
	if (e->streams == st)
		mux_end_forget_closed(e, &st->s);
}

/* What one has for the other, in pieces. */
static void carry(struct mux_end *from, struct mux_end *to)
{
	struct block_text out = mux_end_sends(from);

	mux_end_take(to, (struct span){ out.p, out.len }, 1 + tap_random(20000));
	free(out.p);
}

static void test_two_ends(void)
{
	struct mux_options o = mux_end_options;
	struct mux_end client, server;
	u32 i;

	o.glitches.rate = 0;
	mux_end_init(&client, false, &o);
	mux_end_init(&server, true, &o);
	client.quiet = true;
	server.quiet = true;
	for (i = 0; i < 20000 && !client.over && !server.over; i++) {
		act_at_random(&client);
		act_at_random(&server);
		if (!tap_random(3))
			carry(&client, &server);
		if (!tap_random(3))
			carry(&server, &client);
	}
	tap_ok(!client.over && !server.over, "two ends understand each other: %u", i);
	tap_ok(server.nstreams_max == 10, "with as many streams as there may be");
	tap_ok(client.m.opened > 1000, "one after the other: %u", client.m.opened);
	mux_end_exit(&client);
	mux_end_exit(&server);
}

/* ---- urgency ---- */

static void is_urgent(const char *value, u8 level, bool incremental)
{
	struct urgency is = urgency_parse((struct span){ value, strlen(value) });

	tap_ok(is.level == level && is.incremental == incremental, "priority: %s", value);
}

static void test_urgency_values(void)
{
	is_urgent("", 3, true);
	is_urgent("u=0", 0, false);
	is_urgent("u=7, i", 7, true);
	is_urgent(" i , u=1 ", 1, true);
	is_urgent("i=?0", 3, false);
	is_urgent("i=?1;x=y,u=2;q", 2, true);
	is_urgent("u=8", 3, false);
	is_urgent("u=-1,u=5", 5, false);
	is_urgent("u=55", 3, false);
	is_urgent("a=\"u=1, i\", u=4", 4, false);
	is_urgent("a=\"\\\", u=1\"", 3, false);
	is_urgent("a=\"", 3, false);
	is_urgent("U=1", 3, false);
	is_urgent("i=1", 3, false);
}

static void test_urgency_turns(void)
{
	static const struct urgency is[] = {
		{ 3, true }, { 3, true }, { 3, false }, { 1, false }, { 5, true },
	};
	struct urgency_entry e[5], *next;
	struct urgency_queue q;
	char order[20];
	u32 i, n = 0;

	urgency_queue_init(&q);
	tap_ok(!urgency_next(&q), "nobody has a turn");
	for (i = 0; i < 5; i++) {
		urgency_entry_init(&e[i], is[i]);
		urgency_add(&q, &e[i]);
		urgency_add(&q, &e[i]);
	}
	for (i = 0; i < 11; i++) {
		next = urgency_next(&q);
		order[n++] = '0' + (next - e);
		urgency_turn_over(&q, next);
		if (i == 1)
			urgency_remove(&q, &e[3]);
		if (i == 6)
			urgency_remove(&q, &e[2]);
		if (i == 8)
			urgency_change(&q, &e[1], (struct urgency){ 6, true });
		if (i == 9)
			urgency_remove(&q, &e[0]);
	}
	order[n] = '\0';
	tap_is(order, "33012220104", "who has a turn when");
	urgency_remove(&q, &e[4]);
	urgency_remove(&q, &e[4]);
	tap_ok(urgency_next(&q) == &e[1], "what was changed is in its new place");
	urgency_remove(&q, &e[1]);
	tap_ok(!urgency_next(&q) && !q.busy, "nobody is left");
}

void test_mux(void)
{
	test_reading();
	test_malformed();
	test_answers();
	test_windows_in();
	test_window_of_nobody();
	test_windows_out();
	test_floods();
	test_rapid_reset();
	test_goaway();
	test_goaway_of_server();
	test_forgotten();
	test_reset_meanwhile();
	test_two_ends();
	test_urgency_values();
	test_urgency_turns();
}
