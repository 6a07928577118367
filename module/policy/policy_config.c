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

/* A policy's struct and @room behind it, which goes with the parser; or an error. */
static void *alloc_data(void **parsed, const struct policy_ops *ops, size_t room,
			struct refusal *r)
{
	*parsed = kvzalloc(ops->part.size + room, GFP_KERNEL_ACCOUNT);
	return *parsed ?: ERR_PTR(refusal_set(r, -ENOMEM, "out of memory"));
}

/* The policy that there is to be, of what has been filled in with this result. */
static void *policy_of(void *data, int result)
{
	if (result == POLICY_NONE)
		return NULL;
	return result ? ERR_PTR(result) : data;
}

/* For what parse() makes of a list, if there is one. */
static size_t room_for_items(const struct policy_ops *ops, const struct nlattr *nest,
			     struct nlattr **tb)
{
	const struct nlattr *list = ops->list ? tb[ops->list] : nest;

	return ops->item_size && list ? ops->item_size * attr_count(list) : 0;
}

static void *parse_nest(void **parsed, const struct policy_ops *ops,
			const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[POLICY_ATTRS_MAX + 1];
	int err = ops->attrs ? attr_parse(tb, ops->attrs, nest, r) : 0;
	void *data;

	if (err || !nla_len(nest))
		return ERR_PTR(err);
	data = alloc_data(parsed, ops, room_for_items(ops, nest, tb), r);
	return IS_ERR(data) ? data : policy_of(data, ops->parse(data, nest, tb, r));
}

static void *derive(void **parsed, const struct policy_ops *ops,
		    const struct http_options *options, struct refusal *r)
{
	void *data = alloc_data(parsed, ops, 0, r);

	return IS_ERR(data) ? data : policy_of(data, ops->derive(data, options));
}

/* The policy of a kind that an object is to have, or NULL. */
static void *parse_one(void **parsed, const struct policy_ops *ops,
		       const struct parts *old, const struct change *c)
{
	u16 attr = ops->attr[c->owner];

	if (ops->derive)
		return c->options ? derive(parsed, ops, c->options, c->r) : NULL;
	if (!attr || !c->tb[attr])
		return parts_find(old, &ops->part);
	return parse_nest(parsed, ops, c->tb[attr], c->r);
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
