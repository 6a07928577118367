/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path: one spelling for a request's path, so that what a route matches and
 * what the endpoint makes of it are the same. RFC 3986 6.2.2; the three options,
 * and the order in which they act, are Envoy's (path_with_escaped_slashes_action,
 * normalize_path, merge_slashes).
 *
 * Plain C: no kernel call, no allocation; any context.
 */
#ifndef L7MESH_PATH_H
#define L7MESH_PATH_H

#include <linux/types.h>

/* What to do with "%2F" and "%5C", which some endpoints take for slashes. */
enum path_slashes {
	PATH_SLASHES_KEEP,
	PATH_SLASHES_REJECT,
	PATH_SLASHES_DECODE,
};

struct path_rules {
	u8 escaped_slashes;	/* enum path_slashes */
	bool normalize;		/* unreserved characters decoded, hex digits in upper
				 * case, "\" as "/", no "." nor ".." segment
				 */
	bool merge_slashes;
};

static inline bool path_as_received(const struct path_rules *r)
{
	return !r->escaped_slashes && !r->normalize && !r->merge_slashes;
}

/* Let one path have one spelling, also where it was to go on as it is. */
static inline void path_rules_strict(struct path_rules *r)
{
	r->normalize = true;
	r->merge_slashes = true;
	if (r->escaped_slashes == PATH_SLASHES_KEEP)
		r->escaped_slashes = PATH_SLASHES_DECODE;
}

/* Put what is escaped in its own place; returns the new length. What is malformed stays. */
u32 path_unescape(char *path, u32 len);

/**
 * path_normalize() - Apply the rules to a path, in place
 * @r: rules
 * @path: begins with '/'; characters of a target
 * @len: its length
 *
 * The result begins with '/', is never longer, and is its own normal form.
 *
 * Return: the new length, or 0 if the path is to be refused: it has an escaped
 * slash and the rule rejects it, or, with @normalize, a '%' that is not followed
 * by two hex digits, or an escaped NUL.
 */
u32 path_normalize(const struct path_rules *r, char *path, u32 len);

#endif
