// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http2/section.c and section_write.c: the same requests in HTTP/1 and in
 * HTTP/2 give the same message, and the same text and block again; what is refused; all
 * of it in pieces.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <linux/kernel.h>

#include "block.h"
#include "head2.h"
#include "http1/head.h"
#include "parse.h"
#include "tap.h"
#include "unit.h"

#define E	"\x1e"
#define GET	":method: GET" E ":scheme: http" E ":path: /" E ":authority: a" E
#define POST	":method: POST" E ":scheme: https" E ":path: /" E ":authority: a" E
#define GET1	"GET / HTTP/1.1\r\nhost: a\r\n"
#define POST1	"POST / HTTP/1.1\r\nhost: a\r\n"
#define CHUNKED	"transfer-encoding: chunked\r\n"

/* A reader and its message. */
struct reading {
	struct hpack_decoder d;
	struct section s;
	struct message *m;
	enum section_result result;
};

static void begin(struct reading *r)
{
	hpack_decoder_init(&r->d, malloc(hpack_table_bytes(4096)), 4096);
	r->m = malloc(sizeof(*r->m));
	memset(r->m, 0xaa, sizeof(*r->m));
	r->m->text = NULL;
	r->m->len = 0;
	r->m->cap = 0;
}

static void end(struct reading *r)
{
	free(r->d.table.ring);
	free(r->m->text);
	free(r->m);
}

/* Of what reads differently. */
struct how {
	bool response, head_request, connect_request;
	bool trailers, goes_on, extended;
	struct message_limits limits;
};

static void read_block(struct reading *r, struct span block, struct how how, u32 step)
{
	message_init(r->m, how.response);
	r->m->head_request = how.head_request;
	r->m->connect_request = how.connect_request;
	if (how.limits.head)
		r->m->limits = how.limits;
	section_begin(&r->s, &r->d, r->m, how.trailers ? SECTION_TRAILERS : SECTION_HEAD,
		      !how.goes_on);
	if (how.extended)
		section_allow_extended(&r->s);
	r->result = head2_read(&r->s, &r->d, r->m, block, step);
}

static void read_lines(struct reading *r, const char *lines, u32 len, struct how how, u32 step)
{
	char *block = malloc(2 * len + 64);
	u32 n = head2_block(lines, len, block);

	read_block(r, (struct span){ block, n }, how, step);
	free(block);
}

/* A message as text. */

static void put(struct block_text *t, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	block_put(t, text, vsnprintf(text, sizeof(text), format, args));
	va_end(args);
}

static void put_part(struct block_text *t, const char *label, struct span part)
{
	block_put(t, label, strlen(label));
	block_put(t, part.p, part.len);
}

static void put_start(struct block_text *t, const struct message *m)
{
	if (m->response) {
		put(t, "%u", m->status);
		return;
	}
	put_part(t, "", message_method(m));
	put_part(t, " path=", message_path(m));
	if (m->query)
		put_part(t, " query=", message_query(m));
	put_part(t, " host=", message_host(m));
	put_part(t, " authority=", message_authority(m));
}

/* All that anybody may ask. Fields of hops are HTTP/1's alone. */
static char *told(const struct message *m)
{
	static const char * const framing[] = { "none", "length", "chunked", "close" };
	const u32 hops = FIELDS_OF_HOP;
	const struct message_field *f;
	struct block_text t = { 0 };

	put_start(&t, m);
	put(&t, " 1.%u %s %llu%s%s%s", m->minor, framing[m->framing],
	    (unsigned long long)m->content_length, m->keep_alive ? " keep" : "",
	    m->expect_continue ? " expect" : "", m->connect ? " tunnel" : "");
	if (m->upgrade_len)
		put_part(&t, " upgrade=", message_upgrade(m));
	put(&t, " names=%x", m->names & ~hops);
	for (f = m->fields; f < message_end(m); f++) {
		if (hops >> f->id & 1)
			continue;
		put_part(&t, f->hop ? " -[" : " [", message_name(m, f));
		put_part(&t, "=", message_value(m, f));
		put(&t, ":%u]%s", f->id,
		    message_is_sensitive(m, f - m->fields) ? "!" : "");
	}
	return t.p;
}

static void begin_edit(struct edit *e, const struct message *m)
{
	edit_init(e, m, GFP_KERNEL);
	e->authority = message_authority(m);
	e->path = m->path_len ? message_path(m) : SPAN("/");
}

/* As an endpoint that speaks HTTP/1 gets it. */
static char *written(const struct message *m)
{
	struct head_ways ways = { .upgrade = m->upgrade_len };
	struct out out = { 0 };
	struct block_text t = { 0 };
	struct edit e;

	begin_edit(&e, m);
	if (!head_write_request(&e, &ways, GFP_KERNEL, &out))
		block_put(&t, out.data, out.len);
	out_clear(&out);
	edit_free(&e);
	return t.p;
}

#define SAME(one, two, ...)	{ .text = one, .lines = two, ##__VA_ARGS__ }

