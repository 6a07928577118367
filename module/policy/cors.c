// SPDX-License-Identifier: GPL-2.0
/*
 * Which other origins' scripts may use what a route leads to.
 *
 * As Envoy's filter does it (Fetch standard, 3.2): a preflight of an origin that is
 * allowed is answered here; its other requests are passed on, and their responses
 * say that it may read them, whatever the endpoint said of that. Requests of other
 * origins are passed on as they are: it is the browser that keeps the answer from
 * them. "vary: origin" is added besides, for the sake of caches.
 */
#include <linux/kernel.h>
#include <linux/l7mesh.h>

#include "http/chars.h"
#include "http/message.h"
#include "http/value_list.h"
#include "lib/attr.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "policy/order.h"

/* Nothing in it contains '%'. */
struct cors {
	const struct span *origins;	/* one '*' stands for any text */
	u32 norigins;
	/* As they stand in the fields, with "*" for any; length 0: none. */
	struct span methods;
	struct span headers;
	struct span expose;
	u32 max_age;			/* s */
	bool has_max_age;
	bool credentials;
};

/* ---- configuration ---- */

/* Is this an origin of a policy, with one '*' at most? */
static bool origin_valid(struct span origin)
{
	const char *star = memchr(origin.p, '*', origin.len);
	u32 i;

	if (!origin.len || (star && memchr(star + 1, '*',
					   origin.p + origin.len - star - 1)))
		return false;
	for (i = 0; i < origin.len; i++)
		if (origin.p[i] <= ' ' || origin.p[i] >= 0x7f ||
		    origin.p[i] == '%' || origin.p[i] == ',')
			return false;
	return true;
}

static int parse_origins(struct cors *c, const struct nlattr *list, struct refusal *r)
{
	struct span *origins = (struct span *)(c + 1);
	const struct nlattr *item;
	int rem;

	c->origins = origins;
	nla_for_each_nested(item, list, rem) {
		origins[c->norigins] = attr_span(item);
		if (!origin_valid(origins[c->norigins++]))
			return refusal_set_attr(r, item, -EINVAL,
						"not an origin, such as https://example.com, with one * at most");
	}
	return 0;
}

/* A text that becomes a field's value as it is. */
static int parse_text(struct span *s, const struct nlattr *nla, struct refusal *r)
{
	if (!nla)
		return 0;
	*s = attr_span(nla);
	if (s->len && chars_value_valid(*s) && !memchr(s->p, '%', s->len))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL,
				"not a list of names for a header field");
}

/* Nobody is allowed anything: then there is to be nothing else of a policy. */
static int check_none(struct nlattr **tb, const struct nlattr *nest,
		      struct refusal *r)
{
	if (!tb[L7MESH_CORS_A_ALLOW_METHODS] && !tb[L7MESH_CORS_A_ALLOW_HEADERS] &&
	    !tb[L7MESH_CORS_A_EXPOSE_HEADERS] && !tb[L7MESH_CORS_A_MAX_AGE] &&
	    !tb[L7MESH_CORS_A_ALLOW_CREDENTIALS])
		return POLICY_NONE;
	return refusal_set_attr(r, nest, -EINVAL,
				"ALLOW_ORIGINS is needed: without, nobody is allowed anything");
}

static int cors_parse(void *data, const struct nlattr *nest, struct nlattr **tb,
		      struct refusal *r)
{
	const struct nlattr *list = tb[L7MESH_CORS_A_ALLOW_ORIGINS];
	const struct nlattr *max_age = tb[L7MESH_CORS_A_MAX_AGE];
	const struct nlattr *credentials = tb[L7MESH_CORS_A_ALLOW_CREDENTIALS];
	struct cors *c = data;
	int err = 0;

	if (list)
		err = parse_origins(c, list, r);
	if (!err)
		err = parse_text(&c->methods, tb[L7MESH_CORS_A_ALLOW_METHODS], r);
	if (!err)
		err = parse_text(&c->headers, tb[L7MESH_CORS_A_ALLOW_HEADERS], r);
	if (!err)
		err = parse_text(&c->expose, tb[L7MESH_CORS_A_EXPOSE_HEADERS], r);
	c->has_max_age = max_age;
	if (max_age)
		c->max_age = nla_get_u32(max_age);
	c->credentials = credentials && nla_get_u8(credentials);
	return err || c->norigins ? err : check_none(tb, nest, r);
}

static int put_origins(struct sk_buff *skb, const struct cors *c)
{
	struct nlattr *list = nla_nest_start(skb, L7MESH_CORS_A_ALLOW_ORIGINS);
	int err = 0;
	u32 i;

	if (!list)
		return -EMSGSIZE;
	for (i = 0; i < c->norigins && !err; i++)
		err = attr_put_span(skb, L7MESH_LIST_ITEM, c->origins[i]);
	return attr_end_nest(skb, list, err);
}

static int cors_put(struct sk_buff *skb, const void *data)
{
	const struct cors *c = data;
	int err;

	err = put_origins(skb, c) ?:
	      attr_put_some(skb, L7MESH_CORS_A_ALLOW_METHODS, c->methods) ?:
	      attr_put_some(skb, L7MESH_CORS_A_ALLOW_HEADERS, c->headers) ?:
	      attr_put_some(skb, L7MESH_CORS_A_EXPOSE_HEADERS, c->expose);
	if (!err && c->has_max_age)
		err = nla_put_u32(skb, L7MESH_CORS_A_MAX_AGE, c->max_age);
	return err ?: nla_put_u8(skb, L7MESH_CORS_A_ALLOW_CREDENTIALS,
				 c->credentials);
}

