// SPDX-License-Identifier: GPL-2.0
#include "authz/authz_rule.h"

#include "authz/workload.h"
#include "http/message.h"
#include "lib/address.h"

static bool ends_with(struct span s, struct span suffix)
{
	return s.len >= suffix.len && span_eq(span_from(s, s.len - suffix.len), suffix);
}

/* "*" is any text. Goes back to the last "*" alone, so it is at most a product. */
static bool match_glob(struct span glob, struct span s)
{
	u32 g = 0, i = 0, star = 0, from = 0;
	bool starred = false;

	while (i < s.len) {
		if (g < glob.len && glob.p[g] == '*') {
			starred = true;
			star = ++g;
			from = i;
		} else if (g < glob.len && glob.p[g] == s.p[i]) {
			g++;
			i++;
		} else if (starred) {
			g = star;
			i = ++from;
		} else {
			return false;
		}
	}
	while (g < glob.len && glob.p[g] == '*')
		g++;
	return g == glob.len;
}

/* The segment that @s begins with, behind a '/'; @s becomes what follows, a '/' first. */
static struct span next_segment(struct span *s)
{
	struct span segment = span_from(*s, 1);
	const char *slash = memchr(segment.p, '/', segment.len);

	if (slash)
		segment.len = slash - segment.p;
	*s = span_from(*s, 1 + segment.len);
	return segment;
}

static bool match_template(struct span template, struct span path)
{
	struct span wanted, segment, rest;

	while (template.len && path.len && path.p[0] == '/') {
		rest = span_from(path, 1);
		wanted = next_segment(&template);
		if (span_eq(wanted, SPAN(AUTHZ_TEMPLATE_REST)))
			return ends_with(rest, template);
		segment = next_segment(&path);
		if (span_eq(wanted, SPAN(AUTHZ_TEMPLATE_ONE)) ? !segment.len :
								!span_eq(wanted, segment))
			return false;
	}
	return !template.len && !path.len;
}

const char *authz_rule_check_template(struct span template)
{
	struct span segment;
	bool last = false;

	if (!template.len || template.p[0] != '/')
		return "a template of paths begins with /";
	while (template.len) {
		segment = next_segment(&template);
		if (!memchr(segment.p, '{', segment.len) &&
		    !memchr(segment.p, '}', segment.len) &&
		    !memchr(segment.p, '*', segment.len))
			continue;
		if (last)
			return AUTHZ_TEMPLATE_REST " is the last variable of a template";
		last = span_eq(segment, SPAN(AUTHZ_TEMPLATE_REST));
		if (!last && !span_eq(segment, SPAN(AUTHZ_TEMPLATE_ONE)))
			return "a segment of a template is text, " AUTHZ_TEMPLATE_ONE
			       " or " AUTHZ_TEMPLATE_REST;
	}
	return NULL;
}

static noinline bool match_odd_text(const struct authz_value *v, struct span s)
{
	switch ((enum authz_value_kind)v->kind) {
	case AUTHZ_SUFFIX:
		return ends_with(s, v->text.name);
	case AUTHZ_PRESENT:
		return s.len;
	case AUTHZ_GLOB:
		return match_glob(v->text.name, s);
	case AUTHZ_TEMPLATE:
		return match_template(v->text.name, s);
	default:
		return false;
	}
}

/* Most are one of these two. */
static inline bool match_text(const struct authz_value *v, struct span s)
{
	if (v->kind == AUTHZ_EXACT)
		return span_eq(s, v->text.name);
	if (v->kind == AUTHZ_PREFIX)
		return span_starts_with(s, v->text.name);
	return match_odd_text(v, s);
}

/* As hosts compare. */
static bool match_host(const struct authz_value *v, struct span s)
{
	struct span part = s;

	if (v->kind != AUTHZ_PRESENT) {
		if (s.len < v->text.name.len)
			return false;
		part.len = v->text.name.len;
		if (v->kind == AUTHZ_SUFFIX)
			part = span_from(s, s.len - part.len);
		else if (v->kind == AUTHZ_EXACT)
			part = s;
		return span_eq_nocase(part, v->text.name);
	}
	return s.len;
}

static const struct authz_value *values_of(const struct authz_rules *set,
					   const struct authz_term *t)
{
	return set->values + t->first;
}

static bool any_text(const struct authz_rules *set, const struct authz_term *t,
		     struct span s)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;

	for (; v < end; v++)
		if (match_text(v, s))
			return true;
	return false;
}

static bool any_host(const struct authz_rules *set, const struct authz_term *t,
		     struct span s)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;

	for (; v < end; v++)
		if (match_host(v, s))
			return true;
	return false;
}

static bool any_name(const struct authz_rules *set, const struct authz_term *t,
		     const struct name_ref *name)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;

	for (; v < end; v++)
		if (v->kind == AUTHZ_EXACT ? name_eq(&v->text, name) :
					     match_text(v, name->name))
			return true;
	return false;
}

static bool any_network(const struct authz_rules *set, const struct authz_term *t,
			const struct address *a)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;

	for (; v < end; v++)
		if (network_has(&v->network, a->family, (const u8 *)&a->v6))
			return true;
	return false;
}

static bool any_port(const struct authz_rules *set, const struct authz_term *t, u16 port)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;

	for (; v < end; v++)
		if (v->port == port)
			return true;
	return false;
}

/* ---- fields of a name, as if their values were one, joined by "," (RFC 9110 5.3) ---- */

struct joined {
	const struct message *message;
	u32 n;
	u8 places[MESSAGE_FIELDS_MAX];	/* of its fields */
};

static void join(struct joined *j, const struct message *m, struct span name)
{
	const struct message_field *f = m->fields;

	j->message = m;
	for (j->n = 0; (f = message_find_from(m, name, f)); f++)
		j->places[j->n++] = f - m->fields;
}

