// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "stream/exchange_priv.h"
#include "upstream/accrual.h"
#include "upstream/outlier.h"

/*
 * A failed request counts as having taken at least this long: a server that refuses
 * at once is not a fast server. ns
 */
#define FAILURE_LATENCY	NSEC_PER_SEC

void exchange_begin_load(struct exchange *ex)
{
	ex->active = true;
	atomic_inc(&ex->ep->active);
}

void exchange_end_load(struct exchange *ex)
{
	if (ex->active)
		atomic_dec(&ex->ep->active);
	ex->active = false;
}

void exchange_request_begins(struct exchange *ex)
{
	atomic64_inc(&ex->ep->requests);
	if (ex->cluster->options.lb == L7MESH_LB_PEAK_EWMA)
		ex->sent_at = ktime_get_ns();
}

static void observe(struct conn *c, struct cluster *cluster, u16 status,
		    bool local_origin)
{
	struct endpoint *ep = c->ex.ep;

	if (accrual_enabled(&cluster->options))
		accrual_observe(cluster, ep, status >= 500, c->mesh->stats);
	if (outlier_enabled(&cluster->options))
		outlier_observe(cluster, ep, status, local_origin, c->mesh);
}

void exchange_request_answered(struct conn *c, u16 status)
{
	struct exchange *ex = &c->ex;

	observe(c, ex->cluster, status, false);
	if (!ex->sent_at)
		return;
	endpoint_observe(ex->ep, ktime_get_ns() - ex->sent_at,
			 ex->cluster->options.decay);
	ex->sent_at = 0;
}

void exchange_request_late(struct conn *c)
{
	observe(c, c->ex.cluster, 504, true);
}

/* An endpoint that fails at once is not a fast one. */
static void observe_slow(struct exchange *ex, const struct cluster *cluster)
{
	u64 took;

	if (cluster->options.lb != L7MESH_LB_PEAK_EWMA)
		return;
	took = ex->sent_at ? ktime_get_ns() - ex->sent_at : 0;
	endpoint_observe(ex->ep, max_t(u64, took, FAILURE_LATENCY),
			 cluster->options.decay);
	ex->sent_at = 0;
}

static void observe_failure(struct conn *c, struct cluster *cluster, u16 status)
{
	observe(c, cluster, status, true);
	observe_slow(&c->ex, cluster);
}

/* The exchange has let go of its cluster: use the current version, if there is one. */
static void observe_failure_late(struct conn *c, u16 status)
{
	struct snapshot *s = mesh_snapshot_get(c->mesh);
	struct cluster *cluster;

	cluster = snapshot_cluster_of(s, c->ex.cluster_hash, c->ex.state);
	if (cluster)
		observe_failure(c, cluster, status);
	snapshot_put(s);
}

void exchange_connect_failed(struct conn *c)
{
	struct exchange *ex = &c->ex;

	atomic64_inc(&ex->ep->failures);
	/*
	 * An endpoint that was never reached has no latency yet, and would be
	 * preferred.
	 */
	if (!endpoint_was_reached_by_any(ex->ep))
		observe_slow(ex, ex->cluster);
}

void exchange_request_failed(struct conn *c, u16 status)
{
	struct exchange *ex = &c->ex;

	if (ex->request == REQUEST_CONNECTING &&
	    !endpoint_was_reached(ex->ep, who_connects(c))) {
		exchange_connect_failed(c);
		return;
	}
	atomic64_inc(&ex->ep->failures);
	if (likely(ex->cluster))
		observe_failure(c, ex->cluster, status);
	else
		observe_failure_late(c, status);
}
