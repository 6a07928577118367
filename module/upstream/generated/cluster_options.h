/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* cluster_options: see upstream/cluster_options.h, which is to be included. */
#ifndef L7MESH_GENERATED_CLUSTER_OPTIONS_H
#define L7MESH_GENERATED_CLUSTER_OPTIONS_H

#include <linux/l7mesh.h>
#include <linux/types.h>

struct circuit_breakers {
	u32 max_connections;	/* upstream connections in use; 0: any */
	/* requests that wait for one, for CONNECT_TIMEOUT */
	u32 max_pending_requests;
	u32 max_requests;	/* requests at one time; 0: any */
	u32 max_retries;	/* retries at one time; 0: any */
	/* of a million requests that may be retries; 0: MAX_RETRIES holds */
	u32 retry_budget;
	u32 min_retry_concurrency;	/* retries that the budget allows in any case */
};

struct cluster_options {
	u32 table_size;	/* a prime */
	u32 connect_timeout;	/* ms */
	/* ms, from the request's end to the response's head; 0: none */
	u32 response_timeout;
	u32 idle_timeout;	/* ms, of a pooled leg */
	u32 max_idle;	/* pooled legs per endpoint and namespace */
	u32 ring_min;	/* least entries of a ring */
	u32 ring_max;	/* most entries of a ring */
	u32 choices;	/* of which least_request and peak_ewma take the best */
	u32 decay;	/* ms, of peak_ewma */
	/* percent of endpoints that are well, below which all are used */
	u32 panic_threshold;
	u32 consecutive_5xx;	/* failures in a row that eject an endpoint; 0: off */
	u32 consecutive_gateway_failure;	/* the same of 502, 503, 504; 0: off */
	u32 outlier_interval;	/* ms, between comparisons of endpoints */
	u32 base_ejection_time;	/* ms, times how often it was ejected */
	u32 max_ejection_time;	/* ms */
	/* of the endpoints; one may be ejected in any case */
	u32 max_ejection_percent;
	/* thousandths of a standard deviation below the mean; 0: off */
	u32 success_rate_stdev_factor;
	u32 success_rate_minimum_hosts;	/* endpoints with so many requests */
	u32 success_rate_request_volume;	/* in an interval */
	u32 failure_percentage_threshold;	/* percent of failures; 0: off */
	u32 failure_percentage_minimum_hosts;	/* endpoints with so many requests */
	u32 failure_percentage_request_volume;	/* in an interval */
	/* percent of their share that endpoints can take over */
	u32 overprovisioning_factor;
	/* ms, in which a new endpoint comes to its whole weight; 0: at once */
	u32 slow_start_window;
	u32 slow_start_min_weight;	/* percent of its weight that it has at first */
	u32 enforcing_consecutive_5xx;	/* percent of such ejections that are made */
	u32 enforcing_consecutive_gateway_failure;	/* the same */
	u32 enforcing_success_rate;	/* the same */
	u32 enforcing_failure_percentage;	/* the same */
	/*
	 * failures to get an answer in a row that eject an endpoint; 0: they are 5xx as
	 * any
	 */
	u32 consecutive_local_origin_failure;
	/* percent of such ejections that are made */
	u32 enforcing_consecutive_local_origin_failure;
	/* failures in a row that shut an endpoint; 0: off */
	u32 accrual_max_failures;
	/* ms, that it is shut at first, then each time twice as long */
	u32 accrual_min_penalty;
	u32 accrual_max_penalty;	/* ms */
	u32 accrual_jitter;	/* percent, up to which are added to each */
	struct circuit_breakers breakers[L7MESH_ROUTING_PRIORITY_HIGH + 1];
	u8 lb;	/* enum l7mesh_lb */
	u8 subset_fallback;	/* enum l7mesh_subset_fallback */
	u8 proxy_protocol;	/* enum l7mesh_proxy_protocol */
};

