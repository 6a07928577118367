// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "http/path_template.h"
#include "lib/budget.h"
#include "route/route_match.h"

bool route_path_valid(struct span path)
{
	u32 i;

	if (!path.len || path.p[0] != '/')
		return false;
	for (i = 0; i < path.len; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f ||
		    path.p[i] == '?' || path.p[i] == '#')
			return false;
	return true;
}

void route_request_init(struct route_request *req,
			const struct message *m)
{
	req->host = message_host(m);
	req->method = message_method(m);
	req->path = message_path(m);
	req->query = message_query(m);
	req->message = m;
	req->match_port = false;
	req->left = INT_MAX;
	req->fresh = true;
	req->search = (struct route_search){ 0 };
	field_index_init(&req->fields, m);
	/* absolute-form without path: RFC 9110 4.2.3. CONNECT has none at all. */
	if (!req->path.len && !m->connect)
		req->path = SPAN("/");
}

static bool ends_with(struct span s, struct span suffix)
{
	return s.len >= suffix.len &&
	       !memcmp(s.p + s.len - suffix.len, suffix.p, suffix.len);
}

/* How much of the value was found, all of it or what the text so far ends with. */
static u32 find_more(const struct value_match *m, u32 found, struct span text)
{
	const char *value = m->value.p, *at = text.p, *end = at + text.len;
	const u16 *fallback = m->fallback;
	u32 all = m->value.len;

	while (at < end && found < all) {
		if (*at == value[found]) {
			found++;
			at++;
		} else if (found) {
			found = fallback[found - 1];
		} else {
			at++;
		}
	}
	return found;
}

void route_value_fallback(struct span value, u16 *fallback)
{
	u32 i, n = 0;

	for (i = 0; i < value.len; i++) {
		while (i && n && value.p[n] != value.p[i])
			n = fallback[n - 1];
		n += i && value.p[n] == value.p[i];
		fallback[i] = n;
	}
}

/* A whole number, perhaps with a sign, that an s64 holds: Envoy's SimpleAtoi. */
static bool read_number(struct span s, s64 *n)
{
	bool negative = s.len && s.p[0] == '-';
	u64 value = 0, most = negative ? (u64)S64_MAX + 1 : S64_MAX;
	u32 i = negative || (s.len && s.p[0] == '+');

	if (i == s.len)
		return false;
	while (i + 1 < s.len && s.p[i] == '0')
		i++;
	for (; i < s.len; i++) {
		u8 digit = s.p[i] - '0';

		/* The first half keeps the second from overflowing. */
		if (digit > 9 || value > S64_MAX / 10 ||
		    value * 10 + digit > most)
			return false;
		value = value * 10 + digit;
	}
	*n = negative ? -value : value;
	return true;
}

static bool is_in_range(const struct value_match *m, struct span value)
{
	s64 n;

	return read_number(value, &n) && n >= m->first && n < m->end;
}

static bool match_value(const struct value_match *m, struct span value)
{
	switch (m->kind) {
	case VALUE_MATCH_EXACT:
		return span_eq(value, m->value);
	case VALUE_MATCH_PREFIX:
		return span_starts_with(value, m->value);
	case VALUE_MATCH_SUFFIX:
		return ends_with(value, m->value);
	case VALUE_MATCH_CONTAINS:
		return find_more(m, 0, value) == m->value.len;
	case VALUE_MATCH_REGEX:
		return regexp_match(m->regexp, value);
	case VALUE_MATCH_RANGE:
		return is_in_range(m, value);
	default:
		return true;
	}
}

/* What follows of being there, and of one value that matches. */
static bool verdict(const struct value_match *m, bool present, bool matches)
{
	if (m->kind == VALUE_MATCH_ABSENT)
		return !present;
	return present && matches != m->invert;
}

/*
 * The values of a field that came more than once. They are matched as if they stood
 * joined by "," (RFC 9110 5.3), where they are.
 */
struct joined {
	const struct route_request *req;
	u32 n;
	u8 places[MESSAGE_FIELDS_MAX];
};

static struct span joined_value(const struct joined *j, u32 i)
{
	const struct message *m = j->req->message;

	return message_value(m, &m->fields[j->places[i]]);
}

/* Is @s how the text from the @i-th value on begins? */
static bool begins_at(const struct joined *j, u32 i, struct span s)
{
	struct span value;

	for (;; i++) {
		value = joined_value(j, i);
		if (s.len <= value.len)
			return span_starts_with(value, s);
		if (i + 1 == j->n || !span_starts_with(s, value) ||
		    s.p[value.len] != ',')
			return false;
		s = span_from(s, value.len + 1);
	}
}

/* Is @s how the text up to the @i-th value ends? */
static bool ends_at(const struct joined *j, u32 i, struct span s)
{
	struct span value;

	for (;; i--) {
		value = joined_value(j, i);
		if (s.len <= value.len)
			return ends_with(value, s);
		if (!i || !ends_with(s, value) ||
		    s.p[s.len - value.len - 1] != ',')
			return false;
		s.len -= value.len + 1;
	}
}

