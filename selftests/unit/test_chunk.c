// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http1/http1_chunk.c: every body whole, byte by byte and in random
 * splits, each piece in memory of exactly its size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http1/http1.h"
#include "tap.h"
#include "unit.h"

struct bytes {
	const char *p;
	u32 len;
};

#define BYTES(literal) { literal, sizeof(literal) - 1 }

/*
 * What the decoder says, as text: "[size]" and data of each chunk, '/' at its end,
 * "[0]" at the last, trailers, '.' and what follows the body. Data and trailers of
 * several events run together. "error" is all that there is to say of an error, for
 * how much came before it depends on the split.
 */
struct text {
	char p[4096];
	u32 len;
};

static void put(struct text *t, const char *p, u32 len)
{
	memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = '\0';
}

static void put_event(struct text *t, enum http1_chunk_event event, u64 size,
		      const char *piece, u32 used)
{
	char number[32];

	switch (event) {
	case HTTP1_CHUNK_MORE:
		break;
	case HTTP1_CHUNK_SIZE:
		put(t, number, sprintf(number, "[%llx]",
				       (unsigned long long)size));
		break;
	case HTTP1_CHUNK_DATA:
	case HTTP1_CHUNK_TRAILER:
		put(t, piece, used);
		break;
	case HTTP1_CHUNK_END:
		put(t, "/", 1);
		break;
	case HTTP1_CHUNK_LAST:
		put(t, "[0]", 3);
		break;
	case HTTP1_CHUNK_DONE:
		put(t, ".", 1);
		break;
	case HTTP1_CHUNK_ERROR:
		t->len = 0;
		put(t, "error", 5);
		break;
	}
}

/* Return: false at the end of the body, or at an error. */
static bool feed(struct http1_chunk *c, struct text *t, const char *piece,
		 u32 len, u32 *total)
{
	enum http1_chunk_event event;
	u32 at = 0, used;
	bool in_data, is_data;

	while (at < len) {
		in_data = http1_chunk_in_data(c);
		/* Nobody looks at data. */
		event = http1_chunk_next(c, in_data ? NULL : piece + at,
					 len - at, &used);
		is_data = event == HTTP1_CHUNK_DATA;
		if (in_data != is_data)
			put(t, "(data)", 6);
		put_event(t, event, c->size, piece + at, used);
		at += used;
		*total += used;
		if (event == HTTP1_CHUNK_DONE || event == HTTP1_CHUNK_ERROR)
			return false;
		if (!used || at > len) {
			put(t, "(stuck)", 7);
			return false;
		}
	}
	return true;
}

/* Of a response. */
static bool lenient;

/* @piece_max: 0 for all at once */
static void decode(struct text *t, struct bytes body, u32 piece_max)
{
	u32 at = 0, len, total = 0, used;
	struct http1_chunk c;
	bool more = true;
	char *piece;

	t->len = 0;
	put(t, "", 0);
	memset(&c, 0xaa, sizeof(c));
	http1_chunk_init(&c, lenient);
	for (; more && at < body.len; at += len) {
		len = piece_max ? 1 + tap_random(piece_max) : body.len;
		if (len > body.len - at)
			len = body.len - at;
		piece = malloc(len);
		memcpy(piece, body.p + at, len);
		more = feed(&c, t, piece, len, &total);
		free(piece);
	}
	if (more)
		return;
	if (t->p[t->len - 1] == '.')
		put(t, body.p + total, body.len - total);
	/* both ends are final */
	if (http1_chunk_next(&c, "0\r\n", 3, &used) !=
	    (strcmp(t->p, "error") ? HTTP1_CHUNK_DONE : HTTP1_CHUNK_ERROR))
		put(t, "(not final)", 11);
}

static bool splits_agree(struct bytes body, u32 rounds)
{
	struct text whole, split;
	u32 i;

	decode(&whole, body, 0);
	for (i = 0; i < rounds; i++) {
		decode(&split, body, i ? 1 + tap_random(20) : 1);
		if (strcmp(split.p, whole.p)) {
			tap_note("whole: %s split: %s", whole.p, split.p);
			return false;
		}
	}
	return true;
}

