// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/policy/policy.c, policy_config.c and module/lib/parts.c: which
 * policies an object has, and in which order a request meets them. The policies are
 * made up, and so is their order.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <net/netlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/objset.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "policy/order.h"
#include "tap.h"
#include "unit.h"

/* What a policy of these is configured to do. */
struct play {
	char name;
	char does;		/* 'g'o, 'w'ait once, 'a'nswer, 'r'espond, 'b'oth */
	struct span text;
	const void *made;	/* by make(): the struct that it is for */
};

static char told[64];		/* who was asked what */
static long taken;		/* bytes from account_new(), and from make() */
static bool make_fails;

static void tell(char what, char name)
{
	size_t len = strlen(told);

	if (len + 2 < sizeof(told))
		sprintf(told + len, "%c%c", what, name);
}

void *account_new(struct account *a, size_t bytes)
{
	(void)a;
	taken += bytes;
	return calloc(1, bytes);
}

void account_free(struct account *a, const void *p, size_t bytes)
{
	(void)a;
	taken -= p ? bytes : 0;
	free((void *)p);
}

u32 objset_hash(struct span name)
{
	return name.len;
}

int refusal_set(struct refusal *r, int err, const char *format, ...)
{
	r->format = format;
	return err;
}

/* ---- the policies ---- */

static void play_pack(struct packer *p, void *data)
{
	pack_span(p, &((struct play *)data)->text);
}

static bool play_equal(const void *a, const void *b)
{
	return span_eq(((const struct play *)a)->text,
		       ((const struct play *)b)->text);
}

static int play_make(struct account *account, void *data)
{
	(void)account;
	if (make_fails)
		return -ENOMEM;
	((struct play *)data)->made = data;
	taken++;
	return 0;
}

static int fail_second(struct account *account, void *data)
{
	int err = play_make(account, data);

	make_fails = true;
	return err;
}

static void play_free(struct account *account, void *data)
{
	(void)account;
	taken -= ((struct play *)data)->made == data;
}

static int play_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
		      struct refusal *r)
{
	struct span text = { nla_data(nest), nla_len(nest) };

	(void)tb;
	if (text.p[0] == '!')
		return refusal_set(r, -EINVAL, "not this");
	*(struct play *)data = (struct play){
		.name = text.p[0], .does = 'g', .text = text,
	};
	return 0;
}

static int play_put(struct sk_buff *skb, const void *data)
{
	return nla_put_u8(skb, 1, ((const struct play *)data)->name);
}

static enum policy_verdict play_request(const void *data, struct policy_view *v)
{
	const struct play *p = data;

	tell(v->waited ? '+' : '?', p->name);
	v->responds = p->does == 'r' || p->does == 'b';
	if (p->does == 'w' && !v->waited && !v->peek)
		return POLICY_WAIT;
	return p->does == 'a' || p->does == 'b' ? POLICY_ANSWER : POLICY_GO;
}

static void play_response(const void *data, const struct policy_edits *edits,
			  struct policy_response *r)
{
	const struct play *p = data;

	tell(edits->alone ? '!' : '>', p->name);
	policy_response_say(r, HEADER_OP_SET, SPAN("x"), p->text);
}

static u32 play_explain(const void *data, const struct policy_view *v)
{
	(void)v;
	return BIT(((const struct play *)data)->name - 'a');
}

static bool play_connect(const void *data, struct policy_peer *peer)
{
	const struct play *p = data;

	peer->counted = p->does == 'g';
	return peer->counted;
}

static void play_disconnect(struct policy_client *client, bool counted)
{
	(void)client;
	tell('-', counted ? '1' : '0');
}

static void play_end(struct policy_client *client)
{
	(void)client;
	tell('-', 'e');
}

static bool init_fails;

static int play_init(void)
{
	tell('i', '.');
	return 0;
}

static void play_exit(void)
{
	tell('x', '.');
}

static int play_init_last(void)
{
	return init_fails ? -ENOMEM : 0;
}

/* A listener has it, if one of its plain options says so. */
static int play_derive(void *data, const struct http_options *o)
{
	*(struct play *)data = (struct play){ .name = 'd', .does = 'g' };
	return *(const char *)o == 'd' ? 0 : POLICY_NONE;
}

#define PLAY(number) { \
	.part = { \
		.size = sizeof(struct play), \
		.pack = play_pack, \
		.equal = play_equal, \
		.make = play_make, \
		.free = play_free, \
	}, \
	.attr = { [POLICY_OF_ROUTE] = (number) }, \
	.parse = play_parse, \
	.put = play_put, \
	.request = play_request, \
	.response = play_response, \
	.explain = play_explain, \
}

