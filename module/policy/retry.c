// SPDX-License-Identifier: GPL-2.0
/*
 * After which failures a request of a route is tried again, and when; and what is to be
 * known of its tries for that.
 *
 * Envoy's RetryPolicy (route_components.proto, router_filter "x-envoy-retry-on"),
 * with one rule that is stricter: what is not idempotent (RFC 9110 9.2.2) is tried
 * again only if not a byte of it was sent.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/l7mesh.h>
#include <linux/minmax.h>
#include <linux/random.h>

#include "http/message.h"
#include "lib/attr.h"
#include "lib/attr_option.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "policy/order.h"

#define DEFAULT_BACKOFF_FACTOR	10

struct retry_policy {
	u32 on;				/* bits, enum l7mesh_retry_on */
	const u16 *status;
	u32 nstatus;
	u32 num_retries;
	u32 per_try_timeout;		/* ms; 0: the cluster's response_timeout */
	u32 backoff;			/* ms, before the first retry at most */
	u32 max_backoff;		/* ms; 0: ten times that */
	u32 replay_limit;		/* bytes of a body that are kept */
	bool avoid_previous_hosts;
	bool hedge_on_per_try_timeout;	/* not idempotent ones never are */
};

#include "policy/generated/retry_options.h"

/* ---- configuration ---- */

static int retry_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
		       struct refusal *r)
{
	const struct nlattr *status = tb[L7MESH_RETRY_A_STATUS];
	struct retry_policy *p = data;

	*p = retry_default;
	attr_take_options(&retry_options, p, tb);
	if (!p->on && !status)
		return refusal_set_attr(r, nest, -EINVAL,
					"ON or STATUS is needed: without, nothing is tried again");
	if (p->hedge_on_per_try_timeout && !p->per_try_timeout)
		return refusal_set_attr(r, tb[L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT],
					-EINVAL,
					"HEDGE_ON_PER_TRY_TIMEOUT needs a PER_TRY_TIMEOUT");
	if (p->max_backoff && p->max_backoff < p->backoff)
		return refusal_set_attr(r, tb[L7MESH_RETRY_A_MAX_BACKOFF],
					-EINVAL, "MAX_BACKOFF is below BACKOFF");
	return status ? attr_statuses(status, &p->status, &p->nstatus, r) : 0;
}

static int retry_put(struct sk_buff *skb, const void *data)
{
	const struct retry_policy *p = data;
	int err = 0;

	if (p->nstatus)
		err = nla_put(skb, L7MESH_RETRY_A_STATUS,
			      p->nstatus * sizeof(*p->status), p->status);
	return err ?: attr_put_options(skb, &retry_options, p);
}

static void retry_pack(struct packer *p, void *data)
{
	struct retry_policy *policy = data;

	policy->status = pack_array(p, policy->status,
				    policy->nstatus * sizeof(*policy->status));
}

static bool retry_equal(const void *data_a, const void *data_b)
{
	const struct retry_policy *a = data_a, *b = data_b;

	return a->on == b->on && a->nstatus == b->nstatus &&
	       !memcmp(a->status, b->status, a->nstatus * sizeof(*a->status)) &&
	       a->num_retries == b->num_retries &&
	       a->per_try_timeout == b->per_try_timeout &&
	       a->backoff == b->backoff && a->max_backoff == b->max_backoff &&
	       a->replay_limit == b->replay_limit &&
	       a->avoid_previous_hosts == b->avoid_previous_hosts &&
	       a->hedge_on_per_try_timeout == b->hedge_on_per_try_timeout;
}

/* ---- tries ---- */

static void retry_tries(const void *data, const struct message *request,
			u32 tries, struct policy_tries *t)
{
	const struct retry_policy *p = data;
	bool more = tries < p->num_retries &&
		    message_method_idempotent(message_method(request));

	t->avoid = p->avoid_previous_hosts;
	t->keep = more ? p->replay_limit : 0;
	t->hedge = p->hedge_on_per_try_timeout && more;
	/* What would be hedged is not given up. */
	t->timeout = p->hedge_on_per_try_timeout && !more ? 0 : p->per_try_timeout;
}

