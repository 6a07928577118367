// SPDX-License-Identifier: GPL-2.0
#include "ports.h"

#include <stdlib.h>

#include "tree.h"
#include "value.h"

/* The parts of a configuration, in its order, that something is made in. */
enum part {
	PART_CLUSTERS,
	PART_ROUTE_TABLES,
	PART_LISTENERS,
	PARTS
};

struct expansion {
	const struct links *links;
	struct problems *problems;
	json_t *taken;			/* "10.2.0.31:8080": the line of the port */
	size_t places;
	struct config made[PARTS];
};

/* A port, and whose it is. */
struct port {
	const struct object *workload;
	const struct object *o;
	struct path path;
};

/* The part that objects of a kind are in; PARTS: one behind these. */
static enum part part_of(enum l7mesh_kind kind)
{
	switch (kind) {
	case L7MESH_KIND_CLUSTER:
	case L7MESH_KIND_ENDPOINT:
		return PART_CLUSTERS;
	case L7MESH_KIND_ROUTE_TABLE:
	case L7MESH_KIND_VIRTUAL_HOST:
	case L7MESH_KIND_ROUTE:
		return PART_ROUTE_TABLES;
	case L7MESH_KIND_LISTENER:
		return PART_LISTENERS;
	default:
		return PARTS;
	}
}

/* What is refused of it is told with the port's place. */
static void make(struct expansion *e, const struct port *p, enum l7mesh_kind kind,
		 json_t *body)
{
	schema_fill(schema_of(kind), must(body));
	config_add(&e->made[part_of(kind)], kind, body, p->o->mark);
}

/* @name is that of all three; @at has address and port. */
static void make_objects(struct expansion *e, const struct port *p, const char *name,
			 const json_t *at)
{
	make(e, p, L7MESH_KIND_CLUSTER, json_pack("{s:s}", "name", name));
	make(e, p, L7MESH_KIND_ENDPOINT,
	     json_pack("{s:s, s:O, s:O}", "cluster", name, "address",
		       get(at, "address"), "port", get(at, "port")));
	make(e, p, L7MESH_KIND_ROUTE_TABLE, json_pack("{s:s}", "name", name));
	make(e, p, L7MESH_KIND_VIRTUAL_HOST,
	     json_pack("{s:s, s:s, s:[s]}", "route_table", name, "name", "any",
		       "domains", "*"));
	make(e, p, L7MESH_KIND_ROUTE,
	     json_pack("{s:s, s:s, s:i, s:{s:s}}", "route_table", name, "virtual_host",
		       "any", "index", 0, "action", "cluster", name));
	make(e, p, L7MESH_KIND_LISTENER,
	     json_pack("{s:s, s:O, s:O, s:s, s:s, s:b, s:s, s:b}", "name", name,
		       "address", get(at, "address"), "port", get(at, "port"),
		       "protocol", "http", "route_table", name, "packets", 1,
		       "source", "keep", "inbound", 1));
}

/* Can objects be called so? */
static bool is_free(struct expansion *e, const struct port *p, const char *name)
{
	static const enum l7mesh_kind kinds[] = {
		L7MESH_KIND_CLUSTER, L7MESH_KIND_ROUTE_TABLE, L7MESH_KIND_LISTENER,
	};
	const char *kind;
	size_t i, line;
	bool good = strlen(name) <= L7MESH_NAME_MAX;

	if (!good)
		problem(e->problems, p->o->mark, &p->path,
			"its listener's name \"%s\" would have more than %d characters",
			name, L7MESH_NAME_MAX);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kind = schema_of(kinds[i])->name;
		line = links_line(e->links, kind, name);
		if (line)
			problem(e->problems, p->o->mark, &p->path,
				"the %s %s, which is to be made for it, is on line %zu "
				"already", kind, name, line);
		good = good && !line;
	}
	return good;
}

