// SPDX-License-Identifier: GPL-2.0
#include "maglev.h"

#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "message.h"
#include "table.h"
#include "util.h"
#include "value.h"

struct maglev {
	uint32_t size;
	uint32_t *entries;
	json_t *endpoints;
};

static void take_entries(struct maglev *m, const struct nlattr *nest)
{
	const struct nlattr *entries = nl_nested(nest, L7MESH_MAGLEV_A_ENTRIES);
	const struct nlattr *size = nl_nested(nest, L7MESH_MAGLEV_A_SIZE);
	uint32_t first = nl_u32(nl_nested(nest, L7MESH_MAGLEV_A_FIRST)), n;

	if (size && !m->entries && nl_u32(size) <= L7MESH_TABLE_SIZE_MAX) {
		m->size = nl_u32(size);
		m->entries = xrealloc(NULL, m->size * sizeof(uint32_t));
		memset(m->entries, 0, m->size * sizeof(uint32_t));
	}
	if (!entries || !m->entries)
		return;
	n = mnl_attr_get_payload_len(entries) / sizeof(uint32_t);
	if (first <= m->size && n <= m->size - first)
		memcpy(m->entries + first, mnl_attr_get_payload(entries),
		       n * sizeof(uint32_t));
}

static void take_piece(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *nest = nl_attr(nlh, L7MESH_A_MAGLEV), *attr;
	const struct schema *schema = message_object(nlh, &attr);
	struct maglev *m = data;

	if (schema && schema->kind == L7MESH_KIND_ENDPOINT)
		json_array_append_new(m->endpoints, message_get(attr, schema));
	if (nest)
		take_entries(m, nest);
}

static void reset(void *data)
{
	struct maglev *m = data;

	free(m->entries);
	json_decref(m->endpoints);
	*m = (struct maglev){ .endpoints = must(json_array()) };
}

static void print_json(const struct maglev *m, const char *cluster)
{
	json_t *entries = must(json_array()), *root;
	uint32_t i;

	for (i = 0; i < m->size; i++)
		json_array_append_new(entries,
				      must(json_integer(m->entries[i])));
	root = json_pack("{s:s, s:I, s:O, s:o}", "cluster", cluster, "size",
			 (json_int_t)m->size, "endpoints", m->endpoints,
			 "entries", entries);
	json_print(root);
}

static void print_shares(const struct maglev *m)
{
	static const char *const headings[] = { "ENDPOINT", "WEIGHT", "SLOTS",
						"SHARE", NULL };
	size_t n = json_array_size(m->endpoints), i;
	size_t *slots = xrealloc(NULL, n * sizeof(*slots));
	const json_t *endpoint;
	struct table t;

	memset(slots, 0, n * sizeof(*slots));
	for (i = 0; i < m->size; i++)
		if (m->entries[i] < n)
			slots[m->entries[i]]++;
	table_init(&t, headings);
	json_array_foreach(m->endpoints, i, endpoint) {
		table_add(&t, socket_text(endpoint));
		table_add(&t, value_text(json_object_get(endpoint, "weight")));
		table_add(&t, xasprintf("%zu", slots[i]));
		table_add(&t, xasprintf("%.3f%%", slots[i] * 100.0 / m->size));
	}
	table_print(&t);
	free(slots);
}

int maglev_show(const struct ctl *ctl, const char *cluster)
{
	struct maglev m = { 0 };
	struct nlmsghdr *request;
	char buf[512];
	struct nl nl;
	int status;

	if (!*cluster || strlen(cluster) > L7MESH_NAME_MAX) {
		complain("\"%s\" is not a cluster's name", cluster);
		return STATUS_USAGE;
	}
	status = nl_open(&nl);
	if (status)
		return status;
	request = nl_prepare(&nl, buf, L7MESH_CMD_MAGLEV_GET, NLM_F_DUMP);
	mnl_attr_put_strz(request, L7MESH_A_CLUSTER_NAME, cluster);
	status = dump_retry(&nl, request, take_piece, reset, &m);
	nl_close(&nl);
	if (!status && ctl->json)
		print_json(&m, cluster);
	else if (!status)
		print_shares(&m);
	free(m.entries);
	json_decref(m.endpoints);
	return status;
}