static const struct policy_ops play_first = PLAY(3);
static const struct policy_ops play_second = PLAY(1);
static const struct policy_ops play_third = PLAY(2);
/* It does not look at requests, nor has anything to be made, and no route has it. */
static const struct policy_ops play_listeners = {
	.part = { .size = sizeof(struct play), .equal = play_equal },
	.attr = { [POLICY_OF_LISTENER] = 1 },
	.parse = play_parse,
	.put = play_put,
	.init = play_init,
	.exit = play_exit,
	.connect = play_connect,
	.disconnect = play_disconnect,
	.end = play_end,
	.explain = play_explain,
};

static const struct policy_ops play_derived = {
	.part = { .size = sizeof(struct play), .equal = play_equal },
	.derive = play_derive,
	.init = play_init_last,
	.explain = play_explain,
};

/* It has 1, without which it is none, and a list 2, of which it makes items. */
static int nest_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
		      struct refusal *r)
{
	struct span *items = (struct span *)((struct play *)data + 1);
	const struct nlattr *item;
	int rem, n = 0;

	(void)nest;
	(void)r;
	if (tb[2])
		nla_for_each_nested(item, tb[2], rem)
			items[n++] = (struct span){ nla_data(item), 1 };
	*(struct play *)data = (struct play){
		.name = 'm', .does = 'g', .text = n ? items[n - 1] : (struct span){},
	};
	return tb[1] ? 0 : POLICY_NONE;
}

static const struct policy_ops play_nest = {
	.part = { .size = sizeof(struct play), .equal = play_equal },
	.attr = { [POLICY_OF_ROUTE] = 4 },
	.attrs = 2,
	.list = 2,
	.item_size = sizeof(struct span),
	.parse = nest_parse,
};

const struct policy_ops *const policy_order[] = {
	&play_first, &play_second, &play_listeners, &play_third, &play_derived,
	&play_nest,
};

const u32 policy_order_n = ARRAY_SIZE(policy_order);

/* ---- requests ---- */

#define LIST(does_a, does_b, does_c) \
	struct play plays[] = { \
		{ 'a', does_a, SPAN("A"), NULL }, { 'b', does_b, SPAN("B"), NULL }, \
		{ 'c', does_c, SPAN(""), NULL }, { 'l', 'g', SPAN("L"), NULL }, \
	}; \
	const struct part list[] = { \
		{ &play_first.part, &plays[0] }, { &play_second.part, &plays[1] }, \
		{ &play_listeners.part, &plays[3] }, { &play_third.part, &plays[2] }, \
	}; \
	const struct parts policies = { list, ARRAY_SIZE(list) }

/* Asks them; again as long as they wait. Returns the last verdict. */
static enum policy_verdict ask(const struct parts *policies, struct policy_view *v)
{
	struct policy_edits edits = {};
	enum policy_verdict verdict;
	u8 next = 0;

	told[0] = 0;
	for (;;) {
		verdict = policy_request(policies, &next, v);
		if (verdict != POLICY_WAIT)
			return verdict;
		tell('~', '0' + next);
		edits = v->edits;
		*v = (struct policy_view){ .waited = true, .edits = edits };
	}
}

static void test_requests(void)
{
	struct policy_view v = {};

	LIST('g', 'w', 'g');

	tap_ok(ask(&policies, &v) == POLICY_GO && !v.edits.wanted, "policy: all say go");
	tap_is(told, "?a?b~1+b?c",
	       "policy: in their order, those that look at requests; who waited is asked again");
	v = (struct policy_view){ .peek = true };
	ask(&policies, &v);
	tap_is(told, "?a?b?c", "policy: to explain nothing waits");
	tap_ok(policy_explain(&policies, &v) ==
	       (BIT(0) | BIT(1) | BIT(2) | BIT('l' - 'a')),
	       "policy: each explains itself");
}

static void test_answers(void)
{
	struct policy_view v = {};

	LIST('g', 'a', 'g');

	tap_ok(ask(&policies, &v) == POLICY_ANSWER, "policy: an answer is the last word");
	tap_is(told, "?a?b", "policy: nobody is asked after an answer");
}

/* What is said of the response, and who said it. */
static void test_one_response(const char *what, const struct parts *policies,
			      const char *who, u32 n)
{
	struct policy_view v = {};
	struct policy_response r;
	struct header_op_list ops;

	ask(policies, &v);
	told[0] = 0;
	ops = policy_response(policies, &v.edits, &r);
	tap_is(told, who, "policy: %s", what);
	tap_ok(ops.n == n, "policy: %s: operations", what);
}

static void test_responses(void)
{
	{
		LIST('g', 'g', 'g');

		test_one_response("nobody has a say", &policies, "", 0);
	}
	{
		LIST('r', 'w', 'r');

		test_one_response("who has a say has it, without a value none",
				  &policies, ">a>c", 1);
	}
	{
		LIST('g', 'b', 'g');

		test_one_response("who answers and has a say is alone", &policies,
				  "!b", 1);
	}
	{
		LIST('r', 'a', 'g');

		test_one_response("who only answers leaves it to others", &policies,
				  ">a", 1);
	}
}

