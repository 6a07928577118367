// SPDX-License-Identifier: GPL-2.0
/* A cluster, without its endpoints, both ways. */
#include <linux/stringify.h>
#include "netlink/netlink.h"

static int parse_locality(struct cluster *spec, struct locality *l,
			  const struct nlattr *item, struct refusal *r)
{
	struct nlattr *tb[L7MESH_LOCALITY_A_MAX + 1];
	struct name_ref name;
	int err;

	err = netlink_parse(tb, L7MESH_LOCALITY_A_MAX, item,
			    netlink_locality_policy, r);
	if (err)
		return err;
	if (!tb[L7MESH_LOCALITY_A_NAME])
		return refusal_set_missing(r, item, L7MESH_LOCALITY_A_NAME,
					   "NAME");
	err = attr_name(tb[L7MESH_LOCALITY_A_NAME], &name, r);
	if (err)
		return err;
	l->name = name.name;
	l->weight = 1;
	if (tb[L7MESH_LOCALITY_A_WEIGHT])
		l->weight = nla_get_u32(tb[L7MESH_LOCALITY_A_WEIGHT]);
	if (cluster_locality(spec, l->name) == LOCALITY_NONE)
		return 0;
	return refusal_set_attr(r, tb[L7MESH_LOCALITY_A_NAME], -EEXIST,
				"the locality is there twice");
}

static int parse_localities(struct cluster *spec, struct locality *localities,
			    const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	spec->localities = localities;
	spec->nlocalities = 0;
	nla_for_each_nested(item, list, rem) {
		if (spec->nlocalities == LOCALITIES_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(L7MESH_LOCALITIES_MAX)
						" localities");
		err = parse_locality(spec, &localities[spec->nlocalities], item,
				     r);
		if (err)
			return err;
		spec->nlocalities++;
	}
	return 0;
}

static int parse_subset(const struct cluster *spec, struct subset *s,
			const struct nlattr *item, struct refusal *r)
{
	struct nlattr *tb[L7MESH_SUBSET_A_MAX + 1];
	struct name_ref name;
	int err;

	err = netlink_parse(tb, L7MESH_SUBSET_A_MAX, item, netlink_subset_policy,
			    r);
	if (err)
		return err;
	if (!tb[L7MESH_SUBSET_A_NAME])
		return refusal_set_missing(r, item, L7MESH_SUBSET_A_NAME, "NAME");
	if (!tb[L7MESH_SUBSET_A_METADATA])
		return refusal_set_missing(r, item, L7MESH_SUBSET_A_METADATA,
					   "METADATA");
	err = attr_name(tb[L7MESH_SUBSET_A_NAME], &name, r) ?:
	      netlink_metadata(tb[L7MESH_SUBSET_A_METADATA], &s->metadata, r);
	if (err)
		return err;
	s->name = name.name;
	if (!s->metadata.len)
		return refusal_set_attr(r, tb[L7MESH_SUBSET_A_METADATA], -EINVAL,
					"a subset needs METADATA");
	if (!cluster_has_subset(spec, s->name))
		return 0;
	return refusal_set_attr(r, tb[L7MESH_SUBSET_A_NAME], -EEXIST,
				"the subset is there twice");
}

static int parse_subsets(struct cluster *spec, struct subset *subsets,
			 const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	spec->subsets = subsets;
	spec->nsubsets = 0;
	nla_for_each_nested(item, list, rem) {
		if (spec->nsubsets == SUBSETS_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(L7MESH_SUBSETS_MAX)
						" subsets");
		err = parse_subset(spec, &subsets[spec->nsubsets], item, r);
		if (err)
			return err;
		spec->nsubsets++;
	}
	return 0;
}

/* What one number cannot tell. */
static int check_options(const struct cluster_options *o, struct nlattr **tb,
			 struct refusal *r)
{
	const struct nlattr *size = tb[L7MESH_CLUSTER_A_TABLE_SIZE];

