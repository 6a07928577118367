// SPDX-License-Identifier: GPL-2.0
/* What a route's match says. */
#include <linux/mm.h>
#include <linux/stringify.h>
#include "http/chars.h"
#include "http/path_template.h"
#include "netlink/netlink.h"

static int check_regexp(struct route_parser *p, const struct nlattr *nla,
			struct refusal *r)
{
	int err;

	if (!p->regexp)
		p->regexp = kvmalloc(sizeof(*p->regexp), GFP_KERNEL_ACCOUNT);
	if (!p->regexp)
		return refusal_set(r, -ENOMEM, "out of memory");
	err = regexp_compile(p->regexp, attr_span(nla));
	return err ? refusal_set_attr(r, nla, err, "regular expression: %s",
				      p->regexp->why) : 0;
}

/* What may stand in a query, RFC 3986 3.4, less what separates its parameters. */
static bool query_valid(struct span s, const char *separators)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || strchr(separators, s.p[i]))
			return false;
	return true;
}

bool netlink_query_name_valid(struct span name)
{
	return name.len && query_valid(name, "&#=");
}

static bool match_name_valid(struct span name, bool query)
{
	return query ? netlink_query_name_valid(name) : chars_token_valid(name);
}

static bool match_value_valid(struct span value, bool query)
{
	return query ? query_valid(value, "&#") : chars_value_valid(value);
}

/* The attributes that are texts to compare with. */
static const struct {
	u16 attr;
	u8 kind;
} text_matches[] = {
	{ L7MESH_VALUE_MATCH_A_EXACT, VALUE_MATCH_EXACT },
	{ L7MESH_VALUE_MATCH_A_PREFIX, VALUE_MATCH_PREFIX },
	{ L7MESH_VALUE_MATCH_A_SUFFIX, VALUE_MATCH_SUFFIX },
	{ L7MESH_VALUE_MATCH_A_CONTAINS, VALUE_MATCH_CONTAINS },
	{ L7MESH_VALUE_MATCH_A_REGEX, VALUE_MATCH_REGEX },
};

static int parse_text(struct value_match *m, const struct nlattr *nla, u8 kind,
		      struct route_parser *p, bool query, struct refusal *r)
{
	m->kind = kind;
	m->value = attr_span(nla);
	if (kind == VALUE_MATCH_REGEX)
		return check_regexp(p, nla, r);
	if (!match_value_valid(m->value, query))
		return refusal_set_attr(r, nla, -EINVAL,
					"this value can never be in a request");
	return 0;
}

static int parse_range(struct value_match *m, struct nlattr **tb,
		       const struct nlattr *item, struct refusal *r)
{
	const struct nlattr *start = tb[L7MESH_VALUE_MATCH_A_RANGE_START];
	const struct nlattr *end = tb[L7MESH_VALUE_MATCH_A_RANGE_END];

	if (!start)
		return refusal_set_missing(r, item,
					   L7MESH_VALUE_MATCH_A_RANGE_START,
					   "RANGE_START");
	if (!end)
		return refusal_set_missing(r, item, L7MESH_VALUE_MATCH_A_RANGE_END,
					   "RANGE_END");
	m->kind = VALUE_MATCH_RANGE;
	m->first = nla_get_s64(start);
	m->end = nla_get_s64(end);
	if (m->first >= m->end)
		return refusal_set_attr(r, end, -EINVAL,
					"RANGE_END must be above RANGE_START: it is not part of the range");
	return 0;
}

static int parse_value(struct value_match *m, struct nlattr **tb,
		       const struct nlattr *item, struct route_parser *p,
		       bool query, struct refusal *r)
{
	struct nlattr *present = tb[L7MESH_VALUE_MATCH_A_PRESENT], *text = NULL;
	struct nlattr *invert = tb[L7MESH_VALUE_MATCH_A_INVERT];
	bool range = tb[L7MESH_VALUE_MATCH_A_RANGE_START] ||
		     tb[L7MESH_VALUE_MATCH_A_RANGE_END];
	int i, n = !!present + range;
	u8 kind = 0;

	for (i = 0; i < ARRAY_SIZE(text_matches); i++) {
		if (!tb[text_matches[i].attr])
			continue;
		text = tb[text_matches[i].attr];
		kind = text_matches[i].kind;
		n++;
	}
	if (n != 1)
		return refusal_set(r, -EINVAL,
				   "exactly one of EXACT, PREFIX, SUFFIX, CONTAINS, REGEX, RANGE_START with RANGE_END, PRESENT is needed");
	m->invert = invert;
	if (text)
		return parse_text(m, text, kind, p, query, r);
	if (range)
		return parse_range(m, tb, item, r);
	if (m->invert)
		return refusal_set_attr(r, invert, -EINVAL,
					"PRESENT is inverted by its value, 0");
	m->kind = nla_get_u8(present) ? VALUE_MATCH_PRESENT :
					VALUE_MATCH_ABSENT;
	return 0;
}

static int parse_value_match(struct value_match *m, const struct nlattr *item,
			     struct route_parser *p, bool query,
			     struct refusal *r)
{
	struct nlattr *tb[L7MESH_VALUE_MATCH_A_MAX + 1];
	struct nlattr *name;
	int err;

	err = netlink_parse(tb, L7MESH_VALUE_MATCH_A_MAX, item,
			    netlink_value_match_policy, r);
	if (err)
		return err;
	name = tb[L7MESH_VALUE_MATCH_A_NAME];
	if (!name)
		return refusal_set_missing(r, item, L7MESH_VALUE_MATCH_A_NAME, "NAME");
	memset(m, 0, sizeof(*m));
	m->name = attr_span(name);
	if (!match_name_valid(m->name, query))
		return refusal_set_attr(r, name, -EINVAL, "%s",
					query ? "not the name of a query parameter" :
					"not the name of a header field");
	r->attr = item;
	return parse_value(m, tb, item, p, query, r);
}

