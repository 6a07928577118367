// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http1/http1.c: every message of the tables whole, byte by byte and in
 * random splits, each time in a buffer of exactly its size at a new address.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http/authority.h"
#include "http/chars.h"
#include "parse.h"
#include "tap.h"
#include "unit.h"

/* Bytes with a length: messages have NULs. */
struct bytes {
	const char *p;
	u32 len;
};

#define BYTES(literal) { literal, sizeof(literal) - 1 }

enum kind { REQUEST, RESPONSE, RESPONSE_TO_HEAD, RESPONSE_TO_CONNECT };

/* What a parser says, as text. */

struct text {
	char *p;
	u32 len, size;
};

__printf(2, 3) static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += vsnprintf(t->p + t->len, t->size - t->len, format,
			    args);
	va_end(args);
}

static void put_span(struct text *t, const char *label, const char *buf,
		     u16 at, u16 len)
{
	if (len)
		put(t, " %s%.*s", label, len, buf + at);
}

static void put_start_line(struct text *t, const struct message *p,
			   const char *buf)
{
	if (p->response) {
		put(t, "%u", p->status);
		put_span(t, "reason=", buf, p->reason, p->reason_len);
		return;
	}
	put(t, "%.*s %.*s", p->method_len, buf + p->method, p->target_len,
	    buf + p->target);
	put_span(t, "path=", buf, p->path, p->path_len);
	put_span(t, "query=", buf, p->query, p->query_len);
	put_span(t, "host=", buf, p->host, p->host_len);
	put_span(t, "authority=", buf, p->authority, p->authority_len);
}

/* The tables do not say it. */
static bool tell_odd;

static void put_head(struct text *t, const struct message *p,
		     const char *buf)
{
	static const char * const framing[] = { "none", "length", "chunked",
						"until-close" };
	const struct message_field *f;

	put_start_line(t, p, buf);
	put(t, " 1.%u %s", p->minor, framing[p->framing]);
	if (p->framing == BODY_LENGTH)
		put(t, "=%llu", (unsigned long long)p->content_length);
	put(t, "%s%s%s", p->keep_alive ? " keep" : " close",
	    p->expect_continue ? " expect" : "", p->connect ? " tunnel" : "");
	put_span(t, "upgrade=", buf, p->upgrade, p->upgrade_len);
	if (tell_odd)
		put(t, " names=%x%s", p->names, p->raw ? "" : " odd");
	for (f = p->fields; f < p->fields + p->nfields; f++)
		put(t, " %s[%.*s=%.*s]", f->hop ? "-" : "", f->name_len,
		    buf + f->name, f->value_len, buf + f->value);
}

/* Bytes per call: all, one, or any number. */
enum split { WHOLE, SINGLE, RANDOM };

static u32 more(enum split split, u32 at, u32 len)
{
	if (split == WHOLE)
		return len;
	if (split == SINGLE)
		return at + 1;
	return at + 1 + tap_random(tap_random(2) ? len - at : 8) % (len - at);
}

/* Return: a description that the caller frees; *@used is the head's length. */
static char *parse(struct bytes msg, enum kind of, enum split split, u32 *used)
{
	/* every byte shows up at most four times, in quotes */
	u32 size = 16 * msg.len + 1024, len = 0;
	struct text t = { malloc(size), 0, size };
	enum http1_result result = HTTP1_MORE;
	struct message *p = malloc(sizeof(*p));
	char *buf = NULL;

	memset(p, 0xaa, sizeof(*p));
	http1_init(p, of != REQUEST);
	p->head_request = of == RESPONSE_TO_HEAD;
	p->connect_request = of == RESPONSE_TO_CONNECT;
	while (result == HTTP1_MORE && len < msg.len) {
		len = more(split, len, msg.len);
		free(buf);
		buf = malloc(len);
		memcpy(buf, msg.p, len);
		result = parse_bytes(p, buf, len);
	}
	*used = result == HTTP1_DONE ? p->len : 0;
	if (result == HTTP1_DONE)
		put_head(&t, p, buf);
	else if (result == HTTP1_ERROR)
		put(&t, "%u", message_status(p->error));
	else
		put(&t, "more");
	if (result != HTTP1_MORE && http1_parse(p) != result)
		put(&t, " (not final)");
	free(buf);
	free(p);
	return t.p;
}

