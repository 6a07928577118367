// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/slab.h>
#include "lib/stats.h"
#include "upstream/endpoint.h"
#include "upstream/peak_ewma.h"

struct endpoint *endpoint_alloc(const struct address *address, gfp_t gfp)
{
	struct endpoint *ep = kzalloc(sizeof(*ep), gfp);

	if (!ep)
		return NULL;
	ep->address = *address;
	ep->since = jiffies;
	refcount_set(&ep->ref, 1);
	stats_object_created(OBJECT_ENDPOINT);
	return ep;
}

void endpoint_put(struct endpoint *ep)
{
	if (!refcount_dec_and_test(&ep->ref))
		return;
	stats_object_destroyed(OBJECT_ENDPOINT);
	kfree_rcu(ep, rcu);
}

static u32 latency_after(const struct endpoint *ep, u64 now, u64 us, u32 decay)
{
	u64 since = now - READ_ONCE(ep->latency_at);

	return peak_ewma_next(READ_ONCE(ep->latency),
			      (s64)since > 0 ? div_u64(since, NSEC_PER_USEC) : 0,
			      us, decay * USEC_PER_MSEC);
}

void endpoint_observe(struct endpoint *ep, u64 ns, u32 decay)
{
	u64 now = ktime_get_ns();
	u32 latency = latency_after(ep, now, div_u64(ns, NSEC_PER_USEC), decay);

	WRITE_ONCE(ep->latency, latency);
	WRITE_ONCE(ep->latency_at, now);
}

u32 endpoint_latency(const struct endpoint *ep, u32 decay)
{
	return latency_after(ep, ktime_get_ns(), 0, decay);
}
