// SPDX-License-Identifier: GPL-2.0
#include "http1/trailer_lines.h"

#include <linux/string.h>

#include "http/field_id.h"
#include "http/trailer.h"

/* Up to its end, which may be LF alone; that is taken off as well. */
static bool next_line(struct span *text, struct span *line)
{
	const char *end = memchr(text->p, '\n', text->len);

	if (!end)
		return false;
	*line = (struct span){ text->p, end - text->p };
	*text = span_from(*text, line->len + 1);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool take_line(struct message *m, struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct message_field *f = &m->fields[m->nfields];
	struct span name = { line.p, colon ? colon - line.p : 0 }, value;

	if (!name.len || m->nfields >= m->limits.fields)
		return false;
	value = span_trim(span_from(line, name.len + 1));
	*f = (struct message_field){
		.name = name.p - m->text,
		.name_len = name.len,
		.value = value.p - m->text,
		.value_len = value.len,
		.id = field_id_of(name.p, name.len),
	};
	f->hop = FIELDS_OF_HOP >> f->id & 1 || trailer_forbidden(name);
	m->names |= 1U << f->id;
	m->nfields++;
	return true;
}

bool trailer_lines_read(struct message *m)
{
	struct span text = message_span(m, 0, m->len), line;

	m->lines = true;
	while (text.len)
		if (!next_line(&text, &line) || !take_line(m, line))
			return false;
	return true;
}

/* ": " and CRLF */
#define LINE_ADDED	4

u32 trailer_lines_max(const struct message *m)
{
	const struct message_field *f;
	u32 len = 0;

	for (f = m->fields; f < message_end(m); f++)
		len += f->name_len + f->value_len + LINE_ADDED;
	return len;
}

char *trailer_lines_write(const struct message *m, char *to)
{
	const struct message_field *f;

	for (f = m->fields; f < message_end(m); f++) {
		if (f->hop || trailer_forbidden(message_name(m, f)))
			continue;
		to = span_copy(to, message_name(m, f));
		to = span_copy(to, SPAN(": "));
		to = span_copy(to, message_value(m, f));
		to = span_copy(to, SPAN("\r\n"));
	}
	return to;
}
