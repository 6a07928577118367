/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit: a configuration as a file for people.
 *
 * Lists are in block style, with one line for each leaf.
 */
#ifndef MESHCTL_EMIT_H
#define MESHCTL_EMIT_H

#include <jansson.h>
#include <stdbool.h>

/* Prints what config_tree() gives on standard output, as YAML or as JSON. */
void emit_file(json_t *tree, bool json);

#endif