static const struct {
	const char *text;	/* HTTP/1 */
	const char *lines;	/* HTTP/2 */
	bool goes_on;		/* it does not end with its head */
} same[] = {
	SAME(GET1 "\r\n", GET),
	SAME(GET1 "x: y\r\nempty: \r\nx: z\r\n\r\n", GET "x: y" E "empty: " E "x: z" E),
	SAME("GET /a/b?c=d&e HTTP/1.1\r\nhost: h:80\r\n\r\n",
	     ":path: /a/b?c=d&e" E ":authority: h:80" E ":method: GET" E ":scheme: http" E),
	SAME("GET /a? HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
	     ":path: /a?" E ":authority: [::1]:80" E ":method: GET" E ":scheme: http" E),
	SAME("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
	     ":method: OPTIONS" E ":scheme: http" E ":path: *" E ":authority: a" E),
	SAME("GET / HTTP/1.1\r\nhost: A.b\r\nx: y\r\n\r\n",
	     ":method: GET" E ":scheme: HTTP" E ":path: /" E "host: A.b" E "x: y" E),
	SAME(GET1 "x: y\r\n\r\n", GET "host: A" E "x: y" E),
	SAME(POST1 "content-length: 5\r\nx: y\r\n\r\n", POST "content-length: 5" E "x: y" E,
	     .goes_on = true),
	SAME(POST1 "content-length: 007\r\n\r\n", POST "content-length: 007" E, .goes_on = true),
	SAME(POST1 "content-length: 0\r\n\r\n", POST "content-length: 0" E),
	SAME(POST1 CHUNKED "\r\n", POST, .goes_on = true),
	SAME(POST1 "expect: 100-continue\r\n" CHUNKED "\r\n", POST "expect: 100-continue" E,
	     .goes_on = true),
	SAME(POST1 "expect: 100-continue\r\nexpect: x\r\n" CHUNKED "\r\n",
	     POST "expect: 100-continue" E "expect: x" E, .goes_on = true),
	SAME(POST1 "expect: x\r\nexpect: 100-Continue\r\n" CHUNKED "\r\n",
	     POST "expect: x" E "expect: 100-Continue" E, .goes_on = true),
	SAME(GET1 "te: trailers\r\nx: y\r\n\r\n", GET "te: trailers" E "x: y" E),
	SAME(GET1 "trailer: x\r\nvia: 1.1 b\r\nx-request-id: 1\r\n\r\n",
	     GET "trailer: x" E "via: 1.1 b" E "x-request-id: 1" E),
	SAME(GET1 "cookie: a=1; b=2; c=3\r\nx: y\r\n\r\n",
	     GET "cookie: a=1" E "cookie: b=2" E "cookie: c=3" E "x: y" E),
	SAME(GET1 "cookie: a=1; b=2; c=3; d=4\r\nx: y\r\nz: \r\n\r\n",
	     GET "cookie: a=1" E "cookie: b=2" E "x: y" E "cookie: c=3" E "z: " E
	     "cookie: d=4" E),
	SAME(GET1 "cookie: a=1; b=2; c=3\r\nx: y\r\n\r\n",
	     GET "cookie: " E "cookie: a=1" E "cookie: " E "cookie: b=2" E "x: y" E "cookie: " E
	     "cookie: c=3" E),
	SAME(GET1 "cookie: \r\n\r\n", GET "cookie: " E "cookie: " E),
	SAME("CONNECT h:443 HTTP/1.1\r\nhost: h:443\r\n\r\n",
	     ":method: CONNECT" E ":authority: h:443" E, .goes_on = true),
	SAME("GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
	     ":method: CONNECT" E ":protocol: websocket" E ":scheme: http" E ":path: /ws" E
	     ":authority: a" E, .goes_on = true),
	SAME("M-X!#$%&'*+.^_`|~9 //a//%2e%2E/;b=1:@!$&'()*+,~\"<>[\\]^`{|} HTTP/1.1\r\n"
	     "host: a\r\nx: \xff y\t\xc3\xa4\r\n" CHUNKED "\r\n",
	     ":method: M-X!#$%&'*+.^_`|~9" E ":scheme: http" E
	     ":path: //a//%2e%2E/;b=1:@!$&'()*+,~\"<>[\\]^`{|}" E ":authority: a" E
	     "x: \xff y\t\xc3\xa4" E, .goes_on = true),
};

static void check_same(u32 step)
{
	static struct message one;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		struct how how = { .goes_on = same[i].goes_on, .extended = true };
		char *told1, *told2, *out1, *out2;
		struct reading r;

		http1_init(&one, false);
		parse_bytes(&one, same[i].text, strlen(same[i].text));
		/* Written anew, as what came by HTTP/2 is. */
		one.raw = false;
		begin(&r);
		read_lines(&r, same[i].lines, strlen(same[i].lines), how, step);
		told1 = told(&one);
		told2 = told(r.m);
		tap_ok(r.result == SECTION_DONE && !r.m->raw && !r.m->lines,
		       "section: %.20s, %u at a time", same[i].lines, step);
		tap_is(told2, told1, "section: ... is as in HTTP/1");
		out1 = written(&one);
		out2 = written(r.m);
		tap_is(out2, out1, "section: ... and goes on in HTTP/1 as from HTTP/1");
		free(told1);
		free(told2);
		free(out1);
		free(out2);
		end(&r);
	}
}

