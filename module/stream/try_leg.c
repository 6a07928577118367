// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"
#include "upstream/health.h"

bool try_lock_leg(struct stream *s, struct run *run)
{
	struct leg *leg = s->try->leg;

	if (!leg || leg == run->held || leg == run->locked)
		return true;
	if (run->may_sleep) {
		link_lock_kept(&leg->link);
	} else if (!link_trylock(&leg->link)) {
		run->defer = true;
		return false;
	}
	run->locked = leg;
	return true;
}

/* The leg may be somebody else's by now: only its link is touched. */
void try_unlock_leg(struct run *run)
{
	struct leg *leg = run->locked;
	struct mem_cgroup *payer;

	if (!leg)
		return;
	run->locked = NULL;
	if (run->may_sleep) {
		/* TCP processes what came to the backlog meanwhile. */
		payer = payer_pause();
		link_unlock_kept(&leg->link);
		payer_resume(payer);
	} else {
		link_unlock_tried(&leg->link);
	}
}

/*
 * Whether a leg may be used again: the request was sent whole, the response was
 * read whole, and nothing else came. On any other leg, the rest of one response
 * would be taken for the next. Every leg that is parted with is checked here.
 */
static bool is_clean(const struct stream *s, const struct link *link)
{
	const struct try *t = s->try;

	return t->sent && t->leg_reusable &&
	       s->response == RESPONSE_DONE && out_empty(&s->up) &&
	       !link_pending(link) && !link_eof(link);
}

/* Who reads bytes up to their end must not take for the end where they were cut. */
static bool is_cut(const struct stream *s)
{
	return s->request == REQUEST_TUNNEL ? s->reset : s->conn->relays;
}

void try_drop_leg(struct stream *s, struct run *run, bool reuse)
{
	struct try *t = s->try;
	struct leg *leg = t->leg;

	if (!leg)
		return;
	leg->stream = NULL;
	t->leg = NULL;
	if (!reuse || !is_clean(s, &leg->link) ||
	    !leg_park(leg, jiffies + msecs_to_jiffies(t->leg_idle),
		      t->leg_max_idle)) {
		leg->reset |= is_cut(s);
		leg_doom(leg, &s->doomed_legs);
		run->defer = true;
	}
	if (run->locked == leg)
		try_unlock_leg(run);
}

static struct leg *idle_leg(const struct stream *s)
{
	const struct leg_client client = stream_leg_client(s, s->cluster);
	const struct conn *c = s->conn;
	struct leg *leg = NULL;
	struct http_net *hn;

	rcu_read_lock();
	hn = conn_leg_net(c, try_hop(s->try));
	if (hn)
		leg = leg_take(hn, s->try->ep, c->identity, &client);
	rcu_read_unlock();
	return leg;
}

/* Returns whether an idle leg was found and bound. */
static bool take_pooled_leg(struct stream *s, struct run *run)
{
	struct try *t = s->try;
	struct leg *leg;

	while ((leg = idle_leg(s))) {
		t->leg = leg;
		if (!try_lock_leg(s, run)) {
			/* Its socket is busy just now: the work will wait. */
			t->leg = NULL;
			if (!leg_park(leg, leg->expires, s->cluster->options.max_idle))
				leg_doom(leg, &s->doomed_legs);
			return false;
		}
		if (leg_bind(leg, s))
			return true;
		try_drop_leg(s, run, false);
	}
	return false;
}

static bool may_reuse_leg(const struct stream *s)
{
	/*
	 * A tunnel that ends at the endpoint needs a connection without earlier
	 * requests.
	 */
	return !s->try->fresh_leg && !ends_tunnel_here(s);
}

/* The leg gets the buffer limits of the listener that it works for now. */
static void limit_leg(struct stream *s)
{
	struct conn *c = s->conn;
	struct leg *leg = s->try->leg;

	if (leg->buffer_limit == c->options.buffer_limit)
		return;
	leg->buffer_limit = c->options.buffer_limit;
	link_limit(&leg->link, leg->buffer_limit);
}

void try_want_leg(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	struct try *t = s->try;

	if (unlikely(t->hop) && !stream_is_current(s))
		t->hop = NULL;
	if (may_reuse_leg(s) && take_pooled_leg(s, run)) {
		limit_leg(s);
		stat_inc(c->mesh->stats, STAT_LEGS_REUSED);
		t->reused_leg = true;
		s->request = REQUEST_CONNECTING;
		return;
	}
	run->defer = true;
	if (!run->may_sleep)
		return;		/* the work comes here again */
	t->reused_leg = false;
	s->request = REQUEST_CONNECTING;
	health_note_use(c->mesh, s->cluster);
	t->open_leg = true;
	patience_set(&s->patience, s->cluster->options.connect_timeout);
}
