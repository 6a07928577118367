/* SPDX-License-Identifier: GPL-2.0 */
/*
 * span: bytes that somebody else owns; not terminated.
 *
 * Plain C: compiles in user space for the unit tests as well (a shim gives
 * linux/types.h and linux/string.h there).
 */
#ifndef L7MESH_SPAN_H
#define L7MESH_SPAN_H

#include <linux/types.h>
#include <linux/string.h>

struct span {
	const char *p;
	u32 len;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

static inline bool span_starts_with(struct span s, struct span prefix)
{
	return s.len >= prefix.len && !memcmp(s.p, prefix.p, prefix.len);
}

static inline struct span span_from(struct span s, u32 from)
{
	return (struct span){ s.p + from, s.len - from };
}

/* Copies @s to @to, which has room; returns what is behind it. */
static inline char *span_copy(char *to, struct span s)
{
	memcpy(to, s.p, s.len);
	return to + s.len;
}

/* The first part of @rest, which becomes what is behind the comma after it. */
static inline struct span span_take_part(struct span *rest)
{
	const char *comma = rest->len ? memchr(rest->p, ',', rest->len) : NULL;
	struct span part = *rest;

	if (!comma) {
		rest->len = 0;
		return part;
	}
	part.len = comma - rest->p;
	*rest = span_from(*rest, part.len + 1);
	return part;
}

/* Is it one of the parts of @list? */
static inline bool span_is_listed(struct span list, struct span part)
{
	while (list.len)
		if (span_eq(span_take_part(&list), part))
			return true;
	return false;
}

/* Without the white space (OWS, RFC 9110 5.6.3) at either end. */
static inline struct span span_trim(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_from(s, 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The value of a hexadecimal digit, or -1 if it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Compares as field names and hosts compare: ASCII letters without case. */
static inline bool span_eq_nocase(struct span a, struct span b)
{
	u32 i;

	if (a.len != b.len)
		return false;
	/* As it nearly always is, where it is equal at all. */
	if (!memcmp(a.p, b.p, a.len))
		return true;
	for (i = 0; i < a.len; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

#endif
