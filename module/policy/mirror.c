// SPDX-License-Identifier: GPL-2.0
/*
 * Where else a route sends copies of its requests, whose answers nobody waits for.
 *
 * Envoy's RouteAction.RequestMirrorPolicy.
 */
#include <linux/l7mesh.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/stringify.h>

#include "http/message.h"
#include "lib/attr.h"
#include "lib/attr_option.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "policy/order.h"

struct mirror {
	struct name_ref cluster;
	u32 fraction;		/* of a million requests */
	bool shadow;		/* "-shadow" is appended to the host */
};

/* All that a route has. */
struct mirrors {
	const struct mirror *list;
	u32 n;
};

#include "policy/generated/mirror_options.h"

/* ---- configuration ---- */

static int parse_one(struct mirror *m, const struct nlattr *item,
		     struct refusal *r)
{
	struct nlattr *tb[L7MESH_MIRROR_A_MAX + 1];
	int err;

	err = attr_parse(tb, L7MESH_MIRROR_A_MAX, item, r);
	if (err)
		return err;
	if (!tb[L7MESH_MIRROR_A_CLUSTER])
		return refusal_set_missing(r, item, L7MESH_MIRROR_A_CLUSTER,
					   "CLUSTER");
	*m = mirror_default;
	attr_take_options(&mirror_options, m, tb);
	return attr_name(tb[L7MESH_MIRROR_A_CLUSTER], &m->cluster, r);
}

static int mirror_parse(void *data, const struct nlattr *list, struct nlattr **tb,
			struct refusal *r)
{
	struct mirrors *to = data;
	struct mirror *room = (struct mirror *)(to + 1);
	const struct nlattr *item;
	int rem, err;

	to->list = room;
	nla_for_each_nested(item, list, rem) {
		if (to->n == L7MESH_MIRRORS_MAX)
			return refusal_set_attr(r, item, -E2BIG, "more than "
						__stringify(L7MESH_MIRRORS_MAX)
						" mirrors");
		err = parse_one(&room[to->n], item, r);
		if (err)
			return err;
		to->n++;
	}
	return 0;
}

static int put_one(struct sk_buff *skb, const struct mirror *m)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_MIRROR_A_CLUSTER, m->cluster.name) ?:
	      attr_put_options(skb, &mirror_options, m);
	return attr_end_nest(skb, item, err);
}

static int mirror_put(struct sk_buff *skb, const void *data)
{
	const struct mirrors *m = data;
	int err = 0;
	u32 i;

	for (i = 0; i < m->n && !err; i++)
		err = put_one(skb, &m->list[i]);
	return err;
}

static void mirror_pack(struct packer *p, void *data)
{
	struct mirrors *m = data;
	struct mirror *list = pack_array(p, m->list, m->n * sizeof(*list));
	u32 i;

	m->list = list;
	for (i = 0; i < m->n; i++)
		pack_span(p, &list[i].cluster.name);
}

static bool mirror_equal(const void *data_a, const void *data_b)
{
	const struct mirrors *a = data_a, *b = data_b;
	u32 i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->list[i].fraction != b->list[i].fraction ||
		    a->list[i].shadow != b->list[i].shadow ||
		    !name_eq(&a->list[i].cluster, &b->list[i].cluster))
			return false;
	return true;
}

/* ---- requests ---- */

/* One lot for all. A tunnel has no end after which it could be sent again. */
static enum policy_verdict mirror_request(const void *data, struct policy_view *v)
{
	u32 i, lot = mul_u32_u32(get_random_u32(), L7MESH_FRACTION_MAX) >> 32;
	const struct mirrors *m = data;

	if (v->request->connect || v->upgrade)
		return POLICY_GO;
	for (i = 0; i < m->n; i++)
		if (lot < m->list[i].fraction)
			v->copies |= BIT(i);
	return POLICY_GO;
}

static bool mirror_copy(const void *data, u32 i, struct policy_copy *copy)
{
	const struct mirrors *m = data;

	if (i >= m->n)
		return false;
	*copy = (struct policy_copy){
		.cluster = &m->list[i].cluster,
		.shadow = m->list[i].shadow,
	};
	return true;
}

static u32 mirror_explain(const void *data, const struct policy_view *v)
{
	return BIT(L7MESH_EXPLAIN_MIRROR);
}

const struct policy_ops policy_mirror = {
	.part = {
		.size = sizeof(struct mirrors),
		.pack = mirror_pack,
		.equal = mirror_equal,
	},
	.attr = { [POLICY_OF_ROUTE] = L7MESH_ROUTE_A_MIRRORS },
	.forwards = "nothing is forwarded that could be mirrored",
	.item_size = sizeof(struct mirror),
	.parse = mirror_parse,
	.put = mirror_put,
	.request = mirror_request,
	.copy = mirror_copy,
	.explain = mirror_explain,
};
