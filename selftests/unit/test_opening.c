// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http1/opening.c: what programs of other protocols say first, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http1/opening.h"
#include "lib/span.h"
#include "tap.h"
#include "unit.h"

/* In memory of exactly its size. */
static enum opening scan(u32 *pos, struct span s, u32 len)
{
	char *copy = malloc(len ? len : 1);
	enum opening result;

	memcpy(copy, s.p, len);
	result = opening_scan(pos, copy, len);
	free(copy);
	return result;
}

static const struct {
	struct span text;
	enum opening wanted;
	u32 by;			/* found by so many bytes */
} rows[] = {
	{ SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), OPENING_REQUEST, 16 },
	{ SPAN("GET / HTTP/1.0\n"), OPENING_REQUEST, 15 },
	{ SPAN("X-METHOD * HTTP/1.1\r\n"), OPENING_REQUEST, 21 },
	{ SPAN("CONNECT a:443 HTTP/1.1\r\n"), OPENING_REQUEST, 24 },
	{ SPAN("GET http://a/b c HTTP/1.1\r\n"), OPENING_REQUEST, 27 },
	{ SPAN("GET / HTTP/1."), OPENING_MORE, 0 },
	{ SPAN("GET / HTTP/1.1\r"), OPENING_MORE, 0 },
	{ SPAN("GET"), OPENING_MORE, 0 },
	{ SPAN(""), OPENING_MORE, 0 },
	{ SPAN("GET /\r\n"), OPENING_OTHER, 7 },
	{ SPAN("GET / HTTP/1.2\r\n"), OPENING_REQUEST, 16 },
	{ SPAN("GET / HTTP/1.x\r\n"), OPENING_OTHER, 16 },
	{ SPAN("GET / HTTP/2.0\r\n"), OPENING_OTHER, 16 },
	{ SPAN("GETHTTP/1.1\r\n"), OPENING_OTHER, 8 },
	{ SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), OPENING_OTHER, 16 },
	{ SPAN("OPTIONS sip:a@b SIP/2.0\r\n"), OPENING_OTHER, 25 },
	{ SPAN("OPTIONS * RTSP/1.0\r\n"), OPENING_OTHER, 20 },
	{ SPAN("SSH-2.0-OpenSSH_9.2\r\n"), OPENING_OTHER, 20 },
	{ SPAN("EHLO mail.example\r\n"), OPENING_OTHER, 19 },
	{ SPAN("*1\r\n$4\r\nPING\r\n"), OPENING_OTHER, 3 },
	{ SPAN("\0\0\0\x08\x04\xd2\x16\x2f"), OPENING_OTHER, 1 },
	{ SPAN("\r\nGET / HTTP/1.1\r\n"), OPENING_OTHER, 1 },
	{ SPAN(" GET / HTTP/1.1\r\n"), OPENING_OTHER, 1 },
	{ SPAN("GET /\0 HTTP/1.1\r\n"), OPENING_OTHER, 6 },
	{ SPAN("GET /\r HTTP/1.1\r\n"), OPENING_OTHER, 7 },
	{ SPAN("abcdefghijklmnopqrstuvwxyzabcdefghijk"), OPENING_OTHER, 33 },
	{ SPAN("abcdefghijklmnopqrstuvwxyzabcdef / HTTP/1.1\n"), OPENING_REQUEST, 44 },
};

void test_opening(void)
{
	u32 i, len, pos;
	enum opening result;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pos = 0;
		result = scan(&pos, rows[i].text, rows[i].text.len);
		tap_ok(result == rows[i].wanted &&
		       (result != OPENING_REQUEST || pos == rows[i].by),
		       "opening: %.20s", rows[i].text.p);
		pos = 0;
		for (len = 0; len < rows[i].text.len; len++) {
			result = scan(&pos, rows[i].text, len);
			if (result != OPENING_MORE)
				break;
		}
		if (result == OPENING_MORE)
			result = scan(&pos, rows[i].text, len);
		tap_ok(result == rows[i].wanted && (!rows[i].by || len == rows[i].by),
		       "opening: %.20s, byte by byte: %u", rows[i].text.p, len);
	}
}
