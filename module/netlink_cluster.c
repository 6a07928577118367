// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_cluster: see netlink.h. A cluster, without its endpoints, both ways.
 */
#include <linux/stringify.h>
#include "netlink.h"
#include "netlink_option.h"

#define OPTION(type, attr, member) \
	NETLINK_OPTION(type, L7MESH_CLUSTER_A_##attr, cluster_options, member)

static const struct netlink_option table[] = {
	OPTION(ENUM, LB, lb),
	OPTION(U32, TABLE_SIZE, table_size),
	OPTION(U32, CONNECT_TIMEOUT, connect_timeout),
	OPTION(U32, RESPONSE_TIMEOUT, response_timeout),
	OPTION(U32, IDLE_TIMEOUT, idle_timeout),
	OPTION(U32, MAX_IDLE, max_idle),
	OPTION(U32, RING_MIN, ring_min),
	OPTION(U32, RING_MAX, ring_max),
	OPTION(U32, CHOICES, choices),
	OPTION(U32, DECAY, decay),
	OPTION(U32, PANIC_THRESHOLD, panic_threshold),
	OPTION(U32, MAX_CONNECTIONS, max_connections),
	OPTION(U32, MAX_PENDING_REQUESTS, max_pending_requests),
	OPTION(U32, MAX_REQUESTS, max_requests),
	OPTION(U32, MAX_RETRIES, max_retries),
	OPTION(U32, RETRY_BUDGET, retry_budget),
	OPTION(U32, MIN_RETRY_CONCURRENCY, min_retry_concurrency),
	OPTION(U32, CONSECUTIVE_5XX, consecutive_5xx),
	OPTION(U32, CONSECUTIVE_GATEWAY_FAILURE, consecutive_gateway_failure),
	OPTION(U32, OUTLIER_INTERVAL, outlier_interval),
	OPTION(U32, BASE_EJECTION_TIME, base_ejection_time),
	OPTION(U32, MAX_EJECTION_TIME, max_ejection_time),
	OPTION(U32, MAX_EJECTION_PERCENT, max_ejection_percent),
	OPTION(U32, SUCCESS_RATE_STDEV_FACTOR, success_rate_stdev_factor),
	OPTION(U32, SUCCESS_RATE_MINIMUM_HOSTS, success_rate_minimum_hosts),
	OPTION(U32, SUCCESS_RATE_REQUEST_VOLUME, success_rate_request_volume),
	OPTION(U32, FAILURE_PERCENTAGE_THRESHOLD, failure_percentage_threshold),
	OPTION(U32, FAILURE_PERCENTAGE_MINIMUM_HOSTS, failure_percentage_minimum_hosts),
	OPTION(U32, FAILURE_PERCENTAGE_REQUEST_VOLUME, failure_percentage_request_volume),
	OPTION(U32, OVERPROVISIONING_FACTOR, overprovisioning_factor),
	OPTION(U32, SLOW_START_WINDOW, slow_start_window),
	OPTION(U32, SLOW_START_MIN_WEIGHT, slow_start_min_weight),
	OPTION(U32, ENFORCING_CONSECUTIVE_5XX, enforcing_consecutive_5xx),
	OPTION(U32, ENFORCING_CONSECUTIVE_GATEWAY_FAILURE, enforcing_consecutive_gateway_failure),
	OPTION(U32, ENFORCING_SUCCESS_RATE, enforcing_success_rate),
	OPTION(U32, ENFORCING_FAILURE_PERCENTAGE, enforcing_failure_percentage),
	OPTION(U32, ACCRUAL_MAX_FAILURES, accrual_max_failures),
	OPTION(U32, ACCRUAL_MIN_PENALTY, accrual_min_penalty),
	OPTION(U32, ACCRUAL_MAX_PENALTY, accrual_max_penalty),
	OPTION(U32, ACCRUAL_JITTER, accrual_jitter),
	OPTION(U32, CONSECUTIVE_LOCAL_ORIGIN_FAILURE, consecutive_local_origin_failure),
	OPTION(U32, ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
	       enforcing_consecutive_local_origin_failure),
};

static const struct netlink_options options = {
	.table = table,
	.n = ARRAY_SIZE(table),
};

/* Attributes that say what is hashed, of which a policy has one. */
static const struct {
	u16 attr;
	u8 kind;
} hash_kinds[] = {
	{ L7MESH_HASH_POLICY_A_HEADER, HASH_POLICY_HEADER },
	{ L7MESH_HASH_POLICY_A_SOURCE_ADDRESS, HASH_POLICY_SOURCE_ADDRESS },
	{ L7MESH_HASH_POLICY_A_COOKIE, HASH_POLICY_COOKIE },
	{ L7MESH_HASH_POLICY_A_QUERY, HASH_POLICY_QUERY },
	{ L7MESH_HASH_POLICY_A_PATH, HASH_POLICY_PATH },
};

static int parse_hash_name(struct hash_policy *hp, const struct nlattr *nla,
			   struct refusal *r)
{
	hp->name = netlink_span(nla);
	if (hp->kind == HASH_POLICY_QUERY)
		return netlink_query_name_valid(hp->name) ? 0 :
		       refusal_set_attr(r, nla, -EINVAL,
					"not the name of a query parameter");
	if (http1_token_valid(hp->name) && !memchr(hp->name.p, '%', hp->name.len))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL, "%s",
				hp->kind == HASH_POLICY_COOKIE ?
				"not the name of a cookie" :
				"not the name of a header field");
}

