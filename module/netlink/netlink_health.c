// SPDX-License-Identifier: GPL-2.0
/* How endpoints are checked, both ways. */
#include "http/authority.h"
#include "netlink/netlink.h"

static int parse_path(struct health_check *hc, struct nlattr **tb,
		      struct refusal *r)
{
	const struct nlattr *path = tb[L7MESH_HEALTH_CHECK_A_PATH];
	const struct nlattr *host = tb[L7MESH_HEALTH_CHECK_A_HOST];

	hc->path = attr_span(path);
	if (!route_path_valid(hc->path))
		return refusal_set_attr(r, path, -EINVAL,
					"a path starts with / and has no space, ? and #");
	if (!host)
		return 0;
	hc->host = attr_span(host);
	return authority_valid(hc->host) ? 0 :
	       refusal_set_attr(r, host, -EINVAL, "not a host");
}

int netlink_parse_health_check(struct health_check *hc,
			       const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_HEALTH_CHECK_A_MAX + 1];
	const struct nlattr *status, *needless;
	int err;

	err = netlink_parse(tb, L7MESH_HEALTH_CHECK_A_MAX, nest,
			    netlink_health_check_policy, r);
	if (err)
		return err;
	*hc = (struct health_check){};
	if (!nla_len(nest))
		return 0;
	*hc = netlink_health_check_default;
	attr_take_options(&netlink_health_check_options, hc, tb);
	if (!hc->interval)
		return refusal_set_missing(r, nest,
					   L7MESH_HEALTH_CHECK_A_INTERVAL,
					   "INTERVAL");
	status = tb[L7MESH_HEALTH_CHECK_A_STATUS];
	needless = tb[L7MESH_HEALTH_CHECK_A_HOST] ?: status;
	if (tb[L7MESH_HEALTH_CHECK_A_PATH])
		err = parse_path(hc, tb, r);
	else if (needless)
		return refusal_set_attr(r, needless, -EINVAL,
					"only with PATH: without, there is only a connection");
	if (!err && status)
		err = attr_statuses(status, &hc->status, &hc->nstatus, r);
	return err;
}

int netlink_put_health_check(struct sk_buff *skb, const struct health_check *hc)
{
	struct nlattr *nest;
	int err;

	if (!hc->interval)
		return 0;
	nest = nla_nest_start(skb, L7MESH_CLUSTER_A_HEALTH_CHECK);
	if (!nest)
		return -EMSGSIZE;
	err = attr_put_some(skb, L7MESH_HEALTH_CHECK_A_PATH, hc->path) ?:
	      attr_put_some(skb, L7MESH_HEALTH_CHECK_A_HOST, hc->host);
	if (!err && hc->nstatus)
		err = nla_put(skb, L7MESH_HEALTH_CHECK_A_STATUS,
			      hc->nstatus * sizeof(*hc->status), hc->status);
	if (!err)
		err = attr_put_options(skb, &netlink_health_check_options, hc);
	return attr_end_nest(skb, nest, err);
}
