// SPDX-License-Identifier: GPL-2.0
/*
 * Rules are read twice: once without memory, which counts what there is of each kind and
 * refuses what is wrong, and once into arrays of these sizes.
 */
#include "authz/authorization.h"

#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/l7mesh.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stringify.h>

#include "authz/authz_count.h"
#include "authz/workload.h"
#include "http/chars.h"
#include "lib/account.h"
#include "lib/attr.h"
#include "lib/metadata.h"
#include "lib/objset.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"

/* As many as a policy may have: a message could hold five times as many. */
#define RULES_MAX	512

/* Dumps put the other attributes beside them into one nest, whose length has 16 bits. */
#define RULES_BYTES_MAX	60000

/* What is read so far; with memory, where it goes to. */
struct reader {
	struct authz_rule *rules;	/* NULL: only count */
	struct authz_group *groups;
	struct authz_term *terms;
	struct authz_value *values;
	struct authz_rules n;		/* the numbers alone */
	u32 cost;			/* of the rule that is read */
	struct refusal *r;
};

/* A list of values under a key; the header if it is one of those. */
struct list {
	u8 key;			/* enum authz_key */
	bool negated;
	struct span header;
	const struct nlattr *attr;
};

/* ---- values ---- */

static int read_port(struct authz_value *v, const struct nlattr *item, struct refusal *r)
{
	struct span text = attr_span(item);
	char digits[6] = {};

	v->kind = AUTHZ_PORT;
	if (text.len && text.len < sizeof(digits)) {
		memcpy(digits, text.p, text.len);
		if (!kstrtou16(digits, 10, &v->port))
			return 0;
	}
	return refusal_set_attr(r, item, -EINVAL, "this is no port");
}

static int read_network(struct authz_value *v, const struct nlattr *item,
			struct refusal *r)
{
	v->kind = AUTHZ_NETWORK;
	return attr_network_text(item, &v->network, r);
}

static bool has_star(struct span s)
{
	return memchr(s.p, '*', s.len);
}

/* "*", "*text", "text*" or text. A "*" elsewhere is itself, as with Istio. */
static void read_text(struct authz_value *v, struct span text)
{
	v->kind = AUTHZ_EXACT;
	if (span_eq(text, SPAN("*"))) {
		v->kind = AUTHZ_PRESENT;
		text.len = 0;
	} else if (text.p[0] == '*') {
		v->kind = AUTHZ_SUFFIX;
		text = span_from(text, 1);
	} else if (text.p[text.len - 1] == '*') {
		v->kind = AUTHZ_PREFIX;
		text.len--;
	}
	v->text = v->kind == AUTHZ_EXACT ? name_ref(text) :
					   (struct name_ref){ .name = text };
}

/* What no path has that is compared, so that a policy would match nothing without a word. */
static const char *path_problem(struct span text)
{
	u32 i;

	for (i = 0; i < text.len; i++) {
		struct span rest = span_from(text, i);

		if (text.p[i] == '%')
			return "paths are compared with nothing escaped";
		if (text.p[i] == '\\' || text.p[i] == '?' || text.p[i] == '#')
			return "a path has no \\, and is compared without query";
		if (span_starts_with(rest, SPAN("//")) ||
		    span_starts_with(rest, SPAN("/./")) ||
		    span_starts_with(rest, SPAN("/../")) ||
		    span_eq(rest, SPAN("/.")) || span_eq(rest, SPAN("/..")))
			return "paths are compared without //, /. and /..";
	}
	return NULL;
}

static int read_path(struct authz_value *v, const struct nlattr *item, struct refusal *r)
{
	struct span text = attr_span(item);
	const char *problem = path_problem(text);

	if (problem)
		return refusal_set_attr(r, item, -EINVAL, "%s", problem);
	if (!memchr(text.p, '{', text.len)) {
		read_text(v, text);
		return 0;
	}
	v->kind = AUTHZ_TEMPLATE;
	v->text.name = text;
	problem = authz_rule_check_template(text);
	return problem ? refusal_set_attr(r, item, -EINVAL, "%s", problem) : 0;
}

/* "*" may be anywhere. */
static void read_namespace(struct authz_value *v, struct span text)
{
	if (text.len == 1) {
		read_text(v, text);
		return;
	}
	v->kind = has_star(text) ? AUTHZ_GLOB : AUTHZ_EXACT;
	v->text = v->kind == AUTHZ_EXACT ? name_ref(text) :
					   (struct name_ref){ .name = text };
}

