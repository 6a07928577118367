/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault: what a route does to requests on purpose: a delay, an answer instead of the
 * endpoint's, a slow response.
 *
 * Envoy's HTTP fault filter. With by_header a request may ask for other values by
 * x-envoy-fault-delay-request (ms), x-envoy-fault-abort-request (status) and
 * x-envoy-fault-throughput-response (KiB a second); the route's fractions still apply.
 *
 * Any context.
 */
#ifndef L7MESH_FAULT_H
#define L7MESH_FAULT_H

#include <linux/types.h>

struct message;

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

bool fault_equal(const struct fault *a, const struct fault *b);

/* What may be done to a request; 0: nothing. */
u32 fault_may_delay(const struct fault *f, const struct message *request);
u16 fault_may_abort(const struct fault *f, const struct message *request);
u32 fault_may_limit(const struct fault *f, const struct message *request);

/* What is done to one request, each by a lot of its own. */
u32 fault_delay(const struct fault *f, const struct message *request);
u16 fault_abort(const struct fault *f, const struct message *request);
u32 fault_rate(const struct fault *f, const struct message *request);

#endif
