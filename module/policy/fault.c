// SPDX-License-Identifier: GPL-2.0
/*
 * What a route does to requests on purpose: a delay, an answer instead of the
 * endpoint's, a slow response.
 *
 * Envoy's HTTP fault filter. With by_header a request may ask for other values by
 * x-envoy-fault-delay-request (ms), x-envoy-fault-abort-request (status) and
 * x-envoy-fault-throughput-response (KiB a second); the route's fractions still apply.
 */
#include <linux/l7mesh.h>
#include <linux/math64.h>
#include <linux/random.h>

#include "http/message.h"
#include "lib/attr.h"
#include "lib/attr_option.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "policy/order.h"

/* As limits of the configuration. */
#define DELAY_MAX	(24 * 60 * 60 * 1000)
#define RATE_MAX	L7MESH_RESPONSE_RATE_MAX

/* Fractions are of a million requests. */
struct fault {
	u32 delay;			/* ms; 0: none */
	u32 delay_fraction;
	u32 abort_fraction;
	u32 response_rate;		/* bytes a second; 0: any */
	u32 rate_fraction;
	u16 abort;			/* status; 0: none */
	bool by_header;
};

#include "policy/generated/fault_options.h"

/* ---- configuration ---- */

static int fault_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
		       struct refusal *r)
{
	struct fault *f = data;

	*f = fault_default;
	attr_take_options(&fault_options, f, tb);
	if (f->delay || f->abort || f->response_rate || f->by_header)
		return 0;
	return refusal_set_attr(r, nest, -EINVAL,
				"DELAY, ABORT, RESPONSE_RATE or BY_HEADER is needed");
}

static int fault_put(struct sk_buff *skb, const void *data)
{
	return attr_put_options(skb, &fault_options, data);
}

static bool fault_equal(const void *data_a, const void *data_b)
{
	const struct fault *a = data_a, *b = data_b;

	return a->delay == b->delay && a->delay_fraction == b->delay_fraction &&
	       a->abort == b->abort && a->abort_fraction == b->abort_fraction &&
	       a->response_rate == b->response_rate &&
	       a->rate_fraction == b->rate_fraction && a->by_header == b->by_header;
}

/* ---- requests ---- */

/* The number that a field has, or @otherwise if it has none of @min to @max. */
static u32 asked_for(const struct fault *f, const struct message *request,
		     struct span name, u32 min, u32 max, u32 otherwise)
{
	struct span text;
	u64 n = 0;
	u32 i;

	if (!f->by_header)
		return otherwise;
	text = message_get(request, name);
	for (i = 0; i < text.len && i < 10; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return otherwise;
		n = n * 10 + text.p[i] - '0';
	}
	return i && i == text.len && n >= min && n <= max ? n : otherwise;
}

/* What may be done to a request; 0: nothing. */
static u32 delay_of(const struct fault *f, const struct message *request)
{
	return f->delay_fraction ?
	       asked_for(f, request, SPAN("x-envoy-fault-delay-request"),
			 0, DELAY_MAX, f->delay) : 0;
}

static u16 abort_of(const struct fault *f, const struct message *request)
{
	return f->abort_fraction ?
	       asked_for(f, request, SPAN("x-envoy-fault-abort-request"),
			 200, 599, f->abort) : 0;
}

static u32 rate_of(const struct fault *f, const struct message *request)
{
	u32 rate;

	if (!f->rate_fraction)
		return 0;
	rate = asked_for(f, request,
			 SPAN("x-envoy-fault-throughput-response"), 1,
			 RATE_MAX / 1024, 0);
	return rate ? rate * 1024 : f->response_rate;
}

/* What is done to one request: @value or nothing, each by a lot of its own. */
static u32 drawn(u32 value, u32 fraction)
{
	if (!value)
		return 0;
	return mul_u32_u32(get_random_u32(), L7MESH_FRACTION_MAX) >> 32 <
	       fraction ? value : 0;
}

static enum policy_verdict fault_request(const void *data, struct policy_view *v)
{
	const struct fault *f = data;

	if (!v->waited && !v->peek) {
		v->reason = STAT_FAULT_DELAYS;
		v->wait = drawn(delay_of(f, v->request), f->delay_fraction);
		if (v->wait)
			return POLICY_WAIT;
	}
	v->reason = STAT_REPLY_FAULT;
	v->status = drawn(abort_of(f, v->request), f->abort_fraction);
	if (v->status)
		return POLICY_ANSWER;
	v->rate = drawn(rate_of(f, v->request), f->rate_fraction);
	return POLICY_GO;
}

static u32 fault_explain(const void *data, const struct policy_view *v)
{
	u32 bits = 0;

	if (delay_of(data, v->request))
		bits |= BIT(L7MESH_EXPLAIN_FAULT_DELAY);
	if (abort_of(data, v->request))
		bits |= BIT(L7MESH_EXPLAIN_FAULT_ABORT);
	if (rate_of(data, v->request))
		bits |= BIT(L7MESH_EXPLAIN_FAULT_RATE);
	return bits;
}

const struct policy_ops policy_fault = {
	.part = {
		.size = sizeof(struct fault),
		.equal = fault_equal,
	},
	.attr = { [POLICY_OF_ROUTE] = L7MESH_ROUTE_A_FAULT },
	.attrs = L7MESH_FAULT_A_MAX,
	.parse = fault_parse,
	.put = fault_put,
	.request = fault_request,
	.explain = fault_explain,
};