/* As Istio writes them: one that has the scheme would never match. */
static int read_principal(struct authz_value *v, const struct nlattr *item,
			  struct refusal *r)
{
	struct span text = attr_span(item);

	if (span_starts_with(text, SPAN(WORKLOAD_SPIFFE)))
		return refusal_set_attr(r, item, -EINVAL,
					"principals are written without " WORKLOAD_SPIFFE);
	read_text(v, text);
	return 0;
}

static int read_value(struct authz_value *v, const struct list *l,
		      const struct nlattr *item, struct refusal *r)
{
	struct span text = attr_span(item);

	if (!text.len)
		return refusal_set_attr(r, item, -EINVAL, "an empty value");
	switch ((enum authz_key)l->key) {
	case AUTHZ_SOURCE_IP:
	case AUTHZ_REMOTE_IP:
	case AUTHZ_DESTINATION_IP:
		return read_network(v, item, r);
	case AUTHZ_DESTINATION_PORT:
		return read_port(v, item, r);
	case AUTHZ_PATH:
		return read_path(v, item, r);
	case AUTHZ_SOURCE_NAMESPACE:
		read_namespace(v, text);
		return 0;
	case AUTHZ_SOURCE_PRINCIPAL:
		return read_principal(v, item, r);
	default:
		read_text(v, text);
		return 0;
	}
}

/* ---- terms ---- */

static int read_values(struct reader *rd, const struct list *l)
{
	const struct nlattr *item;
	int rem, err;

	nla_for_each_nested(item, l->attr, rem) {
		struct authz_value value = {};

		err = read_value(&value, l, item, rd->r);
		if (err)
			return err;
		rd->cost += authz_rule_value_cost(l->key, &value);
		if (rd->values)
			rd->values[rd->n.nvalues] = value;
		rd->n.nvalues++;
		cond_resched();
	}
	return 0;
}

/* A list of nothing would match everything, or nothing: nobody can mean it. */
static int refuse_empty(const struct reader *rd, const struct nlattr *attr)
{
	return refusal_set_attr(rd->r, attr, -EINVAL, "there is nothing in it");
}

/* NULL: it was not given. */
static int read_list(struct reader *rd, const struct list *l)
{
	u32 first = rd->n.nvalues;
	int err = l->attr ? read_values(rd, l) : 0;

	if (err || !l->attr)
		return err;
	if (rd->n.nvalues == first)
		return refuse_empty(rd, l->attr);
	if (rd->terms)
		rd->terms[rd->n.nterms] = (struct authz_term){
			.key = l->key,
			.negated = l->negated,
			.header = l->header,
			.first = first,
			.n = rd->n.nvalues - first,
		};
	rd->n.nterms++;
	return 0;
}

static void end_group(struct reader *rd, u32 first)
{
	if (rd->groups)
		rd->groups[rd->n.ngroups] = (struct authz_group){
			.first = first,
			.n = rd->n.nterms - first,
		};
	rd->n.ngroups++;
}

/* Which key, by its attribute; the next attribute is the same negated. */
struct known {
	u16 attr;
	u8 key;
};

static const struct known of_source[] = {
	{ L7MESH_AUTHORIZATION_SOURCE_A_PRINCIPALS, AUTHZ_SOURCE_PRINCIPAL },
	{ L7MESH_AUTHORIZATION_SOURCE_A_NAMESPACES, AUTHZ_SOURCE_NAMESPACE },
	{ L7MESH_AUTHORIZATION_SOURCE_A_IP_BLOCKS, AUTHZ_SOURCE_IP },
	{ L7MESH_AUTHORIZATION_SOURCE_A_REMOTE_IP_BLOCKS, AUTHZ_REMOTE_IP },
};

static const struct known of_operation[] = {
	{ L7MESH_AUTHORIZATION_OPERATION_A_PORTS, AUTHZ_DESTINATION_PORT },
	{ L7MESH_AUTHORIZATION_OPERATION_A_METHODS, AUTHZ_METHOD },
	{ L7MESH_AUTHORIZATION_OPERATION_A_HOSTS, AUTHZ_HOST },
	{ L7MESH_AUTHORIZATION_OPERATION_A_PATHS, AUTHZ_PATH },
};

static_assert(ARRAY_SIZE(of_source) * 2 == L7MESH_AUTHORIZATION_SOURCE_A_MAX);
static_assert(ARRAY_SIZE(of_operation) * 2 == L7MESH_AUTHORIZATION_OPERATION_A_MAX);
static_assert(ARRAY_SIZE(of_source) == ARRAY_SIZE(of_operation));
static_assert((int)L7MESH_AUTHORIZATION_SOURCE_A_MAX ==
	      (int)L7MESH_AUTHORIZATION_OPERATION_A_MAX);

