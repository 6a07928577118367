// SPDX-License-Identifier: GPL-2.0
/* Faults, both ways. */
#include "netlink/netlink.h"

static bool fault_exists(const struct fault *f)
{
	return f->delay || f->abort || f->response_rate || f->by_header;
}

int netlink_parse_fault(struct fault *fault, const struct nlattr *nest,
			struct refusal *r)
{
	struct nlattr *tb[L7MESH_FAULT_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_FAULT_A_MAX, nest, netlink_fault_policy,
			    r);
	if (err)
		return err;
	memset(fault, 0, sizeof(*fault));
	if (!nla_len(nest))
		return 0;
	*fault = netlink_fault_default;
	attr_take_options(&netlink_fault_options, fault, tb);
	return fault_exists(fault) ? 0 :
	       refusal_set_attr(r, nest, -EINVAL,
				"DELAY, ABORT, RESPONSE_RATE or BY_HEADER is needed");
}

int netlink_put_fault(struct sk_buff *skb, const struct fault *fault)
{
	struct nlattr *nest;

	if (!fault_exists(fault))
		return 0;
	nest = nla_nest_start(skb, L7MESH_ROUTE_A_FAULT);
	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest,
			     attr_put_options(skb, &netlink_fault_options, fault));
}
