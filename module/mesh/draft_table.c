// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual hosts of route tables, and their routes.
 *
 * A table that is touched has an entry for each of its virtual hosts, which
 * shares the published host until that is touched itself: then it is "opened",
 * and has an array of routes of its own.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/stringify.h>
#include "lib/account.h"
#include "mesh/draft.h"
#include "route/route_object.h"

static u32 vhost_key(const struct draft_object *table, u32 hash)
{
	return hash ^ table->name.hash;
}

struct draft_vhost *draft_find_vhost(struct draft *d,
				     const struct draft_object *table,
				     struct span name)
{
	struct hashmap_node *node;

	for (node = hashmap_first(&d->vhosts,
				  vhost_key(table, objset_hash(name)));
	     node; node = hashmap_next(node)) {
		struct draft_vhost *dv =
			container_of(node, struct draft_vhost, node);

		if (dv->table == table && span_eq(dv->vh->name, name))
			return dv;
	}
	return NULL;
}

/* Takes over the reference to @vh if it succeeds. */
static int add_vhost(struct draft *d, struct draft_object *table,
		     struct virtual_host *vh, bool own)
{
	struct draft_vhost *dv = account_new(d->account, sizeof(*dv));
	int err;

	if (IS_ERR(dv))
		return PTR_ERR(dv);
	dv->table = table;
	dv->vh = vh;
	dv->own = own;
	dv->opened = own;
	err = hashmap_insert(&d->vhosts, d->account, &dv->node,
			     vhost_key(table, objset_hash(vh->name)));
	if (err) {
		account_free(d->account, dv, sizeof(*dv));
		return err;
	}
	list_add_tail(&dv->list, &table->parts);
	table->nparts++;
	return 0;
}

int draft_open_vhosts(struct draft *d, struct draft_object *table,
		      const struct route_table *from)
{
	u32 i;
	int err;

	for (i = 0; i < from->nvhosts; i++) {
		struct virtual_host *vh = virtual_host_get(from->vhosts[i]);

		err = add_vhost(d, table, vh, false);
		if (err) {
			route_host_put(d->account, vh);
			return err;
		}
		cond_resched();
	}
	return 0;
}

static void free_routes(struct draft *d, struct draft_vhost *dv)
{
	u32 i;

	for (i = 0; i < dv->nroutes; i++)
		route_put(d->account, dv->routes[i]);
	account_free(d->account, dv->routes,
		     (size_t)dv->capacity * sizeof(*dv->routes));
}

void draft_free_vhost(struct draft *d, struct draft_vhost *dv)
{
	free_routes(d, dv);
	route_host_put(d->account, dv->vh);
	hashmap_remove(&d->vhosts, &dv->node);
	list_del(&dv->list);
	dv->table->nparts--;
	account_free(d->account, dv, sizeof(*dv));
	cond_resched();
}

struct draft_vhost *draft_vhost(struct draft *d, const struct name_ref *table,
				struct span name, struct refusal *r)
{
	struct draft_object *o;

	if (!draft_has_table(d, table)) {
		refusal_set(r, -ENOENT, "there is no such route table");
		return ERR_PTR(-ENOENT);
	}
	o = draft_open(d, NAMED_ROUTE_TABLE, table, r);
	if (IS_ERR(o))
		return ERR_CAST(o);
	return draft_find_vhost(d, o, name);
}

static struct virtual_host *clone_vhost(struct draft *d,
					const struct virtual_host *spec,
					struct refusal *r)
{
	struct virtual_host *vh = route_host_clone(d->account, spec);

	if (PTR_ERR_OR_ZERO(vh) == -E2BIG)
		refusal_set(r, -E2BIG, "the domains take more than "
			    __stringify(ROUTE_BYTES_MAX) " bytes together");
	else if (IS_ERR(vh))
		account_refuse(d->account, r, PTR_ERR(vh));
	return vh;
}

int draft_add_vhost(struct draft *d, const struct name_ref *table,
		    const struct virtual_host *spec, struct refusal *r)
{
	struct draft_object *o = draft_open(d, NAMED_ROUTE_TABLE, table, r);
	struct virtual_host *vh;
	int err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	vh = clone_vhost(d, spec, r);
	if (IS_ERR(vh))
		return PTR_ERR(vh);
	err = add_vhost(d, o, vh, true);
	if (!err)
		return 0;
	route_host_put(d->account, vh);
	return account_refuse(d->account, r, err);
}

