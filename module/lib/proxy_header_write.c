// SPDX-License-Identifier: GPL-2.0
#include "lib/proxy_header.h"

#include <linux/kernel.h>
#include <linux/string.h>

static u32 write_v4(const u8 *a, char *to)
{
	return snprintf(to, 16, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

static u32 group(const u8 *a, u32 i)
{
	return a[2 * i] << 8 | a[2 * i + 1];
}

static u32 zeroes_from(const u8 *a, u32 i)
{
	u32 n = 0;

	while (i + n < 8 && !group(a, i + n))
		n++;
	return n;
}

/* The first of the longest rows of groups of zero; returns how many, 1 being none. */
static u32 longest_zeroes(const u8 *a, u32 *at)
{
	u32 i, n = 1;

	*at = 8;
	for (i = 0; i < 8; i++) {
		if (zeroes_from(a, i) <= n)
			continue;
		n = zeroes_from(a, i);
		*at = i;
	}
	return n;
}

/* As RFC 5952 has it: who gets it may compare it as text. */
static u32 write_v6(const u8 *a, char *to)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	u32 at, zeroes = longest_zeroes(a, &at), i = 0, n = 0;

	if (!memcmp(a, mapped, sizeof(mapped))) {
		n = snprintf(to, 8, "::ffff:");
		return n + write_v4(a + sizeof(mapped), to + n);
	}
	while (i < 8) {
		if (i == at) {
			n += snprintf(to + n, 3, "::");
			i += zeroes;
			continue;
		}
		n += snprintf(to + n, 6, i && i != at + zeroes ? ":%x" : "%x",
			      group(a, i));
		i++;
	}
	return n;
}

static u32 write_address(u8 family, const u8 *a, char *to)
{
	u32 n = family == PROXY_HEADER_V4 ? write_v4(a, to) : write_v6(a, to);

	to[n] = ' ';
	return n + 1;
}

u32 proxy_header_write_v1(const struct proxy_header *h, u8 *to)
{
	/* Room for what snprintf() puts behind it. */
	char line[PROXY_HEADER_PLAIN_MAX + 1];
	u32 n;

	if (h->family == PROXY_HEADER_NONE) {
		n = snprintf(line, sizeof(line), "PROXY UNKNOWN\r\n");
	} else {
		n = snprintf(line, sizeof(line), "PROXY TCP%c ",
			     h->family == PROXY_HEADER_V4 ? '4' : '6');
		n += write_address(h->family, h->source, line + n);
		n += write_address(h->family, h->to, line + n);
		n += snprintf(line + n, sizeof(line) - n, "%u %u\r\n",
			      h->source_port, h->to_port);
	}
	memcpy(to, line, n);
	return n;
}

static u8 *put_number(u8 *to, u32 n)
{
	*to++ = n >> 8;
	*to++ = n;
	return to;
}

static u8 *put_bytes(u8 *to, const void *from, u32 len)
{
	memcpy(to, from, len);
	return to + len;
}

u32 proxy_header_write_v2(const struct proxy_header *h, u8 *to)
{
	static const u8 how[] = {
		[PROXY_HEADER_V4] = 0x11,
		[PROXY_HEADER_V6] = 0x21,
	};
	u32 bytes = h->family == PROXY_HEADER_V4 ? 4 : 16;
	u8 *at = put_bytes(to, "\r\n\r\n\0\r\nQUIT\n", 12);

	*at++ = h->family == PROXY_HEADER_NONE ? 0x20 : 0x21;
	if (h->family == PROXY_HEADER_NONE) {
		*at++ = 0;
		at = put_number(at, 0);
		return at - to;
	}
	*at++ = how[h->family];
	at = put_number(at, 2 * bytes + 4 + h->tlvs_len);
	at = put_bytes(at, h->source, bytes);
	at = put_bytes(at, h->to, bytes);
	at = put_number(at, h->source_port);
	at = put_number(at, h->to_port);
	return at - to;
}
