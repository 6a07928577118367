// SPDX-License-Identifier: GPL-2.0
/* What a route tries again, both ways. */
#include "netlink/netlink.h"

int netlink_parse_retry(struct retry_policy *retry, const struct nlattr *nest,
			struct refusal *r)
{
	struct nlattr *tb[L7MESH_RETRY_A_MAX + 1];
	struct nlattr *status;
	int err;

	err = netlink_parse(tb, L7MESH_RETRY_A_MAX, nest, netlink_retry_policy,
			    r);
	if (err)
		return err;
	*retry = (struct retry_policy){};
	if (!nla_len(nest))
		return 0;
	*retry = netlink_retry_default;
	attr_take_options(&netlink_retry_options, retry, tb);
	status = tb[L7MESH_RETRY_A_STATUS];
	if (!retry->on && !status)
		return refusal_set_attr(r, nest, -EINVAL,
					"ON or STATUS is needed: without, nothing is tried again");
	if (retry->hedge_on_per_try_timeout && !retry->per_try_timeout)
		return refusal_set_attr(r, tb[L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT],
					-EINVAL,
					"HEDGE_ON_PER_TRY_TIMEOUT needs a PER_TRY_TIMEOUT");
	if (retry->max_backoff && retry->max_backoff < retry->backoff)
		return refusal_set_attr(r, tb[L7MESH_RETRY_A_MAX_BACKOFF],
					-EINVAL, "MAX_BACKOFF is below BACKOFF");
	return status ? attr_statuses(status, &retry->status,
				      &retry->nstatus, r) : 0;
}

int netlink_put_retry(struct sk_buff *skb, const struct retry_policy *retry)
{
	struct nlattr *nest;
	int err = 0;

	if (!retry_policy_exists(retry))
		return 0;
	nest = nla_nest_start(skb, L7MESH_ROUTE_A_RETRY);
	if (!nest)
		return -EMSGSIZE;
	if (retry->nstatus)
		err = nla_put(skb, L7MESH_RETRY_A_STATUS,
			      retry->nstatus * sizeof(*retry->status),
			      retry->status);
	if (!err)
		err = attr_put_options(skb, &netlink_retry_options, retry);
	return attr_end_nest(skb, nest, err);
}