static bool splits_agree(struct bytes msg, enum kind of, u32 rounds)
{
	u32 used, whole_used, i;
	char *whole = parse(msg, of, WHOLE, &whole_used), *split;
	bool same = true;

	for (i = 0; same && i < rounds; i++) {
		split = parse(msg, of, i ? RANDOM : SINGLE, &used);
		same = !strcmp(split, whole) && used == whole_used;
		if (!same)
			tap_note("whole: %s split: %s", whole, split);
		free(split);
	}
	free(whole);
	return same;
}

/* For names of tests: one line of printable characters. */
static const char *printable(struct bytes msg)
{
	static char text[256];
	u32 i, at = 0;
	u8 c;

	for (i = 0; i < msg.len && at < 72; i++) {
		c = msg.p[i];
		if (c == '\r')
			at += sprintf(text + at, "\\r");
		else if (c == '\n')
			at += sprintf(text + at, "\\n");
		else if (c == '#' || c < ' ' || c > '~')
			at += sprintf(text + at, "\\x%02x", c);
		else
			text[at++] = c;
	}
	strcpy(text + at, i < msg.len ? "..." : "");
	return text;
}

static void check(struct bytes msg, enum kind of, const char *wanted)
{
	static const char body[] = "GET /smuggled HTTP/1.1\r\n\r\n";
	char *longer = malloc(msg.len + sizeof(body)), *got;
	struct bytes both = { longer, msg.len + sizeof(body) };
	u32 used;

	got = parse(msg, of, WHOLE, &used);
	tap_is(got, wanted, "http1: %s", printable(msg));
	free(got);
	tap_ok(splits_agree(msg, of, 30), "http1: ... in any split");

	memcpy(longer, msg.p, msg.len);
	memcpy(longer + msg.len, body, sizeof(body));
	if (used && msg.len < MESSAGE_HEAD_MAX) {
		got = parse(both, of, WHOLE, &used);
		tap_ok(!strcmp(got, wanted) && used == msg.len,
		       "http1: ... and what follows is not part of it");
		free(got);
	}
	free(longer);
}

/* What most messages have in common, and what it is parsed to. */
#define END		"HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET		"GET / HTTP/1.1\r\nHost: a\r\n"
#define POST		"POST / HTTP/1.1\r\nHost: a\r\n"
#define CL		"Content-Length: "
#define TE		"Transfer-Encoding: "
#define GOT_END		"host=a authority=a 1.1 none keep [Host=a]"
#define GOT_GET		"GET / path=/ host=a authority=a 1.1 "
#define VISIBLE		"//a//%2e%2E/;b=1:@!$&'()*+,~\"<>[\\]^`{|}"
#define LENGTH_MAX	"9223372036854775807"
#define GOT_POST	"POST / path=/ host=a authority=a 1.1 "

