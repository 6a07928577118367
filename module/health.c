// SPDX-License-Identifier: GPL-2.0
/* health: see health.h. */
#include "health.h"

#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "call.h"
#include "compat.h"
#include "http_net_priv.h"
#include "mesh.h"
#include "refusal.h"
#include "writer.h"

/* Of a mesh, so many at a time; the others wait until the next look. */
#define CHECKS_MAX	256

/* So long after it is planned a look begins at the earliest, for one at many. */
#define LOOK_MIN	(HZ / 50 ?: 1)

struct check {
	struct call call;
	struct mesh *mesh;		/* counted */
	struct snapshot *snapshot;	/* held: of which ... */
	const struct cluster *cluster;
	struct endpoint *ep;
};

/* ---- what came of a check ---- */

static bool is_expected(const struct health_check *hc, u16 status)
{
	u32 i;

	if (!hc->nstatus)
		return status == 200;
	for (i = 0; i < hc->nstatus; i++)
		if (hc->status[i] == status)
			return true;
	return false;
}

static void passed(struct endpoint *ep, const struct health_check *hc,
		   struct mesh *m)
{
	if (ep->healthy) {
		ep->check_row = 0;
		return;
	}
	if (ep->checked && ++ep->check_row < hc->healthy_threshold)
		return;
	ep->check_row = 0;
	WRITE_ONCE(ep->since, jiffies);
	WRITE_ONCE(ep->healthy, true);
	stat_inc(m->stats, STAT_BECAME_HEALTHY);
}

static void failed(struct endpoint *ep, const struct health_check *hc,
		   struct mesh *m, bool at_once)
{
	stat_inc(m->stats, STAT_HEALTH_CHECK_FAILURES);
	if (!ep->healthy) {
		ep->check_row = 0;
		return;
	}
	if (++ep->check_row < hc->unhealthy_threshold && !at_once)
		return;
	ep->check_row = 0;
	WRITE_ONCE(ep->healthy, false);
	stat_inc(m->stats, STAT_BECAME_UNHEALTHY);
}

/* Envoy: a cluster that was never used is asked less often. */
static bool is_used(const struct cluster *c)
{
	u32 i;

	for (i = 0; i < c->nmembers; i++)
		if (atomic64_read(&c->members[i].ep->connections))
			return true;
	return false;
}

/* By the configuration of now, whatever it was at the last check. */
static unsigned long next_check(const struct cluster *c,
				const struct endpoint *ep)
{
	const struct health_check *hc = &c->health;
	u64 ms = is_used(c) ? hc->interval :
			      max(hc->interval, hc->no_traffic_interval);

	ms += (u64)ep->check_lot * hc->jitter >> 32;
	return ep->checked_at + msecs_to_jiffies(min_t(u64, ms, U32_MAX)) + 1;
}

static void note_time(struct endpoint *ep)
{
	ep->check_lot = get_random_u32();
	ep->checked_at = jiffies;
}

void health_look_by(struct mesh_net *mn, unsigned long at)
{
	unsigned long now = jiffies;
	struct http_net *hn = mn->http;

	if (time_before(at, now + LOOK_MIN))
		at = now + LOOK_MIN;
	spin_lock_bh(&hn->calls_lock);
	if (!READ_ONCE(hn->dead) && (!delayed_work_pending(&hn->checker) ||
				     time_before(at, hn->check_at))) {
		hn->check_at = at;
		mod_delayed_work(http_wq, &hn->checker, at - now);
	}
	spin_unlock_bh(&hn->calls_lock);
}

static void end_check(struct check *k)
{
	atomic_dec(&k->mesh->nchecks);
	snapshot_put(k->snapshot);
	mesh_put(k->mesh);
	kfree(k);
}

static void judge(struct check *k, int err, u16 status)
{
	const struct health_check *hc = &k->cluster->health;

	/* Memory of ours, or our end, says nothing about the endpoint. */
	if (err == -ENOMEM || err == -ESHUTDOWN)
		return;
	if (err)
		failed(k->ep, hc, k->mesh, false);
	else if (hc->path.len && !is_expected(hc, status))
		failed(k->ep, hc, k->mesh, true);
	else
		passed(k->ep, hc, k->mesh);
	k->ep->checked = true;
}

static void check_done(struct call *call, int err, u16 status)
{
	struct check *k = container_of(call, struct check, call);
	struct endpoint *ep = k->ep;
	unsigned long next;

	judge(k, err, status);
	note_time(ep);
	/* Another configuration may want it sooner. */
	if (rcu_access_pointer(k->mesh->snapshot) == k->snapshot)
		next = next_check(k->cluster, ep);
	else
		next = ep->checked_at;
	/* Pairs with look_at_endpoint(): who sees this sees what was written before. */
	smp_store_release(&ep->checking, false);
	mesh_look_by(k->mesh, next);
	end_check(k);
}