static bool is_joined(const struct joined *j, struct span s)
{
	u32 i, len = j->n - 1;

	for (i = 0; i < j->n; i++)
		len += joined_value(j, i).len;
	return len == s.len && begins_at(j, 0, s);
}

static bool match_joined_regexp(const struct joined *j, const struct regexp *re)
{
	u32 i, state = REGEXP_START;

	for (i = 0; i < j->n; i++) {
		if (i)
			state = regexp_step(re, state, SPAN(","));
		state = regexp_step(re, state, joined_value(j, i));
	}
	return regexp_accepts(re, state);
}

static bool match_joined_contains(const struct joined *j,
				  const struct value_match *m)
{
	u32 i, found = 0;

	for (i = 0; i < j->n; i++) {
		if (i)
			found = find_more(m, found, SPAN(","));
		found = find_more(m, found, joined_value(j, i));
	}
	return found == m->value.len;
}

static bool match_joined(const struct value_match *m, const struct joined *j)
{
	switch (m->kind) {
	case VALUE_MATCH_EXACT:
		return is_joined(j, m->value);
	case VALUE_MATCH_PREFIX:
		return begins_at(j, 0, m->value);
	case VALUE_MATCH_SUFFIX:
		return ends_at(j, j->n - 1, m->value);
	case VALUE_MATCH_CONTAINS:
		return match_joined_contains(j, m);
	case VALUE_MATCH_REGEX:
		return match_joined_regexp(j, m->regexp);
	case VALUE_MATCH_RANGE:
		return false;	/* it has a comma */
	default:
		return true;
	}
}

/* What it costs to compare with a value of @len bytes. */
static u32 cost_of_value(const struct value_match *m, u32 len)
{
	switch (m->kind) {
	case VALUE_MATCH_CONTAINS:
		return len * COST_FIND_BYTE;
	case VALUE_MATCH_REGEX:
	case VALUE_MATCH_RANGE:
		return len * COST_MATCH_BYTE;
	default:
		return m->value.len;
	}
}

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_LATER,
};

/*
 * What costs more than is left is left for another run, unless this one has just begun:
 * then no other has more.
 */
static bool afford(struct route_request *req, u32 cost)
{
	if (cost > COST_INLINE_MAX && (s64)cost > req->left && !req->fresh)
		return false;
	req->left -= cost;
	return true;
}

/* @f is the first of them, @next the second. */
static enum answer match_fields(const struct value_match *m,
				struct route_request *req,
				const struct message_field *f,
				const struct message_field *next)
{
	struct joined j = { .req = req };
	u32 len = 0;

	do {
		j.places[j.n++] = f - req->message->fields;
		len += f->value_len + 1;
		f = next;
		if (f)
			next = field_index_next(&req->fields, m->name, f);
	} while (f);
	if (!afford(req, cost_of_value(m, len) + j.n * COST_FIELD))
		return ANSWER_LATER;
	return verdict(m, true, match_joined(m, &j)) ? ANSWER_YES : ANSWER_NO;
}

static enum answer match_header(const struct value_match *m, struct route_request *req)
{
	const struct message_field *f = field_index_find(&req->fields, m->name);
	const struct message_field *next;
	struct span value;

	if (!f)
		return verdict(m, false, false) ? ANSWER_YES : ANSWER_NO;
	next = field_index_next(&req->fields, m->name, f);
	if (next)
		return match_fields(m, req, f, next);
	if (!afford(req, cost_of_value(m, f->value_len)))
		return ANSWER_LATER;
	value = message_value(req->message, f);
	return verdict(m, true, match_value(m, value)) ? ANSWER_YES : ANSWER_NO;
}

/* Whether a parameter, "name=value" or "name" alone, has this name. */
static bool is_named(struct span parameter, struct span name, struct span *value)
{
	if (parameter.len < name.len || parameter.p[0] != name.p[0] ||
	    memcmp(parameter.p, name.p, name.len))
		return false;
	*value = span_from(parameter, name.len);
	if (!value->len)
		return true;
	if (value->p[0] != '=')
		return false;
	*value = span_from(*value, 1);
	return true;
}

bool route_query_value(struct span query, struct span name, struct span *value)
{
	u32 at, end;

	/* Byte by byte, as a query may be nothing but separators. */
	for (at = 0; at < query.len; at = end + 1) {
		for (end = at; end < query.len && query.p[end] != '&'; end++)
			;
		if (is_named((struct span){ query.p + at, end - at }, name, value))
			return true;
	}
	return false;
}

/* Only the first parameter of a name counts; its value may be nearly all of the query. */
static enum answer match_query(const struct value_match *m, struct route_request *req)
{
	u32 len = req->query.len;
	struct span value;
	bool present;

	if (!afford(req, len * COST_QUERY_BYTE + cost_of_value(m, len)))
		return ANSWER_LATER;
	present = route_query_value(req->query, m->name, &value);
	return verdict(m, present, present && match_value(m, value)) ? ANSWER_YES :
								       ANSWER_NO;
}

