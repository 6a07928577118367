/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accrual: an endpoint that fails so often in a row has nothing for a while, and then
 * one request that decides.
 *
 * Linkerd's failure accrual (docs, "Circuit breaking"; linkerd2-proxy,
 * consecutive_failures.rs): after max_failures it is shut for min_penalty; then it is on
 * probation: one request goes there. If that succeeds it is open, else it is shut for
 * twice as long as before, up to max_penalty. A random part of each time, the jitter,
 * is added to it. A failure is a status of 500 or above, or no answer.
 *
 * A shut endpoint is ejected, as in outlier.c, but the number of these is not limited.
 * There is no timer. The first pick after the penalty gets the endpoint for its request
 * and shuts it again for as long as before, so that a request which never ends does not
 * leave it on probation for ever. Requests from before it was shut decide nothing.
 *
 * Any context, no lock.
 */
#ifndef L7MESH_ACCRUAL_H
#define L7MESH_ACCRUAL_H

#include "lib/stats.h"
#include "upstream/cluster.h"
#include "upstream/pick.h"

static inline bool accrual_enabled(const struct cluster_options *o)
{
	return o->accrual_max_failures;
}

/**
 * accrual_admits() - May a request go to an endpoint that is not ejected?
 * @ep: endpoint
 * @pick: for which it is
 *
 * Return: false if it is on probation and another request was first, or nobody will see
 * how this one ends. If true, and it is, the caller's request is the one that decides.
 */
static inline bool accrual_admits(struct endpoint *ep, const struct pick *pick)
{
	u32 penalty = READ_ONCE(ep->accrual_penalty);
	unsigned long until = READ_ONCE(ep->ejected_until);

	if (likely(!penalty) || pick->peek)
		return true;
	if (pick->unobserved || endpoint_ejected(ep) ||
	    cmpxchg(&ep->ejected_until, until, deadline_in(penalty)) != until)
		return false;
	atomic_set(&ep->accrual_row, 1);
	return true;
}

/**
 * accrual_observe() - An endpoint has answered a request, or failed to
 * @c: cluster of a snapshot that the caller holds, which has failure accrual
 * @ep: endpoint of @c
 * @failure: did it fail?
 * @stats: counters
 */
void accrual_observe(struct cluster *c, struct endpoint *ep, bool failure,
		     struct mesh_stats __percpu *stats);

#endif
