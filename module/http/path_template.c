// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include "http/path_template.h"

enum segment_kind {
	SEGMENT_TEXT,
	SEGMENT_ONE,		/* "*" */
	SEGMENT_REST,		/* "**" */
	SEGMENT_NONE,		/* braces or asterisks that mean nothing */
};

struct segment {
	enum segment_kind kind;
	struct span name;	/* length 0: it has none */
};

/*
 * The segment behind the '/' that @s begins with; @s becomes what follows, a '/'
 * first. Return: false if @s is empty.
 */
static bool next_segment(struct span *s, struct span *segment)
{
	const char *slash;

	if (!s->len)
		return false;
	*segment = span_from(*s, 1);
	slash = memchr(segment->p, '/', segment->len);
	if (slash)
		segment->len = slash - segment->p;
	*s = span_from(*s, segment->len + 1);
	return true;
}

static bool name_valid(struct span s)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (!(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return s.len && !(s.p[0] >= '0' && s.p[0] <= '9');
}

static enum segment_kind kind_of(struct span s)
{
	if (span_eq(s, SPAN("*")))
		return SEGMENT_ONE;
	if (span_eq(s, SPAN("**")))
		return SEGMENT_REST;
	return SEGMENT_NONE;
}

static struct segment read_segment(struct span s)
{
	struct segment segment = { .kind = kind_of(s) };
	const char *equals;

	if (segment.kind != SEGMENT_NONE)
		return segment;
	if (!memchr(s.p, '*', s.len) && !memchr(s.p, '{', s.len) &&
	    !memchr(s.p, '}', s.len)) {
		segment.kind = SEGMENT_TEXT;
		return segment;
	}
	if (s.len < 3 || s.p[0] != '{' || s.p[s.len - 1] != '}')
		return segment;
	segment.name = (struct span){ s.p + 1, s.len - 2 };
	segment.kind = SEGMENT_ONE;
	equals = memchr(segment.name.p, '=', segment.name.len);
	if (equals) {
		s = span_from(segment.name, equals - segment.name.p + 1);
		segment.kind = kind_of(s);
		segment.name.len = equals - segment.name.p;
	}
	if (!name_valid(segment.name))
		segment.kind = SEGMENT_NONE;
	return segment;
}

static const struct span *variable(const struct path_variables *vars,
				   struct span name)
{
	u32 i;

	for (i = 0; i < vars->n; i++)
		if (span_eq(vars->names[i], name))
			return &vars->values[i];
	return NULL;
}

/* There is room, as the template was checked. */
static void add_variable(struct path_variables *vars, struct span name,
			 struct span value)
{
	vars->names[vars->n] = name;
	vars->values[vars->n++] = value;
}

static const char *check_segment(struct path_variables *vars, struct span text,
				 bool last)
{
	struct segment segment = read_segment(text);

	if (segment.kind == SEGMENT_NONE)
		return "a segment of a template is text, *, **, {name}, {name=*} or {name=**}";
	if (segment.kind == SEGMENT_REST && !last)
		return "** is a template's last segment";
	if (!segment.name.len)
		return NULL;
	if (variable(vars, segment.name))
		return "a variable is there twice";
	if (vars->n == PATH_TEMPLATE_VARIABLES_MAX)
		return "more than 8 variables";
	add_variable(vars, segment.name, (struct span){});
	return NULL;
}

const char *path_template_check(struct span template)
{
	struct path_variables vars = {};
	const char *why = NULL;
	struct span text;

	if (!template.len || template.p[0] != '/')
		return "a template starts with /";
	while (!why && next_segment(&template, &text))
		why = check_segment(&vars, text, !template.len);
	return why;
}

bool path_template_match(struct span template, struct span path,
			 struct path_variables *vars)
{
	struct span text, value;

	vars->n = 0;
	vars->segments = 0;
	while (next_segment(&template, &text)) {
		struct segment segment = read_segment(text);

		vars->segments++;
		if (!path.len)
			return false;
		if (segment.kind == SEGMENT_REST) {
			value = span_from(path, 1);
			path.len = 0;
		} else {
			next_segment(&path, &value);
		}
		if (segment.kind == SEGMENT_TEXT && !span_eq(text, value))
			return false;
		if (segment.kind == SEGMENT_ONE && !value.len)
			return false;
		if (segment.name.len)
			add_variable(vars, segment.name, value);
	}
	return !path.len;
}

/* Where the first '{' is, or the end. */
static u32 text_len(struct span s)
{
	const char *brace = memchr(s.p, '{', s.len);

	return brace ? brace - s.p : s.len;
}

bool path_template_next(struct span *rewrite, const struct path_variables *vars,
			struct span *piece)
{
	const struct span *value;
	const char *end;
	u32 len;

	if (!rewrite->len)
		return false;
	len = text_len(*rewrite);
	*piece = (struct span){ rewrite->p, len };
	if (!len) {
		end = memchr(rewrite->p, '}', rewrite->len);
		len = end ? end - rewrite->p + 1 : rewrite->len;
		value = end ? variable(vars, (struct span){ rewrite->p + 1,
							    len - 2 }) : NULL;
		if (!value)
			return false;
		*piece = *value;
	}
	*rewrite = span_from(*rewrite, len);
	return true;
}

/* A path that matches a template gives its variables: their names are what counts. */
static void declare_variables(struct span template, struct path_variables *vars)
{
	struct span text;

	vars->n = 0;
	while (next_segment(&template, &text)) {
		struct segment segment = read_segment(text);

		if (segment.name.len)
			add_variable(vars, segment.name, (struct span){});
	}
}

const char *path_template_check_rewrite(struct span rewrite,
					struct span template)
{
	struct path_variables vars;
	struct span piece;

	if (!rewrite.len || rewrite.p[0] != '/')
		return "a path starts with /";
	declare_variables(template, &vars);
	while (path_template_next(&rewrite, &vars, &piece))
		if (memchr(piece.p ?: "", '}', piece.len) ||
		    memchr(piece.p ?: "", '*', piece.len))
			return "a rewrite has text and {name} only";
	return rewrite.len ? "a variable that the template does not have" : NULL;
}
