// SPDX-License-Identifier: GPL-2.0
/* Tests of module/lib/proxy_header.c and proxy_header_write.c. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>

#include "lib/proxy_header.h"
#include "tap.h"
#include "unit.h"

/* "FAMILY SOURCE PORT TO PORT +TLVS" of what was understood, or why it was not. */
static const char *said(enum proxy_header_result result, const struct proxy_header *h)
{
	static char text[256];
	char source[64], to[64];
	int family = h->family == PROXY_HEADER_V4 ? AF_INET : AF_INET6;

	switch (result) {
	case PROXY_HEADER_MORE:
		return "more";
	case PROXY_HEADER_ABSENT:
		return "absent";
	case PROXY_HEADER_BAD:
		return "bad";
	case PROXY_HEADER_TOO_LONG:
		return "too long";
	default:
		break;
	}
	if (h->family == PROXY_HEADER_NONE)
		return "none";
	inet_ntop(family, h->source, source, sizeof(source));
	inet_ntop(family, h->to, to, sizeof(to));
	snprintf(text, sizeof(text), "%d %s %u %s %u +%u", h->family == PROXY_HEADER_V4 ?
		 4 : 6, source, h->source_port, to, h->to_port, h->tlvs_len);
	return text;
}

/* In pieces of one byte; what follows is not looked at. */
static const char *parse(const void *text, u32 len, struct proxy_header *h)
{
	enum proxy_header_result result = PROXY_HEADER_MORE;
	u32 n;

	for (n = 1; n <= len && result == PROXY_HEADER_MORE; n++) {
		result = proxy_header_parse(text, n, h);
		if (result == PROXY_HEADER_MORE && h->len <= n)
			return "wants no more";
	}
	return said(result, h);
}

#define LONGEST	"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff " \
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"

static const struct {
	const char *text, *wanted;
} lines[] = {
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 80\r\n", "4 1.2.3.4 5000 10.0.0.1 80 +0" },
	{ "PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\nGET",
	  "4 0.0.0.0 0 255.255.255.255 65535 +0" },
	{ "PROXY TCP6 ::1 fd00::2 1 2\r\n", "6 ::1 1 fd00::2 2 +0" },
	{ "PROXY TCP6 :: 1:2:3:4:5:6:7:8 1 2\r\n", "6 :: 1 1:2:3:4:5:6:7:8 2 +0" },
	{ "PROXY TCP6 A::b 1:2:3:4:5:6:7:: 1 2\r\n", "6 a::b 1 1:2:3:4:5:6:7:0 2 +0" },
	{ "PROXY TCP6 ::ffff:1.2.3.4 1:2:3:4:5:6:1.2.3.4 1 2\r\n",
	  "6 ::ffff:1.2.3.4 1 1:2:3:4:5:6:102:304 2 +0" },
	{ "PROXY UNKNOWN\r\n", "none" },
	{ "PROXY UNKNOWN what ever it is\r\n", "none" },
	{ LONGEST "\r\n", "none" },
	{ LONGEST " \r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 80", "more" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 80\r", "more" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 80\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 80 \r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4  10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 5000 65536\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 05000 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4 10.0.0.1 -1 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.04 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.256 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY TCP4 1.2.3.4.5 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY TCP4 ::1 ::2 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1.2.3.4 1.2.3.4 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1::2::3 ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1:2:3:4:5:6:7:8:: ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1:2:3:4:5:6:7 ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 12345::1 ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 1: ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 :1 ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP6 ::1%lo ::1 5000 80\r\n", "bad" },
	{ "PROXY TCP5 1.2.3.4 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY tcp4 1.2.3.4 10.0.0.1 5000 80\r\n", "bad" },
	{ "PROXY \r\n", "bad" },
	{ "PROX", "more" },
	{ "PROXX", "absent" },
	{ "PROXY\r\n", "absent" },
	{ "GET / HTTP/1.1\r\n", "absent" },
	{ "\r\nGET / HTTP/1.1\r\n", "absent" },
};

