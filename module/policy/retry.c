// SPDX-License-Identifier: GPL-2.0
#include "policy/retry.h"

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#define DEFAULT_BACKOFF_FACTOR	10

bool retry_is_idempotent(struct span method)
{
	static const struct span methods[] = {
		SPAN("GET"), SPAN("HEAD"), SPAN("OPTIONS"), SPAN("TRACE"),
		SPAN("PUT"), SPAN("DELETE"),
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (span_eq(method, methods[i]))
			return true;
	return false;
}

/* Envoy's RetryStateImpl::wouldRetryFromReset() */
bool retry_on_failure(const struct retry_policy *p, enum retry_failure failure)
{
	u32 bits = BIT(L7MESH_RETRY_ON_RESET) | BIT(L7MESH_RETRY_ON_5XX) |
		   BIT(L7MESH_RETRY_ON_GATEWAY_ERROR);

	if (failure == RETRY_CONNECT_FAILURE)
		bits |= BIT(L7MESH_RETRY_ON_CONNECT_FAILURE);
	return p->on & bits;
}

/* Envoy's RetryStateImpl::wouldRetryFromHeaders() */
bool retry_on_status(const struct retry_policy *p, u16 status)
{
	u32 i;

	if (status / 100 == 5 && p->on & BIT(L7MESH_RETRY_ON_5XX))
		return true;
	if (status >= 502 && status <= 504 &&
	    p->on & BIT(L7MESH_RETRY_ON_GATEWAY_ERROR))
		return true;
	if (status == 409 && p->on & BIT(L7MESH_RETRY_ON_RETRIABLE_4XX))
		return true;
	for (i = 0; i < p->nstatus; i++)
		if (p->status[i] == status)
			return true;
	return false;
}

u32 retry_backoff(const struct retry_policy *p, u32 retry, u32 lot)
{
	u64 most = p->max_backoff ?:
		   (u64)p->backoff * DEFAULT_BACKOFF_FACTOR;
	u64 span = (u64)p->backoff << min(retry - 1, 31U);

	return (min(span, most) * lot) >> 32;
}