static void cors_pack(struct packer *p, void *data)
{
	struct cors *c = data;
	struct span *origins = pack_array(p, c->origins,
					  c->norigins * sizeof(*origins));
	u32 i;

	c->origins = origins;
	for (i = 0; i < c->norigins; i++)
		pack_span(p, &origins[i]);
	pack_span(p, &c->methods);
	pack_span(p, &c->headers);
	pack_span(p, &c->expose);
}

static bool cors_equal(const void *data_a, const void *data_b)
{
	const struct cors *a = data_a, *b = data_b;
	u32 i;

	if (a->norigins != b->norigins)
		return false;
	for (i = 0; i < a->norigins; i++)
		if (!span_eq(a->origins[i], b->origins[i]))
			return false;
	return span_eq(a->methods, b->methods) &&
	       span_eq(a->headers, b->headers) &&
	       span_eq(a->expose, b->expose) && a->max_age == b->max_age &&
	       a->has_max_age == b->has_max_age &&
	       a->credentials == b->credentials;
}

/* ---- requests ---- */

static bool origin_matches(struct span pattern, struct span origin)
{
	const char *star = memchr(pattern.p, '*', pattern.len);
	struct span before, after;

	if (!star)
		return span_eq(pattern, origin);
	before = (struct span){ pattern.p, star - pattern.p };
	after = span_from(pattern, before.len + 1);
	return origin.len >= before.len + after.len &&
	       span_starts_with(origin, before) &&
	       span_eq(span_from(origin, origin.len - after.len), after);
}

/* Does it come from an origin that is allowed? */
static bool is_allowed(const struct cors *c, const struct message *request)
{
	struct span origin = message_get(request, SPAN("origin"));
	u32 i;

	for (i = 0; i < c->norigins && origin.len; i++)
		if (origin_matches(c->origins[i], origin))
			return true;
	return false;
}

static bool is_preflight(const struct message *request)
{
	return span_eq(message_method(request), SPAN("OPTIONS")) &&
	       message_get(request, SPAN("access-control-request-method")).len;
}

static enum policy_verdict cors_request(const void *data, struct policy_view *v)
{
	if (!is_allowed(data, v->request))
		return POLICY_GO;
	v->responds = true;
	if (!is_preflight(v->request))
		return POLICY_GO;
	v->reason = STAT_REPLY_PREFLIGHT;
	v->status = 200;
	v->body = SPAN("");
	return POLICY_ANSWER;
}

static u32 cors_explain(const void *data, const struct policy_view *v)
{
	return is_allowed(data, v->request) ? BIT(L7MESH_EXPLAIN_CORS) : 0;
}

/* ---- responses ---- */

/*
 * In the answer to a request with credentials "*" is but the name of a method or field
 * (Fetch, 3.3.4): where it allows any, what is asked for is said, or nothing.
 */
static bool is_any(const struct cors *c, struct span list)
{
	return c->credentials && value_list_has(list, SPAN("*"));
}

static void say(struct policy_response *r, struct span name, struct span value)
{
	policy_response_say(r, HEADER_OP_SET, name, value);
}

static void say_preflight(const struct cors *c, struct policy_response *r)
{
	say(r, SPAN("access-control-allow-methods"),
	    is_any(c, c->methods) ?
	    SPAN("%REQ(access-control-request-method)%") : c->methods);
	say(r, SPAN("access-control-allow-headers"),
	    is_any(c, c->headers) ?
	    SPAN("%REQ(access-control-request-headers)%") : c->headers);
	if (c->has_max_age)
		say(r, SPAN("access-control-max-age"),
		    (struct span){ r->text, scnprintf(r->text, sizeof(r->text),
						      "%u", c->max_age) });
}

/* Alone is the answer to a preflight. */
static void cors_response(const void *data, const struct policy_edits *edits,
			  struct policy_response *r)
{
	const struct cors *c = data;

	say(r, SPAN("access-control-allow-origin"), SPAN("%REQ(origin)%"));
	if (c->credentials)
		say(r, SPAN("access-control-allow-credentials"), SPAN("true"));
	if (edits->alone)
		say_preflight(c, r);
	else if (!is_any(c, c->expose))
		say(r, SPAN("access-control-expose-headers"), c->expose);
	policy_response_say(r, HEADER_OP_ADD, SPAN("vary"), SPAN("origin"));
}

const struct policy_ops policy_cors = {
	.part = {
		.size = sizeof(struct cors),
		.pack = cors_pack,
		.equal = cors_equal,
	},
	.attr = { [POLICY_OF_ROUTE] = L7MESH_ROUTE_A_CORS },
	.attrs = L7MESH_CORS_A_MAX,
	.list = L7MESH_CORS_A_ALLOW_ORIGINS,
	.item_size = sizeof(struct span),
	.parse = cors_parse,
	.put = cors_put,
	.request = cors_request,
	.response = cors_response,
	.explain = cors_explain,
};