	if (size && !maglev_size_valid(o->table_size))
		return refusal_set_attr(r, size, -EINVAL,
					"TABLE_SIZE must be a prime number");
	if (o->ring_min > o->ring_max)
		return refusal_set_attr(r, tb[L7MESH_CLUSTER_A_RING_MAX] ?:
					tb[L7MESH_CLUSTER_A_RING_MIN], -EINVAL,
					"RING_MIN is above RING_MAX");
	if (o->accrual_min_penalty > o->accrual_max_penalty)
		return refusal_set_attr(r, tb[L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY] ?:
					tb[L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY], -EINVAL,
					"ACCRUAL_MIN_PENALTY is above ACCRUAL_MAX_PENALTY");
	return 0;
}

int netlink_parse_cluster(struct cluster *spec, struct cluster_parser *p,
			  struct nlattr **tb, struct refusal *r)
{
	int err;

	attr_take_options(&netlink_cluster_options, &spec->options, tb);
	err = check_options(&spec->options, tb, r);
	if (!err && tb[L7MESH_CLUSTER_A_HASH])
		err = netlink_parse_hash(&spec->hash, p->hash,
					 tb[L7MESH_CLUSTER_A_HASH], r);
	if (!err && tb[L7MESH_CLUSTER_A_LOCALITIES])
		err = parse_localities(spec, p->localities,
				       tb[L7MESH_CLUSTER_A_LOCALITIES], r);
	if (!err && tb[L7MESH_CLUSTER_A_SESSION])
		err = netlink_parse_session(&spec->session.cookie,
					    tb[L7MESH_CLUSTER_A_SESSION], r);
	if (!err && tb[L7MESH_CLUSTER_A_DNS])
		err = netlink_parse_dns(&spec->dns, tb[L7MESH_CLUSTER_A_DNS], r);
	if (!err && tb[L7MESH_CLUSTER_A_SUBSETS])
		err = parse_subsets(spec, p->subsets,
				    tb[L7MESH_CLUSTER_A_SUBSETS], r);
	if (!err && tb[L7MESH_CLUSTER_A_HEALTH_CHECK])
		err = netlink_parse_health_check(&spec->health,
						 tb[L7MESH_CLUSTER_A_HEALTH_CHECK],
						 r);
	return err;
}

static int put_locality(struct sk_buff *skb, const struct locality *l)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_LOCALITY_A_NAME, l->name) ||
	      nla_put_u32(skb, L7MESH_LOCALITY_A_WEIGHT, l->weight);
	return attr_end_nest(skb, item, err);
}

static int put_localities(struct sk_buff *skb, const struct cluster *c)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_CLUSTER_A_LOCALITIES);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < c->nlocalities && !err; i++)
		err = put_locality(skb, &c->localities[i]);
	return attr_end_nest(skb, list, err);
}

static int put_subset(struct sk_buff *skb, const struct subset *s)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_SUBSET_A_NAME, s->name) ||
	      attr_put_span(skb, L7MESH_SUBSET_A_METADATA, s->metadata);
	return attr_end_nest(skb, item, err);
}

static int put_subsets(struct sk_buff *skb, const struct cluster *c)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_CLUSTER_A_SUBSETS);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < c->nsubsets && !err; i++)
		err = put_subset(skb, &c->subsets[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_fill_cluster(struct sk_buff *skb, const struct cluster *c)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_CLUSTER);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_CLUSTER_A_NAME, c->name.name) ||
	      attr_put_options(skb, &netlink_cluster_options, &c->options) ||
	      netlink_put_hash(skb, L7MESH_CLUSTER_A_HASH, &c->hash) ||
	      put_localities(skb, c) ||
	      put_subsets(skb, c) ||
	      netlink_put_session(skb, &c->session.cookie) ||
	      netlink_put_dns(skb, &c->dns) ||
	      netlink_put_health_check(skb, &c->health);
	return attr_end_nest(skb, nest, err);
}
