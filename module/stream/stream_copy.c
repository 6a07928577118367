// SPDX-License-Identifier: GPL-2.0
/*
 * After a request was sent, a copy of it goes to another cluster: a try that
 * nobody waits for. Its response comes from a call (call.h), which owns copies of all
 * that it needs. What cannot be copied at once is not: no request is
 * ever slower for it.
 */
#include <linux/bitops.h>
#include <linux/slab.h>

#include "stream/stream_priv.h"
#include "upstream/call.h"
#include "upstream/health.h"

/* How many calls a namespace may have under way. */
#define CALLS_MAX	1024

/* Instead of a response_timeout of 0. ms */
#define LONGEST		60000

struct copy_try {
	struct try try;			/* its endpoint is known until it begins */
	struct call call;
	struct mesh *mesh;		/* counted */
};

static void copy_done(struct call *call, int err, u16 status)
{
	struct copy_try *m = container_of(call, struct copy_try, call);

	if (err)
		stat_inc(m->mesh->stats, STAT_MIRROR_FAILURES);
	mesh_put(m->mesh);
	kfree(m);
}

/* The run has what it costs, and pays it. */
static bool afford(struct run *run, u32 cost)
{
	if (cost > COST_INLINE_MAX && (s64)cost > run->left)
		return false;
	run->left -= cost;
	return true;
}

static struct endpoint *pick_endpoint(struct stream *s, struct run *run,
				      struct cluster *cluster)
{
	struct pick pick = {
		.source = *client_of(s),
		.message = s->request_head,
		.unobserved = true,
	};

	if (!cluster)
		return NULL;
	/* Who makes heads long is not to get around it: then any endpoint will do. */
	if (unlikely(!afford(run, cluster_pick_cost(cluster, &pick))))
		pick.message = NULL;
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
static int filter_copy(const struct stream *s, struct call *call, gfp_t gfp)
{
	const struct body *b = &s->request_body;
	u32 len = b->trailer + 2;	/* and the blank line */
	struct sk_buff *end;

	if (!b->filter || !b->trailer)
		return 0;
	end = alloc_skb(len, gfp);
	if (!end)
		return -ENOMEM;
	replay_cut(&call->body, len, skb_put(end, len));
	len = keep_wanted(b->filter, end->data, b->trailer);
	memmove(end->data + len, end->data + b->trailer, 2);
	skb_trim(end, len + 2);
	replay_append(&call->body, end);
	return 0;
}

static int fill_call(struct stream *s, struct copy_try *m,
		     const struct cluster *cluster, gfp_t gfp)
{
	struct call *call = &m->call;
	int err = stream_write_head(s, &m->try, &call->request, gfp);

	call->to = m->try.ep->address;
	call->head_request = stream_is_head(s);
	call->done = copy_done;
	call->identity = identity_get(s->conn->identity);
	call->payer = payer_get(s->conn->payer);
	if (!err)
		err = stream_introduce(s, cluster, gfp, &call->header);
	if (!err)
		err = replay_clone(&call->body, &s->replay, gfp);
	return err ?: filter_copy(s, call, gfp);
}

/* A connection of its own, and a request on it. */
static bool begin_copy(struct stream *s, struct copy_try *m,
		       struct cluster *cluster)
{
	struct conn *c = s->conn;
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
static bool send_copy(struct stream *s, struct run *run,
		      const struct policy_copy *copy)
{
	struct conn *c = s->conn;
	struct cluster *cluster = snapshot_cluster(s->snapshot,
						   copy->cluster);
	struct endpoint *ep = pick_endpoint(s, run, cluster);
	gfp_t gfp = run_gfp(s, run);
	struct copy_try *m;

	if (!ep || s->replay.lost || conn_quota_spent(c) ||
	    atomic_read(&c->hn->ncalls) >= CALLS_MAX)
		return false;
	m = kzalloc(sizeof(*m), gfp);
	if (!m)
		return false;
	m->try.ep = ep;
	m->try.unawaited = true;
	m->try.shadow = copy->shadow;
	if (!fill_call(s, m, cluster, gfp) && begin_copy(s, m, cluster))
		return true;
	call_release(&m->call);
	kfree(m);
	return false;
}

void stream_copy(struct stream *s, struct run *run)
{
	struct policy_copy copy;
	u32 i;

	for (i = 0; policy_copy(&s->route->policies, i, &copy); i++) {
		if (!(s->copies & BIT(i)))
			continue;
		stat_inc(s->conn->mesh->stats,
			 send_copy(s, run, &copy) ? STAT_MIRRORED :
						    STAT_MIRRORS_DROPPED);
	}
	/* Once: not for each try. stream_send_head() has paid for what was edited. */
	s->edit_cost /= 1 + hweight8(s->copies);
	s->copies = 0;
}
