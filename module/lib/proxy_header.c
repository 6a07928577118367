// SPDX-License-Identifier: GPL-2.0
#include "lib/proxy_header.h"

#include <linux/minmax.h>
#include <linux/string.h>

#include "lib/span.h"

/* ---- version 1, 2.1: a line of text ---- */

/* A decimal number up to @max, without zeroes before it. Returns false if it is none. */
static bool take_decimal(struct span *s, u32 max, u32 *n)
{
	u32 i;

	*n = 0;
	for (i = 0; i < s->len && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		*n = *n * 10 + (s->p[i] - '0');
		if (*n > max || (i && s->p[0] == '0'))
			return false;
	}
	*s = span_from(*s, i);
	return i;
}

static bool take_char(struct span *s, char c)
{
	if (!s->len || s->p[0] != c)
		return false;
	*s = span_from(*s, 1);
	return true;
}

static bool parse_v4(struct span s, u8 *to)
{
	u32 n, i;

	for (i = 0; i < 4; i++) {
		if ((i && !take_char(&s, '.')) || !take_decimal(&s, 255, &n))
			return false;
		to[i] = n;
	}
	return !s.len;
}

/* Up to four digits of a group. */
static bool take_group(struct span *s, u8 *to)
{
	u32 i, n = 0;
	int digit;

	for (i = 0; i < s->len && i < 4; i++) {
		digit = hex_digit(s->p[i]);
		if (digit < 0)
			break;
		n = n << 4 | digit;
	}
	to[0] = n >> 8;
	to[1] = n;
	*s = span_from(*s, i);
	return i;
}

/* Groups with a colon between them, at most 16 bytes; returns how many bytes, or -1. */
static int take_groups(struct span *s, u8 *to, int room)
{
	int n = 0;

	while (n < room) {
		/* Who writes IPv4 as IPv6 writes its end as IPv4: RFC 4291 2.2. */
		if (n <= room - 4 && parse_v4(*s, to + n)) {
			s->len = 0;
			return n + 4;
		}
		if (!take_group(s, to + n))
			return -1;
		n += 2;
		if (s->len < 2 || s->p[0] != ':' || s->p[1] == ':')
			break;
		*s = span_from(*s, 1);
	}
	return n;
}

/* Groups may stand on one or both sides of "::", which is at least one of zeroes. */
static bool parse_v6(struct span s, u8 *to)
{
	u8 tail[16];
	int n = 0, m = 0;

	memset(to, 0, 16);
	if (!span_starts_with(s, SPAN("::")))
		n = take_groups(&s, to, 16);
	if (n < 0 || (n == 16 && s.len))
		return false;
	if (n == 16)
		return true;
	if (!span_starts_with(s, SPAN("::")))
		return false;
	s = span_from(s, 2);
	if (s.len)
		m = take_groups(&s, tail, 14 - n);
	if (m < 0 || s.len)
		return false;
	memcpy(to + 16 - m, tail, m);
	return true;
}

/* The next word, behind one space. */
static bool take_word(struct span *line, struct span *word)
{
	const char *end;

	if (!take_char(line, ' '))
		return false;
	end = line->len ? memchr(line->p, ' ', line->len) : NULL;
	*word = (struct span){ line->p, end ? (u32)(end - line->p) : line->len };
	*line = span_from(*line, word->len);
	return true;
}

static bool take_address(struct span *line, u8 family, u8 *to)
{
	struct span word;

	if (!take_word(line, &word))
		return false;
	return family == PROXY_HEADER_V4 ? parse_v4(word, to) : parse_v6(word, to);
}

static bool take_port(struct span *line, u16 *port)
{
	struct span word;
	u32 n;

	if (!take_word(line, &word) || !take_decimal(&word, 65535, &n) || word.len)
		return false;
	*port = n;
	return true;
}

/* What stands behind "PROXY", without the CRLF. */
static bool parse_line(struct span line, struct proxy_header *h)
{
	struct span word;

	if (!take_word(&line, &word))
		return false;
	/* "the receiver must ignore anything presented before the CRLF" */
	if (span_eq(word, SPAN("UNKNOWN")))
		return true;
	if (span_eq(word, SPAN("TCP4")))
		h->family = PROXY_HEADER_V4;
	else if (span_eq(word, SPAN("TCP6")))
		h->family = PROXY_HEADER_V6;
	else
		return false;
	return take_address(&line, h->family, h->source) &&
	       take_address(&line, h->family, h->to) &&
	       take_port(&line, &h->source_port) &&
	       take_port(&line, &h->to_port) && !line.len;
}

static const struct span v1_start = { "PROXY ", 6 };

static enum proxy_header_result parse_v1(struct span s, struct proxy_header *h)
{
	u32 most = min_t(u32, s.len, PROXY_HEADER_V1_MAX);
	const char *end = memchr(s.p, '\n', most);
	u32 start = v1_start.len - 1;

	if (!end && s.len >= PROXY_HEADER_V1_MAX)
		return PROXY_HEADER_BAD;
	if (!end) {
		h->len = s.len + 1;
		return PROXY_HEADER_MORE;
	}
	h->len = end + 1 - s.p;
	if (end[-1] != '\r' ||
	    !parse_line((struct span){ s.p + start, h->len - 2 - start }, h))
		return PROXY_HEADER_BAD;
	return PROXY_HEADER_DONE;
}

/* ---- version 2, 2.2: binary ---- */

static const struct span v2_start = { "\r\n\r\n\0\r\nQUIT\n", 12 };

