/* SPDX-License-Identifier: GPL-2.0 */
/*
 * judge: which connections between sockets of this node are spliced.
 *
 * A mesh decides about connections between two namespaces that obey it. That of
 * the node's first namespace, whose administrator may read and change every other
 * namespace anyway, also decides about those of namespaces that obey none. No
 * other mesh does: a packet that another namespace's filters were to see is not
 * for a mesh to hide.
 */
#ifndef L7MESH_JUDGE_H
#define L7MESH_JUDGE_H

#include "splice/splice.h"

/* For splice_init(). */
extern const struct splice_judge judge;

#endif