static const struct {
	struct bytes msg;
	const char *wanted;
} requests[] = {
	/* targets */
	{ BYTES(GET "\r\n"),
	  GOT_GET "none keep [Host=a]" },
	{ BYTES("\r\n\r\nGET /x?y&z?/ HTTP/1.1\r\nHOST:h:80\r\n\r\n"),
	  "GET /x?y&z?/ path=/x query=y&z?/ host=h authority=h:80 1.1 none keep [HOST=h:80]" },
	{ BYTES("GET /? " END),
	  "GET /? path=/ " GOT_END },
	{ BYTES("GET " VISIBLE " " END),
	  "GET " VISIBLE " path=" VISIBLE " " GOT_END },
	{ BYTES("GET http://b.example:81/p?q " END),
	  "GET http://b.example:81/p?q path=/p query=q host=b.example authority=b.example:81 1.1 none keep [Host=b.example:81]" },
	{ BYTES("GET HTTPS://b " END),
	  "GET HTTPS://b host=b authority=b 1.1 none keep [Host=b]" },
	{ BYTES("GET http://b?q " END),
	  "GET http://b?q query=q host=b authority=b 1.1 none keep [Host=b]" },
	{ BYTES("GET http://[::1]:8/ HTTP/1.0\r\n\r\n"),
	  "GET http://[::1]:8/ path=/ host=[::1] authority=[::1]:8 1.0 none close" },
	{ BYTES("OPTIONS * " END),
	  "OPTIONS * path=* " GOT_END },
	{ BYTES("M-X!#$%&'*+.^_`|~9 / " END),
	  "M-X!#$%&'*+.^_`|~9 / path=/ " GOT_END },
	{ BYTES("GET * " END), "400" },
	{ BYTES("OPTIONS ** " END), "400" },
	{ BYTES("OPTIONS *?a " END), "400" },
	{ BYTES("CONNECT a.example:443 " END),
	  "CONNECT a.example:443 host=a.example authority=a.example:443 "
	  "1.1 none keep tunnel [Host=a.example:443]" },
	{ BYTES("CONNECT [::1]:443 HTTP/1.0\r\n\r\n"),
	  "CONNECT [::1]:443 host=[::1] authority=[::1]:443 1.0 none close tunnel" },
	{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" CL "0\r\n\r\n"), "400" },
	{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" CL "5\r\n\r\n"), "400" },
	{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" TE "chunked\r\n\r\n"), "400" },
	{ BYTES("CONNECT a:443 HTTP/1.1\r\n\r\n"), "400" },
	/* upgrades */
	{ BYTES(GET "Connection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n"),
	  GOT_GET "none keep upgrade=websocket [Host=a] "
	  "-[Connection=Upgrade, keep-alive] -[Upgrade=websocket]" },
	{ BYTES(GET "Upgrade: websocket\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[Upgrade=websocket]" },
	{ BYTES(GET "Connection: upgrade\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[Connection=upgrade]" },
	{ BYTES(GET "Upgrade: a\r\nUpgrade: b\r\nConnection: upgrade\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[Upgrade=a] -[Upgrade=b] -[Connection=upgrade]" },
	{ BYTES("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n"),
	  "GET / path=/ 1.0 none close -[Connection=upgrade] -[Upgrade=a]" },
	{ BYTES("CONNECT a.example " END), "400" },
	{ BYTES("CONNECT a.example: " END), "400" },
	{ BYTES("CONNECT / " END), "400" },
	{ BYTES("GET a.example:80 " END), "400" },
	{ BYTES("GET x " END), "400" },
	{ BYTES("GET ?x " END), "400" },
	{ BYTES("GET http:/a/ " END), "400" },
	{ BYTES("GET http:// " END), "400" },
	{ BYTES("GET http:///p " END), "400" },
	{ BYTES("GET http://:80/p " END), "400" },
	{ BYTES("GET http://u@b/p " END), "400" },
	{ BYTES("GET http://b\\c/p " END), "400" },
	{ BYTES("GET ftp://b/p " END), "400" },
	{ BYTES("GET httpx://b/p " END), "400" },
	{ BYTES("GET /#f " END), "400" },
	{ BYTES("GET /?a#f " END), "400" },
	{ BYTES("GET /\x7f " END), "400" },
	{ BYTES("GET /\xc3\xa4 " END), "400" },
	{ BYTES("GET /\0 " END), "400" },
	{ BYTES("GET /\t " END), "400" },

	/* request line */
	{ BYTES(" GET / " END), "400" },
	{ BYTES("\nGET / " END), "400" },
	{ BYTES("\r\rGET / " END), "400" },
	{ BYTES("GET  / " END), "400" },
	{ BYTES("GET\t/ " END), "400" },
	{ BYTES("GET /  " END), "400" },
	{ BYTES("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / \r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET /\r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET\r\n\r\n"), "400" },
	{ BYTES("G\"T / " END), "400" },
	{ BYTES("\x16\x03\x01\x02\x00\x01\x00"), "400" },
	{ BYTES("GET / http/1.1\r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1,1\r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/11\r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), "505" },
	{ BYTES("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), "505" },
	{ BYTES("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), "505" },
	{ BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505" },

	/* field lines */
	{ BYTES(GET "A:\r\nB: \t \r\nC: \tx \xff\ty\t \r\nD:x:y\r\n\r\n"),
	  GOT_GET "none keep [Host=a] [A=] [B=] [C=x \xff\ty] [D=x:y]" },
	{ BYTES(GET "Cookie: 0123456789\tabcdef\t\t0123456701234567\r\n\r\n"),
	  GOT_GET "none keep [Host=a] [Cookie=0123456789\tabcdef\t\t0123456701234567]" },
	{ BYTES(GET "A : b\r\n\r\n"), "400" },
	{ BYTES(GET "A\t: b\r\n\r\n"), "400" },
	{ BYTES(GET ": b\r\n\r\n"), "400" },
	{ BYTES(GET "A\r\n\r\n"), "400" },
	{ BYTES(GET "A: b\r\n c\r\n\r\n"), "400" },
	{ BYTES(GET "A: b\r\n\tc\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "400" },
	{ BYTES(GET "A: b\n\r\n"), "400" },
	{ BYTES(GET "A: b\rc\r\n\r\n"), "400" },
	{ BYTES(GET "A: b\r\r\n\r\n"), "400" },
	{ BYTES(GET "A: b\r\n\rx"), "400" },
	{ BYTES(GET "A: b\r\n\n"), "400" },
	{ BYTES(GET "A: b\0c\r\n\r\n"), "400" },
	{ BYTES(GET "A: 01234567\0c\r\n\r\n"), "400" },
	{ BYTES(GET "A: 0123456789\03301234567\r\n\r\n"), "400" },
	{ BYTES(GET "A: 0123456789\17701234567\r\n\r\n"), "400" },
	{ BYTES(GET "A\xe4: b\r\n\r\n"), "400" },
	{ BYTES(GET "A(b): b\r\n\r\n"), "400" },
	{ BYTES(GET "A\0: b\r\n\r\n"), "400" },

	/* Host */
	{ BYTES("GET / HTTP/1.0\r\n\r\n"), "GET / path=/ 1.0 none close" },
	{ BYTES("GET / HTTP/1.1\r\nHost: [d8::1]:80\r\n\r\n"),
	  "GET / path=/ host=[d8::1] authority=[d8::1]:80 1.1 none keep [Host=[d8::1]:80]" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a%2Db.x_:\r\n\r\n"),
	  "GET / path=/ host=a%2Db.x_ authority=a%2Db.x_: 1.1 none keep [Host=a%2Db.x_:]" },
	{ BYTES("GET / HTTP/1.1\r\n\r\n"), "400" },
	{ BYTES("GET http://a/ HTTP/1.1\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.0\r\nHost:\r\n\r\n"), "400" },
	{ BYTES(GET "Host: a\r\n\r\n"), "400" },
	{ BYTES(GET "hOST: b\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a:18446744073709551617\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a%2\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: []\r\n\r\n"), "400" },
	{ BYTES("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"), "400" },

	/* length and coding */
	{ BYTES(POST CL "5\r\n\r\n"),
	  GOT_POST "length=5 keep [Host=a] [Content-Length=5]" },
	{ BYTES(POST "content-length:000\r\n\r\n"),
	  GOT_POST "length=0 keep [Host=a] [content-length=000]" },
	{ BYTES(POST CL LENGTH_MAX "\r\n\r\n"),
	  GOT_POST "length=" LENGTH_MAX " keep [Host=a] [Content-Length=" LENGTH_MAX "]" },
	{ BYTES(POST TE "Chunked\r\n\r\n"),
	  GOT_POST "chunked keep [Host=a] -[Transfer-Encoding=Chunked]" },
	{ BYTES(POST CL "9223372036854775808\r\n\r\n"), "400" },
	{ BYTES(POST CL "18446744073709551617\r\n\r\n"), "400" },
	{ BYTES(POST "Content-Length:\r\n\r\n"), "400" },
	{ BYTES(POST CL "+5\r\n\r\n"), "400" },
	{ BYTES(POST CL "-5\r\n\r\n"), "400" },
	{ BYTES(POST CL "0x5\r\n\r\n"), "400" },
	{ BYTES(POST CL "5 5\r\n\r\n"), "400" },
	{ BYTES(POST CL "5, 5\r\n\r\n"), "400" },
	{ BYTES(POST CL "5;\r\n\r\n"), "400" },
	{ BYTES(POST CL "5\r\n" CL "5\r\n\r\n"), "400" },
	{ BYTES(POST CL "5\r\n" CL "6\r\n\r\n"), "400" },
	{ BYTES(POST CL "5\r\n" TE "chunked\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked\r\n" CL "5\r\n\r\n"), "400" },
	{ BYTES("POST / HTTP/1.0\r\nHost: a\r\n" TE "chunked\r\n\r\n"), "400" },
	{ BYTES(POST "Transfer-Encoding:\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked, chunked\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked\r\n" TE "chunked\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked, gzip\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked\r\n" TE "identity\r\n\r\n"), "400" },
	{ BYTES(POST TE ",chunked\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked,\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked;a=b\r\n\r\n"), "400" },
	{ BYTES(POST TE "\"chunked\"\r\n\r\n"), "400" },
	{ BYTES(POST TE "chunked x\r\n\r\n"), "400" },
	{ BYTES(POST TE "gzip, chunked\r\n\r\n"), "501" },
	{ BYTES(POST TE "gzip\r\n\r\n"), "501" },
	{ BYTES(POST TE "xchunked\r\n\r\n"), "501" },
	{ BYTES(POST TE "identity\r\n\r\n"), "501" },

	/* persistence, hop-by-hop fields */
	{ BYTES(GET "Connection: close\r\n\r\n"),
	  GOT_GET "none close [Host=a] -[Connection=close]" },
	{ BYTES("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
	  "GET / path=/ 1.0 none keep -[Connection=Keep-Alive]" },
	{ BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: , CLOSE ,\r\n\r\n"),
	  "GET / path=/ 1.0 none close -[Connection=keep-alive] -[Connection=, CLOSE ,]" },
	{ BYTES(GET "X-A: 1\r\nConnection: x-a,Te , x-b,\r\nx-B: 2\r\nx-ab: 3\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[X-A=1] -[Connection=x-a,Te , x-b,] -[x-B=2] [x-ab=3]" },
	{ BYTES(GET CL "1\r\nConnection: host, content-length\r\n\r\n"),
	  GOT_GET "length=1 keep [Host=a] [Content-Length=1] -[Connection=host, content-length]" },
	{ BYTES(GET "Keep-Alive: 1\r\nTE: a\r\nTrailer: x\r\nUpgrade: b\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[Keep-Alive=1] -[TE=a] [Trailer=x] -[Upgrade=b]" },
	{ BYTES(GET "Proxy-Connection: x\r\n\r\n"),
	  GOT_GET "none keep [Host=a] -[Proxy-Connection=x]" },
	{ BYTES(GET "Connection: a b\r\n\r\n"), "400" },
	{ BYTES(GET "Connection: close;x\r\n\r\n"), "400" },

	/* Expect */
	{ BYTES("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n"),
	  "PUT / path=/ host=a authority=a 1.1 none keep expect [Host=a] [Expect=100-Continue]" },
	{ BYTES("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"),
	  "PUT / path=/ 1.0 none close [Expect=100-continue]" },

	/* nothing yet */
	{ BYTES("\r\n"), "more" },
	{ BYTES(GET), "more" },
};

static const struct {
	struct bytes msg;
	enum kind of;
	const char *wanted;
} responses[] = {
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.1 length=3 keep [Content-Length=3]" },
	{ BYTES("HTTP/1.1 404 \r\n" TE "chunked\r\n\r\n"), RESPONSE,
	  "404 1.1 chunked keep -[Transfer-Encoding=chunked]" },
	{ BYTES("HTTP/1.1 200  N\xf6t\tq \r\n\r\n"), RESPONSE,
	  "200 reason= N\xf6t\tq  1.1 until-close close" },
	{ BYTES("HTTP/1.0 200 OK\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.0 until-close close" },
	{ BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CL "1\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.0 length=1 keep -[Connection=keep-alive] [Content-Length=1]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "1\r\nConnection: close\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.1 length=1 close [Content-Length=1] -[Connection=close]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n\r\n"), RESPONSE_TO_HEAD,
	  "200 reason=OK 1.1 none keep [Content-Length=3]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" TE "chunked\r\n\r\n"), RESPONSE_TO_HEAD,
	  "200 reason=OK 1.1 none keep -[Transfer-Encoding=chunked]" },
	{ BYTES("HTTP/1.1 304 Not Modified\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "304 reason=Not Modified 1.1 none keep [Content-Length=3]" },
	{ BYTES("HTTP/1.1 204 No Content\r\n\r\n"), RESPONSE,
	  "204 reason=No Content 1.1 none keep" },
	{ BYTES("HTTP/1.1 204 No Content\r\n" CL "0\r\n\r\n"), RESPONSE,
	  "204 reason=No Content 1.1 none keep -[Content-Length=0]" },
	{ BYTES("HTTP/1.1 100 Continue\r\n\r\n"), RESPONSE,
	  "100 reason=Continue 1.1 none keep" },
	{ BYTES("HTTP/1.1 101 Up\r\nUpgrade: ws\r\nConnection: upgrade\r\n\r\n"), RESPONSE,
	  "101 reason=Up 1.1 none keep upgrade=ws -[Upgrade=ws] -[Connection=upgrade]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n\r\n"), RESPONSE_TO_CONNECT,
	  "200 reason=OK 1.1 none keep -[Content-Length=3]" },
	{ BYTES("HTTP/1.1 299 OK\r\n" TE "chunked\r\n\r\n"), RESPONSE_TO_CONNECT,
	  "299 reason=OK 1.1 none keep -[Transfer-Encoding=chunked]" },
	{ BYTES("HTTP/1.1 403 No\r\n" CL "3\r\n\r\n"), RESPONSE_TO_CONNECT,
	  "403 reason=No 1.1 length=3 keep [Content-Length=3]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n" TE "chunked\r\n\r\n"), RESPONSE_TO_CONNECT,
	  "502" },
	{ BYTES("HTTP/1.1 205 Reset\r\n" CL "0\r\n\r\n"), RESPONSE,
	  "205 reason=Reset 1.1 length=0 keep [Content-Length=0]" },
	{ BYTES("HTTP/1.1 200 OK\r\nHost: not, ours\r\nHost: b\r\n" CL "0\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.1 length=0 keep [Host=not, ours] [Host=b] [Content-Length=0]" },
	{ BYTES("HTTP/1.1 204 No Content\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "204 reason=No Content 1.1 none close -[Content-Length=3]" },
	{ BYTES("HTTP/1.1 204 No Content\r\n" TE "chunked\r\n\r\n"), RESPONSE,
	  "204 reason=No Content 1.1 none close -[Transfer-Encoding=chunked]" },
	{ BYTES("HTTP/1.1 304 Not Modified\r\n" TE "chunked\r\n\r\n"), RESPONSE,
	  "304 reason=Not Modified 1.1 none close -[Transfer-Encoding=chunked]" },
	{ BYTES("HTTP/1.1 103 Early\r\n" CL "3\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 204 No Content\r\n" CL "3\r\n\r\n"), RESPONSE_TO_HEAD,
	  "204 reason=No Content 1.1 none close -[Content-Length=3]" },
	{ BYTES("HTTP/1.1 204 No Content\r\n" CL "3\r\n" TE "chunked\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 103 Early\r\n" TE "chunked\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "200 1.1 length=3 keep [Content-Length=3]" },
	{ BYTES("HTTP/1.0 404\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "404 1.0 length=3 close [Content-Length=3]" },
	{ BYTES("HTTP/1.1 200\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200\r\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200\tOK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 099\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 20\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/2.0 200\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 20 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 2000 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 099 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1  200 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/2.0 200 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.2 200 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("ICY 200 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "200 reason=OK 1.1 length=3 keep [Content-Length=3] -[Content-Length=3]" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n" CL "4\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n" CL "\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3, 3\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" TE "chunked\r\n" CL "3\r\n" CL "3\r\n\r\n"), RESPONSE,
	  "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" CL "3\r\n" TE "chunked\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.1 200 OK\r\n" TE "gzip, chunked\r\n\r\n"), RESPONSE, "502" },
	{ BYTES("HTTP/1.0 200 OK\r\n" TE "chunked\r\n\r\n"), RESPONSE, "502" },
};

/* Limits. The text is: @start, @n times @fill, @end. */
static void check_limit(const char *name, const char *start, const char *fill,
			u32 n, const char *end, const char *wanted)
{
	u32 at, i, used, fill_len = strlen(fill);
	char *buf = malloc(strlen(start) + n * fill_len + strlen(end) + 1), *got;
	struct bytes msg = { buf, 0 };

	at = sprintf(buf, "%s", start);
	for (i = 0; i < n; i++) {
		memcpy(buf + at, fill, fill_len);
		at += fill_len;
	}
	msg.len = at + sprintf(buf + at, "%s", end);
	got = parse(msg, REQUEST, WHOLE, &used);
	/* the first word, "GET" if it is good */
	got[strcspn(got, " ")] = '\0';
	tap_is(got, wanted, "http1: %s", name);
	tap_ok(splits_agree(msg, REQUEST, 4), "http1: ... in any split");
	free(got);
	free(buf);
}

static void test_limits(void)
{
	static const char host[] = "GET / HTTP/1.1\r\nHost: a\r\n";
	const u32 room = MESSAGE_HEAD_MAX - (sizeof(host) - 1);

	check_limit("target of 8192 bytes", "GET /", "x", 8191,
		    " HTTP/1.1\r\nHost: a\r\n\r\n", "GET");
	check_limit("target of 8193 bytes", "GET /", "x", 8192,
		    " HTTP/1.1\r\nHost: a\r\n\r\n", "414");
	check_limit("query up to 8192 bytes", "GET /?", "x", 8190,
		    " HTTP/1.1\r\nHost: a\r\n\r\n", "GET");
	check_limit("query up to 8193 bytes", "GET /?", "x", 8191,
		    " HTTP/1.1\r\nHost: a\r\n\r\n", "414");
	check_limit("absolute target of 8193 bytes", "GET http://a/", "x", 8184,
		    " HTTP/1.1\r\nHost: a\r\n\r\n", "414");
	check_limit("a long target and then nonsense", "GET /", "x", 9000,
		    "\1", "414");
	check_limit("head of 61440 bytes", host, "x", room - 6, ":y\r\n\r\n",
		    "GET");
	check_limit("head of 61441 bytes", host, "x", room - 5, ":y\r\n\r\n",
		    "431");
	check_limit("61439 bytes without end", host, "x", room - 1, "", "more");
	check_limit("61440 bytes without end", host, "x", room, "", "431");
	check_limit("61440 bytes of empty lines", "", "\r\n", 30720, "", "431");
	check_limit("100 fields", host, "A: b\r\n", 99, "\r\n", "GET");
	check_limit("101 fields", host, "A: b\r\n", 100, "\r\n", "431");
	check_limit("32 connection options", host, "Connection: a, b\r\n", 16,
		    "\r\n", "GET");
	check_limit("33 connection options",
		    "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\n",
		    "Connection: a, b\r\n", 16, "\r\n", "431");
	check_limit("any number of close and nothing",
		    "GET / HTTP/1.1\r\nHost: a\r\nConnection: x", ",close,,",
		    1000, "\r\n\r\n", "GET");
}

/* Limits of a message's own: the status, or 0 if it is good. */
static u16 under(struct message_limits limits, const char *text)
{
	struct message p;

	http1_init(&p, false);
	p.limits = limits;
	if (parse_bytes(&p, text, strlen(text)) == HTTP1_ERROR)
		return message_status(p.error);
	return 0;
}

static void test_own_limits(void)
{
	static const char text[] = "GET /12345 HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n";
	const struct message_limits exact = { sizeof(text) - 1, 6, 2 };
	struct message_limits less;

	tap_ok(!under(exact, text), "http1: a head of exactly what is allowed");
	less = exact;
	less.head--;
	tap_ok(under(less, text) == 431, "http1: a byte more than allowed");
	less = exact;
	less.target--;
	tap_ok(under(less, text) == 414, "http1: a target a byte longer than allowed");
	less = exact;
	less.fields--;
	tap_ok(under(less, text) == 431, "http1: a field more than allowed");
	less.fields = 0;
	tap_ok(under(less, text) == 431, "http1: a field where none is allowed");
}

static void test_addresses(void)
{
	static const char * const good[] = {
		"[::]", "[::1]", "[1::]", "[1:2:3:4:5:6:7:8]",
		"[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::3:4:5:6:7:8]",
		"[ABCD:ef01::]", "[::1.2.3.4]", "[::ffff:255.255.255.0]",
		"[1:2:3:4:5:6:1.2.3.4]", "[fd00::1]:65535", "a", "A.b-c_d~",
		"1.2.3.4:80", "999.999", "a:0", "xn--nxasmq6b.",
	};
	static const char * const bad[] = {
		"[", "[]", "[:]", "[:::]", "[1]", "[1:2:3:4:5:6:7]",
		"[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]",
		"[1::2:3:4:5:6:7:8]", "[1::2::3]", "[12345::]", "[:1::]",
		"[1::2:]", "[g::]", "[::1.2.3]", "[::1.2.3.256]",
		"[::01.2.3.4]", "[::1.2.3.4.5]", "[1.2.3.4::]", "[1.2.3.4]",
		"[::1.2.3.4:5]", "[1:2:3:4:5:6:7:1.2.3.4]", "[fe80::1%eth0]",
		"[v1.x]", "[::1]]", "", ":", ":80", "a b", "a,b:x", "a?",
		"a%", "a\\",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(authority_valid((struct span){ good[i], strlen(good[i]) }),
		       "http1: authority %s", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(!authority_valid((struct span){ bad[i], strlen(bad[i]) }),
		       "http1: no authority: %s", bad[i]);
}

static void test_valid(void)
{
	tap_ok(chars_token_valid(SPAN("x-a!#$%&'*+.^_`|~")), "http1: token");
	tap_ok(!chars_token_valid(SPAN("")) && !chars_token_valid(SPAN("a b")) &&
	       !chars_token_valid(SPAN("a:")) && !chars_token_valid(SPAN("\xe4")),
	       "http1: no token");
	tap_ok(chars_value_valid(SPAN("")) && chars_value_valid(SPAN("a\t\xe4 b")),
	       "http1: value");
	tap_ok(!chars_value_valid(SPAN(" a")) && !chars_value_valid(SPAN("a\t")) &&
	       !chars_value_valid(SPAN("a\r")) && !chars_value_valid(SPAN("a\nb")) &&
	       !chars_value_valid(SPAN("a\0")) && !chars_value_valid(SPAN("\x7f")),
	       "http1: no value");
}

static void test_find(void)
{
	static const char msg[] =
		"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n";
	const struct message_field *f;
	struct message p;

	http1_init(&p, false);
	parse_bytes(&p, msg, sizeof(msg) - 1);
	f = message_find(&p, SPAN("x-A"));
	tap_ok(f && msg[f->value] == '1', "http1: finds the first of a name");
	tap_ok(!message_find(&p, SPAN("x-b")), "http1: finds no other");
}

static void check_odd(const char *msg, enum kind kind, bool odd)
{
	struct message p;
	u32 len;

	http1_init(&p, kind != REQUEST);
	for (len = 1; len <= strlen(msg); len++)
		parse_bytes(&p, msg, len);
	tap_ok(p.raw == !odd, "http1: byte by byte, %s: %.40s",
	       odd ? "odd" : "plain", msg);
	http1_init(&p, kind != REQUEST);
	tap_ok(parse_bytes(&p, msg, strlen(msg)) == HTTP1_DONE && p.raw == !odd,
	       "http1: at once, %s: %.40s", odd ? "odd" : "plain", msg);
}

static void test_odd(void)
{
	static const char *const plain[] = {
		"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHOST: a\r\nX-A: \r\nX-B: c  d\r\n"
		"content-length: 10\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	};
	static const char *const odd[] = {
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
		"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:  a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:\ta\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a \r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(plain); i++)
		check_odd(plain[i], REQUEST, false);
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		check_odd(odd[i], REQUEST, true);
	check_odd("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", RESPONSE, false);
	check_odd("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", RESPONSE, true);
	check_odd("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", RESPONSE, true);
	check_odd("HTTP/1.0 200 OK\r\n\r\n", RESPONSE, true);
}

/* Every byte value at every position of a good message. */
static void test_mutations(void)
{
	static const char good[] =
		"\r\nPOST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 10\r\n"
		"Connection: close, x-y\r\nX-Y: z z\r\n\r\n";
	struct bytes msg = { NULL, sizeof(good) - 1 };
	char *buf = malloc(sizeof(good));
	u32 i, c, ok = 0;

	msg.p = buf;
	for (i = 0; i < msg.len; i++) {
		for (c = 0; c < 256; c++) {
			memcpy(buf, good, sizeof(good));
			buf[i] = c;
			ok += splits_agree(msg, REQUEST, 2);
		}
	}
	tap_ok(ok == msg.len * 256, "http1: %u messages with one wrong byte", ok);
	free(buf);
}

/* Good messages spliced, cut and repeated: any split, the same result. */
static void test_random(void)
{
	char buf[1024];
	struct bytes msg = { buf, 0 }, from;
	u32 i, at, len, pieces, ok = 0, n = 20000;

	for (i = 0; i < n; i++) {
		msg.len = 0;
		for (pieces = 1 + tap_random(4); pieces; pieces--) {
			from = tap_random(4) ?
			       requests[tap_random(ARRAY_SIZE(requests))].msg :
			       responses[tap_random(ARRAY_SIZE(responses))].msg;
			at = tap_random(2) ? tap_random(from.len) : 0;
			len = 1 + tap_random(from.len - at);
			if (msg.len + len > sizeof(buf))
				break;
			memcpy(buf + msg.len, from.p + at, len);
			msg.len += len;
		}
		ok += splits_agree(msg, tap_random(4), 3);
	}
	tap_ok(ok == n, "http1: %u random messages in any split", ok);
}

void test_http1(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		check(requests[i].msg, REQUEST, requests[i].wanted);
	for (i = 0; i < ARRAY_SIZE(responses); i++)
		check(responses[i].msg, responses[i].of, responses[i].wanted);
	test_limits();
	test_own_limits();
	test_addresses();
	test_valid();
	test_find();
	test_odd();
	tell_odd = true;
	test_mutations();
	test_random();
}
