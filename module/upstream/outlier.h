/* SPDX-License-Identifier: GPL-2.0 */
/*
 * outlier: endpoints that answer badly are not picked for a while.
 *
 * Envoy's outlier detection (docs, "Outlier detection"; outlier_detection_impl.cc): a
 * detector whose threshold is 0 is off. What never answered is of local origin, which
 * counts as a gateway failure unless it has a threshold of its own.
 *
 * There is no timer. Each answer is counted by the request that got it; if the interval
 * is over, that request also compares the endpoints, or has a work do it if there are
 * many. An ejection ends by itself when its time is over. A cluster without requests has
 * nothing to compare.
 *
 * Any context, no lock.
 */
#ifndef L7MESH_OUTLIER_H
#define L7MESH_OUTLIER_H

#include "upstream/cluster.h"

struct mesh;

static inline bool outlier_enabled(const struct cluster_options *o)
{
	return o->consecutive_5xx || o->consecutive_gateway_failure ||
	       o->consecutive_local_origin_failure ||
	       o->success_rate_stdev_factor || o->failure_percentage_threshold;
}

/**
 * outlier_observe() - An endpoint has answered a request, or failed to
 * @c: cluster of a snapshot that the caller holds, with a detector that is on
 * @ep: endpoint of @c
 * @status: of the response; what the client would be told if there was none
 * @local_origin: there was none
 * @m: mesh, whose counters count; the caller holds it
 */
void outlier_observe(struct cluster *c, struct endpoint *ep, u16 status,
		     bool local_origin, struct mesh *m);

#endif
