// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/xxhash.h>
#include "http/message.h"
#include "lib/account.h"
#include "lib/address.h"
#include "policy/rate_limiter.h"

static u32 count_sets(const struct rate_limit *limit)
{
	if (limit->key == RATE_LIMIT_ALL)
		return 0;
	return roundup_pow_of_two(DIV_ROUND_UP(limit->max_keys,
					       RATE_LIMIT_WAYS));
}

static struct rate_limiter *alloc(struct account *account,
				  const struct rate_limit *limit)
{
	u32 i, n = count_sets(limit);
	struct rate_limiter *l;
	size_t bytes = struct_size(l, sets, n);

	l = account_new(account, bytes);
	if (IS_ERR(l))
		return l;
	refcount_set(&l->ref, 1);
	l->bytes = bytes;
	l->per_token = div_u64((u64)limit->fill_interval * NSEC_PER_MSEC,
			       limit->tokens_per_fill);
	l->tolerance = l->per_token * (limit->max_tokens - 1);
	l->seed = get_random_u64();
	l->set_mask = n ? n - 1 : 0;
	for (i = 0; i < n; i++)
		spin_lock_init(&l->sets[i].lock);
	return l;
}

struct rate_limiter *rate_limiter_share(struct account *account,
					const struct rate_limit *limit,
					struct rate_limiter *old)
{
	if (!limit->max_tokens)
		return NULL;
	if (!old)
		return alloc(account, limit);
	refcount_inc(&old->ref);
	return old;
}

void rate_limiter_put(struct account *account, struct rate_limiter *l)
{
	if (l && refcount_dec_and_test(&l->ref))
		account_free(account, l, l->bytes);
}

/* Takes a token of a bucket that is full at @full_at, or says how long to wait. */
static u64 take(const struct rate_limiter *l, u64 now, u64 *full_at)
{
	u64 start = max(*full_at, now);

	if (start - now > l->tolerance)
		return start - now - l->tolerance;
	*full_at = start + l->per_token;
	return 0;
}

static u64 take_of_all(struct rate_limiter *l, u64 now)
{
	s64 old = atomic64_read(&l->full_at);
	u64 full_at, wait;

	do {
		full_at = old;
		wait = take(l, now, &full_at);
	} while (!wait && !atomic64_try_cmpxchg(&l->full_at, &old, full_at));
	return wait;
}

/* The way of a key in its set, which is locked. */
static u64 *way_of(struct rate_set *set, u64 key)
{
	int i, fullest = 0;

	for (i = 0; i < RATE_LIMIT_WAYS; i++) {
		if (set->ways[i].key == key && set->ways[i].full_at)
			return &set->ways[i].full_at;
		if (set->ways[i].full_at < set->ways[fullest].full_at)
			fullest = i;
	}
	set->ways[fullest].key = key;
	set->ways[fullest].full_at = 0;
	return &set->ways[fullest].full_at;
}

static u64 take_of_key(struct rate_limiter *l, u64 key, u64 now)
{
	struct rate_set *set = &l->sets[key & l->set_mask];
	u64 wait;

	spin_lock_bh(&set->lock);
	wait = take(l, now, way_of(set, key));
	spin_unlock_bh(&set->lock);
	return wait;
}

/*
 * All fields of the name are one value, RFC 9110 5.3: what an endpoint reads may be any
 * of them. One that is empty is a value as well.
 */
static u64 take_of_header(struct rate_limiter *l, struct span name,
			  const struct message *request, u64 now)
{
	const struct message_field *f = message_find(request, name);
	struct xxh64_state state;

	if (!f)
		return 0;
	xxh64_reset(&state, l->seed);
	while (f) {
		xxh64_update(&state, request->text + f->value, f->value_len);
		f = message_find_from(request, name, f + 1);
		if (f)
			xxh64_update(&state, ",", 1);
	}
	return take_of_key(l, xxh64_digest(&state), now);
}

u64 rate_limiter_take(struct rate_limiter *l, const struct rate_limit *limit,
		      const struct address *client, const struct message *request)
{
	u64 now = ktime_get_ns();

	switch ((enum rate_limit_key)limit->key) {
	case RATE_LIMIT_SOURCE:
		/*
		 * The address without its port. Unused bytes are zero, so both
		 * families are hashed whole.
		 */
		return take_of_key(l, xxh64(&client->v6, sizeof(client->v6),
					    l->seed), now);
	case RATE_LIMIT_HEADER:
		return take_of_header(l, limit->header, request, now);
	default:
		return take_of_all(l, now);
	}
}
