// SPDX-License-Identifier: GPL-2.0
/*
 * TLSRoute and TCPRoute: of a connection no more is seen than whom it is for. All rules
 * of a route are for all of its connections, so the first one has them.
 */
#include "gateway_priv.h"

#include <stdlib.h>

/*
 * How finely a weight of 1 is divided among endpoints, at most. The sum of all weights
 * that a file has room for, times this, has 63 bits.
 */
#define UNIT_MAX	10000000

/* Others' names have a namespace. */
static const char nowhere[] = "nowhere";

/* A cluster without endpoints: who is sent there is refused. */
static const char *need_nowhere(struct import *imp)
{
	if (!get(imp->clusters, nowhere))
		json_object_set_new(imp->clusters, nowhere, must(json_array()));
	return nowhere;
}

/* ---- routes ---- */

/* The share of what cannot be resolved goes nowhere. */
static json_t *action_of(struct import *imp, const json_t *rule)
{
	struct weights w = gateway_weights(imp, rule, 0);
	json_t *action = must(json_object());
	json_int_t some;

	if (!w.good) {
		json_array_clear(w.list);
		w.bad = 1;
	}
	for (; w.bad; w.bad -= some) {
		some = w.bad < L7MESH_WEIGHT_MAX ? w.bad : L7MESH_WEIGHT_MAX;
		json_array_append_new(w.list,
				      must(json_pack("{s:s, s:I}", "name",
						     need_nowhere(imp), "weight",
						     some)));
	}
	gateway_set_clusters(action, w.list);
	json_decref(w.list);
	return action;
}

static void note_rules(struct import *imp, const json_t *rules)
{
	const json_t *rule;
	char *field;
	size_t i;

	json_array_foreach(rules, i, rule) {
		gateway_note_item(imp, REASON_UNSUPPORTED_VALUE, "spec.rules", i);
		if (!i)
			continue;
		field = xasprintf("spec.rules[%zu]", i);
		gateway_fail(imp, REASON_UNSUPPORTED_VALUE, field,
			     "the first rule has all connections");
		free(field);
	}
}

/* What its clusters are called where they have to be one. */
static json_t *name_of(const json_t *body)
{
	char *name = gateway_name(manifest_namespace(body), manifest_name(body),
				  "/tcp");
	json_t *text = json_text(name, strlen(name));

	free(name);
	return text;
}

json_t *gateway_stream_routes(struct import *imp)
{
	const json_t *body = imp->at->body, *rules = get2(body, "spec", "rules");
	const json_t *rule = json_array_get(rules, 0);
	bool good = !manifest_wrong(rule);
	json_t *route = must(json_object());

	note_rules(imp, rules);
	imp->good_rules += good;
	json_object_set_new(route, "action", action_of(imp, good ? rule : NULL));
	if (imp->at->kind == MANIFEST_TCP_ROUTE)
		json_object_set_new(route, "name", name_of(body));
	return must(json_pack("[o]", route));
}

/* ---- several clusters as one ---- */

static json_int_t common_divisor(json_int_t a, json_int_t b)
{
	json_int_t rest;

	for (; b; b = rest) {
		rest = a % b;
		a = b;
	}
	return a;
}

/* What can be divided among the endpoints of each cluster: a common multiple. */
static json_int_t unit_of(const struct import *imp, json_t *weights)
{
	json_int_t unit = 1, n;
	const char *cluster;
	json_t *weight;

	json_object_foreach(weights, cluster, weight) {
		n = json_array_size(get(imp->clusters, cluster));
		if (n)
			unit = unit / common_divisor(unit, n) * n;
		if (unit > UNIT_MAX)
			return UNIT_MAX;
	}
	return unit;
}

