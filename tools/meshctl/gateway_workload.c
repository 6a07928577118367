// SPDX-License-Identifier: GPL-2.0
/*
 * Workloads: Pods, and what WorkloadEntries say of machines that are none.
 *
 * An address is one workload's. A Pod's is given to it by the cluster; what an entry says
 * is what its author asks for, and takes no address from a Pod, or an older entry.
 */
#include "gateway_priv.h"

#include <stdlib.h>

/* What asks for labels: a policy's selector. @keys: those of one namespace. */
static void note_keys(json_t *keys, const json_t *selector)
{
	const json_t *expression;
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(get(selector, "matchLabels"), key, value)
		json_object_set_new(keys, key, json_true());
	json_array_foreach(get(selector, "matchExpressions"), i, expression)
		json_object_set_new(keys, object_get(expression, "key"),
				    json_true());
}

/* By namespace; "": those of all. */
static json_t *keys_of(struct import *imp, const char *namespace)
{
	json_t *keys = get(imp->asked, namespace);

	if (!keys) {
		keys = must(json_object());
		json_object_set_new(imp->asked, namespace, keys);
	}
	return keys;
}

void gateway_note_asked(struct import *imp)
{
	const char *own = manifest_namespace(imp->at->body);
	const json_t *spec = get(imp->at->body, "spec");
	bool root = imp->at->kind == MANIFEST_AUTHORIZATION_POLICY &&
		    !strcmp(own, imp->root);

	note_keys(keys_of(imp, root ? "" : own), get(spec, "selector"));
	note_keys(keys_of(imp, own), get(spec, "podSelector"));
}

/* Those of a workload's labels that a policy for it may ask for. */
static json_t *asked_of(struct import *imp, json_t *labels)
{
	const char *own = manifest_namespace(imp->at->body), *key;
	json_t *some = must(json_object()), *value;

	json_object_foreach(labels, key, value)
		if (get(keys_of(imp, own), key) || get(keys_of(imp, ""), key))
			json_object_set(some, key, value);
	return some;
}

/* All of them if there is room. NULL with an error. Freed by the caller. */
static char *labels_text(struct import *imp, json_t *labels, const char *field)
{
	const char *why;
	char *text = gateway_labels(labels, &why);
	json_t *some;

	if (text)
		return text;
	some = asked_of(imp, labels);
	text = gateway_labels(some, &why);
	json_decref(some);
	if (!text)
		gateway_fail(imp, REASON_INVALID, field, "these are not %s", why);
	return text;
}

/* Adds an address that nobody else has. */
static void add_address(struct import *imp, json_t *list, const char *text,
			const char *field)
{
	const json_t *owner;
	const char *special;
	json_t *address;
	struct address a;
	char *label;

	if (!address_parse(text, &a)) {
		gateway_fail(imp, REASON_INVALID, field, "\"%s\" is no address", text);
		return;
	}
	special = gateway_special(&a);
	address = address_json(a.bytes, a.len);
	owner = get(imp->owners, json_string_value(address));
	label = manifest_label(imp->at);
	if (special) {
		gateway_fail(imp, REASON_INVALID, field, "%s is %s", text, special);
	} else if (owner && strcmp(json_string_value(owner), label)) {
		gateway_fail(imp, REASON_INVALID, field, "%s is the address of %s",
			     text, json_string_value(owner));
	} else if (!owner) {
		set_text(imp->owners, json_string_value(address), label);
		json_array_append(list, address);
	}
	free(label);
	json_decref(address);
}

static void add_workload(struct import *imp, const char *account, json_t *addresses,
			 const char *labels)
{
	const json_t *body = imp->at->body;
	char *name = gateway_name(manifest_namespace(body), manifest_name(body), "");
	json_t *workload = must(json_pack("{s:s, s:s}", "name", name, "namespace",
					  manifest_namespace(body)));

	if (*account)
		set_text(workload, "service_account", account);
	if (json_array_size(addresses))
		json_object_set(workload, "addresses", addresses);
	if (*labels)
		set_text(workload, "labels", labels);
	copy(workload, "node", get(body, "spec"), "nodeName");
	if (get(imp->workloads, name))
		gateway_fail(imp, REASON_INVALID, "metadata.name",
			     "there is a Pod of this name");
	else
		json_object_set(imp->workloads, name, workload);
	json_decref(workload);
	free(name);
}

/* ---- Pods ---- */

static json_t *pod_addresses(struct import *imp)
{
	const json_t *status = get(imp->at->body, "status"), *item;
	json_t *list = must(json_array());
	size_t i;

	json_array_foreach(get(status, "podIPs"), i, item)
		add_address(imp, list, object_get(item, "ip"), "status.podIPs");
	if (!json_array_size(get(status, "podIPs")) && get(status, "podIP"))
		add_address(imp, list, object_get(status, "podIP"), "status.podIP");
	return list;
}

/* One that has ended has no address any more, whatever its status says. */
static bool has_ended(const json_t *body)
{
	const json_t *status = get(body, "status");

	return is(status, "phase", "Succeeded") || is(status, "phase", "Failed");
}

static void import_pod(struct import *imp)
{
	const json_t *body = imp->at->body;
	const char *account = object_get(get(body, "spec"), "serviceAccountName");
	json_t *labels = get2(body, "metadata", "labels"), *addresses;
	char *text = labels_text(imp, labels, "metadata.labels");

	if (!text)
		return;
	addresses = pod_addresses(imp);
	gateway_note_pod(imp, addresses);
	add_workload(imp, *account ? account : "default", addresses, text);
	json_decref(addresses);
	free(text);
}

void gateway_pod(struct import *imp)
{
	const json_t *body = imp->at->body;

	if (json_is_true(get2(body, "spec", "hostNetwork")))
		gateway_remark(imp, "spec.hostNetwork",
			       "it is a part of its node, and no workload");
	else if (!imp->at->broken && !has_ended(body))
		import_pod(imp);
	gateway_report_problems(imp);
}

/* ---- WorkloadEntries ---- */

/* Istio: metadata comes first. */
static json_t *entry_labels(const json_t *body)
{
	const json_t *own = get2(body, "spec", "labels");
	json_t *labels = own ? must(json_copy((json_t *)own)) : must(json_object());

	if (get2(body, "metadata", "labels"))
		json_object_update(labels, get2(body, "metadata", "labels"));
	return labels;
}

static void import_entry(struct import *imp)
{
	const json_t *spec = get(imp->at->body, "spec");
	json_t *labels = entry_labels(imp->at->body), *list;
	char *text = labels_text(imp, labels, "spec.labels");

	json_decref(labels);
	if (!text)
		return;
	list = must(json_array());
	if (get(spec, "address"))
		add_address(imp, list, object_get(spec, "address"),
			    "spec.address");
	if (json_array_size(list) || !get(spec, "address"))
		add_workload(imp, object_get(spec, "serviceAccount"), list, text);
	json_decref(list);
	free(text);
}

void gateway_workload_entry(struct import *imp)
{
	if (!imp->at->broken)
		import_entry(imp);
	gateway_report_problems(imp);
}
