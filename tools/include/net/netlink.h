/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's header of this name, as far as module/ needs it in user space:
 * attributes, in messages that are all of a buffer.
 */
#ifndef UNIT_NET_NETLINK_H
#define UNIT_NET_NETLINK_H

#include <errno.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/types.h>

struct sk_buff {
	u8 *data;
	u32 len;
	u32 size;
};

static inline void *nla_data(const struct nlattr *nla)
{
	return (char *)nla + NLA_HDRLEN;
}

static inline int nla_len(const struct nlattr *nla)
{
	return nla->nla_len - NLA_HDRLEN;
}

static inline int nla_type(const struct nlattr *nla)
{
	return nla->nla_type & NLA_TYPE_MASK;
}

static inline struct nlattr *nla_next(const struct nlattr *nla, int *remaining)
{
	*remaining -= NLA_ALIGN(nla->nla_len);
	return (struct nlattr *)((char *)nla + NLA_ALIGN(nla->nla_len));
}

#define nla_for_each_nested(pos, nla, rem) \
	for (pos = nla_data(nla), rem = nla_len(nla); rem >= NLA_HDRLEN; \
	     pos = nla_next(pos, &(rem)))

static inline int nla_parse_nested(struct nlattr *tb[], int max,
				   const struct nlattr *nest, const void *policy,
				   void *extack)
{
	struct nlattr *nla;
	int rem;

	(void)policy;
	(void)extack;
	memset(tb, 0, sizeof(*tb) * (max + 1));
	nla_for_each_nested(nla, nest, rem) {
		if (nla_type(nla) > max)
			return -EINVAL;
		tb[nla_type(nla)] = nla;
	}
	return 0;
}

#define UNIT_NLA_GET(type) \
static inline type nla_get_##type(const struct nlattr *nla) \
{ \
	type value; \
	memcpy(&value, nla_data(nla), sizeof(value)); \
	return value; \
}

UNIT_NLA_GET(u8)
UNIT_NLA_GET(u16)
UNIT_NLA_GET(u32)
UNIT_NLA_GET(u64)

static inline struct nlattr *nla_reserve(struct sk_buff *skb, int type, int len)
{
	struct nlattr *nla = (struct nlattr *)(skb->data + skb->len);
	u32 size = NLA_ALIGN(NLA_HDRLEN + len);

	if (skb->size - skb->len < size)
		return NULL;
	memset(nla, 0, size);
	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	skb->len += size;
	return nla;
}

static inline int nla_put(struct sk_buff *skb, int type, int len, const void *data)
{
	struct nlattr *nla = nla_reserve(skb, type, len);

	if (!nla)
		return -EMSGSIZE;
	if (len)
		memcpy(nla_data(nla), data, len);
	return 0;
}

#define UNIT_NLA_PUT(type) \
static inline int nla_put_##type(struct sk_buff *skb, int attr, type value) \
{ \
	return nla_put(skb, attr, sizeof(value), &value); \
}

UNIT_NLA_PUT(u8)
UNIT_NLA_PUT(u16)
UNIT_NLA_PUT(u32)

static inline int nla_put_u64_64bit(struct sk_buff *skb, int attr, u64 value, int pad)
{
	(void)pad;
	return nla_put(skb, attr, sizeof(value), &value);
}

static inline struct nlattr *nla_nest_start(struct sk_buff *skb, int type)
{
	return nla_reserve(skb, type | NLA_F_NESTED, 0);
}

static inline void nla_nest_end(struct sk_buff *skb, struct nlattr *nest)
{
	nest->nla_len = skb->data + skb->len - (u8 *)nest;
}

static inline void nla_nest_cancel(struct sk_buff *skb, struct nlattr *nest)
{
	skb->len = (u8 *)nest - skb->data;
}

#endif
