/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rate_limiter: token buckets, one for all requests or one for each value of a key.
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
 * References: routes and listeners with this limit, which a change hands on: changing
 * something else does not fill buckets. Any context but for making and putting.
 */
#ifndef L7MESH_RATE_LIMITER_H
#define L7MESH_RATE_LIMITER_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include "policy/rate_limit.h"

struct account;
struct address;
struct message;

#define RATE_LIMIT_WAYS	4

struct rate_set {
	spinlock_t lock;			/* BH; guards the ways */
	struct {
		u64 key;
		u64 full_at;		/* ns; 0: nobody's */
	} ways[RATE_LIMIT_WAYS];
};

struct rate_limiter {
	refcount_t ref;
	size_t bytes;
	u64 per_token;			/* ns */
	u64 tolerance;			/* ns: all tokens but one */
	atomic64_t full_at;		/* ns */
	u64 seed;
	u32 set_mask;
	struct rate_set sets[];
};

/**
 * rate_limiter_share() - The limiter of a new version of an object
 * @account: charged
 * @limit: its limit, or none
 * @old: of the version before, if the limit is the same; or NULL
 *
 * Return: counted, NULL if there is no limit, or what account_new() says.
 */
struct rate_limiter *rate_limiter_share(struct account *account,
					const struct rate_limit *limit,
					struct rate_limiter *old);
void rate_limiter_put(struct account *account, struct rate_limiter *l);

/**
 * rate_limiter_take() - A request comes
 * @l: limiter
 * @limit: its configuration
 * @client: who asks
 * @request: its head
 *
 * Return: 0, or in how many ns there is a token.
 */
u64 rate_limiter_take(struct rate_limiter *l, const struct rate_limit *limit,
		      const struct address *client, const struct message *request);

#endif