#define V2_FIXED	16	/* signature, version and command, family, length */
#define V2_VERSION	0x20
#define V2_LOCAL	0
#define V2_PROXY	1
#define V2_TCP4		0x11
#define V2_TCP6		0x21
#define V2_FAMILIES	4	/* unspecified, IPv4, IPv6, Unix */
#define V2_PROTOCOLS	3	/* unspecified, stream, datagram */
#define V2_UNIX_BYTES	216

/* 2.2 of TLVs */
#define TLV_CRC32C	0x03
#define TLV_NOOP	0x04
#define TLV_FIXED	3	/* type, length */

static u32 number_at(const u8 *text)
{
	return text[0] << 8 | text[1];
}

/* RFC 4960 appendix B, of four bits at a time. */
static u32 crc32c_add(u32 crc, const u8 *p, u32 len)
{
	static const u32 table[] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

/* Of all of the header, with zeroes in the checksum's place. */
static bool checksum_holds(const u8 *text, u32 len, u32 at)
{
	static const u8 zeroes[4];
	const u8 *said = text + at;
	u32 crc;

	crc = crc32c_add(~0, text, at);
	crc = crc32c_add(crc, zeroes, sizeof(zeroes));
	crc = ~crc32c_add(crc, said + sizeof(zeroes), len - at - sizeof(zeroes));
	return crc == ((u32)said[0] << 24 | said[1] << 16 | said[2] << 8 | said[3]);
}

/* Are they whole, and is the checksum, of which there may be one, the header's? */
static bool check_tlvs(const u8 *text, const struct proxy_header *h)
{
	u32 at = h->tlvs, end = h->tlvs + h->tlvs_len, len;
	bool checked = false;

	for (; at < end; at += len) {
		if (end - at < TLV_FIXED)
			return false;
		len = TLV_FIXED + number_at(text + at + 1);
		if (len > end - at)
			return false;
		if (text[at] != TLV_CRC32C)
			continue;
		if (checked || len != TLV_FIXED + 4 ||
		    !checksum_holds(text, h->len, at + TLV_FIXED))
			return false;
		checked = true;
	}
	return true;
}

/* Addresses of @bytes each, and both ports. */
static bool take_addresses(const u8 *text, u32 bytes, struct proxy_header *h)
{
	const u8 *at = text + V2_FIXED;
	u32 both = 2 * bytes + 4;

	if (h->len < V2_FIXED + both)
		return false;
	h->family = bytes == 4 ? PROXY_HEADER_V4 : PROXY_HEADER_V6;
	memcpy(h->source, at, bytes);
	memcpy(h->to, at + bytes, bytes);
	h->source_port = number_at(at + 2 * bytes);
	h->to_port = number_at(at + 2 * bytes + 2);
	h->tlvs = V2_FIXED + both;
	h->tlvs_len = h->len - h->tlvs;
	return check_tlvs(text, h);
}

static bool parse_proxied(const u8 *text, struct proxy_header *h)
{
	u8 how = text[13];

	switch (how) {
	case V2_TCP4:
		return take_addresses(text, 4, h);
	case V2_TCP6:
		return take_addresses(text, 16, h);
	default:
		/* What is reserved is to be refused; nothing else is a TCP client. */
		return how >> 4 < V2_FAMILIES && (how & 15) < V2_PROTOCOLS &&
		       (how >> 4 != V2_FAMILIES - 1 ||
			h->len >= V2_FIXED + V2_UNIX_BYTES);
	}
}

static enum proxy_header_result parse_v2(const u8 *text, u32 len,
					 struct proxy_header *h)
{
	u8 command = text[12] - V2_VERSION;

	if (command != V2_LOCAL && command != V2_PROXY)
		return PROXY_HEADER_BAD;
	h->len = V2_FIXED + number_at(text + 14);
	if (h->len > PROXY_HEADER_MAX)
		return PROXY_HEADER_TOO_LONG;
	if (len < h->len)
		return PROXY_HEADER_MORE;
	/* Of a local one nothing is looked at: no family, no checksum. */
	return command == V2_LOCAL || parse_proxied(text, h) ? PROXY_HEADER_DONE :
							       PROXY_HEADER_BAD;
}

/* As much of it as has come is @start? */
static bool begins(struct span s, struct span start)
{
	return !memcmp(s.p, start.p, min_t(u32, s.len, start.len));
}

enum proxy_header_result proxy_header_parse(const u8 *text, u32 len,
					    struct proxy_header *h)
{
	struct span s = { (const char *)text, len };

	memset(h, 0, sizeof(*h));
	if (begins(s, v1_start)) {
		h->len = v1_start.len;
		return len < v1_start.len ? PROXY_HEADER_MORE : parse_v1(s, h);
	}
	if (!begins(s, v2_start))
		return PROXY_HEADER_ABSENT;
	h->len = V2_FIXED;
	return len < V2_FIXED ? PROXY_HEADER_MORE : parse_v2(text, len, h);
}

u32 proxy_header_keep_tlvs(const u8 *text, const struct proxy_header *h, u8 *to)
{
	u32 at = h->tlvs, end = h->tlvs + h->tlvs_len, kept = 0, len;
	u8 type;

	for (; at < end; at += len) {
		type = text[at];
		len = TLV_FIXED + number_at(text + at + 1);
		if (type == TLV_CRC32C || type == TLV_NOOP)
			continue;
		memmove(to + kept, text + at, len);
		kept += len;
	}
	return kept;
}
