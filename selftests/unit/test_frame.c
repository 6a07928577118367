// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http2/frame.c and frame_write.c: each row whole, and byte by byte. */
#include <stdio.h>
#include <linux/kernel.h>

#include "frames.h"
#include "tap.h"
#include "unit.h"

/* A frame's head: length, type, flags, stream. */
#define F(len, type, flags, stream) \
	"\0\0" len type flags "\0\0\0" stream
#define SETTINGS	F("\0", "\4", "\0", "\0")

static const struct row {
	const char *bytes;
	u32 len;
	const char *wanted;
	bool of_server;
} rows[] = {
#define ROW(frames, said, ...) \
	{ .bytes = SETTINGS frames, .len = sizeof(SETTINGS frames) - 1, .wanted = said, \
	  ##__VA_ARGS__ }
	/* DATA: 6.1 */
	ROW(F("\3", "\0", "\0", "\1") "abc", "data(1, 3 of 3)=abc. "),
	ROW(F("\3", "\0", "\1", "\1") "abc", "data(1, 3 of 3, end)=abc. "),
	ROW(F("\0", "\0", "\1", "\1"), "data(1, 0 of 0, end)=. "),
	ROW(F("\6", "\0", "\x8", "\1") "\002abc\0\0", "data(1, 3 of 6)=abc. "),
	ROW(F("\6", "\0", "\x8", "\1") "\005abc\0\0", "data(1, 0 of 6)=. "),
	ROW(F("\6", "\0", "\x8", "\1") "\006abc\0\0", "error(1)"),
	ROW(F("\1", "\0", "\x8", "\1") "\0", "data(1, 0 of 1)=. "),
	ROW(F("\1", "\0", "\x8", "\1") "\1", "error(1)"),
	ROW(F("\0", "\0", "\x8", "\1"), "error(6)"),
	ROW(F("\1", "\0", "\0", "\0") "a", "error(1)"),
	ROW(F("\2", "\0", "\x20", "\1") "ab", "data(1, 2 of 2)=ab. "),
	ROW("\0\x40\0\0\0\0\0\0\1", "data(1, 16384 of 16384)="),
	ROW("\0\x40\1\0\0\0\0\0\1", "error(6)"),
	ROW("\xff\xff\xff\0\0\0\0\0\1", "error(6)"),
	/* the reserved bit is ignored */
	ROW("\0\0\1\0\0\x80\0\0\001a", "data(1, 1 of 1)=a. "),
	/* HEADERS, CONTINUATION: 6.2, 6.10 */
	ROW(F("\2", "\1", "\4", "\3") "ab", "headers(3, 2 of 2, whole)=ab. "),
	ROW(F("\2", "\1", "\5", "\3") "ab", "headers(3, 2 of 2, end, whole)=ab. "),
	ROW(F("\2", "\1", "\1", "\3") "ab" F("\0", "\x9", "\0", "\3") F("\1", "\x9", "\5", "\3")
	    "c", "headers(3, 2 of 2, end)=ab. more(3, 0 of 0)=. more(3, 1 of 1, whole)=c. "),
	ROW(F("\x9", "\1", "\x2c", "\3") "\2\0\0\0\1\020a\0\0",
	    "headers(3, 1 of 9, whole)=a. "),
	ROW(F("\x6", "\1", "\x24", "\3") "\x80\0\0\3\020a",
	    "headers(3, 1 of 6, whole, of itself)=a. "),
	ROW(F("\x4", "\1", "\x24", "\3") "\0\0\0\1", "error(6)"),
	ROW(F("\x5", "\1", "\x2c", "\3") "\0\0\0\0\1", "error(6)"),
	ROW(F("\x6", "\1", "\x2c", "\3") "\1\0\0\0\1\1", "error(1)"),
	ROW(F("\2", "\1", "\4", "\0") "ab", "error(1)"),
	ROW(F("\2", "\1", "\0", "\3") "ab" F("\1", "\x9", "\4", "\5") "c",
	    "headers(3, 2 of 2)=ab. error(1)"),
	ROW(F("\2", "\1", "\0", "\3") "ab" F("\1", "\0", "\0", "\3") "c",
	    "headers(3, 2 of 2)=ab. error(1)"),
	ROW(F("\2", "\1", "\0", "\3") "ab" F("\1", "\x77", "\0", "\3") "c",
	    "headers(3, 2 of 2)=ab. error(1)"),
	ROW(F("\2", "\1", "\0", "\3") "ab" F("\2", "\1", "\4", "\3") "ab",
	    "headers(3, 2 of 2)=ab. error(1)"),
	ROW(F("\1", "\x9", "\4", "\3") "c", "error(1)"),
	ROW(F("\2", "\1", "\4", "\3") "ab" F("\1", "\x9", "\4", "\3") "c",
	    "headers(3, 2 of 2, whole)=ab. error(1)"),
	/* PRIORITY: 6.3 */
	ROW(F("\5", "\2", "\0", "\3") "\0\0\0\1\x10", "priority(3) "),
	ROW(F("\5", "\2", "\0", "\3") "\0\0\0\3\x10" F("\0", "\0", "\1", "\3"),
	    "wrong(3, 1) data(3, 0 of 0, end)=. "),
	ROW(F("\4", "\2", "\0", "\3") "\0\0\0\1" F("\0", "\0", "\1", "\3"),
	    "wrong(3, 6) data(3, 0 of 0, end)=. "),
	ROW(F("\5", "\2", "\0", "\0") "\0\0\0\1\x10", "error(1)"),
	/* RST_STREAM: 6.4 */
	ROW(F("\4", "\3", "\0", "\3") "\0\0\0\x8", "rst(3, 8) "),
	ROW(F("\4", "\3", "\0", "\0") "\0\0\0\x8", "error(1)"),
	ROW(F("\3", "\3", "\0", "\3") "\0\0\0", "error(6)"),
	ROW(F("\5", "\3", "\0", "\3") "\0\0\0\0\0", "error(6)"),
	/* SETTINGS: 6.5 */
	ROW(F("\0", "\4", "\1", "\0"), "settings-ack "),
	ROW(F("\6", "\4", "\1", "\0") "\0\1\0\0\0\0", "error(6)"),
	ROW(F("\5", "\4", "\0", "\0") "\0\1\0\0\0", "error(6)"),
	ROW(F("\0", "\4", "\0", "\1"), "error(1)"),
	ROW(F("\xc", "\4", "\0", "\0") "\0\1\0\0\x10\0\0\4\x7f\xff\xff\xff",
	    "1=4096 4=2147483647 settings "),
	ROW(F("\6", "\4", "\0", "\0") "\0\4\x80\0\0\0", "error(3)"),
	ROW(F("\6", "\4", "\0", "\0") "\0\5\0\0\x3f\xff", "error(1)"),
	ROW(F("\6", "\4", "\0", "\0") "\0\5\0\0\x40\0", "5=16384 settings "),
	ROW(F("\6", "\4", "\0", "\0") "\0\5\0\xff\xff\xff", "5=16777215 settings "),
	ROW(F("\6", "\4", "\0", "\0") "\0\5\1\0\0\0", "error(1)"),
	ROW(F("\6", "\4", "\0", "\0") "\0\2\0\0\0\1", "2=1 settings "),
	ROW(F("\6", "\4", "\0", "\0") "\0\2\0\0\0\2", "error(1)"),
	ROW(F("\6", "\4", "\0", "\0") "\0\2\0\0\0\1", "error(1)", .of_server = true),
	ROW(F("\6", "\4", "\0", "\0") "\0\2\0\0\0\0", "2=0 settings ", .of_server = true),
	ROW(F("\6", "\4", "\0", "\0") "\0\x8\0\0\0\2", "error(1)"),
	ROW(F("\6", "\4", "\0", "\0") "\0\x9\0\0\0\2", "error(1)"),
	ROW(F("\6", "\4", "\0", "\0") "\xff\xff\xff\xff\xff\xff", "65535=4294967295 settings "),
	/* PUSH_PROMISE: 6.6 */
	ROW(F("\4", "\5", "\4", "\1") "\0\0\0\2", "error(1)"),
	ROW(F("\4", "\5", "\4", "\1") "\0\0\0\2", "error(1)", .of_server = true),
	/* PING: 6.7 */
	ROW(F("\x8", "\6", "\0", "\0") "pingpong", "ping(pingpong) "),
	ROW(F("\x8", "\6", "\1", "\0") "pingpong", "ping-ack(pingpong) "),
	ROW(F("\7", "\6", "\0", "\0") "pingpon", "error(6)"),
	ROW(F("\x9", "\6", "\0", "\0") "pingpongs", "error(6)"),
	ROW(F("\x8", "\6", "\0", "\1") "pingpong", "error(1)"),
	/* GOAWAY: 6.8 */
	ROW(F("\x8", "\7", "\0", "\0") "\x80\0\0\5\0\0\0\2", "goaway(5, 2) "),
	ROW(F("\xb", "\7", "\0", "\0") "\0\0\0\5\0\0\0\2why" F("\0", "\0", "\1", "\3"),
	    "goaway(5, 2) data(3, 0 of 0, end)=. "),
	ROW(F("\7", "\7", "\0", "\0") "\0\0\0\5\0\0\0", "error(6)"),
	ROW(F("\x8", "\7", "\0", "\1") "\0\0\0\5\0\0\0\2", "error(1)"),
	/* WINDOW_UPDATE: 6.9 */
	ROW(F("\4", "\x8", "\0", "\0") "\x80\0\0\1", "window(0, 1) "),
	ROW(F("\4", "\x8", "\0", "\3") "\x7f\xff\xff\xff", "window(3, 2147483647) "),
	ROW(F("\4", "\x8", "\0", "\0") "\x80\0\0\0", "error(1)"),
	ROW(F("\4", "\x8", "\0", "\3") "\0\0\0\0" F("\0", "\0", "\1", "\3"),
	    "wrong(3, 1) data(3, 0 of 0, end)=. "),
	ROW(F("\3", "\x8", "\0", "\3") "\0\0\0", "error(6)"),
	ROW(F("\5", "\x8", "\0", "\3") "\0\0\0\0\0", "error(6)"),
	/* PRIORITY_UPDATE: RFC 9218 7.1 */
	ROW(F("\x8", "\x10", "\0", "\0") "\0\0\0\7u=1 ", "update(7, u=1 ) "),
	ROW(F("\4", "\x10", "\0", "\0") "\0\0\0\7", "update(7, ) "),
	ROW(F("\x28", "\x10", "\0", "\0") "\0\0\0\0070123456789abcdef0123456789abcdefxyzw"
	    F("\0", "\0", "\1", "\3"),
	    "update(7, 0123456789abcdef0123456789abcdef) data(3, 0 of 0, end)=. "),
	ROW(F("\x8", "\x10", "\0", "\0") "\0\0\0\0u=1 ", "error(1)"),
	ROW(F("\x8", "\x10", "\0", "\7") "\0\0\0\7u=1 ", "error(1)"),
	ROW(F("\3", "\x10", "\0", "\0") "\0\0\0", "error(6)"),
	ROW(F("\4", "\x10", "\0", "\0") "\0\0\0\7", "error(1)", .of_server = true),
	/* others: 4.1 */
	ROW(F("\3", "\xa", "\xff", "\0") "abc" F("\0", "\0", "\1", "\3"),
	    "ignored(10) data(3, 0 of 0, end)=. "),
	ROW(F("\0", "\xff", "\xff", "\7") F("\0", "\0", "\1", "\3"),
	    "ignored(255) data(3, 0 of 0, end)=. "),
	ROW("\0\x40\1\xff\0\0\0\0\1", "error(6)"),
};

static void check(const struct row *row, u32 step)
{
	struct block_text t = { 0 };
	struct frame_reader r;
	const char *said;

	frame_reader_init(&r, row->of_server);
	frames_read(&r, (struct span){ row->bytes, row->len }, step, &t);
	said = strncmp(t.p, "settings ", 9) ? t.p : t.p + 9;
	tap_is(said, row->wanted, "frame: row %u, %u at a time", (u32)(row - rows), step);
	free(t.p);
}

static void check_first(void)
{
	static const char data[] = F("\1", "\0", "\0", "\1") "a", ack[] = F("\0", "\4", "\1", "\0");
	struct block_text t = { 0 };
	struct frame_reader r;

	frame_reader_init(&r, false);
	frames_read(&r, (struct span){ data, 10 }, 1, &t);
	tap_is(t.p, "error(1)", "frame: the first one is not SETTINGS");
	t.len = 0;
	frame_reader_init(&r, false);
	frames_read(&r, (struct span){ ack, 9 }, 1, &t);
	tap_is(t.p, "error(1)", "frame: the first one acknowledges something");
	free(t.p);
}

static void check_preface(void)
{
	static const char good[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n!";
	u32 i, had;

	for (i = 1; i < 30; i++) {
		struct span in;
		int result = 0;

		for (had = 0; had < 24 && result >= 0; had = result) {
			in = (struct span){ good + had, i };
			if (in.len > 25 - had)
				in.len = 25 - had;
			result = frame_preface(had, &in);
		}
		if (result != 24 || (i > 24 && in.len != 1))
			break;
	}
	tap_ok(i == 30, "frame: the preface, in pieces of any size");
	for (i = 0; i < 24; i++) {
		char bad[24];
		struct span in = { bad, 24 };

		memcpy(bad, good, 24);
		bad[i] ^= 1;
		if (frame_preface(0, &in) != -1)
			break;
	}
	tap_ok(i == 24, "frame: what is no preface");
}

/* What is written is read. */
static void check_written(void)
{
	const struct frame_setting settings[] = { { FRAME_MAX_CONCURRENT_STREAMS, 100 },
						  { FRAME_INITIAL_WINDOW_SIZE, 70000 } };
	const u32 len = FRAME_SETTINGS_LEN(2) + FRAME_HEAD_LEN + 2 * FRAME_PING_LEN +
			2 * FRAME_WINDOW_UPDATE_LEN + FRAME_RST_STREAM_LEN +
			FRAME_GOAWAY_LEN + 2 * FRAME_HEAD_LEN + 3;
	char *bytes = malloc(len), *to = bytes;
	struct block_text t = { 0 };
	struct frame_reader r;

	to = frame_write_settings(to, settings, 2);
	to = frame_write_settings_ack(to);
	to = frame_write_ping(to, "pingpong", false);
	to = frame_write_ping(to, "pongping", true);
	to = frame_write_window_update(to, 0, 1);
	to = frame_write_window_update(to, 7, FRAME_STREAM_MAX);
	to = frame_write_rst_stream(to, 5, FRAME_CANCEL);
	to = frame_write_data(to, 3, 3, false);
	to = span_copy(to, SPAN("abc"));
	to = frame_write_data(to, 3, 0, true);
	to = frame_write_goaway(to, FRAME_STREAM_MAX, FRAME_NO_ERROR);
	tap_ok(to == bytes + len, "frame: what is written is as long as it is to be");
	frame_reader_init(&r, false);
	frames_read(&r, (struct span){ bytes, len }, 3, &t);
	tap_is(t.p, "3=100 4=70000 settings settings-ack ping(pingpong) ping-ack(pongping) "
	       "window(0, 1) window(7, 2147483647) rst(5, 8) data(3, 3 of 3)=abc. "
	       "data(3, 0 of 0, end)=. goaway(2147483647, 0) ", "frame: ... and is read");
	free(t.p);
	free(bytes);
}

/* Is what has begun a frame of a block, of which @at bytes were before? */
static bool begins_well(const struct frame_reader *r, u32 at, u32 len, u32 size_max)
{
	bool last = at + r->length == len, first = r->type == FRAME_HEADERS;

	return r->length <= size_max && r->stream == 9 && (at || first) &&
	       last == !!(r->flags & FRAME_END_HEADERS) &&
	       (!first || r->flags & FRAME_END_STREAM);
}

/* The fragments of a block, one behind the other. */
static bool same_block(struct span frames, const char *block, u32 len, u32 size_max)
{
	enum frame_event event = FRAME_BEGUN;
	struct span before = frames;
	struct frame_reader r;
	bool same = true;
	u32 at = 0;

	frame_reader_init(&r, false);
	r.begun = true;
	for (; event != FRAME_MORE && event != FRAME_ERROR; before = frames) {
		event = frame_next(&r, &frames);
		before.len -= frames.len;
		if (event == FRAME_BEGUN)
			same &= begins_well(&r, at, len, size_max);
		if (event != FRAME_PIECE)
			continue;
		same &= before.len <= len - at && !memcmp(before.p, block + at, before.len);
		at += before.len;
	}
	return same && event == FRAME_MORE && at == len && !frames.len;
}

static void check_blocks(void)
{
	static const u32 lengths[] = { 0, 1, 99, 100, 101, 200, 201, 1000, 1050 };
	char block[1050], *frames, *end;
	u32 i, len;
	bool good = true;

	for (i = 0; i < sizeof(block); i++)
		block[i] = tap_random(256);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i];
		frames = malloc(frame_block_len(len, 100));
		memcpy(frames + FRAME_HEAD_LEN, block, len);
		end = frame_write_block(frames, len, 9, true, 100);
		good &= end == frames + frame_block_len(len, 100) &&
			same_block((struct span){ frames, end - frames }, block, len, 100);
		free(frames);
	}
	tap_ok(good, "frame: blocks in frames of at most 100 bytes");
}

void test_frame(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		check(&rows[i], 100000);
		check(&rows[i], 1);
		check(&rows[i], 5);
	}
	check_first();
	check_preface();
	check_written();
	check_blocks();
}
