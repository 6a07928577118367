/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path_rewrite: the path that a route makes of a request's.
 *
 * Envoy's RouteAction and RedirectAction; where a prefix matched whole segments it
 * is replaced as Gateway API says (HTTPPathModifier): "/foo" becoming "/xyz" makes
 * /foo/bar /xyz/bar, and becoming "/" makes it /bar.
 *
 * Plain C: no kernel call, no allocation; any context.
 */
#ifndef L7MESH_PATH_REWRITE_H
#define L7MESH_PATH_REWRITE_H

#include "http/path_template.h"
#include "route/route.h"

struct http_options;

/* A path in pieces. */
struct rewritten_path {
	struct span pieces[2];
	u32 n;			/* of them; then those of the template */
	struct span template;
	struct path_variables vars;
	bool made;		/* of the request's and the route's; and then: */
	bool merge;		/* slashes that meet */
	bool slash;		/* is what the last piece ended with */
	bool begun;		/* there was more than one slash */
};

/* Is what a route makes of a path partly the client's? See path_rewrite_allowed(). */
static inline bool path_rewrite_mixes(const struct route *r)
{
	return r->rewrite.path_kind > REWRITE_PATH_WHOLE;
}

/**
 * path_rewrite_begin() - The path that a route makes of a request's
 * @r: route that matched
 * @o: the listener's options
 * @path: the request's; "*" and nothing stay
 * @rw: out; points to the route and the path
 *
 * What is made of both never begins with "//", and has none where they meet if the
 * listener merges slashes.
 */
void path_rewrite_begin(const struct route *r, const struct http_options *o,
			struct span path, struct rewritten_path *rw);

/**
 * path_rewrite_allowed() - May a route make this of a path?
 * @r: route that matched, path_rewrite_mixes()
 * @o: the listener's options
 * @path: the request's
 *
 * Not a dot segment that is in none of the two: the path was normalized, if at all,
 * and matched before, so nobody would have seen it ("/x" becoming "/" makes of
 * "/x../secret" "/../secret"). Escaped dots and slashes, and backslashes, count as
 * those they stand for, and so do dots with parameters ("..;a=b"), which some servers
 * take off; no escape may be made, either. And not more than a whole head may be, which
 * a template with many variables could make of a long segment.
 *
 * Only where pieces meet are a few bytes read, however long the path is.
 */
bool path_rewrite_allowed(const struct route *r, const struct http_options *o,
			  struct span path);

/**
 * path_rewrite_cost() - What making a path costs, but for what the request's is long
 * @r: route
 *
 * To look whether it is allowed, how long it is, and to write it, as budget.h counts;
 * each byte of a path that a template rewrites is COST_REWRITE_BYTE more.
 */
u32 path_rewrite_cost(const struct route *r);

/**
 * path_rewrite_next() - The next piece of a path
 * @rw: path; the piece is taken off
 * @piece: out
 *
 * Return: false if there is none.
 */
bool path_rewrite_next(struct rewritten_path *rw, struct span *piece);

/* How long a path is. */
u32 path_rewrite_len(struct rewritten_path rw);

#endif
