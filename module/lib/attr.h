/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attr: attributes of netlink messages, both ways, for whoever has a part of the
 * configuration.
 *
 *	attr.c		nests, names, lists
 *	attr_network.c	networks
 *	attr_option.c	tables of plain numbers
 *
 * What is parsed has passed the family's policies (netlink/generated/), so types,
 * lengths and ranges are as uapi/l7mesh.yaml has them.
 *
 * Context: process.
 */
#ifndef L7MESH_ATTR_H
#define L7MESH_ATTR_H

#include <net/netlink.h>
#include "lib/name_ref.h"
#include "lib/span.h"

struct network;
struct refusal;

/* A string's bytes, with or without NUL in the message. */
static inline struct span attr_span(const struct nlattr *nla)
{
	struct span s = { nla_data(nla), nla_len(nla) };

	if (s.len && !s.p[s.len - 1])
		s.len--;
	return s;
}

/**
 * attr_parse() - Sort the attributes of a nest
 * @tb: out: @max + 1 entries
 * @max: highest type
 * @nest: nest
 * @r: refusal
 *
 * Return: 0, or -EINVAL if one is there twice.
 */
int attr_parse(struct nlattr **tb, int max, const struct nlattr *nest,
	       struct refusal *r);

/**
 * attr_name() - The name that an attribute has
 * @nla: attribute
 * @name: out: points into the message
 * @r: refusal
 *
 * Return: 0 or -EINVAL: names are printable ASCII without space.
 */
int attr_name(const struct nlattr *nla, struct name_ref *name,
	      struct refusal *r);

/* Statuses of two bytes each, 100 to 599; points into the message. */
int attr_statuses(const struct nlattr *nla, const u16 **status, u32 *n,
		  struct refusal *r);

/* The address of a network, and behind it one byte: how many bits of it count. */
int attr_network(const struct nlattr *nla, struct network *n, struct refusal *r);

/*
 * The same as text: ADDRESS or ADDRESS/BITS. Bits that do not count may be 1, as
 * Kubernetes has it; they are 0 in @n.
 */
int attr_network_text(const struct nlattr *nla, struct network *n, struct refusal *r);

/* How many items a list has. */
u32 attr_count(const struct nlattr *list);

/* ---- filling: 0 or -EMSGSIZE with the message as it was ---- */

/* Finish a nest, or take it back if @err. */
static inline int attr_end_nest(struct sk_buff *skb, struct nlattr *nest,
				int err)
{
	if (err) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static inline int attr_put_span(struct sk_buff *skb, int type, struct span s)
{
	struct nlattr *nla = nla_reserve(skb, type, s.len + 1);
	char *text;

	if (!nla)
		return -EMSGSIZE;
	text = nla_data(nla);
	memcpy(text, s.p, s.len);
	text[s.len] = 0;
	return 0;
}

int attr_put_network(struct sk_buff *skb, int type, const struct network *n);

/* What is not empty. */
static inline int attr_put_some(struct sk_buff *skb, int type, struct span s)
{
	return s.len ? attr_put_span(skb, type, s) : 0;
}

#endif