/* A body that could have been there is none: HTTP/1 has to say so. RFC 9110 8.6. */
static void check_empty_body(void)
{
	static const struct {
		const char *method;
		bool says;
	} methods[] = {
		{ "POST", true }, { "PUT", true }, { "PATCH", true }, { "X", true },
		{ "get", true }, { "GET", false }, { "HEAD", false }, { "DELETE", false },
		{ "OPTIONS", false }, { "TRACE", false },
	};
	char lines[200], *text;
	struct reading r;
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		begin(&r);
		len = sprintf(lines, ":method: %s" E ":scheme: http" E ":path: /" E
			      ":authority: a" E, methods[i].method);
		read_lines(&r, lines, len, (struct how){ 0 }, 5);
		text = written(r.m);
		tap_ok(r.result == SECTION_DONE && message_bodiless(r.m) &&
		       !!strstr(text, "ontent-length: 0\r\n") == methods[i].says,
		       "section: %s that ends with its head", methods[i].method);
		free(text);
		end(&r);
	}
}

/* What is refused, and the status that it deserves. */
struct refused {
	const char *lines;
	u32 len;
	u16 status;
	struct how how;
};

#define BAD(bad, deserved, ...)						\
	{ .lines = bad, .len = sizeof(bad) - 1, .status = deserved, .how = { __VA_ARGS__ } }
#define X		":method: GET" E ":scheme: http" E ":authority: a" E ":path: "

