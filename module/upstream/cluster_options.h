/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster_options: how a cluster treats its endpoints, as plain numbers. Names and
 * meanings are those of Envoy's Cluster, where it has them.
 *
 * A part of the immutable cluster. The structs, the defaults and
 * cluster_options_equal() are made of uapi/l7mesh.yaml, where an option is added.
 */
#ifndef L7MESH_CLUSTER_OPTIONS_H
#define L7MESH_CLUSTER_OPTIONS_H

#include "upstream/generated/cluster_options.h"

/* Envoy's RoutingPriority, of a route: breakers of one know nothing of the other. */
#define ROUTING_PRIORITIES	(L7MESH_ROUTING_PRIORITY_HIGH + 1)

extern const struct cluster_options cluster_options_default;

#endif
