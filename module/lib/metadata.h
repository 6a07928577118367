/* SPDX-License-Identifier: GPL-2.0 */
/*
 * metadata: what is said of an endpoint, or of a workload as its labels, such as
 * version=v1,stage=canary, and which of it a subset or a selector asks for.
 *
 * Pairs with commas, each key once. Keys and values are of the characters that
 * Kubernetes allows in labels; a value may be empty.
 *
 * Plain C: no kernel call, no allocation; any context.
 */
#ifndef L7MESH_METADATA_H
#define L7MESH_METADATA_H

#include "lib/span.h"

/**
 * metadata_problem() - Is this text metadata?
 * @text: text; empty is none
 *
 * Return: NULL, or what is wrong with it.
 */
const char *metadata_problem(struct span text);

/**
 * metadata_has() - Does metadata have all of these pairs?
 * @text: valid metadata
 * @wanted: valid metadata; each of its pairs is looked for
 */
bool metadata_has(struct span text, struct span wanted);

#endif
