// SPDX-License-Identifier: GPL-2.0
#include <linux/socket.h>

#include "lib/attr.h"
#include "lib/network.h"
#include "lib/refusal.h"

#define V4_BYTES	4
#define V6_BYTES	16

/* Is every bit behind the first @bits zero? */
static bool is_network(const u8 *address, int len, u8 bits)
{
	int i;

	for (i = bits; i < 8 * len; i++)
		if (address[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

int attr_network(const struct nlattr *nla, struct network *n, struct refusal *r)
{
	const u8 *data = nla_data(nla);
	int len = nla_len(nla) - 1;

	if (len != V4_BYTES && len != V6_BYTES)
		return refusal_set_attr(r, nla, -EINVAL,
					"a network has 4 or 16 bytes of an address, and one more");
	memset(n, 0, sizeof(*n));
	n->family = len == V4_BYTES ? AF_INET : AF_INET6;
	n->bits = data[len];
	if (n->bits > 8 * len)
		return refusal_set_attr(r, nla, -EINVAL,
					"the address has only %d bits", 8 * len);
	if (!is_network(data, len, n->bits))
		return refusal_set_attr(r, nla, -EINVAL,
					"the bits behind the first %u must be 0",
					n->bits);
	memcpy(n->address, data, len);
	return 0;
}

int attr_put_network(struct sk_buff *skb, int type, const struct network *n)
{
	int len = n->family == AF_INET ? V4_BYTES : V6_BYTES;
	struct nlattr *nla = nla_reserve(skb, type, len + 1);
	u8 *data;

	if (!nla)
		return -EMSGSIZE;
	data = nla_data(nla);
	memcpy(data, n->address, len);
	data[len] = n->bits;
	return 0;
}
