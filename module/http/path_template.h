/* SPDX-License-Identifier: GPL-2.0 */
/*
 * path_template: paths whose segments are variables, such as /users/{id}/photos.
 *
 * The grammar is Envoy's (uri_template_matcher.proto), less variables that stand
 * for several segments or for part of one. A segment is one of
 *
 *	text		itself
 *	*		any text, not nothing
 *	{name} {name=*}	the same, under a name
 *	** {name=**}	all that is left of the path, or nothing; the last segment
 *
 * A rewrite has text and {name}. Templates are kept as text, and read anew for
 * each path: they are short. No byte of a path is looked at that does not count, as
 * the kernel's memchr() is a loop over bytes. Plain C, any context.
 */
#ifndef L7MESH_PATH_TEMPLATE_H
#define L7MESH_PATH_TEMPLATE_H

#include "lib/span.h"

#define PATH_TEMPLATE_VARIABLES_MAX	8
/* How often a rewrite may use them: each time a whole path may be copied. */
#define PATH_TEMPLATE_USES_MAX		16

/* What the variables stood for; the spans point into template and path. */
struct path_variables {
	u32 n;
	u32 wildcards;		/* of the template that were looked at */
	u32 bytes;		/* of its text, and of the path's segments, so */
	struct span names[PATH_TEMPLATE_VARIABLES_MAX];
	struct span values[PATH_TEMPLATE_VARIABLES_MAX];
};

/**
 * path_template_check() - Is this a template?
 * @template: any text
 *
 * Return: NULL, or why not.
 */
const char *path_template_check(struct span template);

/**
 * path_template_match() - Is this path one of a template's?
 * @template: one that was checked
 * @path: path
 * @vars: out: its variables, and what was looked at, if it matches or not
 */
bool path_template_match(struct span template, struct span path,
			 struct path_variables *vars);

/**
 * path_template_check_rewrite() - May a template's paths be rewritten so?
 * @rewrite: any text
 * @template: one that was checked
 *
 * Return: NULL, or why not.
 */
const char *path_template_check_rewrite(struct span rewrite,
					struct span template);

/* How many pieces path_template_next() gives of a rewrite that was checked, at most. */
u32 path_template_pieces(struct span rewrite);

/**
 * path_template_next() - The next piece of a rewritten path
 * @rewrite: what is left of a rewrite that was checked; advanced
 * @vars: of the path
 * @piece: out
 *
 * Return: false if there is none.
 */
bool path_template_next(struct span *rewrite, const struct path_variables *vars,
			struct span *piece);

#endif
