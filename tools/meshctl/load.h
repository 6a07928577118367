/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load: reads and checks a mesh file, YAML or JSON.
 *
 * Nothing of the input is trusted: its size, its nesting (no deeper than the
 * schema) and what its aliases expand to are bounded.
 */
#ifndef MESHCTL_LOAD_H
#define MESHCTL_LOAD_H

#include "config.h"

/*
 * Fills @config from the file of that name, "-" being standard input. Prints
 * all errors and returns false if there are any; @config is then empty.
 */
bool load_file(const char *name, struct config *config);

/* The same of a file with other top-level keys, whose objects no kernel knows. */
bool load_other_file(const char *name, const struct schema *schema,
		     struct config *config);

/*
 * One mapping, not an object, as files have it, of the command line. On error NULL, and
 * *@why, freed by the caller, is the first.
 */
json_t *load_word(const struct schema *schema, const char *word, char **why);

/*
 * The same of a stream of Kubernetes manifests, or Lists of them, of which each says
 * by its key "kind" what it is. Those without a schema are not looked at.
 *
 * What is wrong with one does not hold up the others: each is given to @take with what
 * is wrong with it, of which @take may keep what it empties @p of. In its body a mapping
 * that something is wrong within has how many such things there are under the key
 * LOAD_PROBLEMS, which no schema has, and a list that is none is null. False if it is
 * no such stream, which is printed.
 */
#define LOAD_PROBLEMS	""

typedef const struct schema *(*load_kind)(const char *kind,
					  const char *api_version);
/* @o's body is from now on whose function it is. */
typedef void (*load_take)(void *arg, const struct object *o, struct problems *p);
bool load_manifests(const char *name, load_kind of, load_take take, void *arg);

/* Is it a mesh file, without an error? If not, prints them. */
bool load_check(const char *name, const char *text, size_t len);

/* The same, with the errors in @p, whose file is what they would be printed with. */
void load_find(const char *text, size_t len, struct problems *p);

/* How messages call the file: "stdin" for "-". */
const char *load_name(const char *name);

#endif
