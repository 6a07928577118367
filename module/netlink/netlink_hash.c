// SPDX-License-Identifier: GPL-2.0
/*
 * Hash policies of clusters and routes, and the cookie of session affinity, both
 * ways.
 */
#include <linux/stringify.h>
#include "http/chars.h"
#include "netlink/netlink.h"

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
	{ L7MESH_HASH_POLICY_A_FIVE_TUPLE, HASH_POLICY_FIVE_TUPLE },
};

static bool has_name(u8 kind)
{
	return kind == HASH_POLICY_HEADER || kind == HASH_POLICY_COOKIE ||
	       kind == HASH_POLICY_QUERY;
}

static int parse_hash_name(struct hash_policy *hp, const struct nlattr *nla,
			   struct refusal *r)
{
	hp->name = attr_span(nla);
	if (hp->kind == HASH_POLICY_QUERY)
		return netlink_query_name_valid(hp->name) ? 0 :
		       refusal_set_attr(r, nla, -EINVAL,
					"not the name of a query parameter");
	if (chars_token_valid(hp->name) && !memchr(hp->name.p, '%', hp->name.len))
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

static int parse_cookie_path(struct hash_policy *hp, const struct nlattr *nla,
			     struct refusal *r)
{
	hp->cookie_path = attr_span(nla);
	return cookie_path_valid(hp->cookie_path) ? 0 :
	       refusal_set_attr(r, nla, -EINVAL,
				"a path starts with / and has no space, ?, #, ; and %%");
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
	return path ? parse_cookie_path(hp, path, r) : 0;
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
					"exactly one of HEADER, SOURCE_ADDRESS, COOKIE, QUERY, PATH, FIVE_TUPLE is needed");
	hp->combine = tb[L7MESH_HASH_POLICY_A_COMBINE];
	if (has_name(hp->kind))
		err = parse_hash_name(hp, found, r);
	return err ?: parse_cookie(hp, tb, r);
}

/* A response can set one cookie: no policy behind the one with it may want another. */
static bool gives_again(const struct hash_policies *list)
{
	const struct hash_policy *hp = list->list, *last = hp + list->n - 1;

	for (; hp < last && last->has_ttl; hp++)
		if (hp->has_ttl && hp->combine)
			return true;
	return false;
}

int netlink_parse_hash(struct hash_policies *to, struct hash_policy *room,
		       const struct nlattr *list, struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	to->list = room;
	to->n = 0;
	nla_for_each_nested(item, list, rem) {
		if (to->n == NETLINK_HASH_POLICY_LIST_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(NETLINK_HASH_POLICY_LIST_MAX)
						" hash policies");
		err = parse_hash_policy(&room[to->n], item, r);
		if (err)
			return err;
		to->n++;
		if (gives_again(to))
			return refusal_set_attr(r, item, -EINVAL,
						"COMBINE with a COOKIE_TTL lets no later policy have one");
	}
	return 0;
}

static int put_cookie(struct sk_buff *skb, const struct hash_policy *hp)
{
	int err = attr_put_span(skb, L7MESH_HASH_POLICY_A_COOKIE, hp->name);

	if (!err && hp->has_ttl)
		err = nla_put_u32(skb, L7MESH_HASH_POLICY_A_COOKIE_TTL, hp->ttl);
	if (!err && hp->cookie_path.len)
		err = attr_put_span(skb, L7MESH_HASH_POLICY_A_COOKIE_PATH,
				    hp->cookie_path);
	return err;
}

static int put_hashed(struct sk_buff *skb, const struct hash_policy *hp)
{
	switch ((enum hash_policy_kind)hp->kind) {
	case HASH_POLICY_HEADER:
		return attr_put_span(skb, L7MESH_HASH_POLICY_A_HEADER,
				     hp->name);
	case HASH_POLICY_COOKIE:
		return put_cookie(skb, hp);
	case HASH_POLICY_QUERY:
		return attr_put_span(skb, L7MESH_HASH_POLICY_A_QUERY,
				     hp->name);
	case HASH_POLICY_PATH:
		return nla_put_flag(skb, L7MESH_HASH_POLICY_A_PATH);
	case HASH_POLICY_FIVE_TUPLE:
		return nla_put_flag(skb, L7MESH_HASH_POLICY_A_FIVE_TUPLE);
	default:
		return nla_put_flag(skb, L7MESH_HASH_POLICY_A_SOURCE_ADDRESS);
	}
}

static int put_hash_policy(struct sk_buff *skb, const struct hash_policy *hp)
{
	struct nlattr *item = nla_nest_start(skb, L7MESH_LIST_ITEM);
	int err;

	if (!item)
		return -EMSGSIZE;
	err = put_hashed(skb, hp);
	if (!err && hp->combine)
		err = nla_put_flag(skb, L7MESH_HASH_POLICY_A_COMBINE);
	return attr_end_nest(skb, item, err);
}

int netlink_put_hash(struct sk_buff *skb, int attr,
		     const struct hash_policies *policies)
{
	struct nlattr *list = nla_nest_start(skb, attr);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < policies->n && !err; i++)
		err = put_hash_policy(skb, &policies->list[i]);
	return attr_end_nest(skb, list, err);
}

int netlink_parse_session(struct hash_policy *cookie, const struct nlattr *nest,
			  struct refusal *r)
{
	struct nlattr *tb[L7MESH_SESSION_A_MAX + 1], *path;
	int err;

	err = netlink_parse(tb, L7MESH_SESSION_A_MAX, nest,
			    netlink_session_policy, r);
	if (err)
		return err;
	*cookie = (struct hash_policy){};
	if (!nla_len(nest))
		return 0;
	if (!tb[L7MESH_SESSION_A_COOKIE])
		return refusal_set_missing(r, nest, L7MESH_SESSION_A_COOKIE,
					   "COOKIE");
	cookie->kind = HASH_POLICY_COOKIE;
	cookie->has_ttl = true;
	if (tb[L7MESH_SESSION_A_TTL])
		cookie->ttl = nla_get_u32(tb[L7MESH_SESSION_A_TTL]);
	path = tb[L7MESH_SESSION_A_PATH];
	return parse_hash_name(cookie, tb[L7MESH_SESSION_A_COOKIE], r) ?:
	       (path ? parse_cookie_path(cookie, path, r) : 0);
}

int netlink_put_session(struct sk_buff *skb, const struct hash_policy *cookie)
{
	struct nlattr *nest;
	int err;

	if (!cookie->name.len)
		return 0;
	nest = nla_nest_start(skb, L7MESH_CLUSTER_A_SESSION);
	if (!nest)
		return -EMSGSIZE;
	err = attr_put_span(skb, L7MESH_SESSION_A_COOKIE, cookie->name) ?:
	      nla_put_u32(skb, L7MESH_SESSION_A_TTL, cookie->ttl);
	if (!err && cookie->cookie_path.len)
		err = attr_put_span(skb, L7MESH_SESSION_A_PATH,
				    cookie->cookie_path);
	return attr_end_nest(skb, nest, err);
}