/* What a cookie that is given says: it becomes a part of a field's value. */
static bool cookie_path_valid(struct span path)
{
	return route_path_valid(path) && !memchr(path.p, ';', path.len) &&
	       !memchr(path.p, '%', path.len);
}

static int parse_cookie(struct hash_policy *hp, struct nlattr **tb,
			struct refusal *r)
{
	struct nlattr *ttl = tb[L7MESH_HASH_POLICY_A_COOKIE_TTL];
	struct nlattr *path = tb[L7MESH_HASH_POLICY_A_COOKIE_PATH];

	if (ttl && hp->kind != HASH_POLICY_COOKIE)
		return refusal_set_attr(r, ttl, -EINVAL,
					"COOKIE_TTL is for COOKIE");
	if (path && !ttl)
		return refusal_set_attr(r, path, -EINVAL,
					"COOKIE_PATH is for COOKIE_TTL");
	hp->has_ttl = ttl;
	hp->ttl = ttl ? nla_get_u32(ttl) : 0;
	if (!path)
		return 0;
	hp->cookie_path = netlink_span(path);
	return cookie_path_valid(hp->cookie_path) ? 0 :
	       refusal_set_attr(r, path, -EINVAL,
				"a path starts with / and has no space, ?, #, ; and %%");
}

static int parse_hash_policy(struct hash_policy *hp, const struct nlattr *item,
			     struct refusal *r)
{
	struct nlattr *tb[L7MESH_HASH_POLICY_A_MAX + 1], *found = NULL;
	int i, n = 0, err;

	err = netlink_parse(tb, L7MESH_HASH_POLICY_A_MAX, item,
			    netlink_hash_policy_policy, r);
	if (err)
		return err;
	memset(hp, 0, sizeof(*hp));
	for (i = 0; i < ARRAY_SIZE(hash_kinds); i++) {
		if (!tb[hash_kinds[i].attr])
			continue;
		found = tb[hash_kinds[i].attr];
		hp->kind = hash_kinds[i].kind;
		n++;
	}
	if (n != 1)
		return refusal_set_attr(r, item, -EINVAL,
					"exactly one of HEADER, SOURCE_ADDRESS, COOKIE, QUERY, PATH is needed");
	if (hp->kind != HASH_POLICY_SOURCE_ADDRESS && hp->kind != HASH_POLICY_PATH)
		err = parse_hash_name(hp, found, r);
	return err ?: parse_cookie(hp, tb, r);
}

