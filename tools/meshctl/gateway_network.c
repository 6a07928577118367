// SPDX-License-Identifier: GPL-2.0
/*
 * NetworkPolicies: what they let in by TCP. Each allows, and who is selected by one is
 * denied what none allows: so do policies that allow.
 *
 * Addresses of Pods, and numbers of named ports, are those of the manifests that are
 * imported with them.
 */
#include "gateway_priv.h"

#include <ctype.h>
#include <stdlib.h>

/* More do not fit into a policy. */
#define ADDRESSES_MAX	4096

/* ---- peers ---- */

/* Whom a rule lets in: sources of three kinds. */
struct sources {
	json_t *namespaces;
	json_t *blocks;
	json_t *others;		/* whole sources */
	bool too_many;
};

/* Addresses of Pods of a namespace, or of all: "". */
static void add_pods(const struct import *imp, struct sources *s,
		     const char *namespace, json_t *labels)
{
	const json_t *pod;
	size_t i;

	json_array_foreach(gateway_pods(imp, namespace, labels), i, pod) {
		if (json_array_size(s->blocks) > ADDRESSES_MAX) {
			s->too_many = true;
			return;
		}
		if (gateway_has_labels(pod, labels))
			json_array_extend(s->blocks, get(pod, "addresses"));
	}
}

static void add_selected(const struct import *imp, struct sources *s,
			 const json_t *peer)
{
	json_t *names = gateway_namespaces(imp, get(peer, "namespaceSelector"));
	json_t *labels = gateway_labels_of(get(peer, "podSelector")), *value;
	bool whole = labels && !json_object_size(labels);
	const char *name;

	if (whole && !names)
		json_array_append_new(s->namespaces, json_text("*", 1));
	else if (labels && !names)
		add_pods(imp, s, "", labels);
	json_object_foreach(names, name, value) {
		if (whole)
			json_array_append_new(s->namespaces,
					      json_text(name, strlen(name)));
		else if (labels)
			add_pods(imp, s, name, labels);
	}
	json_decref(labels);
	json_decref(names);
}

static void add_block(struct sources *s, const json_t *block)
{
	json_t *source;

	if (!get(block, "except")) {
		json_array_append(s->blocks, get(block, "cidr"));
		return;
	}
	source = must(json_pack("{s:[O], s:O}", "ip_blocks", get(block, "cidr"),
				"not_ip_blocks", get(block, "except")));
	json_array_append_new(s->others, source);
}

/* A list, which is empty if it is nobody. */
static json_t *sources_of(struct import *imp, const json_t *peers,
			  const char *field)
{
	struct sources s = { must(json_array()), must(json_array()),
			     must(json_array()), false };
	const json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		if (get(peer, "ipBlock"))
			add_block(&s, get(peer, "ipBlock"));
		else
			add_selected(imp, &s, peer);
	}
	if (json_array_size(s.namespaces))
		json_array_append_new(s.others, must(json_pack("{s:O}", "namespaces",
							       s.namespaces)));
	if (s.too_many)
		gateway_fail(imp, REASON_INVALID, field,
			     "more than %d addresses of Pods", ADDRESSES_MAX);
	else if (json_array_size(s.blocks))
		json_array_append_new(s.others, must(json_pack("{s:O}", "ip_blocks",
							       s.blocks)));
	json_decref(s.namespaces);
	json_decref(s.blocks);
	return s.others;
}

/* ---- ports ---- */

/* What all Pods that the policy is for have for a name; 0 with an error. */
static json_int_t resolve(struct import *imp, json_t *labels, const char *name,
			  const char *field)
{
	const char *own = manifest_namespace(imp->at->body);
	json_int_t found = 0, n;
	bool good = true;
	const json_t *pod;
	size_t i;

	json_array_foreach(gateway_pods(imp, own, labels), i, pod) {
		if (!gateway_has_labels(pod, labels))
			continue;
		n = gateway_pod_port(pod, name);
		good &= n && (!found || n == found);
		found = n;
	}
	if (good && found)
		return found;
	gateway_fail(imp, REASON_INVALID, field, found || !good ?
		     "\"%s\" is not the same port of all Pods that are selected" :
		     "no Pod that is selected is there to say which port \"%s\" is",
		     name);
	return 0;
}

static void add_ports(json_t *list, json_int_t first, json_int_t last)
{
	char text[8];

	for (; first && first <= last; first++) {
		snprintf(text, sizeof(text), "%u", (uint16_t)first);
		json_array_append_new(list, json_text(text, strlen(text)));
	}
}

/* Those of TCP. *@all: it is for any. */
static json_t *ports_of(struct import *imp, const json_t *rule, json_t *labels,
			const char *field, bool *all)
{
	json_t *list = must(json_array());
	const json_t *port;
	const char *text;
	json_int_t first;
	char *where;
	size_t i;

	*all = !json_array_size(get(rule, "ports"));
	json_array_foreach(get(rule, "ports"), i, port) {
		text = object_get(port, "port");
		where = xasprintf("%s.ports[%zu]", field, i);
		if (!is(port, "protocol", "TCP")) {
			gateway_fail(imp, REASON_INVALID, where,
				     "%s is not enforced by this mesh",
				     object_get(port, "protocol"));
		} else if (!*text) {
			*all = true;
		} else {
			first = isdigit((unsigned char)*text) ? atoi(text) :
				resolve(imp, labels, text, where);
			add_ports(list, first, get(port, "endPort") ?
				  number(port, "endPort") : first);
		}
		free(where);
	}
	return list;
}

