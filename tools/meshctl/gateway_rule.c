// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <ctype.h>
#include <stdlib.h>

#include "load.h"
#include "value.h"

/* ---- matches ---- */

static json_t *path_match(const json_t *path)
{
	static const char *const types[][2] = {
		{ "Exact", "exact" }, { "PathPrefix", "prefix" },
		{ "RegularExpression", "regex" },
	};
	const char *key = "prefix";
	json_t *match = must(json_object());
	size_t i;

	for (i = 0; i < 3; i++)
		if (is(path, "type", types[i][0]))
			key = types[i][1];
	set_text(match, key, path ? object_get(path, "value") : "/");
	return match;
}

/* Is the name, in whatever case, among those before? */
static bool is_repeated(json_t *before, const char *name)
{
	char *key = xstrdup(name), *c;
	bool repeated;

	for (c = key; *c; c++)
		*c = tolower((unsigned char)*c);
	repeated = get(before, key);
	json_object_set_new(before, key, json_true());
	free(key);
	return repeated;
}

/* Of several of one name the first counts. */
static json_t *value_matches(const json_t *list)
{
	json_t *matches = must(json_array()), *before = must(json_object());
	const json_t *item;
	json_t *match;
	size_t i;

	json_array_foreach(list, i, item) {
		if (is_repeated(before, object_get(item, "name")))
			continue;
		match = must(json_object());
		set_text(match, "name", object_get(item, "name"));
		set_text(match, is(item, "type", "Exact") ? "exact" : "regex",
			 object_get(item, "value"));
		json_array_append_new(matches, match);
	}
	json_decref(before);
	return matches;
}

/* @match NULL: everything. */
static json_t *match_of(const json_t *match)
{
	json_t *m = must(json_object());

	json_object_set_new(m, "path", path_match(get(match, "path")));
	if (get(match, "method"))
		json_object_set(m, "method", get(match, "method"));
	set_list(m, "headers", value_matches(get(match, "headers")));
	set_list(m, "query", value_matches(get(match, "queryParams")));
	return m;
}

/* ---- filters ---- */

/* A percent sign begins a variable here. */
static char *escaped(const char *value)
{
	char *text = xrealloc(NULL, 2 * strlen(value) + 1), *to = text;

	for (; *value; value++) {
		if (*value == '%')
			*to++ = '%';
		*to++ = *value;
	}
	*to = '\0';
	return text;
}

static void add_ops(struct import *imp, json_t *ops, const json_t *list,
		    const char *op, const char *field)
{
	const json_t *item;
	json_t *made;
	char *value;
	size_t i;

	json_array_foreach(list, i, item) {
		value = escaped(object_get(item, "value"));
		if (!*value)
			gateway_fail(imp, REASON_UNSUPPORTED_VALUE, field,
				     "header %s: an empty value cannot be "
				     "carried over", object_get(item, "name"));
		made = must(json_object());
		set_text(made, "name", object_get(item, "name"));
		set_text(made, "value", value);
		if (strcmp(op, "set"))
			set_text(made, "op", op);
		json_array_append_new(ops, made);
		free(value);
	}
}

static void modify(struct import *imp, json_t *target, const char *key,
		   const json_t *modifier, const char *field)
{
	json_t *ops = get(target, key), *made;
	const json_t *item;
	size_t i;

	if (!ops) {
		ops = must(json_array());
		json_object_set_new(target, key, ops);
	}
	add_ops(imp, ops, get(modifier, "set"), "set", field);
	add_ops(imp, ops, get(modifier, "add"), "add", field);
	json_array_foreach(get(modifier, "remove"), i, item) {
		made = must(json_pack("{s:O, s:s}", "name", item, "op",
				      "remove"));
		json_array_append_new(ops, made);
	}
}

/* "": the prefix goes, which is what "/" does here. */
static void change_path(json_t *target, const json_t *path)
{
	const char *prefix = object_get(path, "replacePrefixMatch");

	if (is(path, "type", "ReplaceFullPath"))
		set_text(target, "path", object_get(path, "replaceFullPath"));
	else if (path)
		set_text(target, "prefix", *prefix ? prefix : "/");
}

static json_t *redirect_of(const json_t *r)
{
	json_t *redirect = must(json_object());

	if (get(r, "scheme"))
		json_object_set(redirect, "scheme", get(r, "scheme"));
	if (get(r, "hostname"))
		json_object_set(redirect, "host", get(r, "hostname"));
	if (get(r, "port"))
		json_object_set(redirect, "port", get(r, "port"));
	change_path(redirect, get(r, "path"));
	json_object_set(redirect, "status", get(r, "statusCode"));
	return redirect;
}

