// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "link/http_net.h"
#include "mesh/mesh.h"
#include "upstream/cluster_state.h"
#include "upstream/outlier.h"
#include "upstream/outlier_rate.h"

/*
 * How many endpoints are ejected now. A large cluster is counted now and then, as
 * otherwise each ejection would examine all. Between two counts new ejections are
 * added, and those that have ended still count.
 */
static u32 count_ejected(struct cluster *c)
{
	struct cluster_state *s = c->state;
	u32 i, n = 0;

	if (c->nmembers > CLUSTER_AT_ONCE &&
	    !cluster_outdated(READ_ONCE(s->counted_at), c->nmembers))
		return atomic_read(&s->ejected);
	WRITE_ONCE(s->counted_at, jiffies);
	for (i = 0; i < c->nmembers; i++)
		n += endpoint_ejected(c->members[i].ep);
	atomic_set(&s->ejected, n);
	return n;
}

/* Envoy: one endpoint may always be ejected. */
static bool may_eject(struct cluster *c)
{
	return (u64)count_ejected(c) * 100 <
	       (u64)c->options.max_ejection_percent * c->nmembers;
}

/* How often it was ejected, less the intervals that it has been well since. */
static u32 ejections_of(const struct endpoint *ep, unsigned long until,
			u32 interval)
{
	u32 well = until ? jiffies_to_msecs(jiffies - until) / interval : 0;

	return ep->ejections - min(ep->ejections, well);
}

/* Envoy's enforcing_*: only this share of the ejections is carried out. */
static bool is_enforced(u32 percent)
{
	return percent >= 100 || reciprocal_scale(get_random_u32(), 100) < percent;
}

static void eject(struct cluster *c, struct endpoint *ep, enum mesh_stat why,
		  u32 enforcing, struct mesh_stats __percpu *stats)
{
	const struct cluster_options *o = &c->options;
	unsigned long until = READ_ONCE(ep->ejected_until);
	u64 ms;
	u32 n;

	if (endpoint_ejected(ep))
		return;
	if (!may_eject(c)) {
		stat_inc(stats, STAT_EJECTIONS_REFUSED);
		return;
	}
	if (!is_enforced(enforcing)) {
		stat_inc(stats, STAT_EJECTIONS_NOT_ENFORCED);
		return;
	}
	n = ejections_of(ep, until, o->outlier_interval) + 1;
	ms = min_t(u64, (u64)o->base_ejection_time * n,
		   max(o->base_ejection_time, o->max_ejection_time));
	/* If another CPU was first, it is ejected. */
	if (cmpxchg(&ep->ejected_until, until, deadline_in(ms)) != until)
		return;
	WRITE_ONCE(ep->ejections, n);
	atomic_inc(&c->state->ejected);
	cluster_outdate_surveys(c);
	stat_inc(stats, why);
}

/* Is this the failure that completes so many in a row? */
static bool is_last_straw(atomic_t *row, bool failure, u32 threshold)
{
	if (failure) {
		if ((u32)atomic_inc_return(row) < threshold || !threshold)
			return false;
	} else if (!atomic_read(row)) {
		return false;
	}
	atomic_set(row, 0);
	return failure;
}

/* The rate of an endpoint in the interval that ends, if it had so many requests. */
static bool take_rate(const struct endpoint *ep, u32 volume, u32 *rate)
{
	if (ep->seen < volume || !ep->seen || endpoint_ejected(ep))
		return false;
	*rate = div_u64((u64)ep->seen_good * OUTLIER_RATE_ONE, ep->seen);
	return true;
}

static void compare_success(struct cluster *c, struct mesh_stats __percpu *stats)
{
	const struct cluster_options *o = &c->options;
	struct outlier_rates rates = {};
	s64 threshold;
	u32 i, rate;

	if (!o->success_rate_stdev_factor)
		return;
	for (i = 0; i < c->nmembers; i++)
		if (take_rate(c->members[i].ep, o->success_rate_request_volume,
			      &rate))
			outlier_rates_add(&rates, rate);
	if (!rates.n || rates.n < o->success_rate_minimum_hosts)
		return;
	threshold = outlier_rates_threshold(&rates,
					    o->success_rate_stdev_factor);
	for (i = 0; i < c->nmembers; i++)
		if (take_rate(c->members[i].ep, o->success_rate_request_volume,
			      &rate) && rate < threshold)
			eject(c, c->members[i].ep, STAT_EJECTED_SUCCESS_RATE,
			      o->enforcing_success_rate, stats);
}

static void compare_failures(struct cluster *c,
			     struct mesh_stats __percpu *stats)
{
	const struct cluster_options *o = &c->options;
	u32 least = OUTLIER_RATE_ONE / 100 * o->failure_percentage_threshold;
	u32 volume = o->failure_percentage_request_volume;
	u32 i, rate, n = 0;