static int parse_value_matches(struct value_match *m, u16 *n,
			       const struct nlattr *list,
			       struct route_parser *p, bool query,
			       struct refusal *r)
{
	const struct nlattr *item;
	int rem, err;

	*n = 0;
	if (!list)
		return 0;
	nla_for_each_nested(item, list, rem) {
		if (*n == NETLINK_VALUE_MATCH_LIST_MAX)
			return refusal_set_attr(r, item, -E2BIG,
						"more than "
						__stringify(NETLINK_VALUE_MATCH_LIST_MAX)
						" in one match");
		err = parse_value_match(&m[*n], item, p, query, r);
		if (err)
			return err;
		++*n;
	}
	return 0;
}

static const struct {
	u16 attr;
	u8 kind;
} path_matches[] = {
	{ L7MESH_MATCH_A_PATH_EXACT, PATH_MATCH_EXACT },
	{ L7MESH_MATCH_A_PATH_PREFIX, PATH_MATCH_PREFIX },
	{ L7MESH_MATCH_A_PATH_RAW_PREFIX, PATH_MATCH_RAW_PREFIX },
	{ L7MESH_MATCH_A_PATH_SUFFIX, PATH_MATCH_SUFFIX },
	{ L7MESH_MATCH_A_PATH_TEMPLATE, PATH_MATCH_TEMPLATE },
	{ L7MESH_MATCH_A_PATH_REGEX, PATH_MATCH_REGEX },
};

/* What may stand in a path, as route_path_valid() has it. */
static bool suffix_valid(struct span s)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == '?' ||
		    s.p[i] == '#')
			return false;
	return s.len;
}

static int check_path(const struct route_match *m, struct route_parser *p,
		      const struct nlattr *nla, struct refusal *r)
{
	const char *why;

	if (m->path_kind == PATH_MATCH_REGEX)
		return check_regexp(p, nla, r);
	if (m->path_kind == PATH_MATCH_SUFFIX)
		return suffix_valid(m->path) ? 0 :
		       refusal_set_attr(r, nla, -EINVAL,
					"a suffix is not empty and has no space, ? and #");
	if (!route_path_valid(m->path))
		return refusal_set_attr(r, nla, -EINVAL,
					"a path starts with / and has no space, ? and #");
	if (m->path_kind != PATH_MATCH_TEMPLATE)
		return 0;
	why = path_template_check(m->path);
	return why ? refusal_set_attr(r, nla, -EINVAL, "%s", why) : 0;
}

static int parse_path(struct route_match *m, struct nlattr **tb,
		      struct route_parser *p, struct refusal *r)
{
	struct nlattr *found = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(path_matches); i++) {
		struct nlattr *nla = tb[path_matches[i].attr];

		if (!nla)
			continue;
		if (found)
			return refusal_set_attr(r, nla, -EINVAL,
						"only one of the PATH attributes is allowed");
		found = nla;
		m->path_kind = path_matches[i].kind;
		m->path = attr_span(nla);
	}
	return found ? check_path(m, p, found, r) : 0;
}

static int parse_method(struct route_match *m, const struct nlattr *nla,
			struct refusal *r)
{
	struct span rest;

	if (!nla)
		return 0;
	m->method = attr_span(nla);
	rest = m->method;
	do {
		if (!chars_token_valid(span_take_part(&rest)))
			break;
		if (!rest.len && m->method.p[m->method.len - 1] != ',')
			return 0;
	} while (rest.len);
	return refusal_set_attr(r, nla, -EINVAL, "not a method, or methods with commas");
}

static int parse_client(struct route_match *m, struct nlattr **tb,
			struct refusal *r)
{
	struct nlattr *netns = tb[L7MESH_MATCH_A_SOURCE_NETNS];
	struct nlattr *listener = tb[L7MESH_MATCH_A_LISTENER];
	struct nlattr *fraction = tb[L7MESH_MATCH_A_FRACTION];
	struct nlattr *source = tb[L7MESH_MATCH_A_SOURCE];
	int err = source ? attr_network(source, &m->source, r) : 0;

	if (!err && listener)
		err = attr_name(listener, &m->listener, r);
	if (netns)
		m->source_netns = nla_get_u64(netns);
	m->has_fraction = fraction;
	if (fraction)
		m->fraction = nla_get_u32(fraction);
	return err;
}

int netlink_parse_match(struct route_match *m, struct route_parser *p,
			const struct nlattr *nest, struct refusal *r)
{
	struct nlattr *tb[L7MESH_MATCH_A_MAX + 1];
	int err;

	memset(m, 0, sizeof(*m));
	m->headers = p->headers;
	m->query = p->query;
	err = netlink_parse(tb, L7MESH_MATCH_A_MAX, nest, netlink_match_policy,
			    r);
	if (!err)
		err = parse_path(m, tb, p, r);
	if (!err)
		err = parse_method(m, tb[L7MESH_MATCH_A_METHOD], r);
	if (!err)
		err = parse_value_matches(p->headers, &m->nheaders,
					  tb[L7MESH_MATCH_A_HEADERS], p, false, r);
	if (!err)
		err = parse_value_matches(p->query, &m->nquery,
					  tb[L7MESH_MATCH_A_QUERY], p, true, r);
	if (!err)
		err = parse_client(m, tb, r);
	return err;
}
