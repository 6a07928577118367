// SPDX-License-Identifier: GPL-2.0
/* Tests of module/policy/retry.c, beside Envoy's documentation of x-envoy-retry-on. */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/l7mesh.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <net/netlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/message.h"
#include "lib/attr.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "parse.h"
#include "policy/order.h"
#include "tap.h"
#include "unit.h"

#define ON(what)	BIT(L7MESH_RETRY_ON_##what)

static u32 lot;

u32 get_random_u32(void)
{
	return lot;
}

/* What is configured; 0: not given. */
struct given {
	u32 on, num_retries, backoff, max_backoff, timeout, keep;
	const u16 *status;
	u32 nstatus;
	u8 hedge;
};

static u8 bytes[256] __attribute__((aligned(8)));

static void put_some(struct sk_buff *skb, int type, u32 value)
{
	if (value)
		nla_put_u32(skb, type, value);
}

/* The policy, which points to bytes; or an error pointer. */
static void *configure(const struct given *g)
{
	struct sk_buff skb = { .data = bytes, .size = sizeof(bytes) };
	struct nlattr *nest = nla_nest_start(&skb, L7MESH_ROUTE_A_RETRY);
	struct nlattr *tb[POLICY_ATTRS_MAX + 1];
	struct refusal r;
	void *p;
	int err;

	put_some(&skb, L7MESH_RETRY_A_ON, g->on);
	if (g->nstatus)
		nla_put(&skb, L7MESH_RETRY_A_STATUS,
			g->nstatus * sizeof(*g->status), g->status);
	put_some(&skb, L7MESH_RETRY_A_NUM_RETRIES, g->num_retries);
	put_some(&skb, L7MESH_RETRY_A_BACKOFF, g->backoff);
	put_some(&skb, L7MESH_RETRY_A_MAX_BACKOFF, g->max_backoff);
	put_some(&skb, L7MESH_RETRY_A_PER_TRY_TIMEOUT, g->timeout);
	put_some(&skb, L7MESH_RETRY_A_REPLAY_LIMIT, g->keep);
	if (g->hedge)
		nla_put_u8(&skb, L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT, 1);
	nla_nest_end(&skb, nest);
	p = calloc(1, policy_retry.part.size);
	err = attr_parse(tb, policy_retry.attrs, nest, &r) ?:
	      policy_retry.parse(p, nest, tb, &r);
	if (!err)
		return p;
	free(p);
	return ERR_PTR(err);
}

/* Messages that stay until the next one of the kind. */
static const struct message *request(const char *method)
{
	static struct message m;
	static char text[64];
	int len = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: a:1\r\n\r\n",
			   method, strcmp(method, "CONNECT") ? "/" : "a:1");

	http1_init(&m, false);
	parse_bytes(&m, text, len);
	return &m;
}

static const struct message *response(u16 status, const char *line)
{
	static struct message m;
	static char text[64];
	int len = snprintf(text, sizeof(text), "HTTP/1.1 %u x\r\n%s\r\n", status, line);

	http1_init(&m, true);
	parse_bytes(&m, text, len);
	return &m;
}

static bool again_after(const void *p, u16 status, const char *line)
{
	struct policy_outcome o = {
		.kind = POLICY_RESPONSE,
		.request = request("GET"),
		.response = response(status, line),
	};

	return policy_retry.outcome(p, &o) == POLICY_AGAIN;
}

static bool again(const void *p, enum policy_outcome_kind kind, const char *method,
		  bool sent)
{
	struct policy_outcome o = {
		.kind = kind, .request = request(method), .sent = sent,
	};

	return policy_retry.outcome(p, &o) == POLICY_AGAIN;
}

/* Which of the statuses 100 to 599 are tried again, as a sum of their squares. */
static u64 statuses(const void *p)
{
	u64 sum = 0;
	u16 status;

	for (status = 100; status < 600; status++)
		if (again_after(p, status, ""))
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
	static const u16 own[] = { 429, 200, 101 };
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
	void *p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		p = configure(&(struct given){ .on = cases[i].on });
		tap_ok(statuses(p) == squares(cases[i].first, cases[i].last) &&
		       again(p, POLICY_NO_RESPONSE, "GET", true) == cases[i].reset &&
		       again(p, POLICY_NOT_CONNECTED, "GET", false) ==
		       cases[i].connect, "retry: conditions %#x", cases[i].on);
		kvfree(p);
	}
	p = configure(&(struct given){ .status = own, .nstatus = 3 });
	tap_ok(statuses(p) == squares(429, 429) + squares(200, 200) &&
	       !again(p, POLICY_NOT_CONNECTED, "GET", false),
	       "retry: statuses of its own, but for interim responses");
	tap_ok(!again_after(p, 429, "x-envoy-ratelimited: true\r\n") &&
	       !again_after(p, 429, "x-envoy-overloaded: true\r\n"),
	       "retry: never where a limit was reached");
	tap_ok(again(p, POLICY_LATE, "GET", true), "retry: one that is late");
	kvfree(p);
}

