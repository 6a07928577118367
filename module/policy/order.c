// SPDX-License-Identifier: GPL-2.0
#include "policy/order.h"

#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/l7mesh.h>

/* Envoy's filters in the order that its documentation recommends. */
const struct policy_ops *const policy_order[] = {
	&policy_trusted_source,
	&policy_source_limit,
	&policy_cors,
	&policy_rate_limit,
	&policy_fault,
	&policy_mirror,
	&policy_retry,
};

const u32 policy_order_n = ARRAY_SIZE(policy_order);

static_assert(L7MESH_MIRRORS_MAX <= POLICY_COPIES_MAX);
static_assert(ARRAY_SIZE(policy_order) <= POLICIES_MAX);