static const struct {
	struct bytes body;
	const char *wanted;
} bodies[] = {
	{ BYTES("0\r\n\r\n"), "[0]." },
	{ BYTES("0\r\n\r\nGET /"), "[0].GET /" },
	{ BYTES("5\r\nhello\r\n0\r\n\r\n"), "[5]hello/[0]." },
	{ BYTES("0a\r\n0123456789\r\n"), "[a]0123456789/" },
	{ BYTES("B\r\n0123456789a\r\n"), "[b]0123456789a/" },
	{ BYTES("1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n"), "[1]\r/[1]\n/[0]." },
	{ BYTES("1;a\r\nx\r\n0;b=c;d=\"e\tf\"\r\n\r\n"), "[1]x/[0]." },
	{ BYTES("000000000000000000000000000001\r\nx\r\n0000\r\n\r\n"),
	  "[1]x/[0]." },
	{ BYTES("fffffffffffffff\r\nx"), "[fffffffffffffff]x" },
	{ BYTES("0\r\nA: b\r\nx-c:\r\nD:\t\xe4 \r\n\r\n"),
	  "[0]A: b\r\nx-c:\r\nD:\t\xe4 \r\n." },
	{ BYTES("0\r\nThis-name-is-longer-than-any-forbidden-one: x\r\n\r\n"),
	  "[0]This-name-is-longer-than-any-forbidden-one: x\r\n." },
	{ BYTES("0\r\nproxy-authorizatio: x\r\nHosts: x\r\nHos: x\r\n\r\n"),
	  "[0]proxy-authorizatio: x\r\nHosts: x\r\nHos: x\r\n." },

	/* sizes */
	{ BYTES("1000000000000000\r\n"), "error" },
	{ BYTES("10000000000000000\r\n"), "error" },
	{ BYTES("+5\r\n"), "error" },
	{ BYTES("-5\r\n"), "error" },
	{ BYTES("0x5\r\n"), "error" },
	{ BYTES(" 5\r\n"), "error" },
	{ BYTES("5_0\r\n"), "error" },
	{ BYTES("g\r\n"), "error" },
	{ BYTES("\r\n"), "error" },
	{ BYTES(";a\r\n"), "error" },
	{ BYTES("5\n"), "error" },
	{ BYTES("5\rh"), "error" },
	{ BYTES("5\r\r\n"), "error" },
	{ BYTES("5;a\n"), "error" },
	{ BYTES("5;a\rb\r\n"), "error" },
	{ BYTES("5;a\0\r\n"), "error" },
	{ BYTES("5;\177\r\n"), "error" },

	/* extensions */
	{ BYTES("1;a;b;c=d\r\nx\r\n"), "[1]x/" },
	{ BYTES("1; a = b ;\tc\t; d=\t\"\"\r\nx\r\n"), "[1]x/" },
	{ BYTES("1;!#$%&'*+-.^_`|~0Az\r\nx\r\n"), "[1]x/" },
	{ BYTES("1;a=\"; \\\"b\\\\ \xe4\";c\r\nx\r\n"), "[1]x/" },

	/* data */
	{ BYTES("1\r\nxy\r\n"), "error" },
	{ BYTES("1\r\nx\n"), "error" },
	{ BYTES("1\r\nx\ry"), "error" },
	{ BYTES("1\r\nx0\r\n\r\n"), "error" },

	/* trailers */
	{ BYTES("0\r\nA: b\n\r\n"), "error" },
	{ BYTES("0\r\nA: b\rc\r\n\r\n"), "error" },
	{ BYTES("0\r\nA: b\0\r\n\r\n"), "error" },
	{ BYTES("0\r\nA : b\r\n\r\n"), "error" },
	{ BYTES("0\r\n: b\r\n\r\n"), "error" },
	{ BYTES("0\r\nA\r\n\r\n"), "error" },
	{ BYTES("0\r\n A: b\r\n\r\n"), "error" },
	{ BYTES("0\r\nA: b\r\n c\r\n\r\n"), "error" },
	{ BYTES("0\r\n\n"), "error" },
	{ BYTES("0\r\n\rx"), "error" },
	{ BYTES("0\r\nContent-Length: 5\r\n\r\n"), "error" },
	{ BYTES("0\r\nA: b\r\ntransfer-ENCODING: chunked\r\n\r\n"), "error" },
	{ BYTES("0\r\nhost:a\r\n\r\n"), "error" },
	{ BYTES("0\r\nConnection: close\r\n\r\n"), "error" },
	{ BYTES("0\r\nTE: trailers\r\n\r\n"), "error" },
	{ BYTES("0\r\nTrailer: x\r\n\r\n"), "error" },
	{ BYTES("0\r\nUpgrade: x\r\n\r\n"), "error" },
	{ BYTES("0\r\nSet-Cookie: x\r\n\r\n"), "error" },
	{ BYTES("0\r\nAuthorization: x\r\n\r\n"), "error" },
	{ BYTES("0\r\nProxy-Authorization: x\r\n\r\n"), "error" },
	{ BYTES("0\r\nX-Forwarded-Proto: x\r\n\r\n"), "error" },

	/* nothing yet */
	{ BYTES("5"), "" },
	{ BYTES("5\r"), "" },
	{ BYTES("5\r\nhel"), "[5]hel" },
	{ BYTES("5\r\nhello\r"), "[5]hello" },
	{ BYTES("0\r\n\r"), "[0]" },
};

