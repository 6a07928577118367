// SPDX-License-Identifier: GPL-2.0
/* Where a route sends copies of its requests, both ways. */
#include <linux/stringify.h>
#include "netlink/netlink.h"

static int parse_mirror(struct mirror *m, const struct nlattr *item,
			struct refusal *r)
{
	struct nlattr *tb[L7MESH_MIRROR_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_MIRROR_A_MAX, item,
			    netlink_mirror_policy, r);
	if (err)
		return err;
	if (!tb[L7MESH_MIRROR_A_CLUSTER])
		return refusal_set_missing(r, item, L7MESH_MIRROR_A_CLUSTER,
					   "CLUSTER");
	*m = netlink_mirror_default;
	attr_take_options(&netlink_mirror_options, m, tb);
	return attr_name(tb[L7MESH_MIRROR_A_CLUSTER], &m->cluster, r);
}

int netlink_parse_mirrors(struct route *route, struct route_parser *p,
			  const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	route->mirrors = p->mirrors;
	route->nmirrors = 0;
	nla_for_each_nested(item, list, rem) {
		if (route->nmirrors == L7MESH_MIRRORS_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_MIRRORS_MAX)
						" mirrors");
		err = parse_mirror(&p->mirrors[route->nmirrors], item, r);
		if (err)
			return err;
		route->nmirrors++;
	}
	return 0;
}

static int put_mirror(struct sk_buff *skb, const struct mirror *m)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_MIRROR_A_CLUSTER, m->cluster.name) ?:
	      attr_put_options(skb, &netlink_mirror_options, m);
	return attr_end_nest(skb, item, err);
}

int netlink_put_mirrors(struct sk_buff *skb, const struct route *route)
{
	struct nlattr *list;
	int err = 0;
	u32 i;

	if (!route->nmirrors)
		return 0;
	list = nla_nest_start(skb, L7MESH_ROUTE_A_MIRRORS);
	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < route->nmirrors && !err; i++)
		err = put_mirror(skb, &route->mirrors[i]);
	return attr_end_nest(skb, list, err);
}