static void test_none(void)
{
	const struct parts none = {};
	struct policy_view v = {};
	struct policy_response r;

	tap_ok(ask(&none, &v) == POLICY_GO && !told[0] &&
	       !policy_explain(&none, &v) && !policy_response(&none, &v.edits, &r).n,
	       "policy: without policies nobody is asked");
}

/* ---- what an object has ---- */

struct object {
	size_t bytes;
	struct parts policies;
};

static void pack_object(struct packer *p, void *object)
{
	parts_pack(p, &((struct object *)object)->policies);
}

/* NULL: make() failed. */
static struct object *clone(const struct parts *policies)
{
	struct object like = { .policies = *policies }, *o;

	o = pack_clone(NULL, &like, sizeof(like), pack_object, 1000, &like.bytes);
	if (!parts_make(NULL, &o->policies))
		return o;
	parts_free(NULL, &o->policies);
	account_free(NULL, o, o->bytes);
	return NULL;
}

static void drop(struct object *o)
{
	parts_free(NULL, &o->policies);
	account_free(NULL, o, o->bytes);
}

static void test_copies(void)
{
	LIST('g', 'g', 'g');
	struct object *o = clone(&policies), *same = clone(&o->policies);
	const struct play *a = parts_find(&o->policies, &play_first.part);
	bool equal = parts_equal(&o->policies, &same->policies);

	plays[0].text.p = "?";
	tap_ok(a != &plays[0] && span_eq(a->text, SPAN("A")) && equal &&
	       !parts_equal(&o->policies, &policies),
	       "parts: a copy is equal, and its own");
	tap_ok(a->made == a && ((struct play *)same->policies.list[0].data)->made ==
	       same->policies.list[0].data, "parts: each copy makes what is its own");
	drop(o);
	drop(same);
	tap_ok(!taken, "parts: all is given back");
}

static void test_failure(void)
{
	static const struct policy_ops failing = {
		.part = { sizeof(struct play), play_pack, play_equal, fail_second,
			  play_free },
	};
	struct play plays[] = { { .text = SPAN("") }, { .text = SPAN("") } };
	const struct part list[] = { { &failing.part, &plays[0] },
				     { &play_third.part, &plays[1] } };

	tap_ok(!clone(&(struct parts){ list, 2 }) && !taken,
	       "parts: where one cannot be made all are given back");
	make_fails = false;
}

/* ---- what is configured ---- */

static char names[8];

static const char *names_of(const struct parts *policies)
{
	u32 i;

	for (i = 0; i < policies->n; i++)
		names[i] = ((const struct play *)policies->list[i].data)->name;
	names[i] = 0;
	return names;
}

/* Attributes 1 to 3, each a text or NULL. */
static void attributes(struct nlattr **tb, struct sk_buff *skb, const char *first,
		       const char *second, const char *third)
{
	const char *const texts[] = { NULL, first, second, third, NULL };
	u32 i;

	skb->len = 0;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		tb[i] = texts[i] ? nla_reserve(skb, i, strlen(texts[i])) : NULL;
		if (texts[i])
			memcpy(nla_data(tb[i]), texts[i], strlen(texts[i]));
	}
}

static void test_configuration(void)
{
	u8 buffer[256] __attribute__((aligned(8)));
	struct sk_buff skb = { .data = buffer, .size = sizeof(buffer) };
	struct policy_parser one = {}, two = {}, three = {};
	struct parts policies = {};
	struct nlattr *tb[5];
	struct refusal r;
	struct object *o;
	int err;

	attributes(tb, &skb, "s", "t", "f");
	err = policy_parse(&one, &policies, POLICY_OF_ROUTE, tb, NULL, &r);
	tap_is(err ? "refused" : names_of(&policies), "fst",
	       "policy: what is given in any order is had in the one order");
	o = clone(&policies);
	policy_parse_end(&one);

	policies = o->policies;
	attributes(tb, &skb, "n", "", NULL);
	err = policy_parse(&two, &policies, POLICY_OF_ROUTE, tb, NULL, &r);
	tap_is(err ? "refused" : names_of(&policies), "fn",
	       "policy: what is given replaces, what is empty removes, the rest stays");
	skb.len = 0;
	policy_put(&skb, &policies, POLICY_OF_ROUTE);
	tap_ok(skb.len == 2 * (NLA_HDRLEN + NLA_HDRLEN + 4) &&
	       nla_type((struct nlattr *)buffer) == 3 &&
	       nla_get_u8(nla_data((struct nlattr *)buffer)) == 'f',
	       "policy: what is had is told");
	skb.size = skb.len - 1;
	skb.len = 0;
	tap_ok(policy_put(&skb, &policies, POLICY_OF_ROUTE) == -EMSGSIZE,
	       "policy: what does not fit is not told");
	policy_parse_end(&two);

	skb.size = sizeof(buffer);
	policies = o->policies;
	attributes(tb, &skb, "n", "!", NULL);
	err = policy_parse(&three, &policies, POLICY_OF_ROUTE, tb, NULL, &r);
	tap_ok(err == -EINVAL, "policy: one that is refused");
	tap_is(names_of(&policies), "fst", "policy: where one is refused all stay");
	policy_parse_end(&three);
	drop(o);
}

