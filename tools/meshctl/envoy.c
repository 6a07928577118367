// SPDX-License-Identifier: GPL-2.0
/*
 * What Envoy does by default and we do not is written down: the file says what it
 * did before.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "envoy_priv.h"
#include "load.h"
#include "value.h"

#define DAY_MS	(24 * 60 * 60 * 1000)

void envoy_fail(struct envoy *e, const struct path *path, const char *fmt, ...)
{
	char *where = path_text(path), *what;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&what, fmt, args) < 0)
		must(NULL);
	va_end(args);
	fprintf(stderr, "%s: %s: %s\n", load_name(e->file), where, what);
	free(where);
	free(what);
	e->failed = true;
}

bool envoy_milliseconds(const char *s, size_t len, uint32_t *ms)
{
	uint64_t sum = 0, unit = 1000;
	bool digits = false;
	size_t i = 0;

	for (; i < len && isdigit((unsigned char)s[i]) && sum < DAY_MS; i++) {
		sum = sum * 10 + (s[i] - '0') * 1000;
		digits = true;
	}
	if (i < len && s[i] == '.')
		for (i++; i < len && isdigit((unsigned char)s[i]); i++) {
			unit /= 10;
			if (!unit && s[i] != '0')
				return false;
			sum += (s[i] - '0') * unit;
		}
	if (!digits || i + 1 != len || s[i] != 's' || sum > DAY_MS)
		return false;
	if (ms)
		*ms = sum;
	return true;
}

void envoy_copy_time(json_t *to, const char *key, const json_t *from,
		     const char *name, const char *fallback)
{
	const char *text = get(from, name) ? object_get(from, name) : fallback;
	uint32_t ms;

	if (text && envoy_milliseconds(text, strlen(text), &ms))
		json_object_set_new(to, key, duration_json(ms));
}

/* ---- listeners ---- */

/* Envoy compares Host as it is unless it is told otherwise. "*" is all the same. */
static void set_host_port(json_t *to, const json_t *hcm)
{
	const json_t *config = get(hcm, "route_config"), *host, *domain;
	size_t i, k;

	if (json_is_true(get(hcm, "strip_any_host_port")) ||
	    json_is_true(get(config, "ignore_port_in_host_matching")))
		return;
	json_array_foreach(get(config, "virtual_hosts"), i, host)
		json_array_foreach(get(host, "domains"), k, domain)
			if (strcmp(json_string_value(domain), "*"))
				set_text(to, "host_port", "match");
}

static void set_options(json_t *to, const json_t *hcm)
{
	static const char *const slashes[][2] = {
		{ "REJECT_REQUEST", "reject" }, { "UNESCAPE_AND_FORWARD", "decode" },
	};
	static const char *const underscores[][2] = {
		{ "REJECT_REQUEST", "reject" }, { "DROP_HEADER", "drop" },
	};
	const json_t *common = get(hcm, "common_http_protocol_options"), *upgrade;
	bool websocket = false;
	size_t i;

	json_array_foreach(get(hcm, "upgrade_configs"), i, upgrade)
		websocket |= !json_is_false(get(upgrade, "enabled"));
	set_text(to, "upgrade", websocket ? "websocket" : "none");
	set_host_port(to, hcm);
	/* Without use_remote_address Envoy leaves the field alone. */
	set_bool(to, "x_forwarded_for",
		 json_is_true(get(hcm, "use_remote_address")));
	copy(to, "trusted_hops", hcm, "xff_num_trusted_hops");
	copy(to, "x_request_id", hcm, "generate_request_id");
	copy(to, "normalize_path", hcm, "normalize_path");
	copy(to, "merge_slashes", hcm, "merge_slashes");
	for (i = 0; i < 2; i++)
		if (is(hcm, "path_with_escaped_slashes_action", slashes[i][0]))
			set_text(to, "escaped_slashes", slashes[i][1]);
	for (i = 0; i < 2; i++)
		if (is(common, "headers_with_underscores_action", underscores[i][0]))
			set_text(to, "headers_with_underscores", underscores[i][1]);
	envoy_copy_time(to, "stream_idle_timeout", hcm, "stream_idle_timeout", NULL);
	envoy_copy_time(to, "request_timeout", hcm, "request_timeout", NULL);
	envoy_copy_time(to, "headers_timeout", hcm, "request_headers_timeout", NULL);
	envoy_copy_time(to, "idle_timeout", common, "idle_timeout", "3600s");
	envoy_copy_time(to, "max_connection_duration", common,
			"max_connection_duration", NULL);
	copy(to, "max_headers", common, "max_headers_count");
	copy(to, "max_requests_per_connection", common,
	     "max_requests_per_connection");
	if (get(hcm, "max_request_headers_kb"))
		set_number(to, "max_header_bytes",
			   1024 * number(hcm, "max_request_headers_kb"));
}