/* Whole segments: what follows the prefix is nothing or starts with '/'. */
static bool match_prefix(struct span path, struct span prefix)
{
	prefix = route_prefix_segments(prefix);
	return span_starts_with(path, prefix) &&
	       (path.len == prefix.len || path.p[prefix.len] == '/');
}

static bool match_template(const struct route_match *m, struct route_request *req)
{
	struct path_variables vars;
	bool matches = path_template_match(m->path, req->path, &vars);

	req->left -= vars.wildcards * COST_WILDCARD + vars.bytes * COST_FIELD;
	return matches;
}

static bool match_path(const struct route_match *m, struct route_request *req)
{
	struct span path = req->path;

	if (m->path_kind == PATH_MATCH_ANY)
		return true;
	/* CONNECT has no path, and "*" is none. */
	if (!path.len || path.p[0] != '/')
		return false;
	switch (m->path_kind) {
	case PATH_MATCH_EXACT:
		return span_eq(path, m->path);
	case PATH_MATCH_PREFIX:
		return match_prefix(path, m->path);
	case PATH_MATCH_RAW_PREFIX:
		return span_starts_with(path, m->path);
	case PATH_MATCH_SUFFIX:
		return ends_with(path, m->path);
	case PATH_MATCH_TEMPLATE:
		return match_template(m, req);
	default:
		return regexp_match(m->path_regexp, path);
	}
}

static bool draw(u32 fraction, struct route_request *req)
{
	struct route_search *s = &req->search;

	if (!s->drawn) {
		s->lot = mul_u32_u32(req->random(), ROUTE_FRACTION_ALL) >> 32;
		s->drawn = true;
	}
	return s->lot < fraction;
}

static struct route_mismatch mismatch(u8 kind, u16 index)
{
	return (struct route_mismatch){ .kind = kind, .index = index };
}

static bool same_listener(const struct route_match *m,
			  const struct route_request *req)
{
	return req->listener && name_eq(&m->listener, req->listener);
}

/* What a match costs but for its fields and parameters. */
static u32 cost_of_route(const struct route_match *m, u32 path_len)
{
	u32 cost = COST_ROUTE + m->path.len + m->method.len * COST_MATCH_BYTE;

	if (m->path_kind == PATH_MATCH_REGEX)
		cost += path_len * COST_MATCH_BYTE;
	return cost;
}

static enum answer match_nth_value(const struct route_match *m, u32 i,
				   struct route_request *req)
{
	int before = req->fields.cost;
	enum answer answer;

	if (i < m->nheaders) {
		req->fields.random = req->random;
		answer = match_header(&m->headers[i], req);
		req->left -= req->fields.cost - before;
	} else {
		answer = match_query(&m->query[i - m->nheaders], req);
	}
	req->fresh = false;
	return answer;
}

/* The fields and parameters that were not looked at yet. */
static struct route_mismatch match_values(const struct route_match *m,
					  struct route_request *req)
{
	u32 i = req->search.values, first = i, n = m->nheaders + m->nquery;
	enum answer answer;

	req->search.values = 0;
	for (; i < n; i++) {
		answer = ANSWER_LATER;
		if (req->left > 0 || i == first)
			answer = match_nth_value(m, i, req);
		if (answer == ANSWER_YES)
			continue;
		if (answer == ANSWER_LATER) {
			req->search.values = i;
			return mismatch(ROUTE_UNDECIDED, 0);
		}
		return i < m->nheaders ?
		       mismatch(ROUTE_HEADER_DIFFERS, i) :
		       mismatch(ROUTE_QUERY_DIFFERS, i - m->nheaders);
	}
	return mismatch(ROUTE_MATCHES, 0);
}

static struct route_mismatch match_client(const struct route_match *m,
					  struct route_request *req)
{
	if (m->source.family &&
	    !network_has(&m->source, req->source_family, req->source))
		return mismatch(ROUTE_SOURCE_DIFFERS, 0);
	if (m->source_netns && m->source_netns != req->source_netns)
		return mismatch(ROUTE_NETNS_DIFFERS, 0);
	if (m->listener.name.len && !same_listener(m, req))
		return mismatch(ROUTE_LISTENER_DIFFERS, 0);
	if (m->has_fraction && !draw(m->fraction, req))
		return mismatch(ROUTE_NOT_DRAWN, 0);
	return mismatch(ROUTE_MATCHES, 0);
}

struct route_mismatch route_match_request(const struct route_match *m,
					  struct route_request *req)
{
	struct route_mismatch r;

	if (!req->search.values) {
		req->left -= cost_of_route(m, req->path.len);
		if (!match_path(m, req))
			return mismatch(ROUTE_PATH_DIFFERS, 0);
		if (m->method.len && !span_is_listed(m->method, req->method))
			return mismatch(ROUTE_METHOD_DIFFERS, 0);
	}
	if (m->nheaders + m->nquery) {
		r = match_values(m, req);
		if (r.kind != ROUTE_MATCHES)
			return r;
	}
	return match_client(m, req);
}
