// SPDX-License-Identifier: GPL-2.0
/* What routes and virtual hosts do to fields, both ways. */
#include <linux/mm.h>
#include <linux/stringify.h>
#include "http/chars.h"
#include "http/header_value.h"
#include "netlink/netlink.h"

static_assert((int)L7MESH_HEADER_OP_ADD == HEADER_OP_ADD);
static_assert((int)L7MESH_HEADER_OP_ADD_IF_ABSENT == HEADER_OP_ADD_IF_ABSENT);
static_assert((int)L7MESH_HEADER_OP_REMOVE == HEADER_OP_REMOVE);

static int parse_op_value(struct header_op *op, const struct nlattr *nla,
			  bool response, struct refusal *r)
{
	const char *why;

	op->value = attr_span(nla);
	if (op->kind == HEADER_OP_REMOVE)
		return refusal_set_attr(r, nla, -EINVAL,
					"what is removed has no value");
	if (!op->value.len || !chars_value_valid(op->value))
		return refusal_set_attr(r, nla, -EINVAL,
					"not the value of a header field");
	why = header_value_check(op->value, response);
	return why ? refusal_set_attr(r, nla, -EINVAL, "%s", why) : 0;
}

static int parse_op(struct header_op *op, const struct nlattr *item,
		    bool response, struct refusal *r)
{
	struct nlattr *tb[L7MESH_HEADER_OP_A_MAX + 1];
	struct nlattr *name, *value, *kind;
	int err;

	err = netlink_parse(tb, L7MESH_HEADER_OP_A_MAX, item,
			    netlink_header_op_policy, r);
	if (err)
		return err;
	name = tb[L7MESH_HEADER_OP_A_NAME];
	value = tb[L7MESH_HEADER_OP_A_VALUE];
	kind = tb[L7MESH_HEADER_OP_A_OP];
	if (!name)
		return refusal_set_missing(r, item, L7MESH_HEADER_OP_A_NAME,
					   "NAME");
	*op = (struct header_op){
		.name = attr_span(name),
		.kind = kind ? nla_get_u32(kind) : HEADER_OP_SET,
	};
	if (!chars_token_valid(op->name))
		return refusal_set_attr(r, name, -EINVAL,
					"not the name of a header field");
	if (!header_name_changeable(op->name))
		return refusal_set_attr(r, name, -EINVAL,
					"this field cannot be changed");
	if (value)
		return parse_op_value(op, value, response, r);
	return op->kind == HEADER_OP_REMOVE ? 0 :
	       refusal_set_missing(r, item, L7MESH_HEADER_OP_A_VALUE, "VALUE");
}

int netlink_parse_ops(struct header_op_list *ops, struct header_op *array,
		      const struct nlattr *list, bool response,
		      struct refusal *r)
{
	const struct nlattr *item;
	u32 variables = 0;
	int rem, err;

	if (!list)
		return 0;
	ops->ops = array;
	ops->n = 0;
	nla_for_each_nested(item, list, rem) {
		if (ops->n == L7MESH_HEADER_OPS_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_HEADER_OPS_MAX)
						" in one list");
		err = parse_op(&array[ops->n], item, response, r);
		if (err)
			return err;
		variables += header_value_variables(array[ops->n].value);
		if (variables > L7MESH_HEADER_VARIABLES_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_HEADER_VARIABLES_MAX)
						" variables in one list");
		ops->n++;
	}
	return 0;
}

int netlink_parse_header_edit(struct header_edit *edit,
			      struct header_edit_parser *p,
			      const struct nlattr *request,
			      const struct nlattr *response, struct refusal *r)
{
	int err = netlink_parse_ops(&edit->request, p->request, request, false,
				    r);

	return err ?: netlink_parse_ops(&edit->response, p->response, response,
					true, r);
}

static int put_op(struct sk_buff *skb, const struct header_op *op)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_HEADER_OP_A_NAME, op->name);
	if (!err && op->kind != HEADER_OP_REMOVE)
		err = attr_put_span(skb, L7MESH_HEADER_OP_A_VALUE, op->value);
	if (!err)
		err = nla_put_u32(skb, L7MESH_HEADER_OP_A_OP, op->kind);
	return attr_end_nest(skb, item, err);
}

static int put_ops(struct sk_buff *skb, int type,
		   const struct header_op_list *ops)
{
	struct nlattr *list;
	int err = 0;
	u32 i;

	if (!ops->n)
		return 0;
	list = nla_nest_start(skb, type);
	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < ops->n && !err; i++)
		err = put_op(skb, &ops->ops[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_put_header_edit(struct sk_buff *skb, int request, int response,
			    const struct header_edit *edit)
{
	return put_ops(skb, request, &edit->request) ?:
	       put_ops(skb, response, &edit->response);
}
