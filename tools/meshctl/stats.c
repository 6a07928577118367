// SPDX-License-Identifier: GPL-2.0
/*
 * stats: all counters, and those of each endpoint, authorization policy and workload.
 */
#include <assert.h>
#include <linux/l7mesh.h>
#include <string.h>

#include "dump.h"
#include "meshctl.h"
#include "table.h"
#include "tree.h"
#include "util.h"
#include "value.h"

static void take_counter(json_t *counters, const struct nlattr *nest)
{
	const char *name = nl_string(nl_nested(nest, L7MESH_STAT_A_NAME));
	const struct nlattr *value = nl_nested(nest, L7MESH_STAT_A_VALUE);

	json_object_set_new(counters, name, must(json_integer(nl_u64(value))));
}

static void take_endpoint(json_t *endpoints, const struct nlattr *nest)
{
	const struct nlattr *address, *port, *connections, *requests, *failures;
	const struct nlattr *active, *ejected, *draining, *healthy;
	const char *cluster;
	json_t *text, *taken;

	cluster = nl_string(nl_nested(nest, L7MESH_ENDPOINT_STATS_A_CLUSTER));
	address = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_ADDRESS);
	port = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_PORT);
	text = address ? address_json(mnl_attr_get_payload(address),
				      mnl_attr_get_payload_len(address)) :
			 json_text("?", 1);
	connections = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_CONNECTIONS);
	requests = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_REQUESTS);
	failures = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_FAILURES);
	active = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_ACTIVE);
	ejected = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_EJECTED);
	draining = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_DRAINING);
	healthy = nl_nested(nest, L7MESH_ENDPOINT_STATS_A_HEALTHY);
	taken = json_pack("{s:o, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:b}",
			  "cluster", json_text(cluster, strlen(cluster)),
			  "address", text,
			  "port", port ? (int)mnl_attr_get_u16(port) : 0,
			  "connections", (json_int_t)nl_u64(connections),
			  "requests", (json_int_t)nl_u64(requests),
			  "failures", (json_int_t)nl_u64(failures),
			  "active", active ? (json_int_t)
					     mnl_attr_get_u32(active) : 0,
			  "ejected_ms", ejected ? (json_int_t)
					mnl_attr_get_u32(ejected) : 0,
			  "draining", draining && mnl_attr_get_u8(draining));
	if (healthy)
		json_object_set_new(taken, "healthy",
				    json_boolean(mnl_attr_get_u8(healthy)));
	json_array_append_new(endpoints, must(taken));
}

/* Numbers of an object with a name, as they are called, and as which they come. */
struct number {
	const char *name;
	uint16_t type;
};

static const struct number of_policy[] = {
	{ "allowed", L7MESH_AUTHORIZATION_STATS_A_ALLOWED },
	{ "denied", L7MESH_AUTHORIZATION_STATS_A_DENIED },
	{ "audited", L7MESH_AUTHORIZATION_STATS_A_AUDITED },
	{ "would_allow", L7MESH_AUTHORIZATION_STATS_A_WOULD_ALLOW },
	{ "would_deny", L7MESH_AUTHORIZATION_STATS_A_WOULD_DENY },
	{ "cut", L7MESH_AUTHORIZATION_STATS_A_CUT },
	{ NULL, 0 }
};

static const struct number of_workload[] = {
	{ "connections_refused", L7MESH_WORKLOAD_STATS_A_CONNECTIONS_REFUSED },
	{ "requests_refused", L7MESH_WORKLOAD_STATS_A_REQUESTS_REFUSED },
	{ "would_refuse", L7MESH_WORKLOAD_STATS_A_WOULD_REFUSE },
	{ NULL, 0 }
};

static_assert((int)L7MESH_AUTHORIZATION_STATS_A_NAME ==
	      (int)L7MESH_WORKLOAD_STATS_A_NAME, "their names are alike");

static void take_numbers(json_t *objects, const struct nlattr *nest,
			 const struct number *numbers)
{
	const struct nlattr *name, *value;
	json_t *object = must(json_object());

	name = nl_nested(nest, L7MESH_AUTHORIZATION_STATS_A_NAME);
	set_text(object, "name", nl_string(name));
	for (; numbers->name; numbers++) {
		value = nl_nested(nest, numbers->type);
		if (value)
			json_object_set_new(object, numbers->name,
					    must(json_integer(nl_u64(value))));
	}
	json_array_append_new(objects, object);
}