/* ---- beginning ---- */

struct look {
	struct mesh *mesh;
	struct snapshot *snapshot;
	struct http_net *hn;		/* of the mesh's owner */
	unsigned long now, next;
	bool waits;			/* for next; else for an answer, or a change */
};

static int write_request(struct check *k)
{
	const struct health_check *hc = &k->cluster->health;
	struct span host = hc->host.len ? hc->host : k->cluster->name.name;
	struct writer w;

	if (writer_init(&w, hc->path.len + host.len + 128, GFP_NOIO))
		return -ENOMEM;
	put(&w, SPAN("GET "));
	put(&w, hc->path);
	put(&w, SPAN(" HTTP/1.1\r\n"));
	put_field(&w, SPAN("host"), host);
	put_field(&w, SPAN("user-agent"), SPAN("l7mesh-health-check"));
	put_field(&w, SPAN("connection"), SPAN("close"));
	put(&w, SPAN("\r\n"));
	return writer_finish(&w, &k->call.request);
}

static struct check *make_check(const struct look *l, const struct cluster *c,
				struct endpoint *ep)
{
	struct check *k = kzalloc(sizeof(*k), GFP_NOIO);

	if (!k)
		return NULL;
	k->mesh = mesh_get(l->mesh);
	atomic_inc(&k->mesh->nchecks);
	k->snapshot = snapshot_get(l->snapshot);
	k->cluster = c;
	k->ep = ep;
	k->call.to = ep->address;
	if (c->health.port)
		k->call.to.port = htons(c->health.port);
	k->call.done = check_done;
	if (!c->health.path.len || !write_request(k))
		return k;
	end_check(k);
	return NULL;
}

/* From the namespace that the cluster wants, which may not be there. */
static bool begin_call(const struct look *l, struct check *k)
{
	const struct health_check *hc = &k->cluster->health;

	if (!hc->netns || hc->netns == l->hn->net->net_cookie)
		return call_begin(&k->call, l->hn, hc->timeout);
	return mesh_call_from(l->mesh, hc->netns, &k->call, hc->timeout);
}

/* Returns whether the endpoint is being asked now. */
static bool begin_check(const struct look *l, const struct cluster *c,
			struct endpoint *ep)
{
	struct check *k = make_check(l, c, ep);

	if (!k)
		return false;
	WRITE_ONCE(ep->checking, true);
	stat_inc(l->mesh->stats, STAT_HEALTH_CHECKS);
	if (begin_call(l, k))
		return true;
	/* From where it is to be asked there is nobody. */
	call_release(&k->call);
	judge(k, -ENONET, 0);
	WRITE_ONCE(ep->checking, false);
	end_check(k);
	return false;
}

static void wait_until(struct look *l, unsigned long at)
{
	if (!l->waits || time_before(at, l->next))
		l->next = at;
	l->waits = true;
}

static void look_at_endpoint(struct look *l, const struct cluster *c,
			     struct endpoint *ep)
{
	unsigned long at;

	/* Pairs with check_done(). */
	if (smp_load_acquire(&ep->checking))
		return;
	at = next_check(c, ep);
	if (ep->checked && time_before(l->now, at)) {
		wait_until(l, at);
		return;
	}
	if (atomic_read(&l->mesh->nchecks) >= CHECKS_MAX) {
		wait_until(l, l->now);
		return;
	}
	if (begin_check(l, c, ep))
		return;
	note_time(ep);
	wait_until(l, next_check(c, ep));
}

static void look_at_clusters(struct look *l, const struct snapshot *s)
{
	const struct cluster *c;
	u32 i, k;

	for (i = 0; i < s->clusters.n; i++) {
		c = s->clusters.objects[i];
		for (k = 0; c->health.interval && k < c->nmembers; k++) {
			look_at_endpoint(l, c, c->members[k].ep);
			cond_resched();
		}
	}
}

static void checker_work(struct work_struct *work)
{
	struct http_net *hn = container_of(to_delayed_work(work),
					   struct http_net, checker);
	struct look l = { .hn = hn, .now = jiffies };
	struct refusal r;

	l.mesh = mesh_own_get(hn->mn, &r);
	if (IS_ERR_OR_NULL(l.mesh))
		return;
	l.snapshot = mesh_snapshot_get(l.mesh);
	look_at_clusters(&l, l.snapshot);
	if (l.waits)
		health_look_by(hn->mn, l.next);
	snapshot_put(l.snapshot);
	mesh_put(l.mesh);
}

void health_init(struct http_net *hn)
{
	INIT_DELAYED_WORK(&hn->checker, checker_work);
}
