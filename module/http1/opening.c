// SPDX-License-Identifier: GPL-2.0
#include "http1/opening.h"

#include "http/chars.h"
#include "lib/span.h"

/* Behind the method, visible characters and spaces; then the line's end. */
static bool line_valid(const char *text, u32 from, u32 to)
{
	for (; from < to; from++)
		if ((u8)text[from] < ' ' || (u8)text[from] == 0x7f)
			return false;
	return true;
}

/* Its end: any version of HTTP/1. */
static bool ends_well(struct span line)
{
	const struct span end = SPAN(" HTTP/1.");
	u32 len = end.len + 1;

	return line.len > len && char_is(line.p[line.len - 1], C_DIGIT) &&
	       !memcmp(line.p + line.len - len, end.p, end.len);
}

/* @line: without its LF, behind a method. */
static enum opening judge(struct span line)
{
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line_valid(line.p, 0, line.len) && ends_well(line) ? OPENING_REQUEST :
								    OPENING_OTHER;
}

/* As far as it is there. */
static bool method_valid(const char *text, u32 len)
{
	u32 end = skip_class(text, 0, len, C_TOKEN);

	if (end == len)
		return len <= OPENING_METHOD_MAX;
	return end && end <= OPENING_METHOD_MAX && text[end] == ' ';
}

enum opening opening_scan(u32 *pos, const char *text, u32 len)
{
	const char *lf = memchr(text + *pos, '\n', len - *pos);
	u32 end = lf ? (u32)(lf - text) : len;

	if (*pos <= OPENING_METHOD_MAX && !method_valid(text, end))
		return OPENING_OTHER;
	if (lf) {
		*pos = end + 1;
		return judge((struct span){ text, end });
	}
	/* What is no line is not waited for. The CR of its end may be there. */
	if (end > *pos && text[end - 1] == '\r')
		end--;
	if (!line_valid(text, *pos, end))
		return OPENING_OTHER;
	*pos = end;
	return OPENING_MORE;
}
