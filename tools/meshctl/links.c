// SPDX-License-Identifier: GPL-2.0
#include "links.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "value.h"

void links_init(struct links *links)
{
	*links = (struct links){ .seen = must(json_object()) };
}

void links_free(struct links *links)
{
	size_t i;

	for (i = 0; i < links->count; i++) {
		free(links->list[i].name);
		free(links->list[i].path);
	}
	free(links->list);
	json_decref(links->seen);
}

static bool has(const json_t *body, const char *name)
{
	return json_object_get(body, name);
}

size_t links_line(const struct links *links, const char *what, const char *name)
{
	char *key = xasprintf("%s %s", what, name);
	json_int_t line = json_integer_value(json_object_get(links->seen, key));

	free(key);
	return line;
}

/* Notes @key, which it frees; returns the line that had it before, or 0. */
static json_int_t note(struct links *links, char *key, size_t line)
{
	json_int_t before =
		json_integer_value(json_object_get(links->seen, key));

	if (!before)
		json_object_set_new(links->seen, key,
				    must(json_integer(line)));
	free(key);
	return before;
}

static void define_domains(struct links *links, const struct scope *scope,
			   const json_t *body)
{
	const json_t *domain;
	json_int_t before;
	size_t i;

	json_array_foreach(json_object_get(body, "domains"), i, domain) {
		before = note(links,
			      xasprintf("domain %s %s",
					object_get(body, "route_table"),
					json_string_value(domain)),
			      scope->self.line);
		if (before)
			scope_problem(scope, "domains",
				      "\"%s\" is a domain of this route table "
				      "already: of the virtual host on line %"
				      JSON_INTEGER_FORMAT,
				      json_string_value(domain), before);
	}
}

static bool is_udp(const json_t *body)
{
	return !strcmp(object_get(body, "protocol"), "udp");
}

/* @name: the field that has the address. UDP has ports of its own. */
static void define_socket(struct links *links, const struct scope *scope,
			  const char *name, const json_t *at)
{
	char *socket = socket_text(at);
	json_int_t before;

	before = note(links, xasprintf("socket %s%s", is_udp(at) ? "udp " : "", socket),
		      scope->self.line);
	if (before)
		scope_problem(scope, name,
			      "%s is taken by the listener on line %"
			      JSON_INTEGER_FORMAT, socket, before);
	free(socket);
}

/* Those for some clients only may share theirs: which may not, the kernel says. */
static void define_listener(struct links *links, const struct scope *scope,
			    const json_t *body)
{
	json_t *at, *address;
	size_t i;

	if (has(body, "from") || has(body, "interface"))
		return;
	define_socket(links, scope, "address", body);
	at = must(json_copy((json_t *)body));
	json_array_foreach(json_object_get(body, "addresses"), i, address) {
		json_object_set(at, "address", address);
		define_socket(links, scope, "addresses", at);
	}
	json_decref(at);
}

static void define_localities(struct links *links, const struct scope *scope,
			      const json_t *body)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(body, "localities"), i, item)
		if (*object_get(item, "name") &&
		    note(links, xasprintf("locality %s %s",
					  object_get(body, "name"),
					  object_get(item, "name")),
			 scope->self.line))
			scope_problem(scope, "localities",
				      "\"%s\" is there twice",
				      object_get(item, "name"));
}

/* The cluster, which is read before its endpoints, says which localities it has. */
static void check_locality(struct links *links, const struct scope *scope,
			   const json_t *body)
{
	const char *locality = object_get(body, "locality");
	char *name = xasprintf("%s %s", object_get(body, "cluster"), locality);

	if (*locality && !links_line(links, "locality", name))
		scope_problem(scope, "locality",
			      "\"%s\" is not one of the cluster's localities",
			      locality);
	free(name);
}

static void define_endpoint(struct links *links, const struct scope *scope,
			    const json_t *body)
{
	check_locality(links, scope, body);
	note(links, xasprintf("ipv%c %s",
			      strchr(object_get(body, "address"), ':') ? '6' : '4',
			      object_get(body, "cluster")),
	     scope->self.line);
}

static void define_key(struct links *links, const struct scope *scope,
		       const json_t *body)
{
	json_int_t before;
	char *label;

	before = note(links, object_label(scope->schema->kind, body),
		      scope->self.line);
	if (!before)
		return;
	label = object_label(scope->schema->kind, body);
	scope_problem(scope, has(body, "name") ? "name" : "address",
		      "the %s is on line %" JSON_INTEGER_FORMAT " already",
		      label, before);
	free(label);
}

void links_define(struct links *links, const struct scope *scope,
		  const json_t *body)
{
	enum l7mesh_kind kind = scope->schema->kind;
	bool socket = has(body, "address") && has(body, "port");

	/* What no kernel knows may be there twice. */
	if (!schema_of(kind))
		return;
	if (kind == L7MESH_KIND_ENDPOINT ? socket : has(body, "name"))
		define_key(links, scope, body);
	if (kind == L7MESH_KIND_CLUSTER)
		define_localities(links, scope, body);
	if (kind == L7MESH_KIND_ENDPOINT && socket)
		define_endpoint(links, scope, body);
	if (kind == L7MESH_KIND_LISTENER && socket)
		define_listener(links, scope, body);
	if (kind == L7MESH_KIND_VIRTUAL_HOST)
		define_domains(links, scope, body);
}

/* Is one of its addresses of this family? */
static bool has_family(const json_t *body, bool v6)
{
	bool has = !strchr(object_get(body, "address"), ':') != v6;
	const json_t *address;
	size_t i;

	json_array_foreach(json_object_get(body, "addresses"), i, address)
		has = has || !strchr(json_string_value(address), ':') != v6;
	return has;
}

static bool is_tcp(const json_t *body)
{
	return !strcmp(object_get(body, "protocol"), "tcp");
}

void links_refer(struct links *links, const struct field *f,
		 const json_t *body, struct mark mark, const struct path *path)
{
	struct path self = { path, f->name, -1 };

	if (links->count == links->room) {
		links->room = links->room ? links->room * 2 : 64;
		links->list = xrealloc(links->list,
				       links->room * sizeof(links->list[0]));
	}
	links->list[links->count++] = (struct link){
		.kind = f->refers,
		.name = xstrdup(object_get(body, f->name)),
		.mark = mark,
		.path = path_text(&self),
		.ipv4 = (is_tcp(body) || is_udp(body)) && has_family(body, false),
		.ipv6 = is_udp(body) && has_family(body, true),
	};
}

void links_resolve(struct links *links, struct problems *problems)
{
	const struct link *l;
	size_t i;

	for (i = 0; i < links->count; i++) {
		l = &links->list[i];
		if (!links_line(links, schema_of(l->kind)->name, l->name))
			problem(problems, l->mark, NULL,
				"%s: \"%s\" is not the name of a %s in this "
				"file", l->path, l->name,
				schema_of(l->kind)->name);
		else if (l->ipv4 && links_line(links, "ipv6", l->name))
			problem(problems, l->mark, NULL,
				"%s: \"%s\" has IPv6 endpoints, to which the "
				"IPv4 sockets of this listener's clients "
				"cannot connect", l->path, l->name);
		else if (l->ipv6 && links_line(links, "ipv4", l->name))
			problem(problems, l->mark, NULL,
				"%s: \"%s\" has IPv4 endpoints, to which the "
				"datagrams of an IPv6 listener cannot be led",
				l->path, l->name);
	}
}
