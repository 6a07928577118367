// SPDX-License-Identifier: GPL-2.0
/* What happens to a request beyond a limit: it is refused at once, or waits. */
#include "policy/source_limit.h"
#include "stream/stream_priv.h"

/* Room for the four fields of a refusal, with the longest numbers. */
#define RATE_FIELDS_MAX	160

bool exchange_take_token(struct conn *c, struct run *run,
			 struct rate_limiter *limiter,
			 const struct rate_limit *limit)
{
	struct reply r = { .status = 429 };
	char fields[RATE_FIELDS_MAX];
	u64 wait, seconds;

	wait = rate_limiter_take(limiter, limit, client_of(c),
				 c->ex.request_head);
	if (!wait)
		return true;
	seconds = div_u64(wait + NSEC_PER_SEC - 1, NSEC_PER_SEC);
	scnprintf(fields, sizeof(fields),
		  "retry-after: %llu\r\nx-ratelimit-limit: %u\r\n"
		  "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: %llu\r\n",
		  seconds, limit->max_tokens, seconds);
	r.fields = fields;
	exchange_reply(c, run, STAT_REPLY_RATE_LIMITED, &r);
	return false;
}

/* If there is no memory to count, the limit counts as reached. */
bool exchange_count_source(struct conn *c, struct run *run,
			   const struct listener *l)
{
	struct reply r = { .status = 429 };

	if (!c->client)
		c->client = source_get(c->mesh, &c->source, &l->address,
				       GFP_ATOMIC | payer_gfp(c->payer));
	c->ex.from_source = c->client &&
			    admit(&c->client->requests,
				  c->options.max_requests_per_source);
	if (!c->ex.from_source)
		exchange_reply(c, run, STAT_REPLY_SOURCE_LIMITED, &r);
	return c->ex.from_source;
}

void exchange_leave_source(struct conn *c)
{
	atomic_dec(&c->client->requests);
	c->ex.from_source = false;
}

void exchange_refuse_overload(struct conn *c, struct run *run)
{
	struct reply r = {
		.status = 503,
		.fields = "x-envoy-overloaded: true\r\n",
	};

	exchange_reply(c, run, STAT_REPLY_OVERFLOW, &r);
}

bool exchange_enter_connection(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	switch (exchange_ask_connection(c)) {
	case ADMISSION_GRANTED:
		return true;
	case ADMISSION_REFUSED:
		exchange_refuse_overload(c, run);
		return false;
	default:
		break;
	}
	if (ex->request != REQUEST_PENDING) {
		stat_inc(c->mesh->stats, STAT_REQUESTS_PENDING);
		patience_set(&c->patience, ex->cluster->options.connect_timeout);
	}
	ex->request = REQUEST_PENDING;
	return false;
}

void exchange_end_pending(struct conn *c, struct run *run)
{
	if (list_empty_careful(&c->pending.list) &&
	    exchange_enter_connection(c, run))
		c->ex.request = REQUEST_ROUTED;
}
