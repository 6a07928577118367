// SPDX-License-Identifier: GPL-2.0
/* Rate limits and faults, both ways. */
#include "http/chars.h"
#include "netlink/netlink.h"

static int parse_key(struct rate_limit *limit, struct nlattr **tb,
		     struct refusal *r)
{
	const struct nlattr *header = tb[L7MESH_RATE_LIMIT_A_HEADER];
	const struct nlattr *source = tb[L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS];

	if (header && source)
		return refusal_set_attr(r, source, -EINVAL,
					"HEADER and SOURCE_ADDRESS exclude each other");
	if (source)
		limit->key = RATE_LIMIT_SOURCE;
	if (!header)
		return 0;
	limit->key = RATE_LIMIT_HEADER;
	limit->header = attr_span(header);
	return chars_token_valid(limit->header) ? 0 :
	       refusal_set_attr(r, header, -EINVAL,
				"not the name of a header field");
}

/* Longer than that nobody waits, and sums of nanoseconds hold it. */
#define FILL_MAX_NS	(365ULL * 24 * 60 * 60 * NSEC_PER_SEC)

static int check_rate(const struct rate_limit *limit, const struct nlattr *nest,
		      struct refusal *r)
{
	u64 ns = div_u64((u64)limit->fill_interval * NSEC_PER_MSEC,
			 limit->tokens_per_fill);

	if (ns < RATE_LIMIT_NS_MIN)
		return refusal_set_attr(r, nest, -EINVAL,
					"more than 10000 tokens a millisecond");
	if (ns > div_u64(FILL_MAX_NS, limit->max_tokens))
		return refusal_set_attr(r, nest, -EINVAL,
					"the bucket is not full in a year");
	return 0;
}

int netlink_parse_rate_limit(struct rate_limit *limit,
			     struct rate_limiter **limiter,
			     const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_RATE_LIMIT_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_RATE_LIMIT_A_MAX, nest,
			    netlink_rate_limit_policy, r);
	if (err)
		return err;
	*limiter = NULL;
	*limit = (struct rate_limit){};
	if (!nla_len(nest))
		return 0;
	*limit = netlink_rate_limit_default;
	if (!tb[L7MESH_RATE_LIMIT_A_MAX_TOKENS])
		return refusal_set_missing(r, nest,
					   L7MESH_RATE_LIMIT_A_MAX_TOKENS,
					   "MAX_TOKENS");
	attr_take_options(&netlink_rate_limit_options, limit, tb);
	err = parse_key(limit, tb, r);
	return err ?: check_rate(limit, nest, r);
}

static int put_key(struct sk_buff *skb, const struct rate_limit *limit)
{
	if (limit->key == RATE_LIMIT_SOURCE)
		return nla_put_flag(skb, L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS);
	return attr_put_some(skb, L7MESH_RATE_LIMIT_A_HEADER, limit->header);
}

int netlink_put_rate_limit(struct sk_buff *skb, int type,
			   const struct rate_limit *limit)
{
	struct nlattr *nest;
	int err;

	if (!limit->max_tokens)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	err = attr_put_options(skb, &netlink_rate_limit_options, limit) ?:
	      put_key(skb, limit);
	return attr_end_nest(skb, nest, err);
}

static bool fault_exists(const struct fault *f)
{
	return f->delay || f->abort || f->response_rate || f->by_header;
}

int netlink_parse_fault(struct fault *fault, const struct nlattr *nest,
			struct refusal *r)
{
	struct nlattr *tb[L7MESH_FAULT_A_MAX + 1];
	int err;

	err = netlink_parse(tb, L7MESH_FAULT_A_MAX, nest, netlink_fault_policy,
			    r);
	if (err)
		return err;
	memset(fault, 0, sizeof(*fault));
	if (!nla_len(nest))
		return 0;
	*fault = netlink_fault_default;
	attr_take_options(&netlink_fault_options, fault, tb);
	return fault_exists(fault) ? 0 :
	       refusal_set_attr(r, nest, -EINVAL,
				"DELAY, ABORT, RESPONSE_RATE or BY_HEADER is needed");
}

int netlink_put_fault(struct sk_buff *skb, const struct fault *fault)
{
	struct nlattr *nest;

	if (!fault_exists(fault))
		return 0;
	nest = nla_nest_start(skb, L7MESH_ROUTE_A_FAULT);
	if (!nest)
		return -EMSGSIZE;
	return attr_end_nest(skb, nest,
			     attr_put_options(skb, &netlink_fault_options, fault));
}