/* ---- rules ---- */

/* Adds what it is here, unless it is for nobody or nothing. */
static void add_rule(struct import *imp, json_t *rules, const json_t *rule,
		     json_t *labels, const char *field)
{
	json_t *made = must(json_object()), *from, *ports;
	bool everybody = !json_array_size(get(rule, "from")), all;

	from = sources_of(imp, get(rule, "from"), field);
	ports = ports_of(imp, rule, labels, field, &all);
	if ((everybody || json_array_size(from)) &&
	    (all || json_array_size(ports))) {
		if (!all)
			json_object_set_new(made, "to", must(json_pack("[{s:O}]", "ports",
								       ports)));
		if (!everybody)
			json_object_set(made, "from", from);
		json_array_append(rules, made);
	}
	json_decref(from);
	json_decref(ports);
	json_decref(made);
}

static json_t *rules_of(struct import *imp, json_t *labels)
{
	json_t *rules = must(json_array());
	const json_t *rule;
	char *field;
	size_t i;

	json_array_foreach(get2(imp->at->body, "spec", "ingress"), i, rule) {
		if (manifest_wrong(rule))
			continue;
		field = xasprintf("spec.ingress[%zu]", i);
		add_rule(imp, rules, rule, labels, field);
		free(field);
	}
	return rules;
}

/* ---- policies ---- */

static bool has_type(const json_t *spec, const char *type)
{
	const json_t *item;
	size_t i;

	json_array_foreach(get(spec, "policyTypes"), i, item)
		if (!strcmp(json_string_value(item), type))
			return true;
	return false;
}

static bool is_ingress(const json_t *spec)
{
	return !json_array_size(get(spec, "policyTypes")) ||
	       has_type(spec, "Ingress");
}

static bool is_egress(const json_t *spec)
{
	return has_type(spec, "Egress") ||
	       (!get(spec, "policyTypes") && get(spec, "egress"));
}

/* Is anything wrong but its rules? */
static bool is_unsure(const json_t *body)
{
	static const char *const lists[] = { "ingress", "egress" };
	size_t known = manifest_wrong(get(body, "metadata")), i, k;
	const json_t *rule;

	for (i = 0; i < 2; i++)
		json_array_foreach(get2(body, "spec", lists[i]), k, rule)
			known += manifest_wrong(rule);
	return manifest_wrong(body) > known;
}

/*
 * Whom it is for: all, if nobody knows; *@unsure then. NULL: nobody, or it lets nothing
 * in and keeps nothing out.
 */
static json_t *selected_by(const json_t *body, bool *unsure)
{
	const json_t *spec = get(body, "spec");
	json_t *labels;
	const char *why;
	char *text;

	*unsure = is_unsure(body);
	if (!*unsure && !is_ingress(spec))
		return NULL;
	labels = *unsure ? must(json_object()) :
		 gateway_labels_of(get(spec, "podSelector"));
	text = labels ? gateway_labels(labels, &why) : NULL;
	if (labels && !text) {
		*unsure = true;
		json_object_clear(labels);
	}
	free(text);
	return labels;
}

void gateway_note_network(struct import *imp)
{
	const char *own = manifest_namespace(imp->at->body);
	bool unsure;
	json_t *labels = selected_by(imp->at->body, &unsure);
	json_t *list = get(imp->isolating, own);

	if (!labels)
		return;
	if (!list) {
		list = must(json_array());
		json_object_set_new(imp->isolating, own, list);
	}
	json_array_append_new(list, labels);
}

/* The name and the place of what is made of it. */
static json_t *policy_of(const struct import *imp, json_t *labels)
{
	const char *own = manifest_namespace(imp->at->body), *why;
	char *name = gateway_name(own, manifest_name(imp->at->body), "/net");
	char *selector = gateway_labels(labels, &why);
	json_t *policy = must(json_pack("{s:s, s:s, s:s}", "name", name, "namespace",
					own, "action", "allow"));

	if (selector && *selector)
		set_text(policy, "selector", selector);
	free(selector);
	free(name);
	return policy;
}

static void import_network(struct import *imp)
{
	const json_t *spec = get(imp->at->body, "spec");
	bool unsure;
	json_t *labels = selected_by(imp->at->body, &unsure), *policy, *own;

	if (is_egress(spec))
		gateway_fail(imp, REASON_INVALID, "spec.egress",
			     "it is not enforced by this mesh");
	if (!labels)
		return;
	if (unsure && !is_unsure(imp->at->body)) {
		own = gateway_labels_of(get(spec, "podSelector"));
		free(gateway_policy_selector(imp, own, "spec.podSelector"));
		json_decref(own);
	}
	policy = policy_of(imp, labels);
	json_object_set_new(policy, "rules", unsure ? must(json_array()) :
						      rules_of(imp, labels));
	gateway_both(imp, policy, labels);
	json_decref(labels);
}

void gateway_network(struct import *imp)
{
	if (gateway_policy_is_named(imp))
		import_network(imp);
	gateway_report_problems(imp);
}