/* Room for @capacity routes, of which @dv keeps those that it has. */
static int resize(struct draft *d, struct draft_vhost *dv, u32 capacity)
{
	struct route **routes;

	routes = account_new(d->account, (size_t)capacity * sizeof(*routes));
	if (IS_ERR(routes))
		return PTR_ERR(routes);
	memcpy(routes, dv->routes, dv->nroutes * sizeof(*routes));
	account_free(d->account, dv->routes,
		     (size_t)dv->capacity * sizeof(*dv->routes));
	dv->routes = routes;
	dv->capacity = capacity;
	return 0;
}

static int open_routes(struct draft *d, struct draft_vhost *dv)
{
	u32 n = dv->vh->nroutes;
	int err;

	if (dv->opened)
		return 0;
	if (n) {
		err = resize(d, dv, n);
		if (err)
			return err;
	}
	for (; dv->nroutes < n; dv->nroutes++)
		dv->routes[dv->nroutes] =
			route_get(dv->vh->routes[dv->nroutes]);
	dv->opened = true;
	return 0;
}

int draft_set_vhost(struct draft *d, struct draft_vhost *dv,
		    const struct virtual_host *spec, struct refusal *r)
{
	struct virtual_host *vh;
	int err;

	err = open_routes(d, dv);
	if (err)
		return account_refuse(d->account, r, err);
	vh = clone_vhost(d, spec, r);
	if (IS_ERR(vh))
		return PTR_ERR(vh);
	route_host_put(d->account, dv->vh);
	dv->vh = vh;
	dv->own = true;
	return 0;
}

void draft_del_vhost(struct draft *d, struct draft_vhost *dv)
{
	draft_free_vhost(d, dv);
}

u32 draft_nroutes(const struct draft_vhost *dv)
{
	return dv->opened ? dv->nroutes : dv->vh->nroutes;
}

const struct route *draft_route(const struct draft_vhost *dv, u32 index)
{
	return dv->opened ? dv->routes[index] : dv->vh->routes[index];
}

static struct route *clone_route(struct draft *d, const struct route *spec,
				 struct refusal *r)
{
	struct route *route = route_clone(d->account, spec);

	if (PTR_ERR_OR_ZERO(route) == -E2BIG)
		refusal_set(r, -E2BIG, "the route takes more than "
			    __stringify(ROUTE_BYTES_MAX) " bytes");
	else if (IS_ERR(route))
		account_refuse(d->account, r, PTR_ERR(route));
	return route;
}

int draft_add_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    const struct route *spec, struct refusal *r)
{
	struct route *route;
	int err;

	err = open_routes(d, dv);
	if (!err && dv->nroutes == dv->capacity)
		err = resize(d, dv, max(4U, dv->capacity * 2));
	if (err)
		return account_refuse(d->account, r, err);
	route = clone_route(d, spec, r);
	if (IS_ERR(route))
		return PTR_ERR(route);
	memmove(&dv->routes[index + 1], &dv->routes[index],
		(dv->nroutes - index) * sizeof(*dv->routes));
	dv->routes[index] = route;
	dv->nroutes++;
	return 0;
}

int draft_set_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    const struct route *spec, struct refusal *r)
{
	struct route *route;
	int err;

	err = open_routes(d, dv);
	if (err)
		return account_refuse(d->account, r, err);
	route = clone_route(d, spec, r);
	if (IS_ERR(route))
		return PTR_ERR(route);
	route_put(d->account, dv->routes[index]);
	dv->routes[index] = route;
	return 0;
}

int draft_del_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    struct refusal *r)
{
	int err;

	err = open_routes(d, dv);
	if (err)
		return account_refuse(d->account, r, err);
	route_put(d->account, dv->routes[index]);
	dv->nroutes--;
	memmove(&dv->routes[index], &dv->routes[index + 1],
		(dv->nroutes - index) * sizeof(*dv->routes));
	return 0;
}
