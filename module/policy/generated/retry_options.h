/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For policy/retry.c, which has struct retry_policy. */
#ifndef L7MESH_GENERATED_RETRY_OPTIONS_H
#define L7MESH_GENERATED_RETRY_OPTIONS_H

static const struct attr_option retry_table[] = {
	ATTR_OPTIONAL(U32, L7MESH_RETRY_A_ON, retry_policy, on),
	ATTR_OPTION(U32, L7MESH_RETRY_A_NUM_RETRIES, retry_policy, num_retries),
	ATTR_OPTION(U32, L7MESH_RETRY_A_PER_TRY_TIMEOUT, retry_policy, per_try_timeout),
	ATTR_OPTION(U32, L7MESH_RETRY_A_BACKOFF, retry_policy, backoff),
	ATTR_OPTION(U32, L7MESH_RETRY_A_MAX_BACKOFF, retry_policy, max_backoff),
	ATTR_OPTION(U32, L7MESH_RETRY_A_REPLAY_LIMIT, retry_policy, replay_limit),
	ATTR_OPTION(FLAG, L7MESH_RETRY_A_AVOID_PREVIOUS_HOSTS, retry_policy,
		    avoid_previous_hosts),
	ATTR_OPTION(FLAG, L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT, retry_policy,
		    hedge_on_per_try_timeout),
};

ATTR_OPTION_IS(retry_policy, on, u32);
ATTR_OPTION_IS(retry_policy, num_retries, u32);
ATTR_OPTION_IS(retry_policy, per_try_timeout, u32);
ATTR_OPTION_IS(retry_policy, backoff, u32);
ATTR_OPTION_IS(retry_policy, max_backoff, u32);
ATTR_OPTION_IS(retry_policy, replay_limit, u32);
ATTR_OPTION_IS(retry_policy, avoid_previous_hosts, bool);
ATTR_OPTION_IS(retry_policy, hedge_on_per_try_timeout, bool);

static const struct attr_options retry_options = {
	.table = retry_table,
	.n = ARRAY_SIZE(retry_table),
};

static const struct retry_policy retry_default = {
	.num_retries = 1,
	.backoff = 25,
	.replay_limit = 65536,
	.avoid_previous_hosts = true,
};

#endif