static struct span joined_value(const struct joined *j, u32 i)
{
	return message_value(j->message, &j->message->fields[j->places[i]]);
}

/* Do they begin with @text? @whole: are they it? There is one at least. */
static bool joined_begins(const struct joined *j, struct span text, bool whole)
{
	struct span value;
	u32 i;

	for (i = 0;; i++) {
		value = joined_value(j, i);
		if (text.len <= value.len)
			return span_starts_with(value, text) &&
			       (!whole || (text.len == value.len && i + 1 == j->n));
		if (i + 1 == j->n || !span_starts_with(text, value) ||
		    text.p[value.len] != ',')
			return false;
		text = span_from(text, value.len + 1);
	}
}

/* Do they end with @text? */
static bool joined_ends(const struct joined *j, struct span text)
{
	struct span value;
	u32 i;

	for (i = j->n - 1;; i--) {
		value = joined_value(j, i);
		if (text.len <= value.len)
			return ends_with(value, text);
		if (!i || !ends_with(text, value) ||
		    text.p[text.len - value.len - 1] != ',')
			return false;
		text.len -= value.len + 1;
	}
}

static bool match_joined(const struct authz_value *v, const struct joined *j)
{
	switch ((enum authz_value_kind)v->kind) {
	case AUTHZ_EXACT:
		return joined_begins(j, v->text.name, true);
	case AUTHZ_PREFIX:
		return joined_begins(j, v->text.name, false);
	case AUTHZ_SUFFIX:
		return joined_ends(j, v->text.name);
	default:
		return true;
	}
}

static bool any_header(const struct authz_rules *set, const struct authz_term *t,
		       const struct message *m)
{
	const struct authz_value *v = values_of(set, t), *end = v + t->n;
	struct joined j;

	join(&j, m, t->header);
	if (!j.n)
		return false;
	for (; v < end; v++)
		if (v->kind == AUTHZ_PRESENT ||
		    (j.n > 1 ? match_joined(v, &j) : match_text(v, joined_value(&j, 0))))
			return true;
	return false;
}

/* ---- terms, groups, rules ---- */

/* Nobody knows what it asks for. */
static bool is_unknown(const struct authz_term *t, const struct authz_request *req)
{
	return t->key >= AUTHZ_HOST ? !req->message : t->key == AUTHZ_SNI && !req->sni.p;
}

/* What it takes at least to look at a value, and at 64 bytes of text. */
#define TEXT_UNIT	64

u32 authz_rule_value_cost(u8 key, const struct authz_value *v)
{
	u32 len = v->text.name.len;

	switch ((enum authz_value_kind)v->kind) {
	case AUTHZ_GLOB:
		/* Of a name that is as long as one may be. */
		return 1 + len * 256 / TEXT_UNIT;
	case AUTHZ_TEMPLATE:
		return 1 + MESSAGE_TARGET_MAX / TEXT_UNIT;
	default:
		break;
	}
	/* There may be as many fields as a head may have. */
	return 1 + len / TEXT_UNIT + (key == AUTHZ_HEADER ? MESSAGE_FIELDS_MAX / 4 : 0);
}

static noinline bool any_other_value(const struct authz_rules *set,
				     const struct authz_term *t,
				     const struct authz_request *req)
{
	switch ((enum authz_key)t->key) {
	case AUTHZ_SOURCE_NAMESPACE:
		return req->source && any_name(set, t, &req->source->namespace);
	case AUTHZ_SOURCE_IP:
		return any_network(set, t, req->peer);
	case AUTHZ_REMOTE_IP:
		return any_network(set, t, req->client);
	case AUTHZ_DESTINATION_IP:
		return any_network(set, t, req->to);
	case AUTHZ_DESTINATION_PORT:
		return any_port(set, t, ntohs(req->to->port));
	case AUTHZ_SNI:
		return any_text(set, t, req->sni);
	case AUTHZ_HOST:
		return any_host(set, t, message_authority(req->message));
	case AUTHZ_HEADER:
		return any_header(set, t, req->message);
	default:
		return false;
	}
}

/* What is asked for most comes first: kernels compile no switch into a jump. */
static inline bool any_value(const struct authz_rules *set, const struct authz_term *t,
			     const struct authz_request *req)
{
	if (t->key == AUTHZ_PATH)
		return any_text(set, t, req->path);
	if (t->key == AUTHZ_METHOD)
		return any_text(set, t, message_method(req->message));
	if (t->key == AUTHZ_SOURCE_PRINCIPAL)
		return req->source && any_name(set, t, &req->source->principal);
	return any_other_value(set, t, req);
}

static bool match_group(const struct authz_rules *set, u32 group,
			struct authz_request *req)
{
	const struct authz_term *t = set->terms + set->groups[group].first;
	const struct authz_term *end = t + set->groups[group].n;

	for (; t < end; t++) {
		if (is_unknown(t, req))
			continue;
		req->cost += t->n;
		if (any_value(set, t, req) == t->negated)
			return false;
	}
	return true;
}

static bool match_one_of(const struct authz_rules *set, u32 first, u32 n,
			 struct authz_request *req)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (match_group(set, first + i, req))
			return true;
	return !n;
}

bool authz_rule_matches(const struct authz_rules *set, const struct authz_rule *rule,
			struct authz_request *req, bool strict)
{
	req->cost++;
	if (strict && ((rule->http && !req->message) || (rule->sni && !req->sni.p)))
		return false;
	return match_one_of(set, rule->from, rule->nfrom, req) &&
	       match_one_of(set, rule->to, rule->nto, req) &&
	       (!set->groups[rule->when].n || match_group(set, rule->when, req));
}
