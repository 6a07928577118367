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

/* Envoy's RoutingPriority, of a route: breakers of one know nothing of the other. */
#define ROUTING_PRIORITIES	(L7MESH_ROUTING_PRIORITY_HIGH + 1)

struct circuit_breakers {
	u32 max_connections;		/* in use; 0: any number */
	u32 max_pending_requests;	/* that wait for one */
	u32 max_requests;		/* 0: any number */
	u32 max_retries;		/* 0: any number */
	u32 retry_budget;		/* of a million requests; 0: max_retries holds */
	u32 min_retry_concurrency;	/* of the budget */
};

struct cluster_options {
	u32 table_size;			/* of maglev */
	u32 ring_min, ring_max;		/* entries of ring_hash */
	u32 choices;			/* of least_request and peak_ewma */
	u32 decay;			/* ms, of peak_ewma */
	u32 connect_timeout;		/* ms */
	u32 response_timeout;		/* ms; 0: none */
	u32 idle_timeout;		/* ms */
	u32 max_idle;
	u32 panic_threshold;		/* percent: with fewer that are well all are used */
	u32 overprovisioning_factor;	/* percent, see priority.h */
	u32 slow_start_window;		/* ms; 0: none */
	u32 slow_start_min_weight;	/* percent */

	struct circuit_breakers breakers[ROUTING_PRIORITIES];

	/* failure accrual */
	u32 accrual_max_failures;	/* 0: off */
	u32 accrual_min_penalty;	/* ms */
	u32 accrual_max_penalty;	/* ms */
	u32 accrual_jitter;		/* percent */

	/* outlier detection */
	u32 consecutive_5xx;		/* 0: off */
	u32 consecutive_gateway_failure; /* 0: off */
	u32 outlier_interval;		/* ms */
	u32 base_ejection_time;		/* ms */
	u32 max_ejection_time;		/* ms */
	u32 max_ejection_percent;
	u32 success_rate_stdev_factor;	/* thousandths; 0: off */
	u32 success_rate_minimum_hosts;
	u32 success_rate_request_volume;
	u32 failure_percentage_threshold; /* 0: off */
	u32 failure_percentage_minimum_hosts;
	u32 failure_percentage_request_volume;
	u32 consecutive_local_origin_failure; /* 0: off, and they are 5xx as any */
	/* percent of ejections that are made, each of the detector with its name */
	u32 enforcing_consecutive_5xx;
	u32 enforcing_consecutive_gateway_failure;
	u32 enforcing_success_rate;
	u32 enforcing_failure_percentage;
	u32 enforcing_consecutive_local_origin_failure;
	u8 lb;				/* enum l7mesh_lb */
	u8 subset_fallback;		/* enum l7mesh_subset_fallback */
};

extern const struct cluster_options cluster_options_default;

bool cluster_options_equal(const struct cluster_options *a,
			   const struct cluster_options *b);

#endif