/* A source or an operation. */
static int read_group(struct reader *rd, const struct nlattr *nest,
		      const struct known *known)
{
	struct nlattr *tb[L7MESH_AUTHORIZATION_SOURCE_A_MAX + 1];
	u32 i, first = rd->n.nterms;
	int err;

	err = attr_parse(tb, L7MESH_AUTHORIZATION_SOURCE_A_MAX, nest, rd->r);
	for (i = 0; i < 2 * ARRAY_SIZE(of_source) && !err; i++) {
		struct list l = {
			.key = known[i / 2].key,
			.negated = i % 2,
			.attr = tb[known[i / 2].attr + i % 2],
		};

		err = read_list(rd, &l);
	}
	if (!err && rd->n.nterms == first)
		err = refuse_empty(rd, nest);
	if (!err)
		end_group(rd, first);
	return err;
}

static int read_groups(struct reader *rd, const struct nlattr *list,
		       const struct known *known, u32 *first, u32 *n)
{
	const struct nlattr *item;
	int rem, err;

	*first = rd->n.ngroups;
	*n = 0;
	if (!list)
		return 0;
	nla_for_each_nested(item, list, rem) {
		err = read_group(rd, item, known);
		if (err)
			return err;
		(*n)++;
	}
	return *n ? 0 : refuse_empty(rd, list);
}

/* ---- conditions ---- */

static const struct {
	struct span name;
	u8 key;
} condition_keys[] = {
	{ SPAN("source.ip"), AUTHZ_SOURCE_IP },
	{ SPAN("remote.ip"), AUTHZ_REMOTE_IP },
	{ SPAN("source.namespace"), AUTHZ_SOURCE_NAMESPACE },
	{ SPAN("source.principal"), AUTHZ_SOURCE_PRINCIPAL },
	{ SPAN("destination.ip"), AUTHZ_DESTINATION_IP },
	{ SPAN("destination.port"), AUTHZ_DESTINATION_PORT },
	{ SPAN("connection.sni"), AUTHZ_SNI },
};

#define HEADER_KEY	"request.headers["

/* request.headers[NAME] */
static bool read_header_key(struct list *l, struct span text)
{
	if (!span_starts_with(text, SPAN(HEADER_KEY)) || text.p[text.len - 1] != ']')
		return false;
	l->key = AUTHZ_HEADER;
	l->header = span_from(text, strlen(HEADER_KEY));
	l->header.len--;
	return chars_token_valid(l->header);
}

static int read_key(struct list *l, const struct nlattr *nla, struct refusal *r)
{
	struct span text = attr_span(nla);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(condition_keys); i++) {
		if (!span_eq(text, condition_keys[i].name))
			continue;
		l->key = condition_keys[i].key;
		return 0;
	}
	if (text.len && read_header_key(l, text))
		return 0;
	return refusal_set_attr(r, nla, -EINVAL, "there is no such key of a condition");
}

static int read_condition(struct reader *rd, const struct nlattr *nest)
{
	struct nlattr *tb[L7MESH_AUTHORIZATION_CONDITION_A_MAX + 1];
	u32 first = rd->n.nterms;
	struct list l = {};
	int err;

	err = attr_parse(tb, L7MESH_AUTHORIZATION_CONDITION_A_MAX, nest, rd->r);
	if (err)
		return err;
	if (!tb[L7MESH_AUTHORIZATION_CONDITION_A_KEY])
		return refusal_set_missing(rd->r, nest,
					   L7MESH_AUTHORIZATION_CONDITION_A_KEY, "KEY");
	err = read_key(&l, tb[L7MESH_AUTHORIZATION_CONDITION_A_KEY], rd->r);
	if (err)
		return err;
	l.attr = tb[L7MESH_AUTHORIZATION_CONDITION_A_VALUES];
	err = read_list(rd, &l);
	if (err)
		return err;
	l.attr = tb[L7MESH_AUTHORIZATION_CONDITION_A_NOT_VALUES];
	l.negated = true;
	err = read_list(rd, &l);
	if (!err && rd->n.nterms == first)
		err = refusal_set_attr(rd->r, nest, -EINVAL,
				       "a condition has VALUES or NOT_VALUES");
	return err;
}