static void test_lines(void)
{
	struct proxy_header h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		tap_is(parse(lines[i].text, strlen(lines[i].text), &h),
		       lines[i].wanted, "PROXY header, line %u", i);
}

#define START	"\r\n\r\n\0\r\nQUIT\n"
#define FOUR	"\1\2\3\4\12\0\0\1\x13\x88\0\x50"
#define SIX	"0123456789abcdeffedcba9876543210\x13\x88\0\x50"

static const struct {
	const char *text;
	u32 len;
	const char *wanted;
} binaries[] = {
#define ROW(text, wanted)	{ text, sizeof(text) - 1, wanted }
	ROW(START "\x21\x11\0\x0c" FOUR "GET", "4 1.2.3.4 5000 10.0.0.1 80 +0"),
	ROW(START "\x21\x21\0\x24" SIX,
	    "6 3031:3233:3435:3637:3839:6162:6364:6566 5000 "
	    "6665:6463:6261:3938:3736:3534:3332:3130 80 +0"),
	ROW(START "\x21\x11\0\x0f" FOUR "\4\0\0", "4 1.2.3.4 5000 10.0.0.1 80 +3"),
	ROW(START "\x21\x11\0\x0e" FOUR "\4\0", "bad"),
	ROW(START "\x21\x11\0\x0f" FOUR "\4\0\1", "bad"),
	ROW(START "\x21\x11\0\x0b" FOUR, "bad"),
	ROW(START "\x21\x21\0\x0c" FOUR, "bad"),
	ROW(START "\x21\x11\0\0", "bad"),
	ROW(START "\x21\x11\0\x0c\1\2\3\4", "more"),
	ROW(START "\x21\x11", "more"),
	ROW(START "\x20\0\0\0", "none"),
	ROW(START "\x20\x11\0\x0c" FOUR, "none"),
	ROW(START "\x20\xff\0\1x", "none"),
	ROW(START "\x21\0\0\0", "none"),
	ROW(START "\x21\0\0\3abc", "none"),
	ROW(START "\x21\x12\0\x0c" FOUR, "none"),	/* UDP */
	ROW(START "\x21\x31\0\x0c" FOUR, "bad"),	/* Unix, too short */
	ROW(START "\x21\x41\0\x0c" FOUR, "bad"),
	ROW(START "\x21\x13\0\x0c" FOUR, "bad"),
	ROW(START "\x22\x11\0\x0c" FOUR, "bad"),
	ROW(START "\x11\x11\0\x0c" FOUR, "bad"),
	ROW(START "\x31\x11\0\x0c" FOUR, "bad"),
	ROW(START "\x21\x11\x0f\xf1", "too long"),
	ROW(START "\x21\x11\x0f\xf0", "more"),
	ROW("\r\n\r\n\0\r\nQUIX\n", "absent"),
	ROW(START "\x21\x11\0\x13" FOUR "\3\0\4\0\0\0\0", "bad"),
	ROW(START "\x21\x11\0\x12" FOUR "\3\0\3\0\0\0", "bad"),
#undef ROW
};

static void test_binaries(void)
{
	struct proxy_header h;
	char unix_socket[16 + 216] = START "\x21\x31\0\xd8";
	u32 i;

	for (i = 0; i < ARRAY_SIZE(binaries); i++)
		tap_is(parse(binaries[i].text, binaries[i].len, &h),
		       binaries[i].wanted, "PROXY header, bytes %u", i);
	tap_is(parse(unix_socket, sizeof(unix_socket), &h), "none",
	       "PROXY header of a Unix socket");
}

