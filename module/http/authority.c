// SPDX-License-Identifier: GPL-2.0
#include "http/authority.h"

#include <linux/limits.h>
#include <linux/minmax.h>

#include "http/chars.h"

/* Takes a group of one to four hex digits off @s. */
static bool take_group(struct span *s)
{
	u32 digits = skip_class(s->p, 0, min_t(u32, s->len, 5), C_HEX);

	*s = span_from(*s, digits);
	return digits >= 1 && digits <= 4;
}

/* Takes a decimal octet without leading zeros off @s. */
static bool take_octet(struct span *s)
{
	u32 i, digits = skip_class(s->p, 0, min_t(u32, s->len, 4), C_DIGIT);
	u32 octet = 0;

	if (!digits || digits > 3 || (digits > 1 && s->p[0] == '0'))
		return false;
	for (i = 0; i < digits; i++)
		octet = octet * 10 + s->p[i] - '0';
	*s = span_from(*s, digits);
	return octet <= U8_MAX;
}

static bool ipv4_valid(struct span s)
{
	u32 i;

	for (i = 0; i < 4; i++) {
		if (i) {
			if (!s.len || s.p[0] != '.')
				return false;
			s = span_from(s, 1);
		}
		if (!take_octet(&s))
			return false;
	}
	return !s.len;
}

/*
 * Counts the 16-bit groups of @s: h16 *( ":" h16 ), of which the last two may be
 * an IPv4 address.
 *
 * Return: their number, 0 for an empty @s, or 9 if it is malformed.
 */
static u32 ipv6_groups(struct span s)
{
	const u32 malformed = 9;
	u32 groups = 0;

	if (!s.len)
		return 0;
	while (groups < 8) {
		if (ipv4_valid(s))
			return groups + 2;
		if (!take_group(&s))
			return malformed;
		groups++;
		if (!s.len)
			return groups;
		if (s.p[0] != ':')
			return malformed;
		s = span_from(s, 1);
	}
	return malformed;
}

/* @s: without brackets. A zone is not part of a URI's host (RFC 9110 4.2). */
static bool ipv6_valid(struct span s)
{
	struct span head = s;
	u32 i;

	for (i = 0; i + 1 < s.len; i++) {
		if (s.p[i] != ':' || s.p[i + 1] != ':')
			continue;
		head.len = i;
		/* "1.2.3.4::" is not one: IPv4 comes last */
		if (memchr(head.p, '.', head.len))
			return false;
		return ipv6_groups(head) + ipv6_groups(span_from(s, i + 2)) <= 7;
	}
	return ipv6_groups(s) == 8;
}

static bool reg_name_valid(struct span s)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] == '%' && (s.len - i < 3 || !char_is(s.p[i + 1], C_HEX) ||
				      !char_is(s.p[i + 2], C_HEX)))
			return false;
	return true;
}

/*
 * Return: how many bytes of @authority are its host, or 0 if it does not start
 * with a valid one.
 */
static u32 host_length(struct span authority)
{
	const char *bracket;
	u32 len;

	if (authority.len && authority.p[0] == '[') {
		bracket = memchr(authority.p, ']', authority.len);
		if (!bracket)
			return 0;
		len = bracket - authority.p;
		if (!ipv6_valid((struct span){ authority.p + 1, len - 1 }))
			return 0;
		return len + 1;
	}
	len = skip_class(authority.p, 0, authority.len, C_HOST);
	if (!memchr(authority.p, '%', len))
		return len;
	return reg_name_valid((struct span){ authority.p, len }) ? len : 0;
}

/* @s: what follows the host: nothing, or ':' and a port, which may be empty. */
static bool port_valid(struct span s)
{
	u32 port = 0, i;

	if (!s.len)
		return true;
	if (s.p[0] != ':')
		return false;
	for (i = 1; i < s.len && char_is(s.p[i], C_DIGIT) && port <= U16_MAX; i++)
		port = port * 10 + s.p[i] - '0';
	return i == s.len && port <= U16_MAX;
}

u32 authority_host_len(struct span authority)
{
	u32 len = host_length(authority);

	return len && port_valid(span_from(authority, len)) ? len : 0;
}

bool authority_valid(struct span s)
{
	return authority_host_len(s);
}
