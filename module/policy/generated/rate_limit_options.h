/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For policy/rate_limit.c, which has struct rate_limit. */
#ifndef L7MESH_GENERATED_RATE_LIMIT_OPTIONS_H
#define L7MESH_GENERATED_RATE_LIMIT_OPTIONS_H

static const struct attr_option rate_limit_table[] = {
	ATTR_OPTION(U32, L7MESH_RATE_LIMIT_A_MAX_TOKENS, rate_limit, max_tokens),
	ATTR_OPTION(U32, L7MESH_RATE_LIMIT_A_TOKENS_PER_FILL, rate_limit,
		    tokens_per_fill),
	ATTR_OPTION(U32, L7MESH_RATE_LIMIT_A_FILL_INTERVAL, rate_limit, fill_interval),
	ATTR_OPTION(U32, L7MESH_RATE_LIMIT_A_MAX_KEYS, rate_limit, max_keys),
};

ATTR_OPTION_IS(rate_limit, max_tokens, u32);
ATTR_OPTION_IS(rate_limit, tokens_per_fill, u32);
ATTR_OPTION_IS(rate_limit, fill_interval, u32);
ATTR_OPTION_IS(rate_limit, max_keys, u32);

static const struct attr_options rate_limit_options = {
	.table = rate_limit_table,
	.n = ARRAY_SIZE(rate_limit_table),
};

static const struct rate_limit rate_limit_default = {
	.tokens_per_fill = 1,
	.fill_interval = 1000,
	.max_keys = 8192,
};

#endif
