/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refusal: why a change was refused, for whoever asked.
 *
 * Filled by the code that finds the fault, which knows nothing of the message
 * but the attribute that its caller named; turned into an extack by
 * netlink_request.c. Lives on the stack or in a request.
 */
#ifndef L7MESH_REFUSAL_H
#define L7MESH_REFUSAL_H

#include <linux/types.h>

struct nlattr;

#define REFUSAL_TEXT_MAX	640	/* two names and the words around them */

struct refusal {
	const struct nlattr *attr;	/* to blame, or NULL */
	const struct nlattr *missing_in; /* nest that lacks ... */
	u16 missing;			/* ... this attribute; 0: none */
	const char *format;		/* static; text is what became of it */
	char text[REFUSAL_TEXT_MAX];
};

/**
 * refusal_set() - Say why, in plain words
 * @r: refusal, whose attr the caller may have set
 * @err: negative errno
 * @format: string literal, printf style
 *
 * Return: @err.
 */
__printf(3, 4)
int refusal_set(struct refusal *r, int err, const char *format, ...);

/* As refusal_set(), blaming an attribute. */
#define refusal_set_attr(r, nla, err, ...) ({	\
	struct refusal *__r = (r);		\
						\
	__r->attr = (nla);			\
	refusal_set(__r, err, __VA_ARGS__);	\
})

/**
 * refusal_set_missing() - An attribute that must be there is not
 * @r: refusal
 * @nest: attribute that should contain it, NULL for the top level
 * @type: its type
 * @name: its name
 *
 * Return: -EINVAL.
 */
int refusal_set_missing(struct refusal *r, const struct nlattr *nest, u16 type,
			const char *name);

#endif