/* Envoy's RetryStateImpl::wouldRetryFromReset() */
static bool on_failure(const struct retry_policy *p, bool connected)
{
	u32 bits = BIT(L7MESH_RETRY_ON_RESET) | BIT(L7MESH_RETRY_ON_5XX) |
		   BIT(L7MESH_RETRY_ON_GATEWAY_ERROR);

	if (!connected)
		bits |= BIT(L7MESH_RETRY_ON_CONNECT_FAILURE);
	return p->on & bits;
}

/* Envoy's RetryStateImpl::wouldRetryFromHeaders() */
static bool on_status(const struct retry_policy *p, u16 status)
{
	u32 i;

	if (status / 100 == 5 && p->on & BIT(L7MESH_RETRY_ON_5XX))
		return true;
	if (status >= 502 && status <= 504 &&
	    p->on & BIT(L7MESH_RETRY_ON_GATEWAY_ERROR))
		return true;
	if (status == 409 && p->on & BIT(L7MESH_RETRY_ON_RETRIABLE_4XX))
		return true;
	for (i = 0; i < p->nstatus; i++)
		if (p->status[i] == status)
			return true;
	return false;
}

/* Envoy answers so where a limit was reached, and never retries it. */
static bool limit_reached(const struct message *response)
{
	return message_find(response, SPAN("x-envoy-overloaded")) ||
	       message_find(response, SPAN("x-envoy-ratelimited"));
}

static bool is_wanted(const struct retry_policy *p, const struct policy_outcome *o)
{
	switch (o->kind) {
	case POLICY_NOT_CONNECTED:
		return on_failure(p, false);
	case POLICY_NO_RESPONSE:
		return on_failure(p, true);
	case POLICY_RESPONSE:
		/* An interim response decides nothing. */
		return o->response->status >= 200 &&
		       on_status(p, o->response->status) &&
		       !limit_reached(o->response);
	default:
		return true;
	}
}

/*
 * Envoy's exponential back-off with full jitter: anything from 0 to backoff for the
 * first, twice that for the second, ..., up to max_backoff. ms
 */
static u32 backoff_before(const struct retry_policy *p, u32 retry)
{
	u64 most = p->max_backoff ?:
		   (u64)p->backoff * DEFAULT_BACKOFF_FACTOR;
	u64 span = (u64)p->backoff << min(retry - 1, 31U);

	return (min(span, most) * get_random_u32()) >> 32;
}

static enum policy_verdict retry_outcome(const void *data, struct policy_outcome *o)
{
	const struct retry_policy *p = data;

	if (!is_wanted(p, o) || o->request->connect)
		return POLICY_GO;
	if (o->sent && !message_method_idempotent(message_method(o->request)))
		return POLICY_GO;
	if (o->tries >= p->num_retries) {
		o->reason = STAT_RETRIES_EXHAUSTED;
		return POLICY_GO;
	}
	o->wait = backoff_before(p, o->tries + 1);
	return POLICY_AGAIN;
}

static u32 retry_explain(const void *data, const struct policy_view *v)
{
	const struct retry_policy *p = data;

	if (!v->forwards)
		return 0;
	return BIT(L7MESH_EXPLAIN_RETRY) |
	       (p->hedge_on_per_try_timeout ? BIT(L7MESH_EXPLAIN_HEDGING) : 0);
}

const struct policy_ops policy_retry = {
	.part = {
		.size = sizeof(struct retry_policy),
		.pack = retry_pack,
		.equal = retry_equal,
	},
	.attr = { [POLICY_OF_ROUTE] = L7MESH_ROUTE_A_RETRY },
	.attrs = L7MESH_RETRY_A_MAX,
	.parse = retry_parse,
	.put = retry_put,
	.tries = retry_tries,
	.outcome = retry_outcome,
	.explain = retry_explain,
};
