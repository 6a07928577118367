/* SPDX-License-Identifier: GPL-2.0 */
/*
 * health: asks endpoints whether they are well, as their clusters want it.
 *
 * One work in the namespace that owns a mesh looks through the clusters of the
 * current configuration whenever a check is due, and begins calls; what came of one
 * is written to the endpoint, which outlives changes. A change only has the work
 * look again. An endpoint is asked by one call at a time.
 *
 * Verdicts are Envoy's: the first answer decides at once; afterwards so many
 * in a row, but that a status which is not expected is a verdict by itself.
 */
#ifndef L7MESH_HEALTH_H
#define L7MESH_HEALTH_H

struct http_net;
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

#endif