static int parse_hash(struct cluster *spec, struct hash_policy *hash,
		      const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	spec->hash = hash;
	spec->nhash = 0;
	nla_for_each_nested(item, list, rem) {
		if (spec->nhash == HASH_POLICIES_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(HASH_POLICIES_MAX)
						" hash policies");
		err = parse_hash_policy(&hash[spec->nhash], item, r);
		if (err)
			return err;
		spec->nhash++;
	}
	return 0;
}

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
	err = netlink_name(tb[L7MESH_LOCALITY_A_NAME], &name, r);
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

	netlink_take_options(&options, &spec->options, tb);
	err = check_options(&spec->options, tb, r);
	if (!err && tb[L7MESH_CLUSTER_A_HASH])
		err = parse_hash(spec, p->hash, tb[L7MESH_CLUSTER_A_HASH], r);
	if (!err && tb[L7MESH_CLUSTER_A_LOCALITIES])
		err = parse_localities(spec, p->localities,
				       tb[L7MESH_CLUSTER_A_LOCALITIES], r);
	if (!err && tb[L7MESH_CLUSTER_A_HEALTH_CHECK])
		err = netlink_parse_health_check(&spec->health,
						 tb[L7MESH_CLUSTER_A_HEALTH_CHECK],
						 r);
	return err;
}

static int put_cookie(struct sk_buff *skb, const struct hash_policy *hp)
{
	int err = netlink_put_span(skb, L7MESH_HASH_POLICY_A_COOKIE, hp->name);

	if (!err && hp->has_ttl)
		err = nla_put_u32(skb, L7MESH_HASH_POLICY_A_COOKIE_TTL, hp->ttl);
	if (!err && hp->cookie_path.len)
		err = netlink_put_span(skb, L7MESH_HASH_POLICY_A_COOKIE_PATH,
				       hp->cookie_path);
	return err;
}

static int put_hashed(struct sk_buff *skb, const struct hash_policy *hp)
{
	switch ((enum hash_policy_kind)hp->kind) {
	case HASH_POLICY_HEADER:
		return netlink_put_span(skb, L7MESH_HASH_POLICY_A_HEADER,
					hp->name);
	case HASH_POLICY_COOKIE:
		return put_cookie(skb, hp);
	case HASH_POLICY_QUERY:
		return netlink_put_span(skb, L7MESH_HASH_POLICY_A_QUERY,
					hp->name);
	case HASH_POLICY_PATH:
		return nla_put_flag(skb, L7MESH_HASH_POLICY_A_PATH);
	default:
		return nla_put_flag(skb, L7MESH_HASH_POLICY_A_SOURCE_ADDRESS);
	}
}

static int put_hash_policy(struct sk_buff *skb, const struct hash_policy *hp)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);

	if (!item)
		return -EMSGSIZE;
	return netlink_end_nest(skb, item, put_hashed(skb, hp));
}

static int put_hash(struct sk_buff *skb, const struct cluster *c)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_CLUSTER_A_HASH);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < c->nhash && !err; i++)
		err = put_hash_policy(skb, &c->hash[i]);
	return netlink_end_nest(skb, list, err);
}

static int put_locality(struct sk_buff *skb, const struct locality *l)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = netlink_put_span(skb, L7MESH_LOCALITY_A_NAME, l->name) ||
	      nla_put_u32(skb, L7MESH_LOCALITY_A_WEIGHT, l->weight);
	return netlink_end_nest(skb, item, err);
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
	return netlink_end_nest(skb, list, err);
}

int netlink_fill_cluster(struct sk_buff *skb, const struct cluster *c)
{
	struct nlattr *nest = nla_nest_start(skb, L7MESH_A_CLUSTER);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = netlink_put_span(skb, L7MESH_CLUSTER_A_NAME, c->name.name) ||
	      netlink_put_options(skb, &options, &c->options) ||
	      put_hash(skb, c) ||
	      put_localities(skb, c) ||
	      netlink_put_health_check(skb, &c->health);
	return netlink_end_nest(skb, nest, err);
}
