// SPDX-License-Identifier: GPL-2.0
/*
 * stats: all counters, and those of each endpoint.
 */
#include <linux/l7mesh.h>
#include <string.h>

#include "dump.h"
#include "meshctl.h"
#include "table.h"
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

static void take_stat(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *stat = nl_attr(nlh, L7MESH_A_STAT);
	const struct nlattr *endpoint = nl_attr(nlh, L7MESH_A_ENDPOINT_STATS);
	json_t **stats = data;

	if (stat)
		take_counter(json_object_get(*stats, "counters"), stat);
	if (endpoint)
		take_endpoint(json_object_get(*stats, "endpoints"), endpoint);
}

static void reset(void *data)
{
	json_t **stats = data;

	json_decref(*stats);
	*stats = must(json_pack("{s:{}, s:[]}", "counters", "endpoints"));
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
	const json_t *value;
	const json_t *item;
	struct table t;
	size_t i, j;

	table_init(&t, headings);
	json_array_foreach(endpoints, i, item) {
		table_add(&t, value_text(json_object_get(item, "cluster")));
		table_add(&t, socket_text(item));
		for (j = 0; names[j]; j++) {
			value = json_object_get(item, names[j]);
			table_add(&t, value ? value_text(value) :
					      xstrdup("-"));
		}
	}
	table_print(&t);
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
	if (!status) {
		print_counters(json_object_get(stats, "counters"));
		print_endpoints(json_object_get(stats, "endpoints"));
	}
	json_decref(stats);
	return status;
}