static json_t *rewrite_of(const json_t *r)
{
	json_t *rewrite = must(json_object());

	if (get(r, "hostname"))
		json_object_set(rewrite, "host", get(r, "hostname"));
	change_path(rewrite, get(r, "path"));
	return rewrite;
}

static uint32_t mirror_millionths(const json_t *mirror)
{
	const json_t *fraction = get(mirror, "fraction");

	if (fraction)
		return number(fraction, "numerator") * 1000000 /
		       number(fraction, "denominator");
	return get(mirror, "percent") ? number(mirror, "percent") * 10000 :
					1000000;
}

static void add_mirror(struct import *imp, json_t *route, const json_t *mirror,
		       const char *field)
{
	char *cluster = gateway_cluster(imp, get(mirror, "backendRef"), field);
	uint32_t millionths = mirror_millionths(mirror);
	json_t *mirrors = get(route, "mirrors"), *made;

	if (!cluster)
		return;
	if (millionths > 1000000)
		gateway_fail(imp, REASON_UNSUPPORTED_VALUE, field,
			     "a fraction of more than 1");
	if (!mirrors) {
		mirrors = must(json_array());
		json_object_set_new(route, "mirrors", mirrors);
	}
	made = must(json_object());
	set_text(made, "cluster", cluster);
	if (millionths < 1000000)
		json_object_set_new(made, "fraction", percent_json(millionths));
	json_object_set_new(made, "shadow", json_false());
	json_array_append_new(mirrors, made);
	free(cluster);
}

/* "GET, PUT" of a list; nothing if it is empty. */
static void join(json_t *target, const char *key, const json_t *list)
{
	char *text = xstrdup(""), *more;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		more = xasprintf("%s%s%s", text, i ? ", " : "",
				 json_string_value(item));
		free(text);
		text = more;
	}
	if (*text)
		set_text(target, key, text);
	free(text);
}

static json_t *cors_of(const json_t *c)
{
	json_t *cors = must(json_object());

	json_object_set(cors, "allow_origins", get(c, "allowOrigins"));
	join(cors, "allow_methods", get(c, "allowMethods"));
	join(cors, "allow_headers", get(c, "allowHeaders"));
	join(cors, "expose_headers", get(c, "exposeHeaders"));
	if (get(c, "maxAge"))
		json_object_set(cors, "max_age", get(c, "maxAge"));
	if (json_is_true(get(c, "allowCredentials")))
		json_object_set_new(cors, "allow_credentials", json_true());
	return cors;
}

/* Filters of headers, which rules and backends may have. False: it is another. */
static bool header_filter(struct import *imp, json_t *target,
			  const json_t *filter, const char *field)
{
	if (is(filter, "type", "RequestHeaderModifier"))
		modify(imp, target, "request_headers",
		       get(filter, "requestHeaderModifier"), field);
	else if (is(filter, "type", "ResponseHeaderModifier"))
		modify(imp, target, "response_headers",
		       get(filter, "responseHeaderModifier"), field);
	else
		return false;
	return true;
}

static void rule_filter(struct import *imp, json_t *route, json_t *action,
			const json_t *filter, const char *field)
{
	if (header_filter(imp, route, filter, field))
		return;
	if (is(filter, "type", "RequestRedirect"))
		json_object_set_new(action, "redirect",
				    redirect_of(get(filter, "requestRedirect")));
	else if (is(filter, "type", "URLRewrite"))
		json_object_set_new(action, "rewrite",
				    rewrite_of(get(filter, "urlRewrite")));
	else if (is(filter, "type", "RequestMirror"))
		add_mirror(imp, route, get(filter, "requestMirror"), field);
	else
		json_object_set_new(route, "cors", cors_of(get(filter, "cors")));
}

static void rule_filters(struct import *imp, json_t *route, json_t *action,
			 const json_t *rule, size_t index)
{
	const json_t *filter;
	char *field;
	size_t i;

	json_array_foreach(get(rule, "filters"), i, filter) {
		field = xasprintf("spec.rules[%zu].filters[%zu]", index, i);
		rule_filter(imp, route, action, filter, field);
		free(field);
	}
}

/* ---- actions ---- */

