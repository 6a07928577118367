// SPDX-License-Identifier: GPL-2.0
/* Where a listener is, and for whom: all but its first address and port. */
#include <linux/ctype.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include "netlink/netlink.h"

static_assert(sizeof_field(struct listener, interface) == L7MESH_INTERFACE_NAME_MAX + 1);
static_assert(L7MESH_LISTENER_FROM_MAX == L7MESH_TRUSTED_SOURCES_MAX);

struct netlink_places {
	struct address more[L7MESH_LISTENER_ADDRESSES_MAX];
	struct network from[L7MESH_LISTENER_FROM_MAX];
};

static int parse_more(struct listener *l, struct netlink_places *room,
		      const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	l->more = room->more;
	l->nmore = 0;
	nla_for_each_nested(item, list, rem) {
		if (l->nmore == L7MESH_LISTENER_ADDRESSES_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_LISTENER_ADDRESSES_MAX)
						" addresses besides ADDRESS");
		err = netlink_address(&room->more[l->nmore], item, NULL, r);
		if (err)
			return err;
		l->nmore++;
	}
	return 0;
}

static int parse_from(struct listener *l, struct netlink_places *room,
		      const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	l->from = room->from;
	l->nfrom = 0;
	nla_for_each_nested(item, list, rem) {
		if (l->nfrom == L7MESH_LISTENER_FROM_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_LISTENER_FROM_MAX)
						" networks");
		err = attr_network(item, &room->from[l->nfrom], r);
		if (err)
			return err;
		l->nfrom++;
	}
	return 0;
}

/* The kernel lets them be more than can be written. */
static int parse_interface(struct listener *l, const struct nlattr *nla,
			   struct refusal *r)
{
	struct span name = attr_span(nla);
	u32 i;

	memset(l->interface, 0, sizeof(l->interface));
	memcpy(l->interface, name.p, name.len);
	if (!name.len)
		return 0;
	for (i = 0; i < name.len; i++)
		if (!isascii(name.p[i]) || !isgraph(name.p[i]))
			break;
	if (i < name.len || !dev_valid_name(l->interface))
		return refusal_set_attr(r, nla, -EINVAL,
					"an interface's name is printable ASCII without space, / and :");
	return 0;
}

static int check_ports(const struct listener *l, struct nlattr **tb, struct refusal *r)
{
	const struct nlattr *blamed = tb[L7MESH_LISTENER_A_PORT_END] ?:
				      tb[L7MESH_LISTENER_A_PORT];

	if (!l->port_end)
		return 0;
	if (!l->address.port)
		return refusal_set_attr(r, blamed, -EINVAL,
					"PORT 0 is any port: no range begins there");
	if (l->port_end <= ntohs(l->address.port))
		return refusal_set_attr(r, blamed, -EINVAL, "PORT_END is not above PORT");
	return 0;
}

static int check_twice(const struct listener *l, struct nlattr **tb, struct refusal *r)
{
	struct address a, b;
	u32 i, k;

	for (i = 1; i <= l->nmore; i++) {
		a = listener_address(l, i);
		for (k = 0; k < i; k++) {
			b = listener_address(l, k);
			if (address_eq(&a, &b))
				return refusal_set_attr(r, tb[L7MESH_LISTENER_A_ADDRESSES] ?:
							tb[L7MESH_LISTENER_A_ADDRESS],
							-EINVAL,
							"an address is there twice");
		}
	}
	return 0;
}

/* An address at which nobody could be served is a mistake. */
static int check_from(const struct listener *l, struct nlattr **tb, struct refusal *r)
{
	bool v4 = !listener_has_family(l, AF_INET);
	bool v6 = !listener_has_family(l, AF_INET6);
	u32 i;

	for (i = 0; i < l->nfrom; i++) {
		v4 |= l->from[i].family == AF_INET;
		v6 |= l->from[i].family == AF_INET6;
	}
	if (!l->nfrom || (v4 && v6))
		return 0;
	return refusal_set_attr(r, tb[L7MESH_LISTENER_A_FROM] ?:
				tb[L7MESH_LISTENER_A_ADDRESSES] ?:
				tb[L7MESH_LISTENER_A_ADDRESS], -EINVAL,
				"FROM has no network of the family of one of the addresses");
}

static int parse_lists(struct listener *l, struct netlink_places **room,
		       struct nlattr **tb, struct refusal *r)
{
	struct nlattr *more = tb[L7MESH_LISTENER_A_ADDRESSES];
	struct nlattr *from = tb[L7MESH_LISTENER_A_FROM];
	int err = 0;

	if (!more && !from)
		return 0;
	*room = kzalloc(sizeof(**room), GFP_KERNEL_ACCOUNT);
	if (!*room)
		return -ENOMEM;
	if (more)
		err = parse_more(l, *room, more, r);
	if (from && !err)
		err = parse_from(l, *room, from, r);
	return err;
}

int netlink_parse_places(struct listener *l, struct netlink_places **room,
			 struct nlattr **tb, struct refusal *r)
{
	struct nlattr *interface = tb[L7MESH_LISTENER_A_INTERFACE];
	int err;

	if (tb[L7MESH_LISTENER_A_PORT_END])
		l->port_end = nla_get_u16(tb[L7MESH_LISTENER_A_PORT_END]);
	err = parse_lists(l, room, tb, r);
	if (!err && interface)
		err = parse_interface(l, interface, r);
	return err ?: check_ports(l, tb, r) ?: check_twice(l, tb, r) ?:
	       check_from(l, tb, r);
}

void netlink_free_places(struct netlink_places *room)
{
	kfree(room);
}

static int put_more(struct sk_buff *skb, const struct listener *l)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_LISTENER_A_ADDRESSES);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < l->nmore && !err; i++)
		err = netlink_put_address(skb, L7MESH_LIST_ITEM, &l->more[i]);
	return attr_end_nest(skb, list, err);
}

static int put_from(struct sk_buff *skb, const struct listener *l)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_LISTENER_A_FROM);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < l->nfrom && !err; i++)
		err = attr_put_network(skb, L7MESH_LIST_ITEM, &l->from[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_put_places(struct sk_buff *skb, const struct listener *l)
{
	int err = 0;

	if (l->port_end)
		err = nla_put_u16(skb, L7MESH_LISTENER_A_PORT_END, l->port_end);
	if (l->nmore && !err)
		err = put_more(skb, l);
	if (l->nfrom && !err)
		err = put_from(skb, l);
	if (*l->interface && !err)
		err = nla_put_string(skb, L7MESH_LISTENER_A_INTERFACE, l->interface);
	return err;
}
