// SPDX-License-Identifier: GPL-2.0
/* The name whose addresses endpoints are, both ways. */
#include "netlink/netlink.h"

int netlink_parse_dns(struct dns *dns, const struct nlattr *nest,
		      struct refusal *r)
{
	struct nlattr *tb[L7MESH_DNS_A_MAX + 1];
	struct name_ref name;
	int err;

	err = netlink_parse(tb, L7MESH_DNS_A_MAX, nest, netlink_dns_policy, r);
	if (err)
		return err;
	*dns = (struct dns){};
	if (!nla_len(nest))
		return 0;
	if (!tb[L7MESH_DNS_A_NAME])
		return refusal_set_missing(r, nest, L7MESH_DNS_A_NAME, "NAME");
	if (!tb[L7MESH_DNS_A_PORT])
		return refusal_set_missing(r, nest, L7MESH_DNS_A_PORT, "PORT");
	err = attr_name(tb[L7MESH_DNS_A_NAME], &name, r);
	if (err)
		return err;
	*dns = netlink_dns_default;
	dns->name = name.name;
	attr_take_options(&netlink_dns_options, dns, tb);
	return 0;
}

int netlink_put_dns(struct sk_buff *skb, const struct dns *dns)
{
	struct nlattr *nest;
	int err;

	if (!dns->name.len)
		return 0;
	nest = nla_nest_start(skb, L7MESH_CLUSTER_A_DNS);
	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_DNS_A_NAME, dns->name) ?:
	      attr_put_options(skb, &netlink_dns_options, dns);
	return attr_end_nest(skb, nest, err);
}
