// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

static json_t *texts_of(struct problems *p)
{
	json_t *list = must(json_array());
	size_t n = problems_sort(p), i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_text(p->list[i].text,
						      strlen(p->list[i].text)));
	return list;
}

/* Is what is wrong with such manifests said as they are imported? */
static bool reports_itself(enum manifest_kind kind)
{
	return kind <= MANIFEST_SERVICE ||
	       (kind > MANIFEST_REFERENCE_GRANT && kind < MANIFEST_OTHER);
}

/* Those that nothing is made of by themselves: what is wrong with them. */
static void report_others(struct import *imp)
{
	json_t *entry;
	size_t i;

	for (i = 0; i < imp->m->count; i++) {
		imp->at = &imp->m->list[i];
		if (!imp->at->problems)
			continue;
		imp->failed = true;
		if (!imp->report)
			problems_print(imp->at->problems);
		if (!imp->report || reports_itself(imp->at->kind))
			continue;
		entry = gateway_entry(imp);
		json_object_set_new(entry, "problems",
				    texts_of(imp->at->problems));
		json_array_append_new(imp->report, entry);
	}
}

/* ---- the file ---- */

/* "" comes last: who has no time is not there yet. */
static int by_time(const char *a, const char *b)
{
	return !*a || !*b ? !*a - !*b : strcmp(a, b);
}

/* Gateway API: of what is alike the oldest wins, then the first by namespace/name. */
static int by_age(const void *a, const void *b)
{
	const struct manifest *const *x = a, *const *y = b;
	char *p, *q;
	int order;

	order = by_time(object_get(get((*x)->body, "metadata"), "creationTimestamp"),
			object_get(get((*y)->body, "metadata"), "creationTimestamp"));
	if (order)
		return order;
	p = xasprintf("%s/%s", manifest_namespace((*x)->body),
		      manifest_name((*x)->body));
	q = xasprintf("%s/%s", manifest_namespace((*y)->body),
		      manifest_name((*y)->body));
	order = strcmp(p, q);
	free(p);
	free(q);
	return order;
}

static void each(struct import *imp, enum manifest_kind kind,
		 void (*import)(struct import *imp))
{
	const struct manifest **list;
	size_t n = 0, i;

	list = xrealloc(NULL, (imp->m->count + 1) * sizeof(*list));
	for (i = 0; i < imp->m->count; i++)
		if (imp->m->list[i].kind == kind)
			list[n++] = &imp->m->list[i];
	qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++) {
		imp->at = list[i];
		gateway_report_begin(imp);
		import(imp);
	}
	free(list);
}

static json_t *clusters_tree(const struct import *imp)
{
	json_t *tree = must(json_array()), *endpoints, *cluster;
	const char *name;

	json_object_foreach(imp->clusters, name, endpoints) {
		cluster = must(json_pack("{s:s}", "name", name));
		if (json_is_object(get(imp->sessions, name)))
			copy(cluster, "session_affinity", imp->sessions, name);
		if (json_array_size(endpoints))
			json_object_set(cluster, "endpoints", endpoints);
		json_array_append_new(tree, cluster);
	}
	return tree;
}

/* @order: of the routes of each; NULL: there is one at most. */
static json_t *hosts_tree(const json_t *hosts, const char *order)
{
	json_t *tree = must(json_array()), *routes, *made;
	const char *host;

	json_object_foreach((json_t *)hosts, host, routes) {
		made = must(json_pack("{s:s, s:[s]}", "name", host, "domains",
				      host));
		if (order)
			set_text(made, "order", order);
		if (json_array_size(routes))
			json_object_set(made, "routes", routes);
		json_array_append_new(tree, made);
	}
	return tree;
}

static json_t *tables_tree(const struct import *imp)
{
	json_t *tree = must(json_array()), *hosts, *made;
	const char *name, *order;

	json_object_foreach(imp->tables, name, hosts) {
		if (is(imp->protocols, name, "tcp"))
			continue;
		order = is(imp->protocols, name, "http") ? "specific" : NULL;
		made = must(json_pack("{s:s, s:o}", "name", name, "virtual_hosts",
				      hosts_tree(hosts, order)));
		json_array_append_new(tree, made);
	}
	return tree;
}