static const struct refused refused[] = {
	/* fields: 8.2 */
	BAD(GET "X: y" E, 400), BAD(GET "xY: y" E, 400), BAD(GET "x y: z" E, 400),
	BAD(GET "x\r: y" E, 400), BAD(GET "x\n: y" E, 400), BAD(GET "x\0: y" E, 400),
	BAD(GET "x: y\r" E, 400), BAD(GET "x: y\nz: 1" E, 400), BAD(GET "x: \0" E, 400),
	BAD(GET "x: y\r\nz: 1" E, 400), BAD(GET "x:  y" E, 400), BAD(GET "x: y " E, 400),
	BAD(GET "x: y\t" E, 400), BAD(GET "x: \x7f" E, 400), BAD(GET "x: a\x01z" E, 400),
	BAD(GET "x\xc3: y" E, 400), BAD(GET "x(: y" E, 400), BAD(GET "x\": y" E, 400),
	/* of connections: 8.2.2 */
	BAD(GET "connection: close" E, 400), BAD(GET "connection: x" E, 400),
	BAD(GET "keep-alive: 1" E, 400), BAD(GET "proxy-connection: x" E, 400),
	BAD(POST "transfer-encoding: chunked" E, 400), BAD(GET "upgrade: x" E, 400),
	BAD(GET "te: gzip" E, 400), BAD(GET "te: trailers, gzip" E, 400),
	BAD(GET "te: " E, 400),
	/* pseudo-fields: 8.3 */
	BAD("", 400), BAD("x: y" E, 400),
	BAD(":scheme: http" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: GET" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":authority: a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E, 400),
	BAD(GET ":method: GET" E, 400), BAD(GET ":path: /" E, 400),
	BAD(GET ":scheme: http" E, 400), BAD(GET ":authority: a" E, 400),
	BAD(GET ":status: 200" E, 400), BAD(GET ":x: y" E, 400), BAD(GET ":Path: /" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E "x: y" E ":authority: a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E "host: a" E ":authority: a" E, 400),
	BAD(GET ":protocol: websocket" E, 400, .extended = true),
	/* their values: 8.3.1 */
	BAD(":method: " E ":scheme: http" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: G T" E ":scheme: http" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: GET /x HTTP/1.1" E ":scheme: http" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: GET" E ":scheme: ftp" E ":path: /" E ":authority: a" E, 400),
	BAD(":method: GET" E ":scheme: " E ":path: /" E ":authority: a" E, 400),
	BAD(X E, 400), BAD(X "x" E, 400), BAD(X "*" E, 400), BAD(X "http://a/" E, 400),
	BAD(X "/ HTTP/1.1" E, 400), BAD(X "/a b" E, 400), BAD(X "/#" E, 400),
	BAD(X "/?#" E, 400), BAD(X "/\x7f" E, 400), BAD(X "/\xc3" E, 400),
	BAD(X "/\t/" E, 400), BAD(X "?x" E, 400), BAD(X "**" E, 400),
	BAD(X "/12345678" E, 414, .limits = { 1000, 8, 10 }),
	BAD(":method: CONNECT" E ":authority: 1234567:1" E, 414, .limits = { 1000, 8, 10 }),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: " E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: u@a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: u:p@a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: a b" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: a/b" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E ":authority: a:x" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E "host: u@a" E, 400),
	BAD(":method: GET" E ":scheme: http" E ":path: /" E "host: a" E "host: a" E, 400),
	BAD(GET "host: b" E, 400), BAD(GET "host: a:80" E, 400), BAD(GET "host: " E, 400),
	BAD(GET "host: a" E "host: b" E, 400),
	/* CONNECT: 8.5; RFC 8441 */
	BAD(":method: CONNECT" E ":authority: a" E, 400),
	BAD(":method: CONNECT" E ":authority: a:" E, 400),
	BAD(":method: CONNECT" E "host: a:1" E, 400),
	BAD(":method: CONNECT" E ":authority: a:1" E ":path: /" E, 400),
	BAD(":method: CONNECT" E ":authority: a:1" E ":scheme: http" E, 400),
	BAD(":method: CONNECT" E ":authority: a:1" E "content-length: 0" E, 400),
	BAD(":method: CONNECT" E ":protocol: x" E ":scheme: http" E ":path: /" E
	    ":authority: a" E, 400),
	BAD(":method: CONNECT" E ":protocol: x" E ":path: /" E ":authority: a" E, 400,
	    .extended = true),
	BAD(":method: CONNECT" E ":protocol: x" E ":scheme: http" E ":authority: a" E, 400,
	    .extended = true),
	BAD(":method: CONNECT" E ":protocol: x y" E ":scheme: http" E ":path: /" E
	    ":authority: a" E, 400, .extended = true),
	BAD(":method: CONNECT" E ":protocol: " E ":scheme: http" E ":path: /" E
	    ":authority: a" E, 400, .extended = true),
	/* lengths: 8.1.1 */
	BAD(POST "content-length: 5" E, 400),
	BAD(POST "content-length: 5" E "content-length: 5" E, 400, .goes_on = true),
	BAD(POST "content-length: 5" E "content-length: 6" E, 400, .goes_on = true),
	BAD(POST "content-length: 5, 5" E, 400, .goes_on = true),
	BAD(POST "content-length: +5" E, 400, .goes_on = true),
	BAD(POST "content-length: -5" E, 400, .goes_on = true),
	BAD(POST "content-length: 0x5" E, 400, .goes_on = true),
	BAD(POST "content-length: " E, 400, .goes_on = true),
	BAD(POST "content-length: 9223372036854775808" E, 400, .goes_on = true),
	/* limits */
	BAD(GET "x: y" E "x: y" E, 431, .limits = { 1000, 100, 2 }),
	BAD(GET "x: y" E, 431, .limits = { 180, 100, 100 }),
	BAD(GET "cookie: a" E "cookie: b" E, 431, .limits = { 242, 100, 100 }),
	/* responses */
	BAD("", 502, .response = true),
	BAD("x: y" E, 502, .response = true),
	BAD(":status: 20" E, 502, .response = true),
	BAD(":status: 2000" E, 502, .response = true),
	BAD(":status: 2x0" E, 502, .response = true),
	BAD(":status: 099" E, 502, .response = true),
	BAD(":status: " E, 502, .response = true),
	BAD(":status: 200" E ":status: 200" E, 502, .response = true),
	BAD(":status: 200" E ":path: /" E, 502, .response = true),
	BAD(":status: 200" E "connection: close" E, 502, .response = true),
	BAD(":status: 200" E "transfer-encoding: chunked" E, 502, .response = true),
	BAD(":status: 200" E "x: y\n" E, 502, .response = true),
	BAD("x: y" E ":status: 200" E, 502, .response = true),
	BAD(":status: 100" E, 502, .response = true),
	BAD(":status: 101" E, 502, .response = true, .goes_on = true),
	BAD(":status: 103" E "content-length: 1" E, 502, .response = true, .goes_on = true),
	BAD(":status: 200" E "content-length: 1" E, 502, .response = true),
	BAD(":status: 200" E "content-length: 1" E "content-length: 2" E, 502,
	    .response = true, .goes_on = true),
	/* trailers: 8.1 */
	BAD("x: y" E, 400, .trailers = true, .goes_on = true),
	BAD(":path: /" E, 400, .trailers = true),
	BAD(":status: 200" E, 502, .trailers = true, .response = true),
	BAD("x: y" E "X: y" E, 400, .trailers = true),
	BAD("connection: x" E, 400, .trailers = true),
	BAD("te: trailers" E, 400, .trailers = true),
	BAD("transfer-encoding: chunked" E, 400, .trailers = true),
};

static const char *printable(const char *p, u32 len)
{
	static char text[80];
	u32 i;

	for (i = 0; i < len && i < sizeof(text) - 1; i++)
		text[i] = p[i] == '\x1e' ? '|' : p[i] < ' ' || p[i] == '#' ? '?' : p[i];
	text[i] = '\0';
	return text;
}

static void check_refused(void)
{
	u32 i, step;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		for (step = 1; step < 2000; step += 1998) {
			const struct refused *b = &refused[i];
			struct block_text t = { 0 };
			struct reading r;
			bool bad;
			u32 from = b->len > 60 ? b->len - 60 : 0;

			begin(&r);
			read_lines(&r, b->lines, b->len, b->how, step);
			bad = r.result == SECTION_MALFORMED &&
			      message_status(r.m->error) == b->status;
			tap_ok(bad, "section: refused: %s, %u at a time",
			       printable(b->lines + from, b->len - from), step);
			/* The connection goes on. */
			read_lines(&r, GET, strlen(GET), (struct how){ 0 }, step);
			if (r.result != SECTION_DONE)
				tap_ok(false, "section: ... and a good one behind it");
			free(t.p);
			end(&r);
		}
	}
}

/* Responses and trailers that are taken. */
#define TAKEN(good, told, ...)	{ .lines = good, .wanted = told, .how = { __VA_ARGS__ } }

static const struct {
	const char *lines;
	const char *wanted;
	struct how how;
} taken[] = {
	TAKEN(":status: 200" E "x: y" E, "200 1.1 length 0 keep names=1 [x=y:0]",
	      .response = true),
	TAKEN(":status: 200" E "content-length: 12" E,
	      "200 1.1 length 12 keep names=8 [content-length=12:3]",
	      .response = true, .goes_on = true),
	TAKEN(":status: 200" E "content-length: 2" E "content-length: 2" E,
	      "200 1.1 length 2 keep names=8 [content-length=2:3] -[content-length=2:3]",
	      .response = true, .goes_on = true),
	TAKEN(":status: 999" E, "999 1.1 chunked 0 keep names=0",
	      .response = true, .goes_on = true),
	TAKEN(":status: 204" E "content-length: 0" E,
	      "204 1.1 none 0 keep names=8 -[content-length=0:3]", .response = true),
	TAKEN(":status: 304" E "content-length: 7" E,
	      "304 1.1 none 7 keep names=8 [content-length=7:3]", .response = true),
	TAKEN(":status: 200" E "content-length: 7" E,
	      "200 1.1 none 7 keep names=8 [content-length=7:3]",
	      .response = true, .head_request = true),
	TAKEN(":status: 200" E "content-length: 7" E,
	      "200 1.1 none 0 keep names=8 -[content-length=7:3]",
	      .response = true, .connect_request = true, .goes_on = true),
	TAKEN(":status: 100" E, "100 1.1 none 0 keep names=0", .response = true, .goes_on = true),
	TAKEN(":status: 103" E "content-length: 0" E "link: x" E,
	      "103 1.1 none 0 keep names=9 -[content-length=0:3] [link=x:0]",
	      .response = true, .goes_on = true),
	TAKEN(":status: 200" E "!set-cookie: a" E "host: b" E "cookie: c" E "cookie: d" E,
	      "200 1.1 length 0 keep names=3 [set-cookie=a:0]! [host=b:1] [cookie=c:0] [cookie=d:0]",
	      .response = true),
	TAKEN("grpc-status: 0" E "date: x" E "grpc-message: " E,
	      "0 1.0 none 0 names=1 [grpc-status=0:0] -[date=x:0] [grpc-message=:0]",
	      .response = true, .trailers = true),
	TAKEN(GET "!authorization: x" E "cookie: a" E "!cookie: b" E "y: z" E,
	      "GET path=/ host=a authority=a 1.1 none 0 keep names=3 [host=a:1] "
	      "[authorization=x:0]! [cookie=a; b:0]! [y=z:0]"),
	TAKEN(GET "cookie: a" E "y: z" E "!cookie: b" E "!v: w" E "cookie: c" E "u: t" E,
	      "GET path=/ host=a authority=a 1.1 none 0 keep names=3 [host=a:1] "
	      "[cookie=a; b; c:0]! [y=z:0] [v=w:0]! [u=t:0]"),
};

static void check_taken(void)
{
	u32 i, step;

	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		for (step = 1; step < 2000; step += 1998) {
			struct reading r;
			char *text;

			begin(&r);
			read_lines(&r, taken[i].lines, strlen(taken[i].lines), taken[i].how, step);
			text = told(r.m);
			tap_is(r.result == SECTION_DONE ? text : "refused", taken[i].wanted,
			       "section: %s, %u at a time",
			       printable(taken[i].lines, strlen(taken[i].lines)), step);
			free(text);
			end(&r);
		}
	}
}

