// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include "lib/attr.h"
#include "lib/refusal.h"
#include "policy/order.h"
#include "policy/policy.h"

/* What an object is changed by. */
struct change {
	enum policy_owner owner;
	struct nlattr **tb;
	const struct http_options *options;
	struct refusal *r;
};

/* The policy of a kind that an object is to have, or NULL. */
static void *parse_one(void **parsed, const struct policy_ops *ops,
		       const struct parts *old, const struct change *c)
{
	u16 attr = ops->attr[c->owner];
	void *data;

	if (!ops->derive && (!attr || !c->tb[attr]))
		return parts_find(old, &ops->part);
	if (!ops->derive)
		data = ops->parse(c->tb[attr], c->r);
	else
		data = c->options ? ops->derive(c->options, c->r) : NULL;
	if (!IS_ERR(data))
		*parsed = data;
	return data;
}

int policy_parse(struct policy_parser *p, struct parts *policies,
		 enum policy_owner owner, struct nlattr **tb,
		 const struct http_options *options, struct refusal *r)
{
	const struct change c = { owner, tb, options, r };
	struct parts now = { .list = p->list };
	u32 i;

	for (i = 0; i < policy_order_n; i++) {
		const struct policy_ops *ops = policy_order[i];
		void *data;

		data = parse_one(&p->parsed[i], ops, policies, &c);
		if (IS_ERR(data))
			return PTR_ERR(data);
		if (data)
			p->list[now.n++] = (struct part){ &ops->part, data };
	}
	*policies = now;
	return 0;
}

void policy_parse_end(struct policy_parser *p)
{
	u32 i;

	for (i = 0; i < POLICIES_MAX; i++)
		kvfree(p->parsed[i]);
}

int policy_check_unforwarded(const struct parts *policies, struct nlattr **tb,
			     const struct nlattr *action, struct refusal *r)
{
	u32 i;

	for (i = 0; i < policies->n; i++) {
		const struct policy_ops *ops = policy_ops_of(&policies->list[i]);

		if (ops->forwards)
			return refusal_set_attr(r, tb[ops->attr[POLICY_OF_ROUTE]] ?: action,
						-EINVAL, "%s", ops->forwards);
	}
	return 0;
}

int policy_put(struct sk_buff *skb, const struct parts *policies,
	       enum policy_owner owner)
{
	int err = 0;
	u32 i;

	for (i = 0; i < policies->n && !err; i++) {
		const struct policy_ops *ops = policy_ops_of(&policies->list[i]);
		struct nlattr *nest;

		if (!ops->put)
			continue;
		nest = nla_nest_start(skb, ops->attr[owner]);
		if (!nest)
			return -EMSGSIZE;
		err = ops->put(skb, policies->list[i].data);
		err = attr_end_nest(skb, nest, err);
	}
	return err;
}
