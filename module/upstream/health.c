// SPDX-License-Identifier: GPL-2.0
#include "upstream/health.h"

#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "http1/head.h"
#include "lib/compat.h"
#include "lib/refusal.h"
#include "link/http_net.h"
#include "mesh/mesh.h"
#include "upstream/call.h"
#include "upstream/check_queue.h"
#include "upstream/introduction.h"

/* How many checks of a mesh may be under way; others wait until the next look. */
#define CHECKS_MAX	256

/* A look begins no sooner than this after it was planned, so that it finds many. */
#define LOOK_MIN	(HZ / 50 ?: 1)

struct check {
	struct call call;
	struct mesh *mesh;		/* counted */
	struct cluster *cluster;	/* counted */
	struct endpoint *ep;		/* of the cluster, taken from the queue */
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
	/* There may have been a panic, in which flows stay with the ill. */
	mesh_reconsider_udp(m);
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
	mesh_reconsider_udp(m);
}

static void note_time(struct endpoint *ep)
{
	ep->check_lot = get_random_u32();
	ep->checked_at = jiffies ?: 1;
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

void health_first_use(struct mesh *m, struct cluster *c)
{
	WRITE_ONCE(c->state->used, true);
	if (!c->health.interval)
		return;
	check_queue_note_use(&m->checks);
	mesh_look_by(m, jiffies);
}

static void end_check(struct check *k)
{
	cluster_put(k->mesh->account, k->cluster);
	mesh_put(k->mesh);
	kfree(k);
}

static void judge(struct check *k, int err, u16 status)
{
	const struct health_check *hc = &k->cluster->health;

	/* Want of memory, or our own end, says nothing about the endpoint. */
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

/* It was asked, or could not be: its next turn is reckoned from now. */
static void give_back(struct check *k)
{
	unsigned long look_at;

	note_time(k->ep);
	/*
	 * First, so that whoever finds the queue crowded sees the free place, or we
	 * see the mark.
	 */
	atomic_dec(&k->mesh->nchecks);
	if (check_queue_give(&k->mesh->checks, k->ep, &look_at))
		mesh_look_by(k->mesh, look_at);
}

static void check_done(struct call *call, int err, u16 status)
{
	struct check *k = container_of(call, struct check, call);

	judge(k, err, status);
	give_back(k);
	end_check(k);
}

/* ---- beginning ---- */

static int write_request(struct check *k)
{
	const struct health_check *hc = &k->cluster->health;
	const struct head_get get = {
		.target = hc->path,
		.host = hc->host.len ? hc->host : k->cluster->name.name,
		.user_agent = SPAN("l7mesh-health-check"),
	};

	return head_write_get(&get, GFP_NOIO, &k->call.request);
}

/* A check is the mesh's own, for no client: "LOCAL", or "UNKNOWN". */
static int introduce(struct check *k)
{
	const struct proxy_header nobody = { .family = PROXY_HEADER_NONE };
	u8 version = k->cluster->options.proxy_protocol;

	return version ? introduction_write(version, &nobody, NULL, GFP_NOIO,
					    &k->call.header) : 0;
}

static int write_all(struct check *k)
{
	int err = introduce(k);

	if (!err && k->cluster->health.path.len)
		err = write_request(k);
	return err;
}

/* Begin a check of an endpoint from the queue. It takes over the reference to @c. */
static struct check *make_check(struct mesh *m, struct cluster *c,
				struct endpoint *ep)
{
	struct check *k = kzalloc(sizeof(*k), GFP_NOIO);

	if (!k)
		return NULL;
	k->mesh = mesh_get(m);
	k->cluster = c;
	k->ep = ep;
	k->call.to = ep->address;
	if (c->health.port)
		k->call.to.port = htons(c->health.port);
	k->call.done = check_done;
	return k;
}

/* Call from the namespace that the cluster names, which may not be there. */
static bool begin_call(struct http_net *hn, struct check *k)
{
	const struct health_check *hc = &k->cluster->health;

	if (!hc->netns || hc->netns == hn->net->net_cookie)
		return call_begin(&k->call, hn, hc->timeout);
	return mesh_call_from(k->mesh, hc->netns, &k->call, hc->timeout);
}

static void begin_check(struct http_net *hn, struct check *k)
{
	stat_inc(k->mesh->stats, STAT_HEALTH_CHECKS);
	if (begin_call(hn, k))
		return;
	/* The namespace that is to ask is not attached, or is going. */
	call_release(&k->call);
	judge(k, -ENONET, 0);
	give_back(k);
	end_check(k);
}

/* Without memory the endpoint is asked at its next turn. */
static void ask(struct http_net *hn, struct mesh *m, struct cluster *c,
		struct endpoint *ep)
{
	struct check *k = make_check(m, c, ep);
	unsigned long look_at;

	if (k) {
		atomic_inc(&m->nchecks);
		if (!write_all(k)) {
			begin_check(hn, k);
		} else {
			call_release(&k->call);
			give_back(k);
			end_check(k);
		}
		return;
	}
	note_time(ep);
	check_queue_give(&m->checks, ep, &look_at);
	cluster_put(m->account, c);
}

/* May another be asked? If not, who gives a place back has to look again. */
static bool has_place(struct mesh *m)
{
	if (atomic_read(&m->nchecks) < CHECKS_MAX)
		return true;
	check_queue_crowded(&m->checks);
	/* See give_back(). */
	return atomic_read(&m->nchecks) < CHECKS_MAX;
}

static void checker_work(struct work_struct *work)
{
	struct http_net *hn = container_of(to_delayed_work(work),
					   struct http_net, checker);
	unsigned long look_at;
	struct endpoint *ep;
	struct snapshot *s;
	struct cluster *c;
	struct refusal r;
	struct mesh *m;

	m = mesh_own_get(hn->mn, &r);
	if (IS_ERR_OR_NULL(m))
		return;
	s = mesh_snapshot_get(m);
	check_queue_look_for_use(&m->checks, s);
	snapshot_put(s);
	while (has_place(m)) {
		ep = check_queue_take(&m->checks, &c);
		if (!ep) {
			if (check_queue_waits(&m->checks, &look_at))
				health_look_by(hn->mn, look_at);
			break;
		}
		ask(hn, m, c, ep);
		cond_resched();
	}
	mesh_put(m);
}

void health_init(struct http_net *hn)
{
	INIT_DELAYED_WORK(&hn->checker, checker_work);
}