/*
 * Limits. Crumbs of a cookie, and fields of no bytes, count what they cost
 * (CVE-2026-47774, CVE-2019-9516); a block without end is the connection's error.
 */
static void check_floods(void)
{
	struct how how = { .limits = { 4096, 100, 100 } };
	static char block[200000];
	static char name[4000];
	struct reading r;
	char *at = block;
	u32 i;

	memset(name, 'n', sizeof(name));
	begin(&r);
	at += head2_block(GET, strlen(GET), block);
	for (i = 0; i < 120; i++)
		at = head2_put(at, 0x40, SPAN("cookie"), SPAN(""));
	read_block(&r, (struct span){ block, at - block }, how, 100000);
	tap_ok(r.result == SECTION_MALFORMED && r.m->error == MESSAGE_HEAD_TOO_LARGE,
	       "section: 120 empty crumbs are too much for 4 KiB");
	tap_ok(r.d.table.n == 4096 / 38 && r.m->cap < 9000, "section: ... in bounded memory");

	at = block;
	for (i = 0; i < 30000; i++)
		*at++ = 0xbe;
	read_block(&r, (struct span){ block, at - block }, how, 100);
	tap_ok(r.result == SECTION_FLOOD, "section: a block without end");
	tap_ok(r.m->cap < 9000, "section: ... in bounded memory");
	end(&r);

	begin(&r);
	/* Two bytes are a name of 4000, and an entry of that (CVE-2016-6581). */
	at = head2_put(block, 0x40, (struct span){ name, sizeof(name) }, SPAN("x"));
	for (i = 0; i < 8000; i++) {
		*at++ = 0x7e;
		*at++ = 0;
	}
	read_block(&r, (struct span){ block, at - block }, how, 100000);
	tap_ok(r.result == SECTION_FLOOD && r.d.table.next < 40,
	       "section: names that are unfolded without end, %u of them", r.d.table.next);
	end(&r);

	begin(&r);
	read_lines(&r, GET, strlen(GET), (struct how){ 0 }, 7);
	section_begin(&r.s, &r.d, r.m, SECTION_HEAD, true);
	section_unwanted(&r.s);
	r.result = head2_read(&r.s, &r.d, r.m, SPAN("\202\100\001a\001b"), 1);
	tap_ok(r.result == SECTION_MALFORMED && r.d.table.n == 1,
	       "section: what nobody wants is in the table");
	r.result = (message_init(r.m, false),
		    section_begin(&r.s, &r.d, r.m, SECTION_HEAD, true),
		    head2_read(&r.s, &r.d, r.m, SPAN("\x82\xff"), 1));
	tap_ok(r.result == SECTION_COMPRESSION, "section: a block that is cut off");
	end(&r);
}