/* What is refused in requests alone. */
static const struct {
	struct bytes body;
	const char *of_response;
} odd_bodies[] = {
	{ BYTES("5 \r\nhello"), "[5]hello" },
	{ BYTES("5\t \t\r\nhello"), "[5]hello" },
	{ BYTES("5\t;a\r\nhello"), "[5]hello" },
	{ BYTES("0 \r\n\r\n"), "[0]." },
	{ BYTES("5;\r\nhello"), "[5]hello" },
	{ BYTES("5; \r\nhello"), "[5]hello" },
	{ BYTES("5;;\r\nhello"), "[5]hello" },
	{ BYTES("5;a;\r\nhello"), "[5]hello" },
	{ BYTES("5;=b\r\nhello"), "[5]hello" },
	{ BYTES("5;a=\r\nhello"), "[5]hello" },
	{ BYTES("5;a=;b\r\nhello"), "[5]hello" },
	{ BYTES("5;a=b=c\r\nhello"), "[5]hello" },
	{ BYTES("5;a b\r\nhello"), "[5]hello" },
	{ BYTES("5;a \r\nhello"), "[5]hello" },
	{ BYTES("5;a=b \r\nhello"), "[5]hello" },
	{ BYTES("5;a=b c\r\nhello"), "[5]hello" },
	{ BYTES("5;a,b\r\nhello"), "[5]hello" },
	{ BYTES("5;\"a\"\r\nhello"), "[5]hello" },
	{ BYTES("5;a=\"b\r\nhello"), "[5]hello" },
	{ BYTES("5;a=\"b\\\r\nhello"), "[5]hello" },
	{ BYTES("5;a=\"b\"c\r\nhello"), "[5]hello" },
	{ BYTES("5;a=b\"c\"\r\nhello"), "[5]hello" },
	{ BYTES("5;a\xe4\r\nhello"), "[5]hello" },
	/* in both */
	{ BYTES("5 5\r\nhello"), "error" },
	{ BYTES("5 a\r\nhello"), "error" },
	{ BYTES("5 =a\r\nhello"), "error" },
	{ BYTES("5=a\r\nhello"), "error" },
	{ BYTES(" 5\r\nhello"), "error" },
	{ BYTES("5 \r\r\n"), "error" },
	{ BYTES("5;\1\r\n"), "error" },
	{ BYTES("5;a\0\r\n"), "error" },
	{ BYTES("5;a=\"\n\"\r\n"), "error" },
};

