// SPDX-License-Identifier: GPL-2.0
/*
 * What selectors of NetworkPolicies and Services select: labels, namespaces, and Pods by
 * their labels.
 */
#include "gateway_priv.h"

#include <stdlib.h>

/* ---- Pods by their labels ---- */

static void index_pod(struct import *imp, const char *namespace, const char *pair,
		      json_t *pod)
{
	char *key = xasprintf("%s %s", namespace, pair);
	json_t *list = get(imp->pods, key);

	if (!list) {
		list = must(json_array());
		json_object_set_new(imp->pods, key, list);
	}
	json_array_append(list, pod);
	free(key);
}

void gateway_note_pod(struct import *imp, json_t *addresses)
{
	const json_t *body = imp->at->body;
	json_t *pod = must(json_pack("{s:O, s:O}", "addresses", addresses, "body",
				     body));
	const char *own = manifest_namespace(body), *key;
	json_t *value;
	char *pair;

	index_pod(imp, own, "", pod);
	json_object_foreach(get2(body, "metadata", "labels"), key, value) {
		pair = xasprintf("%s=%s", key, json_string_value(value));
		index_pod(imp, own, pair, pod);
		index_pod(imp, "", pair, pod);
		free(pair);
	}
	json_decref(pod);
}

bool gateway_has_labels(const json_t *pod, json_t *labels)
{
	const json_t *own = get2(get(pod, "body"), "metadata", "labels");
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value)
		if (!get(own, key) || !is(own, key, json_string_value(value)))
			return false;
	return true;
}

const json_t *gateway_pods(const struct import *imp, const char *namespace,
			   json_t *labels)
{
	char *key = xasprintf("%s ", namespace), *pair;
	const json_t *best = get(imp->pods, key), *list;
	const char *name;
	bool first = !*namespace;
	json_t *value;

	free(key);
	json_object_foreach(labels, name, value) {
		pair = xasprintf("%s %s=%s", namespace, name,
				 json_string_value(value));
		list = get(imp->pods, pair);
		if (first || json_array_size(list) < json_array_size(best))
			best = list;
		first = false;
		free(pair);
	}
	return best;
}

json_int_t gateway_pod_port(const json_t *pod, const char *name)
{
	const json_t *container, *port;
	size_t i, k;

	json_array_foreach(get2(get(pod, "body"), "spec", "containers"), i, container)
		json_array_foreach(get(container, "ports"), k, port)
			if (is(port, "name", name) && gateway_is_tcp(port))
				return number(port, "containerPort");
	return 0;
}

/* ---- selectors ---- */

json_t *gateway_labels_of(const json_t *selector)
{
	json_t *labels = must(json_object()), *value;
	const json_t *expression;
	bool never = false;
	const char *key;
	size_t i;

	json_object_foreach(get(selector, "matchLabels"), key, value)
		json_object_set(labels, key, value);
	json_array_foreach(get(selector, "matchExpressions"), i, expression) {
		key = object_get(expression, "key");
		value = json_array_get(get(expression, "values"), 0);
		never |= get(labels, key) && !json_equal(get(labels, key), value);
		json_object_set(labels, key, value);
	}
	if (!never)
		return labels;
	json_decref(labels);
	return NULL;
}

/* Texts as keys; only those that are in @some, which it takes over, unless that is NULL. */
static json_t *among(json_t *some, const json_t *texts)
{
	json_t *set = must(json_object());
	const json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		if (!some || get(some, json_string_value(text)))
			json_object_set_new(set, json_string_value(text),
					    json_true());
	json_decref(some);
	return set;
}

json_t *gateway_namespaces(const struct import *imp, const json_t *selector)
{
	const json_t *name = get2(selector, "matchLabels", MANIFEST_NAMESPACE);
	const json_t *expression;
	json_t *names = NULL;
	size_t i;

	if (!selector)
		return must(json_pack("{s:b}", manifest_namespace(imp->at->body),
				      1));
	if (name)
		names = must(json_pack("{s:b}", json_string_value(name), 1));
	json_array_foreach(get(selector, "matchExpressions"), i, expression)
		names = among(names, get(expression, "values"));
	return names;
}
