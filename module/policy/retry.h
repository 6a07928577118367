/* SPDX-License-Identifier: GPL-2.0 */
/*
 * retry: after which failures a request is tried again, and when.
 *
 * Envoy's RetryPolicy (route_components.proto, router_filter "x-envoy-retry-on"),
 * with one rule that is stricter: what is not idempotent (RFC 9110 9.2.2) is tried
 * again only if not a byte of it was sent.
 *
 * Plain C: no kernel call, no allocation; any context.
 */
#ifndef L7MESH_RETRY_H
#define L7MESH_RETRY_H

#include <linux/l7mesh.h>
#include <linux/types.h>
#include "lib/span.h"

/* A part of a route; the array is the route's. */
struct retry_policy {
	u32 on;				/* bits, enum l7mesh_retry_on; 0, and no ... */
	const u16 *status;		/* ... status: there is no policy */
	u32 nstatus;
	u32 num_retries;
	u32 per_try_timeout;		/* ms; 0: the cluster's response_timeout */
	u32 backoff;			/* ms, before the first retry at most */
	u32 max_backoff;		/* ms; 0: ten times that */
	u32 replay_limit;		/* bytes of a body that are kept */
	bool avoid_previous_hosts;
	bool hedge_on_per_try_timeout;	/* not idempotent ones never are */
};

static inline bool retry_policy_exists(const struct retry_policy *p)
{
	return p->on || p->nstatus;
}

/* How a try ended without a response that could be passed on. */
enum retry_failure {
	RETRY_CONNECT_FAILURE,		/* nothing was sent */
	RETRY_RESET,			/* no response, or none in time, or a bad one */
};

bool retry_on_failure(const struct retry_policy *p, enum retry_failure failure);
bool retry_on_status(const struct retry_policy *p, u16 status);

/* RFC 9110 9.2.2, of the methods that we know. */
bool retry_is_idempotent(struct span method);

/**
 * retry_backoff() - How long to wait before a retry
 * @p: policy
 * @retry: which, from 1
 * @lot: random
 *
 * Envoy's exponential back-off with full jitter: anything from 0 to backoff for the
 * first, twice that for the second, ..., up to max_backoff.
 *
 * Return: ms.
 */
u32 retry_backoff(const struct retry_policy *p, u32 retry, u32 lot);

#endif