static bool is_any(const char *address)
{
	return !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

static void set_address(struct envoy *e, json_t *to, const json_t *listener,
			const struct path *path)
{
	const json_t *sock = get(get(listener, "address"), "socket_address");
	struct path self = { path, "address.socket_address.address", -1 };
	const char *address = object_get(sock, "address");

	if (is_any(address) && !e->address)
		envoy_fail(e, &self, "%s is every address of a host; -a ADDRESS "
			   "says which one clients connect to", address);
	set_text(to, "address", is_any(address) && e->address ? e->address :
								 address);
	copy(to, "port", sock, "port_value");
}

/* Its own name, or that of its listener where another has it. */
static void add_table(struct envoy *e, json_t *tables, json_t *listener,
		      const json_t *config, const struct path *path)
{
	const char *name = object_get(config, "name");
	json_t *hosts = envoy_virtual_hosts(e, config, path), *table;
	size_t i;

	if (!*name)
		name = object_get(listener, "name");
	json_array_foreach(tables, i, table)
		if (is(table, "name", name))
			name = object_get(listener, "name");
	table = must(json_pack("{s:s, s:o}", "name", name, "virtual_hosts", hosts));
	json_array_append_new(tables, table);
	set_text(listener, "route_table", name);
}

static json_t *import_listener(struct envoy *e, json_t *tables,
			       const json_t *listener, const struct path *path)
{
	struct path chain = { path, "filter_chains", 0 };
	struct path filter = { &chain, "filters", 0 };
	struct path typed = { &filter, "typed_config.route_config", -1 };
	const json_t *filters = get(json_array_get(get(listener, "filter_chains"),
						   0), "filters");
	const json_t *config = get(json_array_get(filters, 0), "typed_config");
	json_t *to = must(json_object());
	char *name = NULL;

	if (!*object_get(listener, "name"))
		name = xasprintf("listener%ld", path->index);
	set_text(to, "name", name ?: object_get(listener, "name"));
	free(name);
	set_address(e, to, listener, path);
	if (is(config, "@type", ENVOY_TCP_PROXY)) {
		set_text(to, "protocol", "tcp");
		copy(to, "cluster", config, "cluster");
		return to;
	}
	set_text(to, "protocol", "http");
	add_table(e, tables, to, get(config, "route_config"), &typed);
	set_options(to, config);
	copy(to, "buffer_limit", listener, "per_connection_buffer_limit_bytes");
	return to;
}

/* ---- the file ---- */

static json_t *import_all(struct envoy *e, const json_t *resources)
{
	struct path up = { NULL, "static_resources", -1 };
	struct path path = { &up, "listeners", 0 };
	json_t *listeners = must(json_array()), *tables = must(json_array());
	json_t *clusters = must(json_array());
	const json_t *item;
	size_t i;

	e->clusters = get(resources, "clusters");
	json_array_foreach(get(resources, "listeners"), i, item) {
		path.index = i;
		json_array_append_new(listeners,
				      import_listener(e, tables, item, &path));
	}
	path.key = "clusters";
	json_array_foreach(get(resources, "clusters"), i, item) {
		path.index = i;
		json_array_append_new(clusters, envoy_cluster(e, item, &path));
	}
	return must(json_pack("{s:o, s:o, s:o}", "clusters", clusters,
			      "route_tables", tables, "listeners", listeners));
}

json_t *envoy_import(const char *file, const char *address)
{
	struct envoy e = { .file = file, .address = address };
	struct config config;
	json_t *tree;

	if (!load_other_file(file, &envoy_bootstrap, &config))
		return NULL;
	e.hash = must(json_object());
	e.without = must(json_object());
	e.subsets = must(json_object());
	e.edited = must(json_object());
	e.reads = must(json_object());
	tree = import_all(&e, get(config.objects[0].body, "static_resources"));
	json_decref(e.hash);
	json_decref(e.without);
	json_decref(e.subsets);
	json_decref(e.edited);
	json_decref(e.reads);
	config_free(&config);
	if (!e.failed)
		return tree;
	json_decref(tree);
	return NULL;
}
