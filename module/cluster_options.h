/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster_options: how a cluster treats its endpoints, as plain numbers. Names and
 * meanings are those of Envoy's Cluster, where it has them.
 *
 * A part of the immutable cluster.
 */
#ifndef L7MESH_CLUSTER_OPTIONS_H
#define L7MESH_CLUSTER_OPTIONS_H

#include <linux/l7mesh.h>
#include <linux/types.h>

struct cluster_options {
	u32 table_size;			/* of maglev */
	u32 ring_min, ring_max;		/* entries of ring_hash */
	u32 choices;			/* of least_request and peak_ewma */
	u32 decay;			/* ms, of peak_ewma */
	u32 connect_timeout;		/* ms */
	u32 response_timeout;		/* ms; 0: none */
	u32 idle_timeout;		/* ms */
	u32 max_idle;
	u8 lb;				/* enum l7mesh_lb */
};

extern const struct cluster_options cluster_options_default;

bool cluster_options_equal(const struct cluster_options *a,
			   const struct cluster_options *b);

#endif
