// SPDX-License-Identifier: GPL-2.0
#include "policy/policy.h"

#include <linux/bits.h>
#include <linux/bug.h>

#include "policy/order.h"

static void exit_first(u32 n)
{
	while (n--)
		if (policy_order[n]->exit)
			policy_order[n]->exit();
}

int policy_init(void)
{
	u32 i;
	int err = 0;

	for (i = 0; i < policy_order_n; i++) {
		if (policy_order[i]->init)
			err = policy_order[i]->init();
		if (err) {
			exit_first(i);
			break;
		}
	}
	return err;
}

void policy_exit(void)
{
	exit_first(policy_order_n);
}

bool policy_trusts(const struct parts *policies, const struct address *source)
{
	const struct part *part = policies->list;

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->trust &&
		    policy_ops_of(part)->trust(part->data, source))
			return true;
	return false;
}

bool policy_connect(const struct parts *policies, struct policy_peer *peer)
{
	const struct part *part = policies->list;

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->connect &&
		    !policy_ops_of(part)->connect(part->data, peer))
			return false;
	return true;
}

void policy_disconnect(struct policy_client *client, bool counted)
{
	u32 i;

	for (i = 0; i < policy_order_n; i++)
		if (policy_order[i]->disconnect)
			policy_order[i]->disconnect(client, counted);
}

void policy_end(struct policy_client *client)
{
	u32 i;

	for (i = 0; i < policy_order_n; i++)
		if (policy_order[i]->end)
			policy_order[i]->end(client);
}

static void note_response(struct policy_view *v, u8 which,
			  enum policy_verdict verdict)
{
	v->responds = false;
	v->edits.wanted |= BIT(which);
	v->edits.alone = verdict == POLICY_ANSWER;
}

enum policy_verdict policy_request(const struct parts *policies, u8 *next,
				   struct policy_view *v)
{
	enum policy_verdict verdict;

	for (; *next < policies->n; (*next)++, v->waited = false) {
		const struct part *part = &policies->list[*next];

		if (!policy_ops_of(part)->request)
			continue;
		verdict = policy_ops_of(part)->request(part->data, v);
		if (v->responds)
			note_response(v, *next, verdict);
		if (verdict != POLICY_GO)
			return verdict;
	}
	return POLICY_GO;
}

struct header_op_list policy_response(const struct parts *policies,
				      const struct policy_edits *edits,
				      struct policy_response *r)
{
	u32 i;

	r->n = 0;
	for (i = 0; edits->wanted >> i; i++)
		if (edits->wanted & BIT(i))
			policy_ops_of(&policies->list[i])->response(policies->list[i].data,
								    edits, r);
	return (struct header_op_list){ r->ops, r->n };
}

void policy_response_say(struct policy_response *r, enum header_op_kind kind,
			 struct span name, struct span value)
{
	if (value.len && !WARN_ON_ONCE(r->n == POLICY_RESPONSE_OPS))
		r->ops[r->n++] = (struct header_op){ name, value, kind };
}

struct policy_tries policy_tries(const struct parts *policies,
				 const struct message *request, u32 tries)
{
	const struct part *part = policies->list;
	struct policy_tries t = {};

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->tries)
			policy_ops_of(part)->tries(part->data, request, tries, &t);
	return t;
}

enum policy_verdict policy_outcome(const struct parts *policies,
				   struct policy_outcome *o)
{
	const struct part *part = policies->list;

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->outcome &&
		    policy_ops_of(part)->outcome(part->data, o) == POLICY_AGAIN)
			return POLICY_AGAIN;
	return POLICY_GO;
}

bool policy_copy(const struct parts *policies, u32 i, struct policy_copy *copy)
{
	const struct part *part = policies->list;

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->copy)
			return policy_ops_of(part)->copy(part->data, i, copy);
	return false;
}

u32 policy_explain(const struct parts *policies, const struct policy_view *v)
{
	const struct part *part = policies->list;
	u32 bits = 0;

	for (; part < policies->list + policies->n; part++)
		if (policy_ops_of(part)->explain)
			bits |= policy_ops_of(part)->explain(part->data, v);
	return bits;
}