static int read_conditions(struct reader *rd, const struct nlattr *list, u32 *group)
{
	u32 first = rd->n.nterms;
	const struct nlattr *item;
	int rem, err;

	*group = rd->n.ngroups;
	if (list) {
		nla_for_each_nested(item, list, rem) {
			err = read_condition(rd, item);
			if (err)
				return err;
		}
		if (rd->n.nterms == first)
			return refuse_empty(rd, list);
	}
	end_group(rd, first);
	return 0;
}

/* ---- rules ---- */

/* What has to be known for it, by its terms, which begin at @first. */
static void note_needs(const struct reader *rd, struct authz_rule *rule, u32 first)
{
	u32 i;

	rule->http = false;
	rule->sni = false;
	for (i = first; i < rd->n.nterms; i++) {
		rule->http |= rd->terms[i].key >= AUTHZ_HOST;
		rule->sni |= rd->terms[i].key == AUTHZ_SNI;
	}
}

static int read_rule(struct reader *rd, const struct nlattr *nest)
{
	struct nlattr *tb[L7MESH_AUTHORIZATION_RULE_A_MAX + 1];
	u32 terms = rd->n.nterms;
	struct authz_rule rule;
	int err;

	rd->cost = 1;
	err = attr_parse(tb, L7MESH_AUTHORIZATION_RULE_A_MAX, nest, rd->r) ?:
	      read_groups(rd, tb[L7MESH_AUTHORIZATION_RULE_A_FROM], of_source,
			  &rule.from, &rule.nfrom) ?:
	      read_groups(rd, tb[L7MESH_AUTHORIZATION_RULE_A_TO], of_operation,
			  &rule.to, &rule.nto) ?:
	      read_conditions(rd, tb[L7MESH_AUTHORIZATION_RULE_A_WHEN], &rule.when);
	if (err)
		return err;
	rule.cost = rd->cost;
	if (rd->rules) {
		note_needs(rd, &rule, terms);
		rd->rules[rd->n.nrules] = rule;
	}
	rd->n.nrules++;
	return 0;
}

