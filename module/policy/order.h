/* SPDX-License-Identifier: GPL-2.0 */
/* order: all policies, in the order in which a request meets them. */
#ifndef L7MESH_ORDER_H
#define L7MESH_ORDER_H

#include "policy/policy.h"

extern const struct policy_ops *const policy_order[];
extern const u32 policy_order_n;

/* Each is in the file of its name. */
extern const struct policy_ops policy_trusted_source;
extern const struct policy_ops policy_source_limit;
extern const struct policy_ops policy_cors;
extern const struct policy_ops policy_rate_limit;
extern const struct policy_ops policy_fault;
extern const struct policy_ops policy_mirror;
extern const struct policy_ops policy_retry;

#endif
