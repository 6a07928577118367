// SPDX-License-Identifier: GPL-2.0
/*
 * path_rewrite: what a route makes of a path has no dot segment, escaped or not, with
 * parameters or without, if neither of the two has one; it does not begin with "//"; its
 * length is what it is said to be; and where slashes are merged none is there that was
 * not in one of the two.
 *
 * Input: how the route matches, and then as lines: what it matches, what that becomes,
 * the path.
 */
#include "fuzz.h"
#include "http/http_options.h"
#include "route/path_rewrite.h"

/* With what is escaped of dots and slashes as it is. */
static size_t decode(struct span s, char *to)
{
	size_t n = 0;
	u32 i;

	for (i = 0; i < s.len; i++) {
		int byte = (u8)s.p[i];

		if (byte == '%' && s.len - i > 2 && hex_digit(s.p[i + 1]) >= 0 &&
		    hex_digit(s.p[i + 2]) >= 0) {
			byte = hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]);
			i += 2;
		}
		to[n++] = byte == '\\' ? '/' : byte;
	}
	return n;
}

static bool has_dots(struct span s)
{
	char *text = malloc(s.len + 1);
	size_t len = decode(s, text), from = 0, i, n;
	bool found = false;

	for (i = 0; i <= len; i++) {
		if (i < len && text[i] != '/')
			continue;
		for (n = 0; from + n < i && text[from + n] != ';'; n++)
			;
		found |= (n == 1 || n == 2) && text[from] == '.' &&
			 text[from + n - 1] == '.';
		from = i + 1;
	}
	free(text);
	return found;
}

static bool has_slashes(struct span s)
{
	u32 i;

	for (i = 1; i < s.len; i++)
		if (s.p[i] == '/' && s.p[i - 1] == '/')
			return true;
	return false;
}

static bool matches(const struct route *r, struct span path)
{
	struct route_request req = { .path = path };

	return route_match_request(&r->match, &req).kind == ROUTE_MATCHES;
}

static bool is_route(struct route *r, u32 kind)
{
	r->match.path_kind = kind == 0 ? PATH_MATCH_EXACT :
			     kind == 1 ? PATH_MATCH_PREFIX :
			     kind == 2 ? PATH_MATCH_RAW_PREFIX : PATH_MATCH_TEMPLATE;
	r->rewrite.path_kind = kind == 3 ? REWRITE_PATH_TEMPLATE :
					   REWRITE_PATH_PREFIX;
	if (!route_path_valid(r->match.path) || !route_path_valid(r->rewrite.path))
		return false;
	return kind != 3 ||
	       (!path_template_check(r->match.path) &&
		!path_template_check_rewrite(r->rewrite.path, r->match.path));
}

static void check(const struct route *r, const struct http_options *o,
		  struct span path)
{
	struct rewritten_path rw;
	struct span piece, got;
	u32 len = 0;
	char *text;

	path_rewrite_begin(r, o, path, &rw);
	text = malloc(path_rewrite_len(rw) + 1);
	while (path_rewrite_next(&rw, &piece)) {
		memcpy(text + len, piece.p, piece.len);
		len += piece.len;
	}
	path_rewrite_begin(r, o, path, &rw);
	must_hold(len == path_rewrite_len(rw));
	got = (struct span){ text, len };
	must_hold(len && text[0] == '/');
	must_hold(len == 1 || text[1] != '/');
	must_hold(has_dots(path) || has_dots(r->rewrite.path) || !has_dots(got));
	must_hold(!o->path.merge_slashes || has_slashes(path) ||
		  has_slashes(r->rewrite.path) || !has_slashes(got));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 kind = take_number(&in, 1);
	struct http_options o = http_options_default;
	struct route r = { 0 };
	struct span path;
	char *copy;

	r.match.path = take_until(&in, '\n');
	r.rewrite.path = take_until(&in, '\n');
	copy = copy_of(in.p, in.left);
	path = (struct span){ copy, in.left };
	o.path.merge_slashes = kind & 4;
	if (is_route(&r, kind % 4) && route_path_valid(path) && matches(&r, path) &&
	    path_rewrite_allowed(&r, &o, path))
		check(&r, &o, path);
	free(copy);
	return 0;
}