/* What becomes of attribute 4 with so many 1 in it, and a list 2 of these, if any. */
static const char *nested(int ones, const char *items)
{
	u8 buffer[64] __attribute__((aligned(8)));
	struct sk_buff skb = { .data = buffer, .size = sizeof(buffer) };
	struct play was = { .name = 'w', .text = SPAN("") };
	const struct part had = { &play_nest.part, &was };
	struct parts policies = { &had, 1 };
	struct policy_parser p = {};
	struct nlattr *tb[5] = {}, *list;
	struct refusal r;
	int err;

	tb[4] = nla_nest_start(&skb, 4);
	while (ones--)
		nla_put_u8(&skb, 1, 0);
	if (items) {
		list = nla_nest_start(&skb, 2);
		while (*items)
			nla_put_u8(&skb, 1, *items++);
		nla_nest_end(&skb, list);
	}
	nla_nest_end(&skb, tb[4]);
	err = policy_parse(&p, &policies, POLICY_OF_ROUTE, tb, NULL, &r);
	names_of(&policies);
	if (!err && policies.n)
		sprintf(names + 1, "%.1s", ((const struct play *)
					    policies.list[0].data)->text.p ?: "-");
	policy_parse_end(&p);
	return err ? "refused" : names;
}

static void test_nests(void)
{
	tap_is(nested(1, "xyz"), "mz", "policy: its list, and room for what it becomes");
	tap_is(nested(1, ""), "m-", "policy: an empty list");
	tap_is(nested(1, NULL), "m-", "policy: one of its attributes");
	tap_is(nested(0, "x"), "", "policy: what it makes nothing of is none");
	tap_is(nested(0, NULL), "", "policy: an empty nest is none");
	tap_is(nested(2, "x"), "refused", "policy: an attribute that is there twice");
}

static void test_listeners(void)
{
	u8 buffer[256] __attribute__((aligned(8)));
	struct sk_buff skb = { .data = buffer, .size = sizeof(buffer) };
	const struct http_options *options;
	struct policy_parser p = {};
	struct parts policies = {};
	struct nlattr *tb[5];
	struct refusal r;
	int err;

	attributes(tb, &skb, "l", "x", "y");
	options = (struct http_options *)"-";
	err = policy_parse(&p, &policies, POLICY_OF_LISTENER, tb, options, &r);
	tap_is(err ? "refused" : names_of(&policies), "l",
	       "policy: a listener has its own");
	policy_parse_end(&p);
	p = (struct policy_parser){};
	policies = (struct parts){};
	options = (struct http_options *)"d";
	err = policy_parse(&p, &policies, POLICY_OF_LISTENER, tb, options, &r);
	tap_is(err ? "refused" : names_of(&policies), "ld",
	       "policy: a listener has its own, and what follows from its options");
	skb.len = 0;
	tap_ok(!policy_put(&skb, &policies, POLICY_OF_LISTENER) &&
	       skb.len == 2 * NLA_HDRLEN + 4, "policy: what follows from options is not told");
	policy_parse_end(&p);
}

static void test_connections(void)
{
	struct play play = { .name = 'l', .does = 'g' };
	const struct part part = { &play_listeners.part, &play };
	struct parts policies = { &part, 1 };
	struct policy_client client = {};
	struct policy_peer peer = { .client = &client };
	bool in = policy_connect(&policies, &peer), counted = peer.counted;

	play.does = 'a';
	tap_ok(in && counted && !policy_connect(&policies, &peer) && !peer.counted,
	       "policy: who connects is let in, or not");
	told[0] = 0;
	policy_disconnect(&client, true);
	policy_end(&client);
	tap_is(told, "-1-e", "policy: who goes is told of");
}

static void test_init(void)
{
	told[0] = 0;
	tap_ok(!policy_init(), "policy: all begin");
	policy_exit();
	init_fails = true;
	tap_ok(policy_init() == -ENOMEM, "policy: one cannot begin");
	tap_is(told, "i.x.i.x.", "policy: those that have begun are ended");
}

void test_policy(void)
{
	test_listeners();
	test_connections();
	test_init();
	test_requests();
	test_answers();
	test_responses();
	test_none();
	test_copies();
	test_failure();
	test_configuration();
	test_nests();
}
