/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attr_option: plain numbers of an object, in memory and in messages.
 *
 * A table says which member of a struct which attribute is; netlink/generated/ and
 * policy/generated/ have one of each object. In memory a flag is a bool and an enum a u8;
 * in messages they are u8 and u32. What values are allowed is the policies' business.
 */
#ifndef L7MESH_ATTR_OPTION_H
#define L7MESH_ATTR_OPTION_H

#include <linux/build_bug.h>
#include <net/netlink.h>

enum attr_option_type {
	ATTR_OPTION_FLAG,
	ATTR_OPTION_ENUM,
	ATTR_OPTION_U16,
	ATTR_OPTION_U32,
	ATTR_OPTION_U64,
};

struct attr_option {
	u16 attr;
	u8 type;		/* enum attr_option_type */
	bool optional;		/* 0 is not in messages */
	u16 offset;
};

/* A line of a table: @object has @member. */
#define ATTR_OPTION(kind, number, object, member) \
	{ .attr = (number), .type = ATTR_OPTION_##kind, \
	  .offset = offsetof(struct object, member) }

/* The same, of which 0 means that it is not there. */
#define ATTR_OPTIONAL(kind, number, object, member) \
	{ .attr = (number), .type = ATTR_OPTION_##kind, .optional = true, \
	  .offset = offsetof(struct object, member) }

/* It does not compile if the member has another size. */
#define ATTR_OPTION_IS(object, member, kind) \
	static_assert(sizeof_field(struct object, member) == sizeof(kind))

struct attr_options {
	const struct attr_option *table;
	u32 n;
	u16 pad;		/* attribute before one of 64 bits */
};

/**
 * attr_take_options() - Set what is given; the rest stays
 * @o: table
 * @to: the struct that it is about
 * @tb: attributes by type, validated
 */
void attr_take_options(const struct attr_options *o, void *to,
		       struct nlattr **tb);

/**
 * attr_option_differing() - What two do not have in common
 * @o: table
 * @a: the struct that it is about
 * @b: another one
 *
 * Return: the first option in which they differ, or NULL.
 */
const struct attr_option *attr_option_differing(const struct attr_options *o,
						const void *a, const void *b);

/* All that are there. Return: 0 or -EMSGSIZE. */
int attr_put_options(struct sk_buff *skb, const struct attr_options *o,
		     const void *from);

#endif
