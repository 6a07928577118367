/* SPDX-License-Identifier: GPL-2.0 */
/*
 * health_check: how a cluster's endpoints are asked whether they are well.
 *
 * Envoy's core.v3.HealthCheck, with its names. A part of the immutable cluster, whose
 * the texts and the array are.
 */
#ifndef L7MESH_HEALTH_CHECK_H
#define L7MESH_HEALTH_CHECK_H

#include <linux/string.h>
#include <linux/types.h>
#include "lib/span.h"

struct health_check {
	u64 netns;			/* cookie of the namespace that asks; 0: the mesh's */
	u32 interval;			/* ms; 0: there are no checks */
	u32 timeout;			/* ms */
	u32 jitter;			/* ms, up to which are added to the interval */
	u32 no_traffic_interval;	/* ms, while the cluster was never used */
	u32 unhealthy_threshold;	/* failures in a row */
	u32 healthy_threshold;		/* successes in a row */
	u16 port;			/* 0: the endpoint's */
	struct span path;		/* length 0: only to connect; else GET */
	struct span host;		/* length 0: the cluster's name */
	const u16 *status;		/* that are expected; none: 200 */
	u32 nstatus;
};

static inline bool health_check_equal(const struct health_check *a,
				      const struct health_check *b)
{
	return a->netns == b->netns && a->interval == b->interval &&
	       a->timeout == b->timeout && a->jitter == b->jitter &&
	       a->no_traffic_interval == b->no_traffic_interval &&
	       a->unhealthy_threshold == b->unhealthy_threshold &&
	       a->healthy_threshold == b->healthy_threshold &&
	       a->port == b->port && span_eq(a->path, b->path) &&
	       span_eq(a->host, b->host) && a->nstatus == b->nstatus &&
	       !memcmp(a->status, b->status, a->nstatus * sizeof(*a->status));
}

#endif
