// SPDX-License-Identifier: GPL-2.0
/* Tests of module/policy/retry.c, beside Envoy's documentation of x-envoy-retry-on. */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "policy/retry.h"
#include "tap.h"
#include "unit.h"

#define ON(what)	BIT(L7MESH_RETRY_ON_##what)

/* Which of the statuses 100 to 599 are tried again, as a sum of their squares. */
static u64 statuses(const struct retry_policy *p)
{
	u64 sum = 0;
	u16 status;

	for (status = 100; status < 600; status++)
		if (retry_on_status(p, status))
			sum += status * status;
	return sum;
}

static u64 squares(u16 first, u16 last)
{
	u64 sum = 0;

	for (; first <= last; first++)
		sum += first * first;
	return sum;
}

static void test_conditions(void)
{
	static const u16 own[] = { 429, 200 };
	static const struct {
		u32 on;
		u16 first, last;
		bool reset, connect;
	} cases[] = {
		{ ON(CONNECT_FAILURE), 1, 0, false, true },
		{ ON(RESET), 1, 0, true, true },
		{ ON(GATEWAY_ERROR), 502, 504, true, true },
		{ ON(5XX), 500, 599, true, true },
		{ ON(RETRIABLE_4XX), 409, 409, false, false },
		{ ON(5XX) | ON(GATEWAY_ERROR), 500, 599, true, true },
	};
	struct retry_policy p = { .status = own, .nstatus = 2 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct retry_policy one = { .on = cases[i].on };

		tap_ok(statuses(&one) == squares(cases[i].first, cases[i].last) &&
		       retry_on_failure(&one, RETRY_RESET) == cases[i].reset &&
		       retry_on_failure(&one, RETRY_CONNECT_FAILURE) ==
		       cases[i].connect, "retry: conditions %#x", cases[i].on);
	}
	tap_ok(statuses(&p) == squares(429, 429) + squares(200, 200) &&
	       !retry_on_failure(&p, RETRY_CONNECT_FAILURE),
	       "retry: statuses of its own");
}

static void test_backoff(void)
{
	struct retry_policy p = { .backoff = 25 };
	u32 i, most, worst = 0;

	for (i = 1; i <= 100; i++) {
		most = i <= 4 ? 25 << (i - 1) : 250;
		if (retry_backoff(&p, i, ~0U) != most - 1 ||
		    retry_backoff(&p, i, 0) ||
		    retry_backoff(&p, i, 1U << 31) != most / 2)
			worst = i;
	}
	tap_ok(!worst, "retry: back-off doubles up to ten times, with full jitter");
	p = (struct retry_policy){ .backoff = 3600000, .max_backoff = 86400000 };
	tap_ok(retry_backoff(&p, 100, ~0U) == 86399999 &&
	       retry_backoff(&p, 5, ~0U) == 57599999,
	       "retry: back-off up to a limit of its own");
}

static void test_methods(void)
{
	static const char *const methods[] = {
		"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE",
		"POST", "PATCH", "CONNECT", "get", "GETS", "",
	};
	u32 i, bits = 0;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		bits |= retry_is_idempotent((struct span){ methods[i],
					     strlen(methods[i]) }) << i;
	tap_ok(bits == 0x3f, "retry: what is idempotent");
}

void test_retry(void)
{
	test_conditions();
	test_backoff();
	test_methods();
}
