// SPDX-License-Identifier: GPL-2.0
/*
 * Whose word a listener takes for who the client is: the networks of the proxies before
 * it. Requests do not meet this; a connection asks, once, before all other policies.
 */
#include <linux/l7mesh.h>
#include <linux/stringify.h>

#include "lib/address.h"
#include "lib/attr.h"
#include "lib/network.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "policy/order.h"

/* All that a listener has. */
struct trusted_sources {
	const struct network *list;
	u32 n;
};

static int trusted_source_parse(void *data, const struct nlattr *list,
				struct nlattr **tb, struct refusal *r)
{
	struct trusted_sources *to = data;
	struct network *room = (struct network *)(to + 1);
	const struct nlattr *item;
	int rem, err;

	to->list = room;
	nla_for_each_nested(item, list, rem) {
		if (to->n == L7MESH_TRUSTED_SOURCES_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_TRUSTED_SOURCES_MAX)
						" networks");
		err = attr_network(item, &room[to->n], r);
		if (err)
			return err;
		to->n++;
	}
	return 0;
}

static int trusted_source_put(struct sk_buff *skb, const void *data)
{
	const struct trusted_sources *t = data;
	int err = 0;
	u32 i;

	for (i = 0; i < t->n && !err; i++)
		err = attr_put_network(skb, L7MESH_LIST_ITEM, &t->list[i]);
	return err;
}

static void trusted_source_pack(struct packer *p, void *data)
{
	struct trusted_sources *t = data;

	t->list = pack_array(p, t->list, t->n * sizeof(*t->list));
}

static bool trusted_source_equal(const void *data_a, const void *data_b)
{
	const struct trusted_sources *a = data_a, *b = data_b;
	u32 i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!network_equal(&a->list[i], &b->list[i]))
			return false;
	return true;
}

static bool trusted_source_trust(const void *data, const struct address *source)
{
	const struct trusted_sources *t = data;
	u32 i;

	for (i = 0; i < t->n; i++)
		if (network_has(&t->list[i], source->family, (const u8 *)&source->v6))
			return true;
	return false;
}

const struct policy_ops policy_trusted_source = {
	.part = {
		.size = sizeof(struct trusted_sources),
		.pack = trusted_source_pack,
		.equal = trusted_source_equal,
	},
	.attr[POLICY_OF_LISTENER] = L7MESH_LISTENER_A_TRUSTED_SOURCES,
	.item_size = sizeof(struct network),
	.parse = trusted_source_parse,
	.put = trusted_source_put,
	.trust = trusted_source_trust,
};
