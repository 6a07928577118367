// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "policy/fault.h"
#include "stream/stream_priv.h"

bool exchange_delay(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	u32 ms = fault_delay(&ex->route->fault, ex->request_head);

	if (!ms)
		return false;
	stat_inc(c->mesh->stats, STAT_FAULT_DELAYS);
	ex->request = REQUEST_DELAYED;
	patience_set(&c->patience, ms);
	return true;
}

bool exchange_abort(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	u16 status = fault_abort(&ex->route->fault, ex->request_head);

	if (status)
		exchange_refuse(c, run, STAT_REPLY_FAULT, status);
	return status;
}

void exchange_draw_rate(struct exchange *ex)
{
	ex->rate = fault_rate(&ex->route->fault, ex->request_head);
}

void exchange_slow_response(struct conn *c)
{
	struct exchange *ex = &c->ex;

	if (!ex->rate)
		return;
	stat_inc(c->mesh->stats, STAT_FAULT_RATES);
	ex->rate_since = ktime_get_ns();
	ex->rate_passed = 0;
}

u32 exchange_allowance(struct conn *c, u32 len)
{
	struct exchange *ex = &c->ex;
	u64 allowed;

	if (!ex->rate)
		return len;
	/* In two steps: neither overflows in a century. */
	allowed = div_u64(ktime_get_ns() - ex->rate_since, NSEC_PER_USEC);
	allowed = mul_u64_u32_div(allowed, ex->rate, USEC_PER_SEC);
	if (allowed > ex->rate_passed)
		return min_t(u64, len, allowed - ex->rate_passed);
	patience_wake_soon(&c->patience);
	return 0;
}