/* ms before retry @n */
static u32 backoff(const void *p, u32 n, u32 random)
{
	struct policy_outcome o = {
		.kind = POLICY_NOT_CONNECTED, .request = request("GET"), .tries = n - 1,
	};

	lot = random;
	return policy_retry.outcome(p, &o) == POLICY_AGAIN ? o.wait : U32_MAX;
}

static void test_backoff(void)
{
	struct given g = { .on = ON(RESET), .num_retries = 100, .backoff = 25 };
	void *p = configure(&g);
	u32 i, most, worst = 0;

	for (i = 1; i <= 100; i++) {
		most = i <= 4 ? 25 << (i - 1) : 250;
		if (backoff(p, i, ~0U) != most - 1 || backoff(p, i, 0) ||
		    backoff(p, i, 1U << 31) != most / 2)
			worst = i;
	}
	tap_ok(!worst, "retry: back-off doubles up to ten times, with full jitter");
	kvfree(p);
	g.backoff = 3600000;
	g.max_backoff = 86400000;
	p = configure(&g);
	tap_ok(backoff(p, 100, ~0U) == 86399999 && backoff(p, 5, ~0U) == 57599999,
	       "retry: back-off up to a limit of its own");
	kvfree(p);
}

static void test_number(void)
{
	void *p = configure(&(struct given){ .on = ON(RESET), .num_retries = 2 });
	struct policy_outcome o = {
		.kind = POLICY_NO_RESPONSE, .request = request("GET"), .tries = 1,
	};
	bool first = policy_retry.outcome(p, &o) == POLICY_AGAIN && !o.reason;

	o.tries = 2;
	tap_ok(first && policy_retry.outcome(p, &o) == POLICY_GO &&
	       o.reason == STAT_RETRIES_EXHAUSTED, "retry: so many, and it is told");
	kvfree(p);
}

static void test_methods(void)
{
	static const char *const methods[] = {
		"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE",
		"POST", "PATCH", "get", "GETS",
	};
	void *p = configure(&(struct given){ .on = ON(RESET) });
	u32 i, sent = 0, unsent = 0;

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		sent |= again(p, POLICY_NO_RESPONSE, methods[i], true) << i;
		unsent |= again(p, POLICY_NO_RESPONSE, methods[i], false) << i;
	}
	tap_ok(sent == 0x3f && unsent == 0x3ff,
	       "retry: what was sent only if it is idempotent");
	tap_ok(!again(p, POLICY_NO_RESPONSE, "CONNECT", false), "retry: no tunnel");
	kvfree(p);
}

static struct policy_tries tries_of(const struct given *g, const char *method, u32 n)
{
	void *p = configure(g);
	struct policy_tries t = {};

	policy_retry.tries(p, request(method), n, &t);
	kvfree(p);
	return t;
}

static void test_tries(void)
{
	struct given g = { .on = ON(RESET), .num_retries = 1, .timeout = 7, .keep = 9 };
	struct policy_tries first = tries_of(&g, "GET", 0), last = tries_of(&g, "GET", 1);

	tap_ok(first.timeout == 7 && first.keep == 9 && !first.hedge &&
	       last.timeout == 7 && !last.keep && !tries_of(&g, "POST", 0).keep,
	       "retry: each try has its time; a body is kept as long as it may be needed");
	g.hedge = 1;
	first = tries_of(&g, "GET", 0);
	last = tries_of(&g, "GET", 1);
	tap_ok(first.hedge && first.timeout == 7 && !last.hedge && !last.timeout &&
	       !tries_of(&g, "POST", 0).hedge,
	       "retry: what is hedged has its time as long as it may be");
}

static void test_refusals(void)
{
	static const struct given below = {
		.on = ON(RESET), .backoff = 2, .max_backoff = 1,
	};

	tap_ok(IS_ERR(configure(&(struct given){ .num_retries = 1 })) &&
	       IS_ERR(configure(&(struct given){ .on = ON(RESET), .hedge = 1 })) &&
	       IS_ERR(configure(&below)),
	       "retry: what means nothing is refused");
}

void test_retry(void)
{
	test_conditions();
	test_backoff();
	test_number();
	test_methods();
	test_tries();
	test_refusals();
}
