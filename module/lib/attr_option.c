// SPDX-License-Identifier: GPL-2.0
#include "lib/attr_option.h"

static void take(u8 type, void *to, const struct nlattr *nla)
{
	switch (type) {
	case ATTR_OPTION_U64:
		*(u64 *)to = nla_get_u64(nla);
		break;
	case ATTR_OPTION_U32:
		*(u32 *)to = nla_get_u32(nla);
		break;
	case ATTR_OPTION_U16:
		*(u16 *)to = nla_get_u16(nla);
		break;
	case ATTR_OPTION_ENUM:
		*(u8 *)to = nla_get_u32(nla);
		break;
	default:
		*(bool *)to = nla_get_u8(nla);
		break;
	}
}

void attr_take_options(const struct attr_options *o, void *to,
		       struct nlattr **tb)
{
	u32 i;

	for (i = 0; i < o->n; i++)
		if (tb[o->table[i].attr])
			take(o->table[i].type, to + o->table[i].offset,
			     tb[o->table[i].attr]);
}

static size_t size_of(u8 type)
{
	switch (type) {
	case ATTR_OPTION_U64:
		return sizeof(u64);
	case ATTR_OPTION_U32:
		return sizeof(u32);
	case ATTR_OPTION_U16:
		return sizeof(u16);
	default:
		return sizeof(u8);
	}
}

const struct attr_option *attr_option_differing(const struct attr_options *o,
						const void *a, const void *b)
{
	const struct attr_option *option = o->table;

	for (; option < o->table + o->n; option++)
		if (memcmp(a + option->offset, b + option->offset,
			   size_of(option->type)))
			return option;
	return NULL;
}

static bool is_zero(u8 type, const void *from)
{
	switch (type) {
	case ATTR_OPTION_U64:
		return !*(const u64 *)from;
	case ATTR_OPTION_U32:
		return !*(const u32 *)from;
	case ATTR_OPTION_U16:
		return !*(const u16 *)from;
	default:
		return !*(const u8 *)from;
	}
}

static int put(struct sk_buff *skb, const struct attr_option *option,
	       u16 pad, const void *from)
{
	if (option->optional && is_zero(option->type, from))
		return 0;
	switch (option->type) {
	case ATTR_OPTION_U64:
		return nla_put_u64_64bit(skb, option->attr, *(const u64 *)from,
					 pad);
	case ATTR_OPTION_U32:
		return nla_put_u32(skb, option->attr, *(const u32 *)from);
	case ATTR_OPTION_U16:
		return nla_put_u16(skb, option->attr, *(const u16 *)from);
	case ATTR_OPTION_ENUM:
		return nla_put_u32(skb, option->attr, *(const u8 *)from);
	default:
		return nla_put_u8(skb, option->attr, *(const bool *)from);
	}
}

int attr_put_options(struct sk_buff *skb, const struct attr_options *o,
		     const void *from)
{
	u32 i;
	int err = 0;

	for (i = 0; i < o->n && !err; i++)
		err = put(skb, &o->table[i], o->pad,
			  from + o->table[i].offset);
	return err;
}
