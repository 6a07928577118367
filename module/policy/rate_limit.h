/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rate_limit: how many requests a route or a listener lets through, as configured. Names
 * are those of Envoy's TokenBucket. What has become of it is in rate_limiter.h. Plain C.
 */
#ifndef L7MESH_RATE_LIMIT_H
#define L7MESH_RATE_LIMIT_H

#include <linux/types.h>
#include "lib/span.h"

enum rate_limit_key {
	RATE_LIMIT_ALL,
	RATE_LIMIT_SOURCE,		/* the client's address */
	RATE_LIMIT_HEADER,		/* a field's value; without: no limit */
};

/* What is configured; max_tokens 0: nothing. */
struct rate_limit {
	u32 max_tokens;
	u32 tokens_per_fill;
	u32 fill_interval;		/* ms */
	u32 max_keys;
	u8 key;				/* enum rate_limit_key */
	struct span header;		/* the owner's */
};

/* The largest rate: tokens are not less than so many ns apart. */
#define RATE_LIMIT_NS_MIN	100

static inline bool rate_limit_equal(const struct rate_limit *a,
				    const struct rate_limit *b)
{
	return a->max_tokens == b->max_tokens &&
	       a->tokens_per_fill == b->tokens_per_fill &&
	       a->fill_interval == b->fill_interval &&
	       a->max_keys == b->max_keys && a->key == b->key &&
	       span_eq(a->header, b->header);
}

#endif
