/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/*
 * netlink_tables: which member of which struct a plain option is, and what it is if it
 * is not given.
 */
#ifndef L7MESH_GENERATED_NETLINK_TABLES_H
#define L7MESH_GENERATED_NETLINK_TABLES_H

#include "lib/attr_option.h"

extern const struct attr_options netlink_cluster_options;

extern const struct attr_options netlink_dns_options;
extern const struct dns netlink_dns_default;

extern const struct attr_options netlink_health_check_options;
extern const struct health_check netlink_health_check_default;

extern const struct attr_options netlink_listener_options;

#endif