/*
 * A head that is too large is its stream's error, however large one of its fields is, and
 * whatever is allowed of heads: it takes no more memory than the table needs.
 */
static void check_large_field(u32 len, u32 head, u32 step)
{
	struct how how = { .limits = { head, 100, 100 } };
	static char block[80000], value[70000];
	struct reading r;
	char *at;

	memset(value, 'v', sizeof(value));
	begin(&r);
	at = block + head2_block(GET, strlen(GET), block);
	at = head2_put(at, 0x40, SPAN("cookie"), (struct span){ value, len });
	read_block(&r, (struct span){ block, at - block }, how, step);
	tap_ok(r.result == SECTION_MALFORMED && r.m->error == MESSAGE_HEAD_TOO_LARGE,
	       "section: a cookie of %u is too large for %u, %u at a time", len, head, step);
	tap_ok(r.m->cap < 300, "section: ... and takes %u bytes", r.m->cap);
	read_lines(&r, GET, strlen(GET), (struct how){ 0 }, step);
	tap_ok(r.result == SECTION_DONE, "section: ... and the next request is read");
	end(&r);
}

/* What is known to be refused needs no room but for what the table is to have. */
static void check_refused_room(bool bad)
{
	struct how how = { .limits = { 8192, 100, 100 } };
	static char block[80000], value[4000];
	struct reading r;
	char *at;
	u32 i;

	memset(value, 'v', sizeof(value));
	begin(&r);
	at = block + head2_block(GET, strlen(GET), block);
	for (i = 0; i < 7; i++)
		at = head2_put(at, 0, SPAN("x"), (struct span){ value, 1000 });
	if (bad)
		at = head2_put(at, 0, SPAN("X"), SPAN(""));
	for (i = 0; i < 6; i++)
		at = head2_put(at, 0x40, SPAN("x"), (struct span){ value, sizeof(value) });
	read_block(&r, (struct span){ block, at - block }, how, 7);
	tap_ok(r.result == SECTION_MALFORMED && r.m->cap < 8192 && r.d.table.n == 1,
	       "section: refused, and then 6 fields of 4000: %u bytes, an entry", r.m->cap);
	tap_ok(!r.m->len && !r.m->nfields && !r.m->path_len && !r.m->host_len,
	       "section: ... and nothing is left of it");
	end(&r);
}

static void check_large_fields(void)
{
	u32 step;

	check_refused_room(false);
	check_refused_room(true);

	for (step = 1; step < 100000; step += 99998) {
		check_large_field(33000, 8192, step);
		check_large_field(65535, 60 * 1024, step);
		check_large_field(65537, 200, step);
	}
}

/* Blocks that are written are what was meant. */

static char *fields_of(struct hpack_decoder *d, const char *block, u32 len)
{
	struct block_text t = { 0 };

	block_put(&t, "", 0);
	if (!block_decode(d, (struct span){ block, len }, BLOCK_LIMIT, 3, tap_random, &t))
		block_put(&t, "error", 5);
	return t.p;
}

struct pair {
	struct hpack_encoder e;
	struct hpack_decoder d;
};