static int read_rules(struct reader *rd, const struct nlattr *list)
{
	const struct nlattr *item;
	int rem, err;

	nla_for_each_nested(item, list, rem) {
		if (rd->n.nrules == RULES_MAX)
			return refusal_set_attr(rd->r, item, -E2BIG, "more than "
						__stringify(RULES_MAX) " rules");
		err = read_rule(rd, item);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* Room for what was counted, in one piece. Those that are larger come first. */
static int make_room(struct reader *rd, struct authorization_parser *p)
{
	const struct authz_rules n = rd->n;
	size_t values = n.nvalues * sizeof(*rd->values);
	size_t terms = n.nterms * sizeof(*rd->terms);
	size_t rules = n.nrules * sizeof(*rd->rules);
	size_t groups = n.ngroups * sizeof(*rd->groups);

	p->memory = kvzalloc(values + terms + rules + groups, GFP_KERNEL_ACCOUNT);
	if (!p->memory)
		return refusal_set(rd->r, -ENOMEM, "out of memory");
	rd->values = p->memory;
	rd->terms = p->memory + values;
	rd->rules = p->memory + values + terms;
	rd->groups = p->memory + values + terms + rules;
	memset(&rd->n, 0, sizeof(rd->n));
	return 0;
}

static int take_rules(struct authorization *a, struct authorization_parser *p,
		      const struct nlattr *list, struct refusal *r)
{
	struct reader rd = { .r = r };
	int err;

	if (nla_len(list) > RULES_BYTES_MAX)
		return refusal_set_attr(r, list, -E2BIG, "the rules take more than "
					__stringify(RULES_BYTES_MAX) " bytes");
	err = read_rules(&rd, list);
	a->given = (struct span){ nla_data(list), nla_len(list) };
	a->rules = rd.n;
	if (err || !rd.n.nrules)
		return err;
	err = make_room(&rd, p) ?: read_rules(&rd, list);
	a->rules.rules = rd.rules;
	a->rules.groups = rd.groups;
	a->rules.terms = rd.terms;
	a->rules.values = rd.values;
	return err;
}

int authorization_take(struct authorization *a, struct authorization_parser *p,
		       struct nlattr **tb, struct refusal *r)
{
	struct nlattr *namespace = tb[L7MESH_AUTHORIZATION_A_NAMESPACE];
	struct nlattr *selector = tb[L7MESH_AUTHORIZATION_A_SELECTOR];
	const char *problem = NULL;
	int err;

	if (namespace) {
		err = attr_name(namespace, &a->namespace, r);
		if (err)
			return err;
	}
	if (selector) {
		a->selector = attr_span(selector);
		problem = metadata_problem(a->selector);
	}
	if (problem)
		return refusal_set_attr(r, selector, -EINVAL, "%s", problem);
	if (tb[L7MESH_AUTHORIZATION_A_ACTION])
		a->action = nla_get_u32(tb[L7MESH_AUTHORIZATION_A_ACTION]);
	if (tb[L7MESH_AUTHORIZATION_A_AUDIT])
		a->audit = nla_get_u8(tb[L7MESH_AUTHORIZATION_A_AUDIT]);
	if (tb[L7MESH_AUTHORIZATION_A_CUT])
		a->cut = nla_get_u8(tb[L7MESH_AUTHORIZATION_A_CUT]);
	if (!tb[L7MESH_AUTHORIZATION_A_RULES])
		return 0;
	return take_rules(a, p, tb[L7MESH_AUTHORIZATION_A_RULES], r);
}

void authorization_take_end(struct authorization_parser *p)
{
	kvfree(p->memory);
}

int authorization_put_attrs(struct sk_buff *skb, const struct authorization *a)
{
	return attr_put_some(skb, L7MESH_AUTHORIZATION_A_NAMESPACE, a->namespace.name) ?:
	       attr_put_some(skb, L7MESH_AUTHORIZATION_A_SELECTOR, a->selector) ?:
	       nla_put_u32(skb, L7MESH_AUTHORIZATION_A_ACTION, a->action) ?:
	       nla_put_u8(skb, L7MESH_AUTHORIZATION_A_AUDIT, a->audit) ?:
	       nla_put_u8(skb, L7MESH_AUTHORIZATION_A_CUT, a->cut) ?:
	       nla_put(skb, L7MESH_AUTHORIZATION_A_RULES | NLA_F_NESTED, a->given.len,
		       a->given.p);
}

/* ---- objects ---- */

/* All text of rules is in what was given: it moves along with that. */
static void move_texts(struct authz_rules *rules, const char *from, const char *to)
{
	struct authz_value *values = (struct authz_value *)rules->values;
	struct authz_term *terms = (struct authz_term *)rules->terms;
	u32 i;

	for (i = 0; i < rules->nvalues; i++)
		if (values[i].text.name.p)
			values[i].text.name.p = to + (values[i].text.name.p - from);
	for (i = 0; i < rules->nterms; i++)
		if (terms[i].header.p)
			terms[i].header.p = to + (terms[i].header.p - from);
}

static void pack_authorization(struct packer *p, void *object)
{
	struct authorization *a = object;
	struct authz_rules *n = &a->rules;
	const char *from = a->given.p;

	n->rules = pack_array(p, n->rules, n->nrules * sizeof(*n->rules));
	n->groups = pack_array(p, n->groups, n->ngroups * sizeof(*n->groups));
	n->terms = pack_array(p, n->terms, n->nterms * sizeof(*n->terms));
	n->values = pack_array(p, n->values, n->nvalues * sizeof(*n->values));
	a->given.p = pack_array(p, a->given.p, a->given.len);
	if (p->memory)
		move_texts(n, from, a->given.p);
	pack_span(p, &a->name.name);
	pack_span(p, &a->namespace.name);
	pack_span(p, &a->selector);
}

struct authorization *authorization_clone(struct account *account,
					  const struct authorization *spec)
{
	struct authorization like = *spec, *a;

	a = pack_clone(account, &like, sizeof(like), pack_authorization, SIZE_MAX,
		       &like.bytes);
	if (IS_ERR(a))
		return a;
	refcount_set(&a->ref, 1);
	a->count = NULL;
	stats_object_created(OBJECT_AUTHORIZATION);
	return a;
}

int authorization_finish(struct account *account, struct authorization *a,
			 const struct authorization *before)
{
	bool same = before && before->action == a->action;

	return authz_count_take(account, &a->count, same ? before->count : NULL);
}

bool authorization_equal(const struct authorization *a, const struct authorization *b)
{
	return span_eq(a->namespace.name, b->namespace.name) &&
	       span_eq(a->selector, b->selector) && a->action == b->action &&
	       a->audit == b->audit && a->cut == b->cut && span_eq(a->given, b->given);
}

bool authorization_selects(const struct authorization *a, const struct workload *w)
{
	return (!a->namespace.name.len || name_eq(&a->namespace, &w->namespace)) &&
	       metadata_has(w->labels, a->selector);
}

void authorization_put(struct account *account, struct authorization *a)
{
	if (!a || !refcount_dec_and_test(&a->ref))
		return;
	stats_object_destroyed(OBJECT_AUTHORIZATION);
	authz_count_put(account, a->count);
	account_free(account, a, a->bytes);
}
