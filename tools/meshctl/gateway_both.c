// SPDX-License-Identifier: GPL-2.0
/*
 * NetworkPolicies beside AuthorizationPolicies that allow. In a cluster both have to
 * allow what is for a workload that both kinds select; in the mesh one policy that
 * allows is enough. So of such two becomes one, which is for the workloads of both, and
 * whose rules are those of Istio's with what Kubernetes' ask for as further conditions.
 * What each says of workloads that the other does not select is left to itself.
 *
 * That is the same if each is for no such workload (the other selects more) or for those
 * alone (it has nothing in common with the other). Labels cannot say "but not those": else
 * it cannot be told, and the NetworkPolicy denies everything.
 */
#include "gateway_priv.h"

#include <stdlib.h>

/* Of a namespace: how many of both kinds are looked at together. */
#define PAIRS_MAX	16384

/* Do all workloads that have @b have @a? */
static bool covers(json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach(a, key, value)
		if (!get(b, key) || !json_equal(get(b, key), value))
			return false;
	return true;
}

/* Can a workload have both? */
static bool can_have(json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach(a, key, value)
		if (get(b, key) && !json_equal(get(b, key), value))
			return false;
	return true;
}

static bool has_rules(const json_t *policy)
{
	return json_array_size(get(policy, "rules"));
}

void gateway_note_allow(struct import *imp, json_t *policy, json_t *labels)
{
	const char *namespace = object_get(policy, "namespace");
	json_t *list = get(imp->allows, namespace), *allow;

	if (!list) {
		list = must(json_array());
		json_object_set_new(imp->allows, namespace, list);
	}
	allow = must(json_pack("{s:O, s:O}", "policy", policy, "labels",
			       labels));
	json_array_append_new(list, allow);
}

/* ---- all of a namespace ---- */

static size_t pairs_of(const struct import *imp, const char *namespace)
{
	return json_array_size(get(imp->isolating, namespace)) *
	       (json_array_size(get(imp->allows, namespace)) +
		json_array_size(get(imp->allows, "")));
}

/* Is one for none but workloads that a NetworkPolicy is for? */
static void note_covered(struct import *imp, json_t *allow, const json_t *networks)
{
	json_t *policy = get(allow, "policy"), *labels;
	size_t i;

	if (!has_rules(policy))
		return;
	json_array_foreach(networks, i, labels) {
		if (!covers(labels, get(allow, "labels")))
			continue;
		set_bool(allow, "covered", true);
		json_object_del(imp->policies, object_get(policy, "name"));
		return;
	}
}

void gateway_cover(struct import *imp)
{
	const char *namespace;
	json_t *list, *allow;
	size_t i;

	json_object_foreach(imp->allows, namespace, list)
		if (pairs_of(imp, namespace) <= PAIRS_MAX)
			json_array_foreach(list, i, allow)
				note_covered(imp, allow,
					     get(imp->isolating, namespace));
}

/* ---- rules of both ---- */

static json_t *condition(const char *key, json_t *values, json_t *others)
{
	json_t *made = must(json_pack("{s:s, s:O}", "key", key, "values", values));

	if (others)
		json_object_set(made, "not_values", others);
	return made;
}

/* What one of a NetworkPolicy's sources, or NULL, and its ports ask for. */
static json_t *conditions_of(const json_t *rule, const json_t *source)
{
	json_t *to = json_array_get(get(rule, "to"), 0);
	json_t *list = must(json_array());

	if (get(source, "namespaces"))
		json_array_append_new(list, condition("source.namespace",
						      get(source, "namespaces"),
						      NULL));
	if (get(source, "ip_blocks"))
		json_array_append_new(list, condition("source.ip",
						      get(source, "ip_blocks"),
						      get(source, "not_ip_blocks")));
	if (to)
		json_array_append_new(list, condition("destination.port",
						      get(to, "ports"), NULL));
	return list;
}

/* Adds each of Istio's rules with more conditions, which it takes over. */
static void add_rules(json_t *rules, const json_t *istio, json_t *conditions)
{
	json_t *made, *when;
	const json_t *rule;
	size_t i;

	json_array_foreach(istio, i, rule) {
		made = must(json_copy((json_t *)rule));
		when = get(rule, "when") ? must(json_copy(get(rule, "when"))) :
					   must(json_array());
		json_array_extend(when, conditions);
		set_list(made, "when", when);
		json_array_append_new(rules, made);
	}
	json_decref(conditions);
}

static json_t *rules_of_both(const json_t *network, const json_t *istio)
{
	json_t *rules = must(json_array());
	const json_t *rule, *source;
	size_t i, k;

	json_array_foreach(get(network, "rules"), i, rule) {
		json_array_foreach(get(rule, "from"), k, source)
			add_rules(rules, get(istio, "rules"),
				  conditions_of(rule, source));
		if (!get(rule, "from"))
			add_rules(rules, get(istio, "rules"),
				  conditions_of(rule, NULL));
	}
	return rules;
}

