// SPDX-License-Identifier: GPL-2.0
#include "policy/fault.h"

#include <linux/l7mesh.h>
#include <linux/math64.h>
#include <linux/random.h>

#include "http/chars.h"
#include "http/message.h"

/* As limits of the configuration. */
#define DELAY_MAX	(24 * 60 * 60 * 1000)
#define RATE_MAX	L7MESH_RESPONSE_RATE_MAX

bool fault_equal(const struct fault *a, const struct fault *b)
{
	return a->delay == b->delay && a->delay_fraction == b->delay_fraction &&
	       a->abort == b->abort && a->abort_fraction == b->abort_fraction &&
	       a->response_rate == b->response_rate &&
	       a->rate_fraction == b->rate_fraction && a->by_header == b->by_header;
}

static bool drawn(u32 fraction)
{
	return mul_u32_u32(get_random_u32(), L7MESH_FRACTION_MAX) >> 32 <
	       fraction;
}

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

u32 fault_may_delay(const struct fault *f, const struct message *request)
{
	return f->delay_fraction ?
	       asked_for(f, request, SPAN("x-envoy-fault-delay-request"),
			 0, DELAY_MAX, f->delay) : 0;
}

u16 fault_may_abort(const struct fault *f, const struct message *request)
{
	return f->abort_fraction ?
	       asked_for(f, request, SPAN("x-envoy-fault-abort-request"),
			 200, 599, f->abort) : 0;
}

u32 fault_may_limit(const struct fault *f, const struct message *request)
{
	u32 rate;

	if (!f->rate_fraction)
		return 0;
	rate = asked_for(f, request,
			 SPAN("x-envoy-fault-throughput-response"), 1,
			 RATE_MAX / 1024, 0);
	return rate ? rate * 1024 : f->response_rate;
}

u32 fault_delay(const struct fault *f, const struct message *request)
{
	u32 ms = fault_may_delay(f, request);

	return ms && drawn(f->delay_fraction) ? ms : 0;
}

u16 fault_abort(const struct fault *f, const struct message *request)
{
	u16 status = fault_may_abort(f, request);

	return status && drawn(f->abort_fraction) ? status : 0;
}

u32 fault_rate(const struct fault *f, const struct message *request)
{
	u32 rate = fault_may_limit(f, request);

	return rate && drawn(f->rate_fraction) ? rate : 0;
}
