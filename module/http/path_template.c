// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
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

static bool is_wildcard(char c)
{
	return c == '{' || c == '*';
}

/* What is text at the beginning of both. Returns false if the template has more. */
static bool take_text(struct span *template, struct span *path)
{
	u32 i, most = min(template->len, path->len);

	for (i = 0; i < most && template->p[i] == path->p[i] &&
	     !is_wildcard(template->p[i]); i++)
		;
	*template = span_from(*template, i);
	*path = span_from(*path, i);
	return !template->len || is_wildcard(template->p[0]);
}

/* The wildcard that a template begins with; one that was checked. */
static struct segment take_wildcard(struct span *template)
{
	struct segment segment = { .kind = SEGMENT_ONE };
	const char *p = template->p;
	u32 braces = p[0] == '{', len = 1;

	while (len < template->len && p[len] != '/')
		len++;
	if (len > 1 && p[len - 1 - braces] == '*' && p[len - 2 - braces] == '*')
		segment.kind = SEGMENT_REST;
	if (braces) {
		segment.name.p = p + 1;
		while (p[1 + segment.name.len] != '=' && p[1 + segment.name.len] != '}')
			segment.name.len++;
	}
	*template = span_from(*template, len);
	return segment;
}

/* What a wildcard stands for. */
static struct span take_value(struct span *path, enum segment_kind kind)
{
	struct span value = { path->p, kind == SEGMENT_REST ? path->len : 0 };

	while (value.len < path->len && path->p[value.len] != '/')
		value.len++;
	*path = span_from(*path, value.len);
	return value;
}

/* Returns false if there is nothing where something must be. */
static bool match_wildcard(struct span *template, struct span *path,
			   struct path_variables *vars)
{
	struct segment segment = take_wildcard(template);
	struct span value = take_value(path, segment.kind);

	vars->wildcards++;
	if (segment.kind == SEGMENT_ONE) {
		vars->bytes += value.len;
		if (!value.len)
			return false;
	}
	if (segment.name.len)
		add_variable(vars, segment.name, value);
	return true;
}

bool path_template_match(struct span template, struct span path,
			 struct path_variables *vars)
{
	u32 all = template.len;
	bool matches;

	vars->n = 0;
	vars->wildcards = 0;
	vars->bytes = 0;
	do {
		matches = take_text(&template, &path) &&
			  (!template.len || match_wildcard(&template, &path, vars));
	} while (matches && template.len);
	vars->bytes += all - template.len;
	return matches && !path.len;
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
	u32 uses = 0;

	if (!rewrite.len || rewrite.p[0] != '/')
		return "a path starts with /";
	declare_variables(template, &vars);
	while (path_template_next(&rewrite, &vars, &piece)) {
		/* They stand for nothing here; and text is never empty. */
		uses += !piece.len;
		if (memchr(piece.p ?: "", '}', piece.len) ||
		    memchr(piece.p ?: "", '*', piece.len))
			return "a rewrite has text and {name} only";
	}
	if (uses > PATH_TEMPLATE_USES_MAX)
		return "it uses variables more than 16 times";
	return rewrite.len ? "a variable that the template does not have" : NULL;
}

u32 path_template_pieces(struct span rewrite)
{
	u32 i, uses = 0;

	for (i = 0; i < rewrite.len; i++)
		uses += rewrite.p[i] == '{';
	return 2 * uses + 1;
}