/* @merged: by address and port. An endpoint of several has what it is given by each. */
static void add_parts(json_t *merged, const json_t *endpoints, json_int_t share)
{
	json_int_t n = json_array_size(endpoints), part = n ? (share + n / 2) / n : 0;
	const json_t *endpoint;
	json_t *made;
	char *key;
	size_t i;

	json_array_foreach(endpoints, i, endpoint) {
		key = socket_text(endpoint);
		made = get(merged, key);
		if (!made) {
			made = must(json_copy((json_t *)endpoint));
			json_object_set_new(merged, key, made);
		}
		set_number(made, "weight", number(made, "weight") + part);
		free(key);
	}
}

/* By what all parts are divided: exactly, if they can be weights then. */
static json_int_t divisor_of(json_t *merged)
{
	json_int_t divisor = 0, most = 1, part;
	json_t *endpoint;
	const char *key;

	json_object_foreach(merged, key, endpoint) {
		part = number(endpoint, "weight");
		divisor = common_divisor(divisor, part);
		most = part > most ? part : most;
	}
	if (!divisor || most / divisor > L7MESH_WEIGHT_MAX)
		return (most + L7MESH_WEIGHT_MAX - 1) / L7MESH_WEIGHT_MAX;
	return divisor;
}

/* The endpoints of clusters, each of which has the weight of its cluster in part. */
static json_t *merge(const struct import *imp, json_t *weights)
{
	json_t *merged = must(json_object()), *list = must(json_array());
	json_int_t unit = unit_of(imp, weights), divisor, part;
	json_t *weight, *endpoint;
	const char *key;

	json_object_foreach(weights, key, weight)
		add_parts(merged, get(imp->clusters, key),
			  json_integer_value(weight) * unit);
	divisor = divisor_of(merged);
	json_object_foreach(merged, key, endpoint) {
		part = (number(endpoint, "weight") + divisor / 2) / divisor;
		set_number(endpoint, "weight", part ?: 1);
		json_array_append(list, endpoint);
	}
	json_decref(merged);
	return list;
}

/* ---- tcp listeners ---- */

/* The weights above 0 of an action's clusters, by their names. */
static json_t *weights_of(const json_t *action)
{
	json_t *weights = must(json_object());
	const json_t *item;
	const char *name;
	size_t i;

	json_array_foreach(get(action, "weighted_clusters"), i, item) {
		name = object_get(item, "name");
		if (number(item, "weight"))
			set_number(weights, name,
				   number(weights, name) + number(item, "weight"));
	}
	if (get(action, "cluster"))
		set_number(weights, object_get(action, "cluster"), 1);
	return weights;
}

/*
 * A listener has one cluster, and cannot refuse a share of its connections: it refuses
 * all, if some would have to go nowhere. @route keeps which it is.
 */
static void set_cluster(struct import *imp, json_t *route)
{
	json_t *weights = weights_of(get(route, "action"));
	const char *name = object_get(route, "name");

	if (get(weights, nowhere) || !json_object_size(weights))
		name = need_nowhere(imp);
	else if (json_object_size(weights) == 1)
		name = json_object_iter_key(json_object_iter(weights));
	else
		json_object_set_new(imp->clusters, name, merge(imp, weights));
	set_text(route, "cluster", name);
	json_decref(weights);
}

static const char *cluster_of(struct import *imp, json_t *route)
{
	if (!route)
		return need_nowhere(imp);
	if (!get(route, "cluster"))
		set_cluster(imp, route);
	return object_get(route, "cluster");
}

void gateway_place_clusters(struct import *imp)
{
	const json_t *hosts;
	json_t *listener, *route;
	const char *name;

	json_object_foreach(imp->listeners, name, listener) {
		if (!is(listener, "protocol", gateway_protocol(MANIFEST_TCP_ROUTE)))
			continue;
		hosts = get(imp->tables, object_get(listener, "route_table"));
		route = json_array_get(get(hosts, "*"), 0);
		set_text(listener, "cluster", cluster_of(imp, route));
		json_object_del(listener, "route_table");
	}
}