	if (!o->failure_percentage_threshold)
		return;
	for (i = 0; i < c->nmembers; i++)
		n += take_rate(c->members[i].ep, volume, &rate);
	if (n < o->failure_percentage_minimum_hosts)
		return;
	for (i = 0; i < c->nmembers; i++)
		if (take_rate(c->members[i].ep, volume, &rate) &&
		    OUTLIER_RATE_ONE - rate >= least)
			eject(c, c->members[i].ep,
			      STAT_EJECTED_FAILURE_PERCENTAGE,
			      o->enforcing_failure_percentage, stats);
}

static void compare(struct cluster *c, struct mesh_stats __percpu *stats)
{
	struct endpoint *ep;
	u32 i;

	for (i = 0; i < c->nmembers; i++) {
		ep = c->members[i].ep;
		ep->seen = atomic_xchg(&ep->answers, 0);
		ep->seen_good = min_t(u32, atomic_xchg(&ep->good_answers, 0),
				      ep->seen);
	}
	compare_success(c, stats);
	compare_failures(c, stats);
}

static void end_comparison(struct cluster *c)
{
	atomic_set_release(&c->state->comparing, 0);
}

/*
 * The endpoints of a large cluster are compared by a work, so that no request waits
 * for it.
 */
struct comparison {
	struct work_struct work;
	struct mesh *mesh;		/* counted */
	struct cluster *c;		/* counted */
};

static void comparison_work(struct work_struct *work)
{
	struct comparison *o = container_of(work, struct comparison, work);

	compare(o->c, o->mesh->stats);
	end_comparison(o->c);
	cluster_put(o->mesh->account, o->c);
	mesh_put(o->mesh);
	kfree(o);
}

/* Without memory it is left until the next interval is over. */
static void compare_later(struct cluster *c, struct mesh *m)
{
	struct comparison *o = kmalloc(sizeof(*o), GFP_ATOMIC | __GFP_NOWARN);

	if (!o) {
		end_comparison(c);
		return;
	}
	INIT_WORK(&o->work, comparison_work);
	o->mesh = mesh_get(m);
	o->c = cluster_get(c);
	queue_work(http_wq, &o->work);
}

static bool interval_over(struct cluster *c)
{
	unsigned long *at = &c->state->interval_end, end = READ_ONCE(*at), next;

	if (end && time_before(jiffies, end))
		return false;
	next = deadline_in(c->options.outlier_interval);
	return cmpxchg(at, end, next) == end && end;
}

static void observe_rate(struct cluster *c, struct endpoint *ep, bool good,
			 struct mesh *m)
{
	if (!c->options.success_rate_stdev_factor &&
	    !c->options.failure_percentage_threshold)
		return;
	atomic_inc(&ep->answers);
	if (good)
		atomic_inc(&ep->good_answers);
	/* One CPU compares the endpoints, and no other before it has done so. */
	if (!interval_over(c) || atomic_cmpxchg(&c->state->comparing, 0, 1))
		return;
	if (c->nmembers <= CLUSTER_AT_ONCE) {
		compare(c, m->stats);
		end_comparison(c);
	} else {
		compare_later(c, m);
	}
}

/* Envoy's split_external_local_origin_errors: an answer says nothing about the path. */
static void observe_way(struct cluster *c, struct endpoint *ep, bool failure,
			struct mesh_stats __percpu *stats)
{
	const struct cluster_options *o = &c->options;

	if (is_last_straw(&ep->consecutive_local, failure,
			  o->consecutive_local_origin_failure))
		eject(c, ep, STAT_EJECTED_LOCAL_ORIGIN,
		      o->enforcing_consecutive_local_origin_failure, stats);
}

void outlier_observe(struct cluster *c, struct endpoint *ep, u16 status,
		     bool local_origin, struct mesh *m)
{
	const struct cluster_options *o = &c->options;
	struct mesh_stats __percpu *stats = m->stats;
	bool failure = status >= 500;
	bool gateway = status >= 502 && status <= 504;

	if (o->consecutive_local_origin_failure) {
		observe_way(c, ep, local_origin, stats);
		if (local_origin)
			return;
	}
	if (is_last_straw(&ep->consecutive_5xx, failure, o->consecutive_5xx))
		eject(c, ep, STAT_EJECTED_5XX, o->enforcing_consecutive_5xx,
		      stats);
	if (is_last_straw(&ep->consecutive_gateway, gateway,
			  o->consecutive_gateway_failure))
		eject(c, ep, STAT_EJECTED_GATEWAY,
		      o->enforcing_consecutive_gateway_failure, stats);
	observe_rate(c, ep, !failure, m);
}