static void take_stat(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *stat = nl_attr(nlh, L7MESH_A_STAT);
	const struct nlattr *endpoint = nl_attr(nlh, L7MESH_A_ENDPOINT_STATS);
	const struct nlattr *policy = nl_attr(nlh, L7MESH_A_AUTHORIZATION_STATS);
	const struct nlattr *workload = nl_attr(nlh, L7MESH_A_WORKLOAD_STATS);
	json_t **stats = data;

	if (stat)
		take_counter(json_object_get(*stats, "counters"), stat);
	if (endpoint)
		take_endpoint(json_object_get(*stats, "endpoints"), endpoint);
	if (policy)
		take_numbers(json_object_get(*stats, "authorization"), policy,
			     of_policy);
	if (workload)
		take_numbers(json_object_get(*stats, "workloads"), workload,
			     of_workload);
}

static void reset(void *data)
{
	json_t **stats = data;

	json_decref(*stats);
	*stats = must(json_pack("{s:{}, s:[], s:[], s:[]}", "counters",
				"endpoints", "authorization", "workloads"));
}

static char *number_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value ? value_text(value) : xstrdup("-");
}

static void print_counters(json_t *counters)
{
	static const char *const headings[] = { "COUNTER", "VALUE", NULL };
	const char *name;
	json_t *value;
	struct table t;

	table_init(&t, headings);
	json_object_foreach(counters, name, value) {
		table_add(&t, xstrdup(name));
		table_add(&t, value_text(value));
	}
	table_print(&t);
}

static void print_endpoints(const json_t *endpoints)
{
	static const char *const headings[] = { "CLUSTER", "ENDPOINT",
						"CONNECTIONS", "REQUESTS",
						"FAILURES", "ACTIVE",
						"EJECTED_MS", "DRAINING",
						"HEALTHY", NULL };
	static const char *const names[] = { "connections", "requests",
					     "failures", "active",
					     "ejected_ms", "draining",
					     "healthy", NULL };
	const json_t *item;
	struct table t;
	size_t i, j;

	table_init(&t, headings);
	json_array_foreach(endpoints, i, item) {
		table_add(&t, value_text(json_object_get(item, "cluster")));
		table_add(&t, socket_text(item));
		for (j = 0; names[j]; j++)
			table_add(&t, number_text(item, names[j]));
	}
	table_print(&t);
}

/* @headings: first that of the name. */
static void print_numbers(const json_t *objects, const char *const *headings,
			  const struct number *numbers)
{
	const struct number *number;
	const json_t *object;
	struct table t;
	size_t i;

	table_init(&t, headings);
	json_array_foreach(objects, i, object) {
		table_add(&t, number_text(object, "name"));
		for (number = numbers; number->name; number++)
			table_add(&t, number_text(object, number->name));
	}
	table_print(&t);
}

static void print_stats(const json_t *stats)
{
	static const char *const policies[] = { "AUTHORIZATION", "ALLOWED",
						"DENIED", "AUDITED",
						"WOULD_ALLOW", "WOULD_DENY",
						"CUT", NULL };
	static const char *const workloads[] = { "WORKLOAD",
						 "CONNECTIONS_REFUSED",
						 "REQUESTS_REFUSED",
						 "WOULD_REFUSE", NULL };

	print_counters(json_object_get(stats, "counters"));
	print_endpoints(json_object_get(stats, "endpoints"));
	print_numbers(json_object_get(stats, "authorization"), policies,
		      of_policy);
	print_numbers(json_object_get(stats, "workloads"), workloads,
		      of_workload);
}

int cmd_stats(const struct ctl *ctl, int argc, char **argv)
{
	struct nlmsghdr *request;
	json_t *stats = NULL;
	char buf[64];
	struct nl nl;
	int status;

	if (argc > 1) {
		complain("usage: meshctl %s", argv[0]);
		return STATUS_USAGE;
	}
	status = nl_open(&nl);
	if (status)
		return status;
	request = nl_prepare(&nl, buf, L7MESH_CMD_STATS_GET, NLM_F_DUMP);
	status = dump_retry(&nl, request, take_stat, reset, &stats);
	nl_close(&nl);
	if (!status && ctl->json) {
		json_print(stats);
		return STATUS_OK;
	}
	if (!status)
		print_stats(stats);
	json_decref(stats);
	return status;
}
