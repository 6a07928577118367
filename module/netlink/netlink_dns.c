// SPDX-License-Identifier: GPL-2.0
/* The name whose addresses endpoints are, both ways. */
#include "netlink/netlink.h"

#define REFRESH_DEFAULT	5000

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
	err = netlink_name(tb[L7MESH_DNS_A_NAME], &name, r);
	if (err)
		return err;
	dns->name = name.name;
	dns->port = nla_get_u16(tb[L7MESH_DNS_A_PORT]);
	dns->refresh = REFRESH_DEFAULT;
	if (tb[L7MESH_DNS_A_REFRESH])
		dns->refresh = nla_get_u32(tb[L7MESH_DNS_A_REFRESH]);
	if (tb[L7MESH_DNS_A_FAMILY])
		dns->family = nla_get_u32(tb[L7MESH_DNS_A_FAMILY]);
	if (tb[L7MESH_DNS_A_LOGICAL])
		dns->logical = nla_get_u8(tb[L7MESH_DNS_A_LOGICAL]);
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
	err = netlink_put_span(skb, L7MESH_DNS_A_NAME, dns->name) ?:
	      nla_put_u16(skb, L7MESH_DNS_A_PORT, dns->port) ?:
	      nla_put_u32(skb, L7MESH_DNS_A_REFRESH, dns->refresh) ?:
	      nla_put_u32(skb, L7MESH_DNS_A_FAMILY, dns->family) ?:
	      nla_put_u8(skb, L7MESH_DNS_A_LOGICAL, dns->logical);
	return netlink_end_nest(skb, nest, err);
}