static void backend_filters(struct import *imp, json_t *target,
			    const json_t *ref, const char *where)
{
	const json_t *filter;
	char *field;
	size_t i;

	json_array_foreach(get(ref, "filters"), i, filter) {
		field = xasprintf("%s.filters[%zu]", where, i);
		if (!header_filter(imp, target, filter, field))
			gateway_fail(imp, REASON_UNSUPPORTED_VALUE, field,
				     "%s of a backend cannot be carried over",
				     object_get(filter, "type"));
		free(field);
	}
}

static void add_weighted(struct import *imp, struct weights *w, const json_t *ref,
			 const char *field)
{
	char *cluster = gateway_cluster(imp, ref, field);
	json_t *made;

	if (!cluster) {
		w->bad += number(ref, "weight");
		return;
	}
	made = must(json_object());
	set_text(made, "name", cluster);
	json_object_set(made, "weight", get(ref, "weight"));
	backend_filters(imp, made, ref, field);
	json_array_append_new(w->list, made);
	w->good += number(ref, "weight");
	free(cluster);
}

struct weights gateway_weights(struct import *imp, const json_t *rule,
			       size_t index)
{
	struct weights w = { .list = must(json_array()) };
	const json_t *refs = get(rule, "backendRefs"), *ref;
	char *field;
	size_t i;

	json_array_foreach(refs, i, ref) {
		field = xasprintf("spec.rules[%zu].backendRefs[%zu]", index, i);
		add_weighted(imp, &w, ref, field);
		free(field);
	}
	return w;
}

/* What Gateway API wants where nothing can be forwarded. */
static json_t *answer(void)
{
	return must(json_pack("{s:{s:i}}", "direct_response", "status", 500));
}

/* The share of requests that what cannot be resolved has: not none, and not all. */
static json_t *abort_of(const struct weights *w)
{
	json_int_t all = w->good + w->bad, share;

	share = (2000000 * w->bad + all) / (2 * all);
	share = share < 1 ? 1 : share > 999999 ? 999999 : share;
	return must(json_pack("{s:i, s:o}", "abort", 500, "abort_fraction",
			      percent_json(share)));
}

void gateway_set_clusters(json_t *action, json_t *list)
{
	json_t *only = json_array_get(list, 0);

	if (json_array_size(list) == 1 && json_object_size(only) == 2)
		json_object_set(action, "cluster", get(only, "name"));
	else
		json_object_set(action, "weighted_clusters", list);
}

static void set_backends(struct import *imp, json_t *route, json_t *action,
			 const json_t *rule, size_t index)
{
	struct weights w = gateway_weights(imp, rule, index);
	json_t *instead;

	if (!w.good) {
		instead = answer();
		json_object_clear(action);
		json_object_update(action, instead);
		json_decref(instead);
		json_object_del(route, "mirrors");
	} else {
		gateway_set_clusters(action, w.list);
	}
	if (w.good && w.bad)
		json_object_set_new(route, "fault", abort_of(&w));
	json_decref(w.list);
}

static void set_action(struct import *imp, json_t *route, const json_t *rule,
		       size_t index)
{
	json_t *action = must(json_object());
	char *field;

	rule_filters(imp, route, action, rule, index);
	if (!get(action, "redirect")) {
		set_backends(imp, route, action, rule, index);
	} else if (json_array_size(get(rule, "backendRefs")) ||
		   get(action, "rewrite") || get(route, "mirrors")) {
		field = xasprintf("spec.rules[%zu]", index);
		gateway_fail(imp, REASON_INCOMPATIBLE_FILTERS, field,
			     "a redirect goes with no backend, no rewrite "
			     "and no mirror");
		free(field);
	}
	json_object_set_new(route, "action", action);
}

/* A prefix is replaced of what matched one. */
static void check_prefix(struct import *imp, const json_t *route, size_t index)
{
	const json_t *action = get(route, "action");
	char *field;

	if ((get2(action, "redirect", "prefix") ||
	     get2(action, "rewrite", "prefix")) &&
	    get2(get(route, "match"), "path", "regex")) {
		field = xasprintf("spec.rules[%zu].filters", index);
		gateway_fail(imp, REASON_INCOMPATIBLE_FILTERS, field,
			     "ReplacePrefixMatch goes with PathPrefix");
		free(field);
	}
}

/* ---- what only a mesh file knows of a route ---- */

