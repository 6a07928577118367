// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "policy/fault.h"
#include "stream/stream_priv.h"

bool stream_delay(struct stream *s, struct run *run)
{
	u32 ms = fault_delay(&s->route->fault, s->request_head);

	if (!ms)
		return false;
	stat_inc(s->conn->mesh->stats, STAT_FAULT_DELAYS);
	s->request = REQUEST_DELAYED;
	patience_set(&s->patience, ms);
	return true;
}

bool stream_abort(struct stream *s, struct run *run)
{
	u16 status = fault_abort(&s->route->fault, s->request_head);

	if (status)
		stream_refuse(s, run, STAT_REPLY_FAULT, status);
	return status;
}

void stream_draw_rate(struct stream *s)
{
	s->rate = fault_rate(&s->route->fault, s->request_head);
}

void stream_slow_response(struct stream *s)
{
	if (!s->rate)
		return;
	stat_inc(s->conn->mesh->stats, STAT_FAULT_RATES);
	s->rate_since = ktime_get_ns();
	s->rate_passed = 0;
}

u32 stream_allowance(struct stream *s, u32 len)
{
	u64 allowed;

	if (!s->rate)
		return len;
	/* In two steps: neither overflows in a century. */
	allowed = div_u64(ktime_get_ns() - s->rate_since, NSEC_PER_USEC);
	allowed = mul_u64_u32_div(allowed, s->rate, USEC_PER_SEC);
	if (allowed > s->rate_passed)
		return min_t(u64, len, allowed - s->rate_passed);
	patience_wake_soon(&s->patience);
	return 0;
}
