// SPDX-License-Identifier: GPL-2.0
/*
 * How many requests a route or a listener lets through: token buckets, one for all
 * requests or one for each value of a key. Names are those of Envoy's TokenBucket.
 *
 * A bucket is the moment at which it will be full again: the generic cell rate
 * algorithm (ITU-T I.371), which is the token bucket of Envoy's local_ratelimit
 * filled continuously. The one for all is advanced by a compare-and-exchange, so it
 * is exact whatever the number of CPUs.
 *
 * Those of keys are in a table of sets of a few entries, each with a lock. An entry
 * whose bucket is full is as good as none and gives way to another key, so nothing
 * is forgotten as long as no more keys are in debt than the set has room for; then
 * the one that is closest to full gives way, which never refuses more than it should.
 *
 * The buckets are counted by the routes and listeners with this limit, which a change
 * hands on: changing something else does not fill them.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/l7mesh.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/xxhash.h>
#include "http/chars.h"
#include "http/message.h"
#include "lib/account.h"
#include "lib/address.h"
#include "lib/attr.h"
#include "lib/attr_option.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "policy/order.h"

enum rate_limit_key {
	RATE_LIMIT_ALL,
	RATE_LIMIT_SOURCE,		/* the client's address */
	RATE_LIMIT_HEADER,		/* a field's value; without: no limit */
};

struct buckets;

struct rate_limit {
	u32 max_tokens;
	u32 tokens_per_fill;
	u32 fill_interval;		/* ms */
	u32 max_keys;
	u8 key;				/* enum rate_limit_key */
	struct span header;
	struct buckets *buckets;	/* counted */
};

#include "policy/generated/rate_limit_options.h"

/* ---- configuration ---- */

/* The largest rate: tokens are not less than so many ns apart. */
#define NS_MIN		100

/* Longer than that nobody waits, and sums of nanoseconds hold it. */
#define FILL_MAX_NS	(365ULL * 24 * 60 * 60 * NSEC_PER_SEC)

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

static int check_rate(const struct rate_limit *limit, const struct nlattr *nest,
		      struct refusal *r)
{
	u64 ns = div_u64((u64)limit->fill_interval * NSEC_PER_MSEC,
			 limit->tokens_per_fill);

	if (ns < NS_MIN)
		return refusal_set_attr(r, nest, -EINVAL,
					"more than 10000 tokens a millisecond");
	if (ns > div_u64(FILL_MAX_NS, limit->max_tokens))
		return refusal_set_attr(r, nest, -EINVAL,
					"the bucket is not full in a year");
	return 0;
}

static int rate_limit_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
			    struct refusal *r)
{
	struct rate_limit *limit = data;

	*limit = rate_limit_default;
	if (!tb[L7MESH_RATE_LIMIT_A_MAX_TOKENS])
		return refusal_set_missing(r, nest,
					   L7MESH_RATE_LIMIT_A_MAX_TOKENS,
					   "MAX_TOKENS");
	attr_take_options(&rate_limit_options, limit, tb);
	return parse_key(limit, tb, r) ?: check_rate(limit, nest, r);
}

static int rate_limit_put(struct sk_buff *skb, const void *data)
{
	const struct rate_limit *limit = data;
	int err = attr_put_options(skb, &rate_limit_options, limit);

	if (!err && limit->key == RATE_LIMIT_SOURCE)
		err = nla_put_flag(skb, L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS);
	return err ?: attr_put_some(skb, L7MESH_RATE_LIMIT_A_HEADER,
				    limit->header);
}

static void rate_limit_pack(struct packer *p, void *data)
{
	pack_span(p, &((struct rate_limit *)data)->header);
}

static bool rate_limit_equal(const void *data_a, const void *data_b)
{
	const struct rate_limit *a = data_a, *b = data_b;

	return a->max_tokens == b->max_tokens &&
	       a->tokens_per_fill == b->tokens_per_fill &&
	       a->fill_interval == b->fill_interval &&
	       a->max_keys == b->max_keys && a->key == b->key &&
	       span_eq(a->header, b->header);
}

/* ---- buckets ---- */

#define WAYS	4

struct bucket_set {
	spinlock_t lock;			/* BH; guards the ways */
	struct {
		u64 key;
		u64 full_at;		/* ns; 0: nobody's */
	} ways[WAYS];
};

struct buckets {
	refcount_t ref;
	size_t bytes;
	u64 per_token;			/* ns */
	u64 tolerance;			/* ns: all tokens but one */
	atomic64_t full_at;		/* ns */
	u64 seed;
	u32 set_mask;
	struct bucket_set sets[];
};

static u32 count_sets(const struct rate_limit *limit)
{
	if (limit->key == RATE_LIMIT_ALL)
		return 0;
	return roundup_pow_of_two(DIV_ROUND_UP(limit->max_keys, WAYS));
}

static struct buckets *alloc(struct account *account,
			     const struct rate_limit *limit)
{
	u32 i, n = count_sets(limit);
	struct buckets *b;
	size_t bytes = struct_size(b, sets, n);

	b = account_new(account, bytes);
	if (IS_ERR(b))
		return b;
	refcount_set(&b->ref, 1);
	b->bytes = bytes;
	b->per_token = div_u64((u64)limit->fill_interval * NSEC_PER_MSEC,
			       limit->tokens_per_fill);
	b->tolerance = b->per_token * (limit->max_tokens - 1);
	b->seed = get_random_u64();
	b->set_mask = n ? n - 1 : 0;
	for (i = 0; i < n; i++)
		spin_lock_init(&b->sets[i].lock);
	return b;
}

