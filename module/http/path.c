// SPDX-License-Identifier: GPL-2.0
#include "http/path.h"

#include "http/chars.h"

/* The byte that "%XX" at @at stands for, or -1 if it is none. */
static int escaped(const char *at, const char *end)
{
	int high, low;

	if (end - at < 3)
		return -1;
	high = hex_digit(at[1]);
	low = hex_digit(at[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 3986 2.3 */
static bool is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? c & ~0x20 : c;
}

/*
 * One pass over what is escaped. What comes out is never longer, so it may take
 * the place of what was read.
 *
 * Return: the new length, or 0.
 */
static u32 unescape(const struct path_rules *r, char *path, u32 len)
{
	const char *at = path, *end = path + len;
	char *to = path;
	int c;

	while (at < end) {
		if (*at != '%') {
			*to++ = r->normalize && *at == '\\' ? '/' : *at;
			at++;
			continue;
		}
		c = escaped(at, end);
		if (r->normalize && c <= 0)
			return 0;
		if (c == '/' || c == '\\') {
			if (r->escaped_slashes == PATH_SLASHES_REJECT)
				return 0;
			if (r->escaped_slashes == PATH_SLASHES_DECODE) {
				*to++ = '/';
				at += 3;
				continue;
			}
		}
		if (r->normalize && is_unreserved(c)) {
			*to++ = c;
			at += 3;
		} else if (r->normalize) {
			*to++ = *at++;
			*to++ = upper(*at++);
			*to++ = upper(*at++);
		} else {
			*to++ = *at++;
		}
	}
	return to - path;
}

u32 path_unescape(char *path, u32 len)
{
	const char *at = path, *end = path + len;
	char *to = path;
	int c;

	while (at < end) {
		c = *at == '%' ? escaped(at, end) : -1;
		*to++ = c < 0 ? *at : c;
		at += c < 0 ? 1 : 3;
	}
	return to - path;
}

/* Where the segment that begins at @at ends. */
static const char *segment_end(const char *at, const char *end)
{
	const char *slash = memchr(at, '/', end - at);

	return slash ?: end;
}

static char *up(char *path, char *to)
{
	/* to[-1] is the slash after the segment that goes, or the first one. */
	if (to - path < 2)
		return to;
	to--;
	while (to[-1] != '/')
		to--;
	return to;
}

/*
 * RFC 3986 5.2.4. @to is always behind a slash: a segment is appended, dropped, or
 * takes the one before it with it.
 */
static u32 remove_dot_segments(char *path, u32 len)
{
	const char *at = path + 1, *end = path + len, *stop;
	char *to = path + 1;
	u32 n;

	for (;;) {
		stop = segment_end(at, end);
		n = stop - at;
		if (n == 2 && at[0] == '.' && at[1] == '.') {
			to = up(path, to);
		} else if (!(n == 1 && at[0] == '.')) {
			memmove(to, at, n);
			to += n;
			if (stop < end)
				*to++ = '/';
		}
		if (stop == end)
			return to - path;
		at = stop + 1;
	}
}

static u32 merge_slashes(char *path, u32 len)
{
	char *to = path + 1;
	u32 i;

	for (i = 1; i < len; i++)
		if (path[i] != '/' || to[-1] != '/')
			*to++ = path[i];
	return to - path;
}

u32 path_normalize(const struct path_rules *r, char *path, u32 len)
{
	if (r->normalize || r->escaped_slashes)
		len = unescape(r, path, len);
	if (len && r->normalize)
		len = remove_dot_segments(path, len);
	if (len && r->merge_slashes)
		len = merge_slashes(path, len);
	return len;
}
