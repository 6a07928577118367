// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "stream/stream_priv.h"
#include "upstream/accrual.h"
#include "upstream/balancer.h"
#include "upstream/outlier.h"

/*
 * A failed request counts as having taken at least this long: a server that refuses
 * at once is not a fast server. ns
 */
#define FAILURE_LATENCY	NSEC_PER_SEC

void try_begin_load(struct try *t)
{
	t->active = true;
	atomic_inc(&t->ep->active);
}

void try_end_load(struct try *t)
{
	if (t->active)
		atomic_dec(&t->ep->active);
	t->active = false;
}

void try_begins(struct try *t, const struct cluster *cluster)
{
	atomic64_inc(&t->ep->requests);
	if (balancer_of(cluster)->latency)
		t->sent_at = ktime_get_ns();
}

static void observe(struct stream *s, struct cluster *cluster, u16 status,
		    bool local_origin)
{
	struct conn *c = s->conn;
	struct endpoint *ep = s->try->ep;

	if (accrual_enabled(&cluster->options))
		accrual_observe(cluster, ep, status >= 500, c->mesh->stats);
	if (outlier_enabled(&cluster->options))
		outlier_observe(cluster, ep, status, local_origin, c->mesh);
}

void try_took(struct try *t, const struct cluster *cluster)
{
	if (!t->sent_at)
		return;
	endpoint_observe(t->ep, ktime_get_ns() - t->sent_at,
			 cluster->options.decay);
	t->sent_at = 0;
}

void try_answered(struct stream *s, u16 status)
{
	observe(s, s->cluster, status, false);
	try_took(s->try, s->cluster);
}

void try_reached(struct stream *s)
{
	observe(s, s->cluster, 200, false);
	s->try->sent_at = 0;
}

void try_late(struct stream *s)
{
	observe(s, s->cluster, 504, true);
}

/* An endpoint that fails at once is not a fast one. */
static void observe_slow(struct try *t, const struct cluster *cluster)
{
	u64 took;

	if (!balancer_of(cluster)->latency)
		return;
	took = t->sent_at ? ktime_get_ns() - t->sent_at : 0;
	endpoint_observe(t->ep, max_t(u64, took, FAILURE_LATENCY),
			 cluster->options.decay);
	t->sent_at = 0;
}

static void observe_failure(struct stream *s, struct cluster *cluster, u16 status)
{
	observe(s, cluster, status, true);
	observe_slow(s->try, cluster);
}

/* The stream has let go of its cluster: use the current version, if there is one. */
static void observe_failure_late(struct stream *s, u16 status)
{
	struct snapshot *snapshot = mesh_snapshot_get(s->conn->mesh);
	struct cluster *cluster;

	cluster = snapshot_cluster_of(snapshot, s->cluster_hash, s->state);
	if (cluster)
		observe_failure(s, cluster, status);
	snapshot_put(snapshot);
}

void try_connect_failed(struct stream *s)
{
	struct try *t = s->try;

	atomic64_inc(&t->ep->failures);
	/*
	 * An endpoint that was never reached has no latency yet, and would be
	 * preferred.
	 */
	if (!endpoint_was_reached_by_any(t->ep))
		observe_slow(t, s->cluster);
}

void try_failed(struct stream *s, u16 status)
{
	struct endpoint *ep = s->try->ep;

	if (s->request == REQUEST_CONNECTING &&
	    !endpoint_was_reached(ep, who_connects(s->conn))) {
		try_connect_failed(s);
		return;
	}
	atomic64_inc(&ep->failures);
	if (likely(s->cluster))
		observe_failure(s, s->cluster, status);
	else
		observe_failure_late(s, status);
}
