// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/random.h>
#include "upstream/accrual.h"

static u32 with_jitter(const struct cluster_options *o, u32 ms)
{
	u64 most = (u64)ms * o->accrual_jitter / 100;

	ms += mul_u64_u32_shr(most, get_random_u32(), 32);
	return min(ms, o->accrual_max_penalty);
}

static void shut(struct cluster *c, struct endpoint *ep, u32 ms)
{
	u32 penalty = with_jitter(&c->options, ms);

	atomic_set(&ep->accrual_row, 0);
	WRITE_ONCE(ep->accrual_penalty, ms);
	WRITE_ONCE(ep->ejected_until, deadline_in(penalty));
	cluster_outdate_surveys(c);
}

/* While an endpoint is open, accrual_row counts its failures in a row. */
static void observe_open(struct cluster *c, struct endpoint *ep, bool failure,
			 struct mesh_stats __percpu *stats)
{
	const struct cluster_options *o = &c->options;

	if (!failure) {
		if (atomic_read(&ep->accrual_row))
			atomic_set(&ep->accrual_row, 0);
		return;
	}
	if ((u32)atomic_inc_return(&ep->accrual_row) < o->accrual_max_failures)
		return;
	shut(c, ep, o->accrual_min_penalty);
	stat_inc(stats, STAT_ACCRUAL_SHUT);
}

/* While an endpoint is shut, accrual_row says whether a request is on probation. */
static void observe_shut(struct cluster *c, struct endpoint *ep, bool failure,
			 u32 penalty)
{
	if (!atomic_xchg(&ep->accrual_row, 0))
		return;
	if (failure) {
		shut(c, ep, min_t(u64, penalty * 2ULL,
				  c->options.accrual_max_penalty));
		return;
	}
	WRITE_ONCE(ep->accrual_penalty, 0);
	WRITE_ONCE(ep->ejected_until, 0);
}

void accrual_observe(struct cluster *c, struct endpoint *ep, bool failure,
		     struct mesh_stats __percpu *stats)
{
	u32 penalty = READ_ONCE(ep->accrual_penalty);

	if (penalty)
		observe_shut(c, ep, failure, penalty);
	else
		observe_open(c, ep, failure, stats);
}
