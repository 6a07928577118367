// SPDX-License-Identifier: GPL-2.0
/* How endpoints are checked, both ways. */
#include "netlink/netlink.h"
#include "netlink/netlink_option.h"

#define OPTION(type, attr, member) \
	NETLINK_OPTION(type, L7MESH_HEALTH_CHECK_A_##attr, health_check, member)

#define OPTIONAL(type, attr, member) \
	NETLINK_OPTIONAL(type, L7MESH_HEALTH_CHECK_A_##attr, health_check, member)

static const struct netlink_option table[] = {
	OPTION(U32, INTERVAL, interval),
	OPTION(U32, TIMEOUT, timeout),
	OPTION(U32, JITTER, jitter),
	OPTION(U32, NO_TRAFFIC_INTERVAL, no_traffic_interval),
	OPTION(U32, UNHEALTHY_THRESHOLD, unhealthy_threshold),
	OPTION(U32, HEALTHY_THRESHOLD, healthy_threshold),
	OPTIONAL(U16, PORT, port),
	OPTIONAL(U64, NETNS, netns),
};

static const struct netlink_options options = {
	.table = table,
	.n = ARRAY_SIZE(table),
	.pad = L7MESH_HEALTH_CHECK_A_PAD,
};

static const struct health_check health_check_default = {
	.timeout = 1000,
	.no_traffic_interval = 60000,
	.unhealthy_threshold = 3,
	.healthy_threshold = 2,
};

static int parse_path(struct health_check *hc, struct nlattr **tb,
		      struct refusal *r)
{
	const struct nlattr *path = tb[L7MESH_HEALTH_CHECK_A_PATH];
	const struct nlattr *host = tb[L7MESH_HEALTH_CHECK_A_HOST];

	hc->path = netlink_span(path);
	if (!route_path_valid(hc->path))
		return refusal_set_attr(r, path, -EINVAL,
					"a path starts with / and has no space, ? and #");
	if (!host)
		return 0;
	hc->host = netlink_span(host);
	return http1_authority_valid(hc->host) ? 0 :
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
	*hc = health_check_default;
	netlink_take_options(&options, hc, tb);
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
		err = netlink_statuses(status, &hc->status, &hc->nstatus, r);
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
	err = netlink_put_some(skb, L7MESH_HEALTH_CHECK_A_PATH, hc->path) ?:
	      netlink_put_some(skb, L7MESH_HEALTH_CHECK_A_HOST, hc->host);
	if (!err && hc->nstatus)
		err = nla_put(skb, L7MESH_HEALTH_CHECK_A_STATUS,
			      hc->nstatus * sizeof(*hc->status), hc->status);
	if (!err)
		err = netlink_put_options(skb, &options, hc);
	return netlink_end_nest(skb, nest, err);
}
