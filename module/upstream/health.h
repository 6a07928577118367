/* SPDX-License-Identifier: GPL-2.0 */
/*
 * health: asks endpoints whether they are well, as their clusters want it.
 *
 * One work in the namespace that owns a mesh takes the endpoints that are due from
 * the mesh's queue (check_queue.h) and begins calls; what came of one is written to the
 * endpoint, which outlives changes. An endpoint is asked by one call at a time.
 *
 * Verdicts are Envoy's: the first answer decides at once; afterwards so many
 * in a row, but that a status which is not expected is a verdict by itself.
 */
#ifndef L7MESH_HEALTH_H
#define L7MESH_HEALTH_H

#include "upstream/cluster.h"
#include "upstream/cluster_state.h"

struct http_net;
struct mesh;
struct mesh_net;

void health_init(struct http_net *hn);

/**
 * health_look_by() - There is to be a look at that time, or before
 * @mn: namespace that owns a mesh
 * @at: jiffies
 *
 * Any context; its http_net is there.
 */
void health_look_by(struct mesh_net *mn, unsigned long at);

/* As health_note_use(), for the first time. */
void health_first_use(struct mesh *m, struct cluster *c);

/**
 * health_note_use() - A connection to an endpoint of a cluster is begun
 * @m: mesh, held
 * @c: cluster, held
 *
 * Any context. From now on it is asked as often as a cluster with traffic is to be.
 */
static inline void health_note_use(struct mesh *m, struct cluster *c)
{
	if (unlikely(!READ_ONCE(c->state->used)))
		health_first_use(m, c);
}

#endif
