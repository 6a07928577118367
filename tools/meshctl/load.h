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
 * The same of a stream of Kubernetes manifests, or Lists of them, of which each says
 * by its key "kind" what it is. Those without a schema are not looked at.
 */
typedef const struct schema *(*load_kind)(const char *kind,
					  const char *api_version);
bool load_manifests(const char *name, load_kind of, struct config *config);

/* Is it a mesh file, without an error? If not, prints them. */
bool load_check(const char *name, const char *text, size_t len);

/* How messages call the file: "stdin" for "-". */
const char *load_name(const char *name);

#endif