static bool is_taken(struct expansion *e, const struct port *p, const char *socket)
{
	json_int_t line = number(e->taken, socket);

	if (line)
		problem(e->problems, p->o->mark, &p->path,
			"%s is the port on line %" JSON_INTEGER_FORMAT " already", socket,
			line);
	else
		set_number(e->taken, socket, p->o->mark.line);
	return line;
}

char *ports_listener_name(const char *workload, const char *socket)
{
	return xasprintf("inbound/%s/%s", workload, socket);
}

/* The file's own listener there is who takes what comes, and how. */
static void expand_address(struct expansion *e, const struct port *p, json_t *address)
{
	json_t *at = must(json_pack("{s:O, s:O}", "address", address, "port",
				    get(p->o->body, "port")));
	char *socket = socket_text(at);
	char *name = ports_listener_name(object_get(p->workload->body, "name"), socket);

	if (!links_line(e->links, "socket", socket) && !is_taken(e, p, socket) &&
	    is_free(e, p, name))
		make_objects(e, p, name, at);
	free(name);
	free(socket);
	json_decref(at);
}

static void expand_port(struct expansion *e, const struct port *p)
{
	json_t *address;
	size_t i;

	if (!is(p->o->body, "protocol", "http"))
		return;
	json_array_foreach(get(p->workload->body, "addresses"), i, address) {
		if (e->places++ < PORTS_PLACES_MAX)
			expand_address(e, p, address);
		else if (e->places == PORTS_PLACES_MAX + 1)
			problem(e->problems, p->o->mark, &p->path,
				"more than %d ports of addresses are http",
				PORTS_PLACES_MAX);
	}
}

/* Is it none of those before it? @ports: of the workload, by number; their lines. */
static bool is_new(struct expansion *e, const struct port *p, json_t *ports)
{
	char *key = xasprintf("%" JSON_INTEGER_FORMAT, number(p->o->body, "port"));
	json_int_t line = number(ports, key);

	if (line)
		problem(e->problems, p->o->mark, &p->path,
			"the port %s is on line %" JSON_INTEGER_FORMAT " already", key,
			line);
	else
		set_number(ports, key, p->o->mark.line);
	free(key);
	return !line;
}

/* @at: where the workload is in @config, which is the @index-th; its ports follow. */
static void expand_workload(struct expansion *e, const struct config *config, size_t at,
			    long index)
{
	struct path up = { NULL, "workloads", index };
	struct port p = { .workload = &config->objects[at], .path = { &up, "ports", 0 } };
	json_t *ports = must(json_object());

	for (at++; at < config->count && config->objects[at].kind == PORTS_KIND; at++) {
		p.o = &config->objects[at];
		if (is_new(e, &p, ports))
			expand_port(e, &p);
		p.path.index++;
	}
	json_decref(ports);
}

static void expand_all(struct expansion *e, const struct config *config)
{
	long index = 0;
	size_t i;

	for (i = 0; i < config->count; i++)
		if (config->objects[i].kind == L7MESH_KIND_WORKLOAD)
			expand_workload(e, config, i, index++);
}

/* Moves the objects of one to the end of another. */
static void append(struct config *to, struct config *from)
{
	size_t i;

	for (i = 0; i < from->count; i++)
		config_add(to, from->objects[i].kind, from->objects[i].body,
			   from->objects[i].mark);
	free(from->objects);
	*from = (struct config){ 0 };
}

/* Each part is the file's, then what is made; ports are there no more. */
static void put_in_place(struct expansion *e, struct config *config)
{
	struct config whole = { 0 };
	enum part part = 0;
	struct object *o;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		while (part < part_of(o->kind))
			append(&whole, &e->made[part++]);
		if (o->kind == PORTS_KIND)
			json_decref(o->body);
		else
			config_add(&whole, o->kind, o->body, o->mark);
	}
	free(config->objects);
	*config = whole;
}

void ports_expand(struct config *config, const struct links *links,
		  struct problems *problems)
{
	struct expansion e = {
		.links = links, .problems = problems, .taken = must(json_object()),
	};

	/* They have a workload, before which all is put that is made. */
	expand_all(&e, config);
	put_in_place(&e, config);
	json_decref(e.taken);
}