static void begin_pair(struct pair *p)
{
	hpack_encoder_init(&p->e, malloc(hpack_table_bytes(4096)), 4096, 1);
	hpack_decoder_init(&p->d, malloc(hpack_table_bytes(4096)), 4096);
}

static void end_pair(struct pair *p)
{
	free(p->e.table.ring);
	free(p->d.table.ring);
}

/* A message of either version, with what an edit does to it. */
static void check_written(struct pair *p, const struct message *m, bool edited,
			  const char *wanted, const char *what)
{
	struct section_ways ways = { SPAN("http"), section_may_extend(m), false };
	const struct message_field *x = message_find(m, SPAN("x"));
	struct edit e;
	char *block, *got;
	u32 size, len;

	begin_edit(&e, m);
	if (edited) {
		e.path = SPAN("/other");
		e.rewrites = true;
		edit_replace(&e, x, SPAN("new"));
		edit_add(&e, SPAN("X-Added"), SPAN("1"));
	}
	size = section_written_max(&e);
	block = malloc(size);
	if (m->response)
		len = section_write_response(&p->e, &e, m->status, m->framing, block, size);
	else
		len = section_write_request(&p->e, &e, &ways, block, size);
	got = fields_of(&p->d, block, len);
	tap_is(got, wanted, "section: %s is written", what);
	free(got);
	free(block);
	edit_free(&e);
}

#define WRITE(one, fields, ...)	{ .text = one, .wanted = fields, ##__VA_ARGS__ }

static const struct {
	const char *text;
	const char *wanted;
	bool edited;
	bool response;
} to_write[] = {
	WRITE("POST /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-Y: Z\r\nConnection: x-hop, te\r\n"
	      "X-Hop: 1\r\nTE: gzip, trailers\r\nContent-Length: 007\r\nCookie: a=b\r\n\r\n",
	      ":method: POST\n:scheme: http\n:path: /a?b=c\n:authority: h:1\nx-y: Z\n"
	      "cookie: a=b (never)\nte: trailers\ncontent-length: 7\n"),
	WRITE("GET http://b?q HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
	      ":method: GET\n:scheme: http\n:path: /?q\n:authority: b\nx: y\n"),
	WRITE("GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: y\r\nZ: z\r\n\r\n",
	      ":method: GET\n:scheme: http\n:path: /other?b=c\n:authority: h\nx: new\nz: z\n"
	      "x-added: 1\n", .edited = true),
	WRITE("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
	      ":method: POST\n:scheme: http\n:path: /\n:authority: h\n"),
	WRITE("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
	      ":method: CONNECT\n:authority: h:443\n"),
	WRITE("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	      ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /ws\n"
	      ":authority: h\n"),
	WRITE("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
	      "Content-Length: 0\r\n\r\n",
	      ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /ws\n"
	      ":authority: h\n"),
	WRITE("POST /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n"
	      "Content-Length: 0\r\n\r\n",
	      ":method: POST\n:scheme: http\n:path: /ws\n:authority: h\ncontent-length: 0\n"),
	WRITE("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n"
	      "Content-Length: 1\r\n\r\n",
	      ":method: GET\n:scheme: http\n:path: /ws\n:authority: h\ncontent-length: 1\n"),
	WRITE("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x, y\r\n\r\n",
	      ":method: GET\n:scheme: http\n:path: /ws\n:authority: h\n"),
	WRITE("HTTP/1.1 200 OK\r\nServer: x\r\nKeep-Alive: 1\r\nContent-Length: 3\r\n\r\n",
	      ":status: 200\nserver: x\ncontent-length: 3\n", .response = true),
	WRITE("HTTP/1.1 204 No\r\nX: y\r\nContent-Length: 0\r\n\r\n",
	      ":status: 204\nx: new\nx-added: 1\n", .edited = true, .response = true),
	WRITE("HTTP/1.1 304 No\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
	      ":status: 304\ncontent-length: 5\n", .response = true),
	WRITE("HTTP/1.0 200 OK\r\nX: y\r\n\r\n", ":status: 200\nx: y\n", .response = true),
};

static void check_writing(void)
{
	static struct message m;
	struct pair p;
	u32 i, round;

	begin_pair(&p);
	/* Some of it is indexed the third time. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(to_write); i++) {
			http1_init(&m, to_write[i].response);
			parse_bytes(&m, to_write[i].text, strlen(to_write[i].text));
			check_written(&p, &m, to_write[i].edited, to_write[i].wanted,
				      to_write[i].text);
		}
	}
	end_pair(&p);
}

/* What cannot be asked by extended CONNECT is not asked in another way. */
static void check_not_extended(void)
{
	static const char * const texts[] = {
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n"
		"Content-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x y\r\n\r\n",
		"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
	};
	const struct section_ways ways = { SPAN("http"), true, false };
	static struct message m;
	char block[1000] = "";
	struct edit e;
	struct pair p;
	u32 i;

	begin_pair(&p);
	hpack_encoder_resize(&p.e, 100);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		http1_init(&m, false);
		parse_bytes(&m, texts[i], strlen(texts[i]));
		begin_edit(&e, &m);
		tap_ok(section_write_request(&p.e, &e, &ways, block, sizeof(block)) == -EINVAL &&
		       !block[0] && p.e.update_due,
		       "section: extended CONNECT is refused, and nothing written: %.20s",
		       texts[i]);
		edit_free(&e);
	}
	end_pair(&p);
}