/* Bit by bit, as RFC 3720 B.4 has it for these 32 bytes of 0: aa36918a. */
static u32 slow_crc32c(const u8 *p, u32 len)
{
	u32 crc = ~0, i;

	while (len--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void test_checksum(void)
{
	static const u8 zeroes[32];
	/* A name, padding, the checksum, an identity of the connection's. */
	u8 text[] = START "\x21\x11\0\x23" FOUR
		    "\2\0\3abc\4\0\2\0\0\3\0\4\0\0\0\0\5\0\2id";
	u32 len = sizeof(text) - 1, at = 42, crc = slow_crc32c(text, len), n;
	struct proxy_header h;
	u8 kept[64];

	tap_ok(slow_crc32c(zeroes, 32) == 0x8a9136aa, "the test's CRC32C is RFC 3720's");
	tap_is(parse(text, len, &h), "bad", "PROXY header: a checksum that is wrong");
	text[at] = crc >> 24;
	text[at + 1] = crc >> 16;
	text[at + 2] = crc >> 8;
	text[at + 3] = crc;
	tap_is(parse(text, len, &h), "4 1.2.3.4 5000 10.0.0.1 80 +23",
	       "PROXY header: a checksum that is right");
	n = proxy_header_keep_tlvs(text, &h, kept);
	tap_ok(n == 11 && !memcmp(kept, "\2\0\3abc\5\0\2id", n),
	       "PROXY header: what is of the connection is kept");
	text[20] ^= 1;
	tap_is(parse(text, len, &h), "bad", "PROXY header: another address than was summed");
}

static void fill(struct proxy_header *h, u8 family)
{
	u32 i, bytes = family == PROXY_HEADER_V4 ? 4 : 16;

	memset(h, 0, sizeof(*h));
	h->family = family;
	for (i = 0; i < bytes; i++) {
		h->source[i] = tap_random(256);
		h->to[i] = tap_random(256);
	}
	h->source_port = tap_random(65536);
	h->to_port = tap_random(65536);
}

static bool same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->family == b->family && !memcmp(a->source, b->source, 16) &&
	       !memcmp(a->to, b->to, 16) && a->source_port == b->source_port &&
	       a->to_port == b->to_port;
}

static void test_written(void)
{
	u8 text[PROXY_HEADER_PLAIN_MAX];
	struct proxy_header a, b;
	u32 i, n, good = 0;

	for (i = 0; i < 300; i++) {
		fill(&a, i % 3);
		n = proxy_header_write_v1(&a, text);
		good += proxy_header_parse(text, n, &b) == PROXY_HEADER_DONE &&
			b.len == n && (i % 3 ? same(&a, &b) : !b.family);
		n = proxy_header_write_v2(&a, text);
		good += proxy_header_parse(text, n, &b) == PROXY_HEADER_DONE &&
			b.len == n && (i % 3 ? same(&a, &b) : !b.family);
	}
	tap_ok(good == 600, "PROXY headers that are written are read: %u of 600", good);
	memset(&a, 0xff, sizeof(a));
	a.family = PROXY_HEADER_V6;
	n = proxy_header_write_v1(&a, text);
	tap_ok(n == 104 && !memcmp(text + n - 13, "65535 65535\r\n", 13),
	       "the longest PROXY header has room");
}

/* Addresses of IPv6 as the C library writes them, some of whose groups are zero. */
static void test_spelling(void)
{
	u8 text[PROXY_HEADER_PLAIN_MAX];
	char wanted[192], source[64];
	struct proxy_header h;
	u32 i, j, n, good = 0;

	for (i = 0; i < 256; i++) {
		fill(&h, PROXY_HEADER_V6);
		for (j = 0; j < 8; j++) {
			h.source[2 * j] = i & 1 << j ? 0xa0 + j : 0;
			h.source[2 * j + 1] = 0;
		}
		memcpy(h.to, h.source, 16);
		inet_ntop(AF_INET6, h.source, source, sizeof(source));
		n = sprintf(wanted, "PROXY TCP6 %s %s %u %u\r\n", source, source,
			    h.source_port, h.to_port);
		good += proxy_header_write_v1(&h, text) == n && !memcmp(text, wanted, n);
		/* ::a.b.c.d of old, which RFC 5952 does not know. */
		good += !(i & 0x3f) && i & 0xc0 && strchr(source, '.');
	}
	tap_ok(good == 256, "PROXY headers have addresses as others write them: %u", good);
}

void test_proxy_header(void)
{
	test_lines();
	test_binaries();
	test_checksum();
	test_written();
	test_spelling();
}
