// SPDX-License-Identifier: GPL-2.0
#include <linux/inet.h>
#include <linux/kstrtox.h>
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

/* Within ::ffff:0:0/96: addresses are compared as IPv4. */
static bool is_mapped(const struct network *n)
{
	static const u8 prefix[12] = { [10] = 0xff, [11] = 0xff };

	return n->family == AF_INET6 && n->bits >= 96 &&
	       !memcmp(n->address, prefix, sizeof(prefix));
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
	if (is_mapped(n))
		return refusal_set_attr(r, nla, -EINVAL,
					"IPv4 addresses that are written as IPv6 are in no network: write it as IPv4");
	return 0;
}

static void clear_behind(u8 *address, int len, u8 bits)
{
	int i;

	for (i = bits; i < 8 * len; i++)
		address[i / 8] &= ~(0x80 >> i % 8);
}

/* The address that a text begins with; returns what is behind it, or NULL. */
static const char *read_address(struct span text, struct network *n)
{
	const char *end;

	if (in4_pton(text.p, text.len, n->address, '/', &end)) {
		n->family = AF_INET;
		n->bits = 8 * V4_BYTES;
	} else if (in6_pton(text.p, text.len, n->address, '/', &end)) {
		n->family = AF_INET6;
		n->bits = 8 * V6_BYTES;
	} else {
		return NULL;
	}
	return end;
}

/* "/BITS", or nothing. */
static bool read_bits(struct span text, struct network *n)
{
	char digits[4] = {};
	u8 bits;

	if (!text.len)
		return true;
	text = span_from(text, 1);
	if (!text.len || text.len >= sizeof(digits))
		return false;
	memcpy(digits, text.p, text.len);
	if (kstrtou8(digits, 10, &bits) || bits > n->bits)
		return false;
	n->bits = bits;
	return true;
}

int attr_network_text(const struct nlattr *nla, struct network *n, struct refusal *r)
{
	struct span text = attr_span(nla);
	const char *end;
	u32 used;

	memset(n, 0, sizeof(*n));
	end = text.len ? read_address(text, n) : NULL;
	used = end ? end - text.p : 0;
	if (!end || !read_bits(span_from(text, used), n))
		return refusal_set_attr(r, nla, -EINVAL,
					"this is no ADDRESS or ADDRESS/BITS");
	clear_behind(n->address, n->family == AF_INET ? V4_BYTES : V6_BYTES, n->bits);
	if (is_mapped(n))
		return refusal_set_attr(r, nla, -EINVAL,
					"IPv4 addresses that are written as IPv6 are in no network: write it as IPv4");
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
