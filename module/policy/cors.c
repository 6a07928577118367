// SPDX-License-Identifier: GPL-2.0
#include "policy/cors.h"

#include <linux/kernel.h>

#include "http/message.h"
#include "http/value_list.h"

bool cors_origin_valid(struct span origin)
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

static bool is_preflight(const struct message *request)
{
	return span_eq(message_method(request), SPAN("OPTIONS")) &&
	       message_get(request, SPAN("access-control-request-method")).len;
}

enum cors_kind cors_kind_of(const struct cors *c, const struct message *request)
{
	struct span origin;
	u32 i;

	if (!c->norigins)
		return CORS_NONE;
	origin = message_get(request, SPAN("origin"));
	for (i = 0; i < c->norigins && origin.len; i++)
		if (origin_matches(c->origins[i], origin))
			return is_preflight(request) ? CORS_PREFLIGHT :
						       CORS_ACTUAL;
	return CORS_NONE;
}

static void say(struct cors_answer *a, u8 kind, struct span name,
		struct span value)
{
	if (value.len)
		a->array[a->ops.n++] = (struct header_op){ name, value, kind };
}

/*
 * In the answer to a request with credentials "*" is but the name of a method or field
 * (Fetch, 3.3.4): where it allows any, what is asked for is said, or nothing.
 */
static bool is_any(const struct cors *c, struct span list)
{
	return c->credentials && value_list_has(list, SPAN("*"));
}

static void say_preflight(const struct cors *c, struct cors_answer *a)
{
	say(a, HEADER_OP_SET, SPAN("access-control-allow-methods"),
	    is_any(c, c->methods) ?
	    SPAN("%REQ(access-control-request-method)%") : c->methods);
	say(a, HEADER_OP_SET, SPAN("access-control-allow-headers"),
	    is_any(c, c->headers) ?
	    SPAN("%REQ(access-control-request-headers)%") : c->headers);
	if (c->has_max_age)
		say(a, HEADER_OP_SET, SPAN("access-control-max-age"),
		    (struct span){ a->max_age,
				   scnprintf(a->max_age, sizeof(a->max_age),
					     "%u", c->max_age) });
}

void cors_answer(const struct cors *c, enum cors_kind kind,
		 struct cors_answer *a)
{
	a->ops = (struct header_op_list){ .ops = a->array };
	say(a, HEADER_OP_SET, SPAN("access-control-allow-origin"),
	    SPAN("%REQ(origin)%"));
	if (c->credentials)
		say(a, HEADER_OP_SET, SPAN("access-control-allow-credentials"),
		    SPAN("true"));
	if (kind == CORS_PREFLIGHT)
		say_preflight(c, a);
	else if (!is_any(c, c->expose))
		say(a, HEADER_OP_SET, SPAN("access-control-expose-headers"),
		    c->expose);
	say(a, HEADER_OP_ADD, SPAN("vary"), SPAN("origin"));
}