#define CLUSTER_OPTIONS_DEFAULT { \
	.table_size = L7MESH_TABLE_SIZE_DEFAULT, \
	.connect_timeout = 5000, \
	.response_timeout = 15000, \
	.idle_timeout = 60000, \
	.max_idle = 128, \
	.ring_min = 1024, \
	.ring_max = L7MESH_RING_SIZE_MAX, \
	.choices = 2, \
	.decay = 10000, \
	.panic_threshold = 50, \
	.breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_pending_requests = 1024, \
	.breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_retries = 3, \
	.breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].min_retry_concurrency = 3, \
	.outlier_interval = 10000, \
	.base_ejection_time = 30000, \
	.max_ejection_time = 300000, \
	.max_ejection_percent = 10, \
	.success_rate_minimum_hosts = 5, \
	.success_rate_request_volume = 100, \
	.failure_percentage_minimum_hosts = 5, \
	.failure_percentage_request_volume = 50, \
	.overprovisioning_factor = 140, \
	.slow_start_min_weight = 10, \
	.enforcing_consecutive_5xx = 100, \
	.enforcing_consecutive_gateway_failure = 100, \
	.enforcing_success_rate = 100, \
	.enforcing_failure_percentage = 100, \
	.enforcing_consecutive_local_origin_failure = 100, \
	.accrual_min_penalty = 1000, \
	.accrual_max_penalty = 60000, \
	.accrual_jitter = 50, \
	.breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_pending_requests = 1024, \
	.breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries = 3, \
	.breakers[L7MESH_ROUTING_PRIORITY_HIGH].min_retry_concurrency = 3, \
}

static inline bool cluster_options_equal(const struct cluster_options *a,
					 const struct cluster_options *b)
{
	return a->lb == b->lb &&
	       a->table_size == b->table_size &&
	       a->connect_timeout == b->connect_timeout &&
	       a->response_timeout == b->response_timeout &&
	       a->idle_timeout == b->idle_timeout &&
	       a->max_idle == b->max_idle &&
	       a->ring_min == b->ring_min &&
	       a->ring_max == b->ring_max &&
	       a->choices == b->choices &&
	       a->decay == b->decay &&
	       a->panic_threshold == b->panic_threshold &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_connections ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_connections &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_pending_requests ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_pending_requests &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_requests ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_requests &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_retries ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_retries &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].retry_budget ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].retry_budget &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].min_retry_concurrency ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].min_retry_concurrency &&
	       a->consecutive_5xx == b->consecutive_5xx &&
	       a->consecutive_gateway_failure == b->consecutive_gateway_failure &&
	       a->outlier_interval == b->outlier_interval &&
	       a->base_ejection_time == b->base_ejection_time &&
	       a->max_ejection_time == b->max_ejection_time &&
	       a->max_ejection_percent == b->max_ejection_percent &&
	       a->success_rate_stdev_factor == b->success_rate_stdev_factor &&
	       a->success_rate_minimum_hosts == b->success_rate_minimum_hosts &&
	       a->success_rate_request_volume == b->success_rate_request_volume &&
	       a->failure_percentage_threshold == b->failure_percentage_threshold &&
	       a->failure_percentage_minimum_hosts ==
	       b->failure_percentage_minimum_hosts &&
	       a->failure_percentage_request_volume ==
	       b->failure_percentage_request_volume &&
	       a->overprovisioning_factor == b->overprovisioning_factor &&
	       a->slow_start_window == b->slow_start_window &&
	       a->slow_start_min_weight == b->slow_start_min_weight &&
	       a->enforcing_consecutive_5xx == b->enforcing_consecutive_5xx &&
	       a->enforcing_consecutive_gateway_failure ==
	       b->enforcing_consecutive_gateway_failure &&
	       a->enforcing_success_rate == b->enforcing_success_rate &&
	       a->enforcing_failure_percentage == b->enforcing_failure_percentage &&
	       a->consecutive_local_origin_failure ==
	       b->consecutive_local_origin_failure &&
	       a->enforcing_consecutive_local_origin_failure ==
	       b->enforcing_consecutive_local_origin_failure &&
	       a->accrual_max_failures == b->accrual_max_failures &&
	       a->accrual_min_penalty == b->accrual_min_penalty &&
	       a->accrual_max_penalty == b->accrual_max_penalty &&
	       a->accrual_jitter == b->accrual_jitter &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_connections ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_connections &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_pending_requests ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_pending_requests &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_requests ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_requests &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].retry_budget ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].retry_budget &&
	       a->breakers[L7MESH_ROUTING_PRIORITY_HIGH].min_retry_concurrency ==
	       b->breakers[L7MESH_ROUTING_PRIORITY_HIGH].min_retry_concurrency &&
	       a->subset_fallback == b->subset_fallback &&
	       a->proxy_protocol == b->proxy_protocol;
}

#endif
