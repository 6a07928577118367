// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

struct try *try_alloc(gfp_t gfp)
{
	return kzalloc(sizeof(struct try), gfp);
}

/* The first try is a part of the stream. */
static void free_try(struct stream *s, struct try *t)
{
	if (t != &s->first)
		kfree(t);
}

void try_free_current(struct stream *s)
{
	free_try(s, s->try);
	s->try = NULL;
}

/* What was done to have the current try's request sent, and its response read. */
static void forget_progress(struct stream *s, struct run *run)
{
	out_clear(&s->up);
	message_free(s->response_head);
	s->response_head = NULL;
	s->head_whole = false;
	s->response = RESPONSE_NONE;
	begin_request_body(s);
	replay_rewind(&s->replay);
	run->again = true;
}

void try_begin_anew(struct stream *s, struct run *run)
{
	struct try *t = s->try;

	try_drop_leg(s, run, false);
	stream_leave_connection(s);
	t->leg_reusable = false;
	t->sent = false;
	t->sent_at = 0;
	t->hedge_due = false;
	forget_progress(s, run);
}

void try_abandon(struct stream *s, struct run *run)
{
	try_end_load(s->try);
	try_begin_anew(s, run);
	s->try->open_leg = false;
}

void try_set_aside(struct stream *s)
{
	struct try *t = s->try;

	t->hedge_due = false;
	list_add_tail(&t->list, &s->others);
}

void try_begin_next(struct stream *s, struct run *run, struct try *next)
{
	try_set_aside(s);
	s->try = next;
	forget_progress(s, run);
}

void try_take(struct stream *s, struct run *run, struct try *t)
{
	list_del(&t->list);
	s->try = t;		/* its leg is locked when the run enters it */
	t->reused_leg = false;
	forget_progress(s, run);
	s->request = REQUEST_DONE;
	s->response = RESPONSE_HEAD;
	patience_set(&s->patience, s->cluster->options.response_timeout);
}

void try_lose(struct stream *s, struct try *t)
{
	try_end_load(t);
	/* So long at least. */
	try_took(t, s->cluster);
	if (t->connected)
		cluster_load_disconnect(s->load);
	leg_doom(t->leg, &s->doomed_legs);
	list_del(&t->list);
	free_try(s, t);
}

void try_lose_others(struct stream *s, struct run *run)
{
	struct try *t, *next;

	list_for_each_entry_safe(t, next, &s->others, list) {
		try_lose(s, t);
		run->defer = true;
	}
}

void try_win(struct stream *s, struct run *run)
{
	if (s->try->hedge)
		stat_inc(s->conn->mesh->stats, STAT_HEDGES_WON);
	try_lose_others(s, run);
}

bool try_fall_back(struct stream *s, struct run *run, enum mesh_stat reason)
{
	if (reason == STAT_REPLY_ROUTE_TIMEOUT) {
		try_lose_others(s, run);
		return false;
	}
	try_abandon(s, run);
	s->request = REQUEST_DONE;
	s->response = RESPONSE_HEAD;
	return true;
}

void try_part(struct stream *s)
{
	struct leg *leg;

	list_for_each_entry(leg, &s->doomed_legs, list) {
		/* Nobody else changes it. */
		if (!leg->stream)
			continue;
		link_lock_nested(&leg->link);
		leg->stream = NULL;
		link_unlock(&leg->link);
	}
}
