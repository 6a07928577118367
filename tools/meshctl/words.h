/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words: objects on the command line, "cluster reviews lb maglev", both ways.
 *
 * What words_print() prints, "meshctl add" and a shell read back.
 */
#ifndef MESHCTL_WORDS_H
#define MESHCTL_WORDS_H

#include <jansson.h>
#include <stdio.h>

#include "schema.h"
#include "scope.h"

enum words_mode {
	WORDS_ADD,		/* a whole object */
	WORDS_SET,		/* its key and what changes */
	WORDS_DEL,		/* its key only */
};

/*
 * The body that the words after KIND describe. Checked by the same rules as a
 * file's; on error prints why and returns NULL.
 */
json_t *words_parse(const struct schema *schema, enum words_mode mode, int argc,
		    char **argv);

/* Kind, key, and all fields; without @defaults those that are not default. */
void words_print(FILE *out, const struct schema *schema, const json_t *body,
		 bool defaults);

/* The words of one field: " lb maglev"; nothing if it is NULL. */
void words_print_field(FILE *out, const struct field *f, const json_t *value);

/* "cluster NAME [lb LB] ...": one line for the help. */
const char *words_usage(enum l7mesh_kind kind);

/* Items and groups that are one word; for the schema. */
json_t *hash_policy_from_word(const struct schema *schema, const char *word,
			      char **why);
char *hash_policy_to_word(const json_t *value);
json_t *socket_from_word(const struct schema *schema, const char *word,
			 char **why);
char *socket_to_word(const json_t *value);
json_t *value_match_from_word(const struct schema *schema, const char *word,
			      char **why);
char *value_match_to_word(const json_t *value);
json_t *weighted_cluster_from_word(const struct schema *schema,
				   const char *word, char **why);
char *weighted_cluster_to_word(const json_t *value);
json_t *locality_from_word(const struct schema *schema, const char *word,
			   char **why);
char *locality_to_word(const json_t *value);
json_t *subset_from_word(const struct schema *schema, const char *word,
			 char **why);
char *subset_to_word(const json_t *value);
json_t *mirror_from_word(const struct schema *schema, const char *word,
			 char **why);
char *mirror_to_word(const json_t *value);
json_t *header_op_from_word(const struct schema *schema, const char *word,
			    char **why);
char *header_op_to_word(const json_t *value);
json_t *splice_except_from_word(const struct schema *schema, const char *word,
				char **why);
char *splice_except_to_word(const json_t *value);
json_t *authorization_rule_from_word(const struct schema *schema,
				     const char *word, char **why);
char *authorization_rule_to_word(const json_t *value);

#endif
