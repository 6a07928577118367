// SPDX-License-Identifier: GPL-2.0
#include "lib/port_list.h"

/* Of decimal digits without leading zeros; 0: it is none. */
static u16 parse_port(struct span text)
{
	u32 i, port = 0;

	if (!text.len || text.len > 5 || text.p[0] == '0')
		return 0;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		port = port * 10 + text.p[i] - '0';
	}
	return port <= 65535 ? port : 0;
}

/* A port, or two with a dash in between. */
static struct port_range parse_range(struct span text)
{
	struct port_range range;
	struct span first = text;
	u32 i;

	for (i = 0; i < text.len && text.p[i] != '-';)
		i++;
	first.len = i;
	range.from = parse_port(first);
	range.to = i < text.len ? parse_port(span_from(text, i + 1)) : range.from;
	return range;
}

const char *port_list_parse(struct span text, struct port_range *ranges, u32 *n)
{
	*n = 0;
	if (text.len && text.p[text.len - 1] == ',')
		return "a comma ends it";
	while (text.len) {
		struct port_range range = parse_range(span_take_part(&text));

		if (!range.from || range.to < range.from)
			return "it is no list of ports and ranges, such as 22,8000-8010";
		if (*n == PORT_LIST_MAX)
			return "more than 64 ports and ranges";
		ranges[(*n)++] = range;
	}
	return NULL;
}
