// SPDX-License-Identifier: GPL-2.0
/* A response that is to be slow: so many bytes a second, as a policy has said. */
#include <linux/ktime.h>

#include "stream/stream_priv.h"

void stream_begin_pace(struct stream *s)
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
