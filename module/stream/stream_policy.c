// SPDX-License-Identifier: GPL-2.0
/* What the policies of listeners and routes say of a request is carried out. */
#include <linux/bitops.h>

#include "stream/stream_priv.h"

static void answer(struct stream *s, struct run *run, const struct policy_view *v)
{
	struct reply r = {
		.status = v->status,
		.body = v->body,
		.fields = v->fields,
	};

	stream_reply(s, run, v->reason, &r);
}

bool stream_meet_listener(struct stream *s, struct run *run,
			  const struct listener *l)
{
	struct conn *c = s->conn;
	struct policy_peer peer = {
		.client = &c->client,
		.mesh = c->mesh,
		.address = &c->source,
		.listener = &l->address,
		.gfp = GFP_ATOMIC | payer_gfp(c->payer),
	};
	struct field_list fields;
	struct policy_view v = {
		.request = s->request_head,
		.client = client_of(s),
		.owner = POLICY_OF_LISTENER,
		.peer = &peer,
		.fields = &fields,
	};
	enum policy_verdict verdict;
	u8 next = 0;

	field_list_init(&fields);
	verdict = policy_request(&l->policies, &next, &v);
	s->limited = peer.counted;
	if (verdict == POLICY_GO)
		return true;
	answer(s, run, &v);
	return false;
}

static void wait(struct stream *s, const struct policy_view *v)
{
	stat_inc(s->conn->mesh->stats, v->reason);
	s->request = REQUEST_DELAYED;
	patience_set(&s->patience, v->wait);
}

/* What is done to a head is done to each copy's. */
static void want_copies(struct stream *s, u8 copies)
{
	s->copies = copies;
	s->edit_cost *= 1 + hweight8(copies);
}

bool stream_meet_policies(struct stream *s, struct run *run)
{
	struct field_list fields;
	struct policy_view v = {
		.request = s->request_head,
		.upgrade = s->upgrade,
		.client = client_of(s),
		.owner = POLICY_OF_ROUTE,
		.forwards = route_forwards(s->route),
		.waited = s->request == REQUEST_DELAYED,
		.edits = s->edits,
		.fields = &fields,
	};
	enum policy_verdict verdict;

	field_list_init(&fields);
	verdict = policy_request(&s->route->policies, &s->policy, &v);
	s->edits = v.edits;
	if (v.rate)
		s->rate = v.rate;
	if (v.copies)
		want_copies(s, v.copies);
	if (verdict == POLICY_ANSWER)
		answer(s, run, &v);
	else if (verdict == POLICY_WAIT)
		wait(s, &v);
	return verdict == POLICY_GO;
}