/* From HTTP/2 to HTTP/2: what came goes on, in their order. */
static void check_passed(void)
{
	static const char lines[] = POST "te: trailers" E "content-type: application/grpc" E
		"!x-secret: 1" E "grpc-timeout: 1S" E "cookie: a" E "cookie: b" E;
	static const char answer[] = ":status: 200" E "x: y" E;
	struct reading r;
	struct pair p;

	begin_pair(&p);
	begin(&r);
	read_lines(&r, lines, sizeof(lines) - 1, (struct how){ .goes_on = true }, 5);
	check_written(&p, r.m, false, ":method: POST\n:scheme: http\n:path: /\n:authority: a\n"
		      "content-type: application/grpc\nx-secret: 1 (never)\ngrpc-timeout: 1S\n"
		      "cookie: a; b (never)\nte: trailers\n", "a request of HTTP/2");
	end(&r);
	begin(&r);
	read_lines(&r, answer, sizeof(answer) - 1, (struct how){ .response = true }, 5);
	check_written(&p, r.m, false, ":status: 200\nx: y\n", "a response that ends with its head");
	end(&r);
	end_pair(&p);
}

/* What is never indexed goes on as such, wherever it was said. RFC 7541 6.2.3. */
static void check_never(void)
{
	static const struct {
		const char *text;
		const char *wanted;
		bool edited;
	} never[] = {
		WRITE(":method: GET" E ":scheme: http" E "!:path: /?token" E
		      ":authority: a" E "x: y" E,
		      ":method: GET\n:scheme: http\n:path: /?token (never)\n"
		      ":authority: a\nx: y\n"),
		WRITE(":method: GET" E ":scheme: http" E "!:path: /" E "!:authority: a" E
		      "x: y" E,
		      ":method: GET\n:scheme: http\n:path: / (never)\n"
		      ":authority: a (never)\nx: y\n"),
		WRITE(":method: GET" E ":scheme: http" E "!:path: /?b" E ":authority: a" E
		      "x: y" E,
		      ":method: GET\n:scheme: http\n:path: /other?b (never)\n"
		      ":authority: a\nx: new\nx-added: 1\n", .edited = true),
		WRITE(GET "!host: a" E "x: y" E,
		      ":method: GET\n:scheme: http\n:path: /\n:authority: a (never)\nx: y\n"),
		WRITE(":method: GET" E ":scheme: http" E ":path: /" E "x: y" E "!host: a" E,
		      ":method: GET\n:scheme: http\n:path: /\n:authority: a (never)\nx: y\n"),
		WRITE(GET "!x: y" E,
		      ":method: GET\n:scheme: http\n:path: /\n:authority: a\nx: y (never)\n"),
	};
	struct reading r;
	struct pair p;
	u32 i, round;

	begin_pair(&p);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(never); i++) {
			begin(&r);
			read_lines(&r, never[i].text, strlen(never[i].text), (struct how){ 0 }, 5);
			check_written(&p, r.m, never[i].edited, never[i].wanted,
				      "what is never indexed");
			end(&r);
		}
	}
	end_pair(&p);
}

static void check_replies(void)
{
	struct pair p;
	struct edit e;
	char *block, *got;
	u32 size;

	begin_pair(&p);
	edit_init(&e, &message_none, GFP_KERNEL);
	edit_add(&e, SPAN("Content-Type"), SPAN("text/plain"));
	size = section_written_max(&e);
	block = malloc(size);
	got = fields_of(&p.d, block, section_write_reply(&p.e, &e, 503, 12, block, size));
	tap_is(got, ":status: 503\ncontent-type: text/plain\ncontent-length: 12\n",
	       "section: a reply is written");
	free(got);
	got = fields_of(&p.d, block, section_write_reply(&p.e, &e, 200, -1, block, size));
	tap_is(got, ":status: 200\ncontent-type: text/plain\n", "section: one without a length");
	free(got);
	edit_free(&e);
	edit_init(&e, &message_none, GFP_KERNEL);
	edit_add(&e, SPAN("grpc-status"), SPAN("14"));
	got = fields_of(&p.d, block, section_write_trailers(&p.e, &e, block, size));
	tap_is(got, "grpc-status: 14\n", "section: trailers are written");
	free(got);
	free(block);
	edit_free(&e);
	end_pair(&p);
}

void test_section(void)
{
	check_same(1);
	check_same(5);
	check_same(1000);
	check_empty_body();
	check_refused();
	check_taken();
	check_floods();
	check_large_fields();
	check_writing();
	check_not_extended();
	check_passed();
	check_never();
	check_replies();
}
