// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http1/trailer_lines.c: lines of HTTP/1 become a message, and lines, and
 * go through HTTP/2.
 */
#include <stdlib.h>
#include <string.h>

#include "head2.h"
#include "http1/trailer_lines.h"
#include "tap.h"
#include "unit.h"

static bool read_lines(struct message *m, const char *lines, u16 fields)
{
	message_init(m, true);
	m->limits.fields = fields;
	m->len = strlen(lines);
	/* Of its size, for what looks after memory. */
	m->text = memcpy(malloc(m->len ? m->len : 1), lines, m->len);
	return trailer_lines_read(m);
}

static void write_lines(const struct message *m, struct block_text *t)
{
	u32 max = trailer_lines_max(m);
	char *lines = malloc(max ? max : 1);
	u32 len = trailer_lines_write(m, lines) - lines;

	t->len = 0;
	block_put(t, lines, len);
	if (len > max)
		tap_ok(false, "%u bytes where %u are the most", len, max);
	free(lines);
}

/* By a block of HTTP/2 and back. */
static void go_through_http2(struct message *m)
{
	struct hpack_encoder enc;
	struct hpack_decoder d;
	struct section s;
	struct edit e = { .m = m };
	u32 size = section_written_max(&e);
	char *block = malloc(size);
	struct message *again = calloc(1, sizeof(*again));

	hpack_encoder_init(&enc, malloc(hpack_table_bytes(4096)), 4096, 1);
	hpack_decoder_init(&d, malloc(hpack_table_bytes(4096)), 4096);
	size = section_write_trailers(&enc, &e, block, size);
	again->text = malloc(1);
	message_init(again, true);
	section_begin(&s, &d, again, SECTION_TRAILERS, true);
	tap_ok(head2_read(&s, &d, again, (struct span){ block, size }, 3) == SECTION_DONE,
	       "it is a block of HTTP/2");
	free(m->text);
	*m = *again;
	free(again);
	free(block);
	free(enc.table.ring);
	free(d.table.ring);
}

static const struct {
	const char *lines, *again, *lower;
	u16 fields;
} good[] = {
	{ "", "", "", 100 },
	{ "a: b\r\n", "a: b\r\n", "a: b\r\n", 1 },
	{ "Grpc-Status:0\r\nx:\t y z \t\r\n", "Grpc-Status: 0\r\nx: y z\r\n",
	  "grpc-status: 0\r\nx: y z\r\n", 2 },
	{ "a:\nb: c:d\n", "a: \r\nb: c:d\r\n", "a: \r\nb: c:d\r\n", 100 },
	{ "Connection: a\r\na: b\r\nHost: c\r\nTE: d\r\nx: 1\r\nx: 2\r\n",
	  "a: b\r\nx: 1\r\nx: 2\r\n", "a: b\r\nx: 1\r\nx: 2\r\n", 100 },
};

static const struct {
	const char *lines;
	u16 fields;
} bad[] = {
	{ "a: b", 100 }, { "a: b\r\nc: d\r\n", 1 }, { ": b\r\n", 100 }, { "a\r\n", 100 },
	{ "\r\n", 100 },
};

void test_trailer_lines(void)
{
	struct message *m = calloc(1, sizeof(*m));
	struct block_text t = { 0 };
	u32 i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		tap_ok(read_lines(m, good[i].lines, good[i].fields), "trailers %u", i);
		write_lines(m, &t);
		tap_is(t.p, good[i].again, "they are written again");
		go_through_http2(m);
		write_lines(m, &t);
		tap_is(t.p, good[i].lower, "and when they have gone through HTTP/2");
		free(m->text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		tap_ok(!read_lines(m, bad[i].lines, bad[i].fields), "no trailers: %s",
		       bad[i].lines);
		free(m->text);
	}
	free(t.p);
	free(m);
}