static const char *printable(struct bytes body)
{
	static char text[256];
	u32 i, at = 0;
	u8 c;

	for (i = 0; i < body.len && at < 48; i++) {
		c = body.p[i];
		if (c < ' ' || c > '~' || c == '#')
			at += sprintf(text + at, "\\x%02x", c);
		else
			text[at++] = c;
	}
	text[at] = '\0';
	return text;
}

static bool framed(const char *in, const char *out)
{
	enum http1_chunk_event event;
	char line[HTTP1_CHUNK_WRITTEN_MAX];
	u32 at = 0, used, len = strlen(in);
	struct text t = { .len = 0 };
	struct http1_chunk c;

	http1_chunk_init(&c, lenient);
	while (at < len) {
		event = http1_chunk_next(&c, in + at, len - at, &used);
		if (event == HTTP1_CHUNK_DATA || event == HTTP1_CHUNK_TRAILER)
			put(&t, in + at, used);
		else
			put(&t, line, http1_chunk_write(&c, event, line));
		at += used;
	}
	return !strcmp(t.p, out);
}

/* As the receiver gets it: sizes in plain hex, no extensions. */
static void test_framing(void)
{
	tap_ok(framed("00A;x=y\r\n0123456789\r\n1\r\nx\r\n000;z\r\nA: b\r\n\r\n",
		      "a\r\n0123456789\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n") &&
	       framed("fffffffffffffff\r\n", "fffffffffffffff\r\n") &&
	       framed("10\r\n", "10\r\n"), "chunk: framed anew");
}

static void test_limit(const char *name, const char *start, u32 n,
		       const char *end, bool good)
{
	char *buf = malloc(strlen(start) + n + strlen(end) + 1);
	struct http1_chunk c;
	u32 used, len, at, whole = 0;
	enum http1_chunk_event event;

	at = sprintf(buf, "%s", start);
	memset(buf + at, 'x', n);
	len = at + n + sprintf(buf + at + n, "%s", end);
	http1_chunk_init(&c, lenient);
	do {
		event = http1_chunk_next(&c, buf + whole, len - whole, &used);
		whole += used;
	} while (event != HTTP1_CHUNK_ERROR && whole < len);
	tap_ok((event != HTTP1_CHUNK_ERROR) == good, "chunk: %s", name);
	free(buf);
}

/* Every byte value at every position of a good body. */
static void test_mutations(void)
{
	static const char good[] =
		"2;a=b\r\nxy\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\nC: \r\n\r\n";
	char buf[sizeof(good)];
	struct bytes body = { buf, sizeof(good) - 1 };
	u32 i, c, ok = 0;

	for (i = 0; i < body.len; i++) {
		for (c = 0; c < 256; c++) {
			memcpy(buf, good, sizeof(good));
			buf[i] = c;
			ok += splits_agree(body, 3);
		}
	}
	tap_ok(ok == body.len * 256, "chunk: %u %s with one wrong byte", ok,
	       lenient ? "responses" : "requests");
}

static void check(struct bytes body, const char *wanted)
{
	struct text t;

	decode(&t, body, 0);
	tap_is(t.p, wanted, "chunk: %s%s", lenient ? "response " : "",
	       printable(body));
	tap_ok(splits_agree(body, 50), "chunk: ... in any split");
}

static void test_bodies(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		check(bodies[i].body, bodies[i].wanted);
	for (i = 0; i < ARRAY_SIZE(odd_bodies); i++)
		check(odd_bodies[i].body,
		      lenient ? odd_bodies[i].of_response : "error");
}

void test_chunk(void)
{
	test_bodies();
	test_limit("size line of 256 bytes", "5;", 252, "\r\n", true);
	test_limit("size line of 257 bytes", "5;", 253, "\r\n", false);
	test_limit("trailers of 8192 bytes", "0\r\nA: b\r\nC:",
		   8192 - 6 - 2 - 2, "\r\n\r\n", true);
	test_limit("trailers of 8193 bytes", "0\r\nA: b\r\nC:",
		   8193 - 6 - 2 - 2, "\r\n\r\n", false);
	test_framing();
	test_mutations();
	lenient = true;
	test_bodies();
	test_framing();
	test_mutations();
	lenient = false;
}
