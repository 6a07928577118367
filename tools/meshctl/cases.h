/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cases: a table of questions, and what is expected of the answers.
 *
 * Nothing is sent: the kernel answers each. With a mesh file, that configuration is
 * tried in a namespace of its own, which is gone afterwards.
 */
#ifndef MESHCTL_CASES_H
#define MESHCTL_CASES_H

#include "meshctl.h"
#include "nl.h"
#include "schema.h"

/* Of the schema of a case: no kind of the kernel's. */
#define CASES_KIND	(L7MESH_KIND_MAX + 1)

/* An answer, and what was found instead, as a list of lines. */
struct comparison {
	const json_t *answer;
	json_t *differences;
};

/* What the cases of a file are. */
struct cases {
	const struct schema *schema;	/* of the file: one list of them */
	char *(*title)(const json_t *body);	/* freed by the caller */
	/* Returns the tool's status, errors printed behind @where. */
	int (*ask)(struct nl *nl, const json_t *body, const char *where,
		   json_t **answer);
	void (*compare)(struct comparison *c, const json_t *body);
};

/* Notes a difference, and frees both texts. */
void cases_differ(struct comparison *c, const char *key, char *found,
		  char *wanted);

/* Notes one if the values differ; @found may be NULL. */
void cases_compare(struct comparison *c, const char *key, const json_t *found,
		   const json_t *wanted);

/* "COMMAND test FILE [-f MESH]"; returns the tool's status. */
int cases_command(const struct ctl *ctl, const struct cases *cases, int argc,
		  char **argv);

#endif
