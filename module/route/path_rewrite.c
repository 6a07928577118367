// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>

#include "http/http_options.h"
#include "lib/budget.h"
#include "route/path_rewrite.h"

static void add_piece(struct rewritten_path *rw, struct span piece)
{
	rw->pieces[rw->n++] = piece;
}

/* What of @path is behind the prefix that matched. */
static struct span behind_prefix(const struct route_match *m, struct span path)
{
	if (m->path_kind == PATH_MATCH_PREFIX)
		return span_from(path, route_prefix_segments(m->path).len);
	return span_from(path, m->path.len);
}

static void replace_prefix(const struct route *r, struct span path,
			   struct rewritten_path *rw)
{
	struct span with = r->rewrite.path, rest = behind_prefix(&r->match, path);

	if (r->match.path_kind == PATH_MATCH_PREFIX)
		with = route_prefix_segments(with);
	add_piece(rw, with);
	add_piece(rw, with.len + rest.len ? rest : SPAN("/"));
}

void path_rewrite_begin(const struct route *r, const struct http_options *o,
			struct span path, struct rewritten_path *rw)
{
	u8 kind = r->rewrite.path_kind;

	rw->n = 0;
	rw->template.len = 0;
	rw->merge = o->path.merge_slashes;
	rw->slash = false;
	rw->begun = false;
	if (!path.len || path.p[0] != '/')
		kind = REWRITE_PATH_NONE;
	rw->made = kind == REWRITE_PATH_PREFIX || kind == REWRITE_PATH_TEMPLATE;
	switch (kind) {
	case REWRITE_PATH_WHOLE:
		add_piece(rw, r->rewrite.path);
		break;
	case REWRITE_PATH_PREFIX:
		replace_prefix(r, path, rw);
		break;
	case REWRITE_PATH_TEMPLATE:
		rw->template = r->rewrite.path;
		path_template_match(r->match.path, path, &rw->vars);
		break;
	default:
		add_piece(rw, path);
		break;
	}
}

static bool next_piece(struct rewritten_path *rw, struct span *piece)
{
	if (!rw->n)
		return path_template_next(&rw->template, &rw->vars, piece);
	*piece = rw->pieces[0];
	rw->pieces[0] = rw->pieces[1];
	rw->n--;
	return true;
}

/*
 * Where slashes are merged those are that meet here. At the beginning they always are:
 * what begins with two is another host to some (RFC 3986 4.2).
 */
static void join(struct rewritten_path *rw, struct span *piece)
{
	while ((rw->merge || !rw->begun) && piece->len && piece->p[0] == '/' &&
	       (rw->slash || (piece->len > 1 && piece->p[1] == '/')))
		*piece = span_from(*piece, 1);
	if (!piece->len)
		return;
	rw->slash = piece->p[piece->len - 1] == '/';
	rw->begun |= piece->len > 1 || !rw->slash;
}

bool path_rewrite_next(struct rewritten_path *rw, struct span *piece)
{
	if (!next_piece(rw, piece))
		return false;
	if (rw->made)
		join(rw, piece);
	return true;
}

/* What of a path has been read, byte by byte. */
struct reading {
	u32 dots;	/* of a segment that has nothing else; OTHER: it has */
	bool torn;	/* not all of it, with the slash at either end, is in one piece */
	u32 escape;	/* bytes of "%XX" */
	u32 byte;	/* that it stands for */
	bool joined;	/* it is not in one piece, either */
};

#define OTHER	3U

static bool makes_dots(const struct reading *r)
{
	return r->torn && (r->dots == 1 || r->dots == 2);
}

/* A byte, or what one is escaped to. Returns whether it ends what must not be. */
static bool read_byte(struct reading *r, u32 byte)
{
	bool bad = false;

	if (byte == '/' || byte == '\\') {
		bad = makes_dots(r);
		r->dots = 0;
		r->torn = false;
	} else if (byte == '.') {
		r->dots = min(r->dots + 1, OTHER);
	} else {
		/* Some take off parameters first: "..;a=b" is "..". */
		bad = byte == ';' && makes_dots(r);
		r->dots = OTHER;
	}
	return bad;
}

static bool read_char(struct reading *r, char c)
{
	int digit = hex_digit(c);

	if (r->escape && digit >= 0) {
		r->byte = r->byte << 4 | digit;
		if (++r->escape < 3)
			return false;
		r->escape = 0;
		return r->joined || read_byte(r, r->byte);
	}
	/* A percent sign alone is none of the bytes that count. */
	if (r->escape)
		read_byte(r, '%');
	r->escape = c == '%';
	if (!r->escape)
		return read_byte(r, (u8)c);
	r->byte = 0;
	r->joined = false;
	return false;
}

/*
 * A piece from where another ends, until that plays no part any more; it becomes the
 * rest. Returns false if that ends what must not be.
 */
static bool read_front(struct reading *r, struct span *piece)
{
	r->torn = true;
	r->joined = true;
	while (piece->len && (r->escape || (r->torn && r->dots != OTHER))) {
		if (read_char(r, piece->p[0]))
			return false;
		*piece = span_from(*piece, 1);
	}
	return true;
}

/* May it be a part of a separator or of a dot, escaped or not? */
static bool may_count(char c)
{
	return c == '.' || c == '%' || c == '/' || c == '\\' || hex_digit(c) >= 0;
}

/*
 * How much may still count where a piece ends: "%2f%2e%2e%2". If more is there than two
 * dots, it does not matter where an escape is cut.
 */
#define END_MAX	11

/* The rest of a piece that another follows. Nothing in it is torn, or is dots. */
static void read_end(struct reading *r, struct span rest)
{
	u32 i = rest.len;

	while (i && rest.len - i < END_MAX && may_count(rest.p[i - 1]))
		i--;
	if (i)
		r->dots = OTHER;
	for (; i < rest.len; i++)
		read_char(r, rest.p[i]);
}

bool path_rewrite_allowed(const struct route *r, const struct http_options *o,
			  struct span path)
{
	struct span piece, rest = { .len = 0 };
	struct reading reading = { 0 };
	struct rewritten_path rw;
	u32 len = 0;

	path_rewrite_begin(r, o, path, &rw);
	while (path_rewrite_next(&rw, &piece)) {
		len += piece.len;
		if (len > MESSAGE_HEAD_MAX)
			return false;
		read_end(&reading, rest);
		if (!read_front(&reading, &piece))
			return false;
		rest = piece;
	}
	return reading.escape || !makes_dots(&reading);
}

u32 path_rewrite_cost(const struct route *r)
{
	return r->rewrite.path_kind == REWRITE_PATH_TEMPLATE ?
	       path_template_pieces(r->rewrite.path) * COST_PIECE +
	       (r->match.path.len + r->rewrite.path.len) * COST_REWRITE_BYTE : 0;
}

u32 path_rewrite_len(struct rewritten_path rw)
{
	struct span piece;
	u32 len = 0;

	while (path_rewrite_next(&rw, &piece))
		len += piece.len;
	return len;
}