static void add_name(json_t *clusters, const char *name)
{
	if (*name)
		json_object_set_new(clusters, name, must(json_pack("{s:s}", "name",
								   name)));
}

/* The clusters that a route names, which a file with it must have. */
static json_t *clusters_of(const json_t *route)
{
	json_t *names = must(json_object()), *list = must(json_array()), *cluster;
	const json_t *action = get(route, "action"), *item;
	const char *name;
	size_t i;

	add_name(names, object_get(action, "cluster"));
	json_array_foreach(get(action, "weighted_clusters"), i, item)
		add_name(names, object_get(item, "name"));
	json_array_foreach(get(route, "mirrors"), i, item)
		add_name(names, object_get(item, "cluster"));
	json_object_foreach(names, name, cluster)
		json_array_append(list, cluster);
	json_decref(names);
	return list;
}

/* A mesh file of one route is read: what is wrong is the rule's. */
static void check_route(struct import *imp, json_t *route, size_t index)
{
	static const char prefix[] = "route_tables[0].virtual_hosts[0].routes[0]";
	struct problems p = { 0 };
	char *text, *field;
	const char *what;
	json_t *tree;
	size_t n, i;

	tree = must(json_pack("{s:o, s:[{s:s, s:[{s:s, s:[s], s:s, s:[O]}]}]}",
			      "clusters", clusters_of(route), "route_tables",
			      "name", "t", "virtual_hosts", "name", "h", "domains",
			      "*", "order", "specific", "routes", route));
	text = json_dumps(tree, JSON_COMPACT);
	json_decref(tree);
	if (!text)
		must(NULL);
	load_find(text, strlen(text), &p);
	free(text);
	field = xasprintf("spec.rules[%zu]", index);
	n = problems_sort(&p);
	for (i = 0; i < n; i++) {
		what = p.list[i].text;
		if (!strncmp(what, prefix, sizeof(prefix) - 1))
			what += strlen(prefix) + strspn(what + strlen(prefix), ".: ");
		gateway_fail(imp, REASON_UNSUPPORTED_VALUE, field, "%s", what);
	}
	problems_drop(&p);
	free(field);
}

/* ---- rules ---- */

static json_t *route_of(struct import *imp, const json_t *rule,
			const json_t *match, size_t index)
{
	json_t *route = must(json_object());

	json_object_set_new(route, "match", match_of(match));
	set_action(imp, route, rule, index);
	gateway_times(imp, route, rule, index);
	check_prefix(imp, route, index);
	check_route(imp, route, index);
	return route;
}

static json_t *answer_500(const json_t *match)
{
	return must(json_pack("{s:o, s:o}", "match", match_of(match), "action",
			      answer()));
}

/* Is that, at least, as it was meant? */
static bool matches_well(struct import *imp, const json_t *match, size_t index)
{
	json_t *route = answer_500(match);
	size_t before = imp->rule_errors;

	check_route(imp, route, index);
	json_decref(route);
	return imp->rule_errors == before;
}

/* Without a match that can be understood there is nothing to answer. */
static void add_routes(struct import *imp, json_t *routes, const json_t *rule,
		       const json_t *match, size_t index)
{
	size_t before = imp->rule_errors;
	json_t *route;

	if (manifest_wrong(match) || !matches_well(imp, match, index))
		return;
	route = manifest_wrong(rule) ? answer_500(match) :
				       route_of(imp, rule, match, index);
	if (imp->rule_errors != before) {
		json_decref(route);
		route = answer_500(match);
	} else if (!manifest_wrong(rule)) {
		imp->good_rules++;
	}
	json_array_append_new(routes, route);
}

static void add_rule(struct import *imp, json_t *routes, const json_t *rule,
		     size_t index)
{
	const json_t *matches = get(rule, "matches"), *match;
	size_t k;

	gateway_note_item(imp, REASON_UNSUPPORTED_VALUE, "spec.rules", index);
	json_array_foreach(matches, k, match)
		add_routes(imp, routes, rule, match, index);
	if (!json_array_size(matches) && !json_is_null(matches))
		add_routes(imp, routes, rule, NULL, index);
}

json_t *gateway_routes(struct import *imp)
{
	const json_t *rules = get2(imp->at->body, "spec", "rules"), *rule;
	json_t *routes = must(json_array());
	size_t i;

	if (!json_array_size(rules))
		add_rule(imp, routes, NULL, 0);
	json_array_foreach(rules, i, rule)
		add_rule(imp, routes, rule, i);
	return routes;
}
