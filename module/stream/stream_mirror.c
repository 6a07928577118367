// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrors: after a request was sent, a copy of it goes to another cluster: a try that
 * nobody waits for. Its response comes from a call (call.h), which owns copies of all
 * that it needs. A request that cannot be mirrored at once is not mirrored: no request
 * is ever slower for it.
 */
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "policy/mirror.h"
#include "stream/stream_priv.h"
#include "upstream/call.h"
#include "upstream/health.h"

/* How many calls a namespace may have under way. */
#define CALLS_MAX	1024

/* Instead of a response_timeout of 0. ms */
#define LONGEST		60000

struct mirror_try {
	struct try try;			/* its endpoint is known until it begins */
	struct call call;
	struct mesh *mesh;		/* counted */
};

static void mirror_done(struct call *call, int err, u16 status)
{
	struct mirror_try *m = container_of(call, struct mirror_try, call);

	if (err)
		stat_inc(m->mesh->stats, STAT_MIRROR_FAILURES);
	mesh_put(m->mesh);
	kfree(m);
}

void exchange_draw_mirrors(struct exchange *ex)
{
	const struct route *r = ex->route;
	u32 i, lot = mul_u32_u32(get_random_u32(), L7MESH_FRACTION_MAX) >> 32;

	if (ex->request_head->parser.connect || ex->upgrade)
		return;
	for (i = 0; i < r->nmirrors; i++)
		if (lot < r->mirrors[i].fraction)
			ex->mirrors |= BIT(i);
	/* Copies are edited as well. */
	ex->edit_cost *= 1 + hweight8(ex->mirrors);
}

/* The run has what it costs, and pays it. */
static bool afford(struct run *run, u32 cost)
{
	if (cost > COST_INLINE_MAX && (s64)cost > run->left)
		return false;
	run->left -= cost;
	return true;
}

static struct endpoint *pick_mirror(struct conn *c, struct run *run,
				    struct cluster *cluster)
{
	struct pick pick = {
		.source = *client_of(c),
		.parser = &c->ex.request_head->parser,
		.head = c->ex.request_head->data,
		.unobserved = true,
	};

	if (!cluster)
		return NULL;
	/* Who makes heads long is not to get around a mirror: then any endpoint will do. */
	if (unlikely(!afford(run, cluster_pick_cost(cluster, &pick))))
		pick.parser = NULL;
	return cluster_pick(cluster, &pick);
}

static u32 keep_wanted(struct trailer_filter *f, char *data, u32 len)
{
	struct span held, pass;
	u32 n, at = 0, kept = 0;

	trailer_filter_restart(f);
	for (; at < len; at += n) {
		n = trailer_filter_next(f, data + at, len - at, &held, &pass);
		/* It passed once. */
		if (WARN_ON_ONCE(!n))
			break;
		/* What is kept is never more than what was read. */
		memcpy(data + kept, held.p, held.len);
		memmove(data + kept + held.len, pass.p, pass.len);
		kept += held.len + pass.len;
	}
	return kept;
}

/*
 * What is kept of a body has its trailers as they came: take out what the endpoint did
 * not get, either.
 */
static int filter_copy(const struct exchange *ex, struct call *call, gfp_t gfp)
{
	const struct body *b = &ex->request_body;
	u32 len = b->trailer + 2;	/* and the blank line */
	struct sk_buff *end;

	if (!b->filter || !b->trailer)
		return 0;
	end = alloc_skb(len, gfp);
	if (!end)
		return -ENOMEM;
	replay_cut(&call->body, len, skb_put(end, len));
	len = keep_wanted(b->filter, end->data, b->trailer);
	memcpy(end->data + len, "\r\n", 2);
	skb_trim(end, len + 2);
	replay_append(&call->body, end);
	return 0;
}

static int fill_call(struct conn *c, struct mirror_try *m, gfp_t gfp)
{
	struct call *call = &m->call;
	int err = exchange_write_head(c, &m->try, &call->request, gfp);

	call->to = m->try.ep->address;
	call->head_request = exchange_is_head(&c->ex);
	call->done = mirror_done;
	call->identity = identity_get(c->identity);
	if (!err)
		err = replay_clone(&call->body, &c->ex.replay, gfp);
	return err ?: filter_copy(&c->ex, call, gfp);
}

/* A connection of its own, and a request on it. */
static bool begin_mirror(struct conn *c, struct mirror_try *m,
			 struct cluster *cluster)
{
	const struct cluster_options *o = &cluster->options;
	u32 timeout = o->connect_timeout + (o->response_timeout ?: LONGEST);
	struct endpoint *ep = m->try.ep;

	m->mesh = mesh_get(c->mesh);
	/* Once it has begun it may be over at any moment. */
	if (!call_begin(&m->call, c->hn, timeout)) {
		mesh_put(m->mesh);
		return false;
	}
	health_note_use(c->mesh, cluster);
	atomic64_inc(&ep->connections);
	atomic64_inc(&ep->requests);
	return true;
}

/* Returns whether the copy is on its way. */
static bool send_mirror(struct conn *c, struct run *run,
			const struct mirror *mirror)
{
	struct cluster *cluster = snapshot_cluster(c->ex.snapshot,
						   &mirror->cluster);
	struct endpoint *ep = pick_mirror(c, run, cluster);
	gfp_t gfp = run_gfp(c, run);
	struct mirror_try *m;

	if (!ep || c->ex.replay.lost || quota_spent(&c->hn->quota) ||
	    atomic_read(&c->hn->ncalls) >= CALLS_MAX)
		return false;
	m = kzalloc(sizeof(*m), gfp);
	if (!m)
		return false;
	m->try.ep = ep;
	m->try.unawaited = true;
	m->try.shadow = mirror->shadow;
	if (!fill_call(c, m, gfp) && begin_mirror(c, m, cluster))
		return true;
	call_release(&m->call);
	kfree(m);
	return false;
}

void exchange_mirror(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	u32 i;

	for (i = 0; i < ex->route->nmirrors; i++) {
		if (!(ex->mirrors & BIT(i)))
			continue;
		stat_inc(c->mesh->stats,
			 send_mirror(c, run, &ex->route->mirrors[i]) ?
			 STAT_MIRRORED : STAT_MIRRORS_DROPPED);
	}
	/* Once: not for each try. exchange_send_head() has paid for what was edited. */
	ex->edit_cost /= 1 + hweight8(ex->mirrors);
	ex->mirrors = 0;
}