static json_t *values_of(json_t *object)
{
	json_t *list = must(json_array()), *value;
	const char *key;

	json_object_foreach(object, key, value)
		json_array_append(list, value);
	return list;
}

static void import_all(struct import *imp)
{
	report_others(imp);
	each(imp, MANIFEST_SERVICE, gateway_note_service);
	each(imp, MANIFEST_ENDPOINT_SLICE, gateway_note_slice);
	each(imp, MANIFEST_GATEWAY, gateway_note_given);
	each(imp, MANIFEST_GATEWAY, gateway_claim_given);
	each(imp, MANIFEST_GATEWAY, gateway_claim_asked);
	each(imp, MANIFEST_GATEWAY, gateway_listeners);
	each(imp, MANIFEST_HTTP_ROUTE, gateway_attach);
	each(imp, MANIFEST_TLS_ROUTE, gateway_attach);
	each(imp, MANIFEST_TCP_ROUTE, gateway_attach);
	gateway_place_clusters(imp);
	each(imp, MANIFEST_AUTHORIZATION_POLICY, gateway_note_asked);
	each(imp, MANIFEST_NETWORK_POLICY, gateway_note_asked);
	each(imp, MANIFEST_POD, gateway_pod);
	each(imp, MANIFEST_WORKLOAD_ENTRY, gateway_workload_entry);
	each(imp, MANIFEST_SERVICE, gateway_ports);
	each(imp, MANIFEST_AUTHORIZATION_POLICY, gateway_istio);
	each(imp, MANIFEST_PEER_AUTHENTICATION, gateway_peer);
	each(imp, MANIFEST_NETWORK_POLICY, gateway_note_network);
	gateway_cover(imp);
	each(imp, MANIFEST_NETWORK_POLICY, gateway_network);
}

static json_t *tree_of(const struct import *imp)
{
	json_t *tree;

	tree = must(json_pack("{s:o, s:o, s:o}",
			      "clusters", clusters_tree(imp),
			      "route_tables", tables_tree(imp),
			      "listeners", values_of(imp->listeners)));
	set_list(tree, "workloads", values_of(imp->workloads));
	set_list(tree, "authorization", values_of(imp->policies));
	return tree;
}

json_t *gateway_api_import(const struct manifests *m,
			   const struct gateway_options *options, json_t *report)
{
	struct import imp = {
		.m = m, .networks = options->networks,
		.services = must(json_object()),
		.endpoints = must(json_object()),
		.given = must(json_object()), .claims = must(json_object()),
		.hostnames = must(json_object()), .clusters = must(json_object()),
		.sessions = must(json_object()),
		.tables = must(json_object()), .protocols = must(json_object()),
		.listeners = must(json_object()),
		.attached = must(json_object()), .root = options->root,
		.workloads = must(json_object()),
		.owners = must(json_object()), .asked = must(json_object()),
		.spoken = must(json_object()), .said = must(json_object()),
		.policies = must(json_object()),
		.pods = must(json_object()), .allows = must(json_object()),
		.isolating = must(json_object()),
		.remarks = must(json_array()),
		.policy_names = must(json_object()), .report = report,
	};
	json_t *tree = NULL;

	import_all(&imp);
	if (!imp.lost && (!imp.failed || !options->strict))
		tree = tree_of(&imp);
	json_decref(imp.services);
	json_decref(imp.endpoints);
	json_decref(imp.given);
	json_decref(imp.claims);
	json_decref(imp.hostnames);
	json_decref(imp.clusters);
	json_decref(imp.sessions);
	json_decref(imp.tables);
	json_decref(imp.protocols);
	json_decref(imp.listeners);
	json_decref(imp.attached);
	json_decref(imp.workloads);
	json_decref(imp.owners);
	json_decref(imp.asked);
	json_decref(imp.spoken);
	json_decref(imp.said);
	json_decref(imp.remarks);
	json_decref(imp.policies);
	json_decref(imp.pods);
	json_decref(imp.allows);
	json_decref(imp.isolating);
	json_decref(imp.policy_names);
	return tree;
}
