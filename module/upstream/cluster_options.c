// SPDX-License-Identifier: GPL-2.0
#include "upstream/cluster_options.h"

#include <linux/string.h>

#define CIRCUIT_BREAKERS_DEFAULT {					\
	.max_pending_requests = 1024, .max_retries = 3,			\
	.min_retry_concurrency = 3,					\
}

const struct cluster_options cluster_options_default = {
	.lb = L7MESH_LB_MAGLEV,
	.table_size = L7MESH_TABLE_SIZE_DEFAULT,
	.ring_min = 1024,
	.ring_max = L7MESH_RING_SIZE_MAX,
	.choices = 2,
	.decay = 10000,
	.connect_timeout = 5000,
	.response_timeout = 15000,
	.idle_timeout = 60000,
	.max_idle = 128,
	.panic_threshold = 50,
	.overprovisioning_factor = 140,
	.slow_start_min_weight = 10,
	.breakers = {
		[L7MESH_ROUTING_PRIORITY_DEFAULT] = CIRCUIT_BREAKERS_DEFAULT,
		[L7MESH_ROUTING_PRIORITY_HIGH] = CIRCUIT_BREAKERS_DEFAULT,
	},
	.accrual_min_penalty = 1000,
	.accrual_max_penalty = 60000,
	.accrual_jitter = 50,
	.outlier_interval = 10000,
	.base_ejection_time = 30000,
	.max_ejection_time = 300000,
	.max_ejection_percent = 10,
	.success_rate_minimum_hosts = 5,
	.success_rate_request_volume = 100,
	.failure_percentage_minimum_hosts = 5,
	.failure_percentage_request_volume = 50,
	.enforcing_consecutive_5xx = 100,
	.enforcing_consecutive_gateway_failure = 100,
	.enforcing_success_rate = 100,
	.enforcing_failure_percentage = 100,
	.enforcing_consecutive_local_origin_failure = 100,
};

/* With its padding: if that were not equal somebody would make an object anew. */
bool cluster_options_equal(const struct cluster_options *a,
			   const struct cluster_options *b)
{
	return !memcmp(a, b, sizeof(*a));
}
