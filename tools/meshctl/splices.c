// SPDX-License-Identifier: GPL-2.0
#include "splices.h"

#include <linux/l7mesh.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "netns.h"
#include "sockets.h"
#include "table.h"
#include "util.h"
#include "value.h"

static json_t *fallbacks(const struct nlattr *list)
{
	json_t *reasons = must(json_object());
	const struct nlattr *item;
	uint64_t n;

	if (!list)
		return reasons;
	mnl_attr_for_each_nested(item, list) {
		n = nl_u64(nl_nested(item, L7MESH_STAT_A_VALUE));
		json_object_set_new(reasons,
				    nl_string(nl_nested(item,
							L7MESH_STAT_A_NAME)),
				    must(json_integer(n)));
	}
	return reasons;
}

static json_int_t number(const struct nlattr *end, uint16_t type)
{
	return nl_u64(nl_nested(end, type));
}

static json_t *read_end(const struct nlattr *end)
{
	const struct nlattr *address, *port;

	address = nl_nested(end, L7MESH_SPLICE_END_A_ADDRESS);
	port = nl_nested(end, L7MESH_SPLICE_END_A_PORT);
	return must(json_pack("{s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"address", address ?
			address_json(mnl_attr_get_payload(address),
				     mnl_attr_get_payload_len(address)) :
			json_text("?", 1),
		"port", port ? (int)mnl_attr_get_u16(port) : 0,
		"netns", number(end, L7MESH_SPLICE_END_A_NETNS),
		"socket", number(end, L7MESH_SPLICE_END_A_SOCKET),
		"direct_bytes", number(end, L7MESH_SPLICE_END_A_DIRECT_BYTES),
		"direct_messages",
		number(end, L7MESH_SPLICE_END_A_DIRECT_MESSAGES),
		"tcp_bytes", number(end, L7MESH_SPLICE_END_A_TCP_BYTES),
		"tcp_messages", number(end, L7MESH_SPLICE_END_A_TCP_MESSAGES),
		"fallbacks", fallbacks(nl_nested(end,
						 L7MESH_SPLICE_END_A_FALLBACKS))));
}

static void take_pair(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *pair = nl_attr(nlh, L7MESH_A_SPLICE_PAIR);
	const struct nlattr *client, *server;
	json_t **list = data;

	client = pair ? nl_nested(pair, L7MESH_SPLICE_PAIR_A_CLIENT) : NULL;
	server = pair ? nl_nested(pair, L7MESH_SPLICE_PAIR_A_SERVER) : NULL;
	if (client && server)
		json_array_append_new(*list,
				      must(json_pack("{s:o, s:o}",
						     "client",
						     read_end(client),
						     "server",
						     read_end(server))));
}

/* What the file system knows of an end: names of its namespace, its process. */
static void add_names(json_t *end, const json_t *netns, const json_t *sockets)
{
	const json_t *space, *owner;

	space = netns_known(netns, json_integer_value(json_object_get(end,
								      "netns")));
	owner = sockets_known(sockets,
			      json_integer_value(json_object_get(end,
								 "socket")));
	if (space)
		json_object_set(end, "names", json_object_get(space, "names"));
	if (owner)
		json_object_update(end, (json_t *)owner);
}

static int add_all_names(struct nl *nl, json_t *list)
{
	json_t *netns = netns_scan(), *sockets = sockets_scan(), *pair;
	size_t i;

	(void)nl;
	json_array_foreach(list, i, pair) {
		add_names(json_object_get(pair, "client"), netns, sockets);
		add_names(json_object_get(pair, "server"), netns, sockets);
	}
	json_decref(netns);
	json_decref(sockets);
	return STATUS_OK;
}

/* "nginx/612", or "-" if no process is known to have it. */
static char *owner_text(const json_t *end)
{
	const char *command =
		json_string_value(json_object_get(end, "command"));

	return command ? xasprintf("%s/%" JSON_INTEGER_FORMAT, command,
				   json_integer_value(json_object_get(end,
								      "pid"))) :
			 xstrdup("-");
}

static char *netns_text(const json_t *end)
{
	const json_t *names = json_object_get(end, "names");

	return value_text(json_array_size(names) ? json_array_get(names, 0) :
			  json_object_get(end, "netns"));
}

static json_int_t sum(const json_t *pair, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(pair,
								  "client"),
						  name)) +
	       json_integer_value(json_object_get(json_object_get(pair,
								  "server"),
						  name));
}

static void print_table(const json_t *list)
{
	static const char *const headings[] = {
		"CLIENT", "NETNS", "PROCESS", "SERVER", "NETNS", "PROCESS",
		"DIRECT", "TCP", NULL
	};
	static const char *const ends[] = { "client", "server" };
	const json_t *pair, *end;
	struct table t;
	size_t i, j;

	table_init(&t, headings);
	json_array_foreach(list, i, pair) {
		for (j = 0; j < 2; j++) {
			end = json_object_get(pair, ends[j]);
			table_add(&t, socket_text(end));
			table_add(&t, netns_text(end));
			table_add(&t, owner_text(end));
		}
		table_add(&t, xasprintf("%" JSON_INTEGER_FORMAT,
					sum(pair, "direct_bytes")));
		table_add(&t, xasprintf("%" JSON_INTEGER_FORMAT,
					sum(pair, "tcp_bytes")));
	}
	table_print(&t);
}

int splices_show(const struct ctl *ctl)
{
	return dump_show(ctl, &(struct dump_list){
		.cmd = L7MESH_CMD_SPLICES_GET,
		.take = take_pair,
		.complete = add_all_names,
		.print = print_table,
	});
}
