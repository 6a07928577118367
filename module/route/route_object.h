/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route_object: makes, compares and frees the objects that route.h describes.
 *
 * Each is made from a specification of its own type, which may be on the stack
 * and point anywhere: the object is a deep copy. Put by the mesh that made it, in
 * process context, when no reader can see it any more; the last put frees at once.
 */
#ifndef L7MESH_ROUTE_OBJECT_H
#define L7MESH_ROUTE_OBJECT_H

#include "route/route.h"

struct account;
struct refusal;

/* The largest that is accepted: any object fits a netlink attribute (64 KiB). */
#define ROUTE_BYTES_MAX		60000

/**
 * route_clone() - A route of its own memory
 * @account: charged
 * @spec: route to copy; ref, bytes and total_weight need not be set
 *
 * Return: a route with one reference; -E2BIG over ROUTE_BYTES_MAX, what
 * account_new() says, or what regexp_compile() says of its expressions.
 */
struct route *route_clone(struct account *account, const struct route *spec);

/* Would replacing one by the other change nothing? */
bool route_equal(const struct route *a, const struct route *b);

static inline struct route *route_get(struct route *r)
{
	refcount_inc(&r->ref);
	return r;
}

void route_put(struct account *account, struct route *r);

/**
 * route_host_clone() - A virtual host without routes
 * @account: charged
 * @spec: name and domains
 *
 * Return: as route_clone().
 */
struct virtual_host *route_host_clone(struct account *account,
				      const struct virtual_host *spec);

/**
 * route_host_set_routes() - Give a new virtual host its routes
 * @account: charged
 * @vh: virtual host of the caller's alone, without routes
 * @routes: from account_new(); the virtual host's afterwards, with the references,
 * even if this fails
 * @n: how many
 * @capacity: what @routes was allocated for
 *
 * Return: 0 or what account_new() says.
 */
int route_host_set_routes(struct account *account, struct virtual_host *vh,
			  struct route **routes, u32 n, u32 capacity);

static inline struct virtual_host *virtual_host_get(struct virtual_host *vh)
{
	refcount_inc(&vh->ref);
	return vh;
}

void route_host_put(struct account *account, struct virtual_host *vh);

/**
 * route_table_make() - A compiled route table
 * @account: charged
 * @name: its name
 * @vhosts: n virtual hosts; the table takes references of its own
 * @n: how many
 * @r: filled if a domain is there twice
 *
 * Return: a table with one reference, or an error pointer.
 */
struct route_table *route_table_make(struct account *account,
				     const struct name_ref *name,
				     struct virtual_host **vhosts, u32 n,
				     struct refusal *r);

/**
 * route_table_equal() - Would replacing one by the other change nothing?
 * @a: table
 * @b: table of the same name
 */
bool route_table_equal(const struct route_table *a,
		       const struct route_table *b);

static inline struct route_table *route_table_get(struct route_table *t)
{
	refcount_inc(&t->ref);
	return t;
}

void route_table_put(struct account *account, struct route_table *t);

#endif