static int rate_limit_make(struct account *account, void *data)
{
	struct rate_limit *limit = data;

	if (limit->buckets)
		refcount_inc(&limit->buckets->ref);
	else
		limit->buckets = alloc(account, limit);
	return PTR_ERR_OR_ZERO(limit->buckets);
}

static void rate_limit_free(struct account *account, void *data)
{
	struct buckets *b = ((struct rate_limit *)data)->buckets;

	if (refcount_dec_and_test(&b->ref))
		account_free(account, b, b->bytes);
}

/* Takes a token of a bucket that is full at @full_at, or says how long to wait. */
static u64 take(const struct buckets *b, u64 now, u64 *full_at)
{
	u64 start = max(*full_at, now);

	if (start - now > b->tolerance)
		return start - now - b->tolerance;
	*full_at = start + b->per_token;
	return 0;
}

static u64 take_of_all(struct buckets *b, u64 now)
{
	s64 old = atomic64_read(&b->full_at);
	u64 full_at, wait;

	do {
		full_at = old;
		wait = take(b, now, &full_at);
	} while (!wait && !atomic64_try_cmpxchg(&b->full_at, &old, full_at));
	return wait;
}

/* The way of a key in its set, which is locked. */
static u64 *way_of(struct bucket_set *set, u64 key)
{
	int i, fullest = 0;

	for (i = 0; i < WAYS; i++) {
		if (set->ways[i].key == key && set->ways[i].full_at)
			return &set->ways[i].full_at;
		if (set->ways[i].full_at < set->ways[fullest].full_at)
			fullest = i;
	}
	set->ways[fullest].key = key;
	set->ways[fullest].full_at = 0;
	return &set->ways[fullest].full_at;
}

static u64 take_of_key(struct buckets *b, u64 key, u64 now)
{
	struct bucket_set *set = &b->sets[key & b->set_mask];
	u64 wait;

	spin_lock_bh(&set->lock);
	wait = take(b, now, way_of(set, key));
	spin_unlock_bh(&set->lock);
	return wait;
}

/*
 * All fields of the name are one value, RFC 9110 5.3: what an endpoint reads may be any
 * of them. One that is empty is a value as well.
 */
static u64 take_of_header(struct buckets *b, struct span name,
			  const struct message *request, u64 now)
{
	const struct message_field *f = message_find(request, name);
	struct xxh64_state state;

	if (!f)
		return 0;
	xxh64_reset(&state, b->seed);
	while (f) {
		xxh64_update(&state, request->text + f->value, f->value_len);
		f = message_find_from(request, name, f + 1);
		if (f)
			xxh64_update(&state, ",", 1);
	}
	return take_of_key(b, xxh64_digest(&state), now);
}

/* Returns 0, or in how many ns there is a token. */
static u64 take_token(const struct rate_limit *limit, const struct policy_view *v)
{
	struct buckets *b = limit->buckets;
	u64 now = ktime_get_ns();

	switch ((enum rate_limit_key)limit->key) {
	case RATE_LIMIT_SOURCE:
		/*
		 * The address without its port. Unused bytes are zero, so both
		 * families are hashed whole.
		 */
		return take_of_key(b, xxh64(&v->client->v6, sizeof(v->client->v6),
					    b->seed), now);
	case RATE_LIMIT_HEADER:
		return take_of_header(b, limit->header, v->request, now);
	default:
		return take_of_all(b, now);
	}
}

/* ---- requests ---- */

static enum policy_verdict rate_limit_request(const void *data,
					      struct policy_view *v)
{
	const struct rate_limit *limit = data;
	u64 wait, seconds;

	wait = v->peek ? 0 : take_token(limit, v);
	if (!wait)
		return POLICY_GO;
	seconds = div_u64(wait + NSEC_PER_SEC - 1, NSEC_PER_SEC);
	field_list_add_number(v->fields, SPAN("retry-after"), seconds);
	field_list_add_number(v->fields, SPAN("x-ratelimit-limit"),
			      limit->max_tokens);
	field_list_add(v->fields, SPAN("x-ratelimit-remaining"), SPAN("0"));
	field_list_add_number(v->fields, SPAN("x-ratelimit-reset"), seconds);
	v->reason = STAT_REPLY_RATE_LIMITED;
	v->status = 429;
	return POLICY_ANSWER;
}

static u32 rate_limit_explain(const void *data, const struct policy_view *v)
{
	return v->owner == POLICY_OF_LISTENER ?
	       BIT(L7MESH_EXPLAIN_LISTENER_RATE_LIMIT) :
	       BIT(L7MESH_EXPLAIN_RATE_LIMIT);
}

const struct policy_ops policy_rate_limit = {
	.part = {
		.size = sizeof(struct rate_limit),
		.pack = rate_limit_pack,
		.equal = rate_limit_equal,
		.make = rate_limit_make,
		.free = rate_limit_free,
	},
	.attr = {
		[POLICY_OF_ROUTE] = L7MESH_ROUTE_A_RATE_LIMIT,
		[POLICY_OF_LISTENER] = L7MESH_LISTENER_A_RATE_LIMIT,
	},
	.attrs = L7MESH_RATE_LIMIT_A_MAX,
	.parse = rate_limit_parse,
	.put = rate_limit_put,
	.request = rate_limit_request,
	.explain = rate_limit_explain,
};