/* How many these would be. */
static size_t number_of_both(const json_t *network, const json_t *istio)
{
	const json_t *rule;
	size_t sum = 0, i;

	json_array_foreach(get(network, "rules"), i, rule)
		sum += json_array_size(get(rule, "from")) ?: 1;
	return sum * json_array_size(get(istio, "rules"));
}

/* ---- one NetworkPolicy ---- */

/* What it is to those of Istio's that are for some of its workloads. */
struct relation {
	bool any;		/* there are some */
	bool covered;		/* one is for all */
	const char *puzzle;	/* one that cannot be told apart; NULL: none */
};

static bool look_at(const json_t *network, json_t *labels, const json_t *allow,
		    struct relation *r)
{
	const json_t *istio = get(allow, "policy");
	json_t *own = get(allow, "labels");

	if (!can_have(own, labels))
		return false;
	r->any = true;
	r->covered |= covers(own, labels);
	/* It is for others as well, whom this NetworkPolicy is not to keep out. */
	if (has_rules(istio) && !get(allow, "covered"))
		r->puzzle = object_get(istio, "name");
	if (number_of_both(network, istio) > GATEWAY_RULES_MAX)
		r->puzzle = object_get(istio, "name");
	return true;
}

/* Those of a namespace that have something in common with it. */
static void collect(json_t *list, const json_t *network, json_t *labels,
		    const json_t *allows, struct relation *r)
{
	json_t *allow;
	size_t i;

	json_array_foreach(allows, i, allow)
		if (look_at(network, labels, allow, r))
			json_array_append(list, allow);
}

static void add_both(struct import *imp, const json_t *network, json_t *labels,
		     const json_t *allow)
{
	const char *own = manifest_namespace(imp->at->body);
	json_t *both = must(json_copy((json_t *)network));
	json_t *all = must(json_copy(labels));
	const char *why;
	char *name, *text;

	text = xasprintf("%s/%s", manifest_name(imp->at->body),
			 object_get(get(allow, "policy"), "name"));
	name = gateway_name(own, text, "");
	free(text);
	set_text(both, "name", name);
	free(name);
	json_object_update(all, get(allow, "labels"));
	text = gateway_labels(all, &why);
	json_decref(all);
	if (!text)
		gateway_fail(imp, REASON_INVALID, "spec.podSelector",
			     "with that of %s these are not %s",
			     object_get(get(allow, "policy"), "name"), why);
	if (text && *text)
		set_text(both, "selector", text);
	json_object_set_new(both, "rules", text ?
			    rules_of_both(network, get(allow, "policy")) :
			    must(json_array()));
	free(text);
	gateway_policy_add(imp, both);
}

static void deny(struct import *imp, json_t *policy)
{
	set_text(policy, "action", "deny");
	json_object_set_new(policy, "rules", must(json_pack("[{}]")));
	gateway_policy_add(imp, policy);
}

/* One that adds nothing to what others allow may stand beside them. */
static void place(struct import *imp, json_t *policy, json_t *labels,
		  const json_t *allows, struct relation *r)
{
	json_t *allow;
	size_t i;

	if (has_rules(policy) && r->any && !r->covered)
		r->puzzle = object_get(get(json_array_get(allows, 0), "policy"),
				       "name");
	if (r->puzzle) {
		gateway_fail(imp, REASON_INVALID, "spec",
			     "it cannot be told what it allows together with AuthorizationPolicy %s: everything is denied",
			     r->puzzle);
		deny(imp, policy);
		return;
	}
	if (has_rules(policy))
		json_array_foreach(allows, i, allow)
			if (has_rules(get(allow, "policy")))
				add_both(imp, policy, labels, allow);
	if (has_rules(policy) && r->any)
		json_decref(policy);
	else
		gateway_policy_add(imp, policy);
}

void gateway_both(struct import *imp, json_t *policy, json_t *labels)
{
	const char *own = manifest_namespace(imp->at->body);
	struct relation r = { 0 };
	json_t *allows;

	if (pairs_of(imp, own) > PAIRS_MAX) {
		gateway_fail(imp, REASON_INVALID, "spec",
			     "there are more than %d pairs of this namespace's NetworkPolicies and AuthorizationPolicies: everything is denied",
			     PAIRS_MAX);
		deny(imp, policy);
		return;
	}
	allows = must(json_array());
	collect(allows, policy, labels, get(imp->allows, own), &r);
	collect(allows, policy, labels, get(imp->allows, ""), &r);
	place(imp, policy, labels, allows, &r);
	json_decref(allows);
}
