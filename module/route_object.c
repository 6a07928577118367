// SPDX-License-Identifier: GPL-2.0
/*
 * route_object: see route_object.h.
 */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/sched.h>
#include "account.h"
#include "objset.h"
#include "refusal.h"
#include "route_object.h"
#include "stats.h"
#include "text.h"

static size_t matches_bytes(const struct value_match *m, u32 n)
{
	size_t bytes = n * sizeof(*m);
	u32 i;

	for (i = 0; i < n; i++)
		bytes += m[i].name.len + m[i].value.len;
	return bytes;
}

static size_t route_bytes(const struct route *spec)
{
	size_t bytes = sizeof(*spec);
	u32 i;

	bytes += matches_bytes(spec->headers, spec->nheaders);
	bytes += matches_bytes(spec->query, spec->nquery);
	bytes += spec->nclusters * sizeof(*spec->clusters);
	for (i = 0; i < spec->nclusters; i++)
		bytes += spec->clusters[i].cluster.name.len;
	return bytes + spec->path.len + spec->method.len +
	       spec->redirect_host.len + spec->redirect_path.len +
	       spec->body.len;
}

/* Take @n elements from the front of @at, where they are aligned. */
static struct value_match *copy_matches(void **at, const struct value_match *from,
					u32 n)
{
	struct value_match *m = *at;

	memcpy(m, from, n * sizeof(*m));
	*at = m + n;
	return m;
}

static void own_matches(struct value_match *m, u32 n, char **text)
{
	u32 i;

	for (i = 0; i < n; i++) {
		m[i].name = text_copy(text, m[i].name);
		m[i].value = text_copy(text, m[i].value);
	}
}

static void copy_clusters(struct route *r, void **at, const struct route *spec)
{
	struct weighted_cluster *wc = *at;

	memcpy(wc, spec->clusters, spec->nclusters * sizeof(*wc));
	*at = wc + spec->nclusters;
	r->clusters = wc;
}

static void own_clusters(struct route *r, char **text)
{
	struct weighted_cluster *wc = (void *)r->clusters;
	u32 i;

	r->total_weight = 0;
	for (i = 0; i < r->nclusters; i++) {
		wc[i].cluster.name = text_copy(text, wc[i].cluster.name);
		r->total_weight += wc[i].weight;
	}
}

struct route *route_clone(struct account *account, const struct route *spec)
{
	size_t bytes = route_bytes(spec);
	struct value_match *headers, *query;
	struct route *r;
	char *text;
	void *at;

	if (bytes > ROUTE_BYTES_MAX)
		return ERR_PTR(-E2BIG);
	r = account_new(account, bytes);
	if (IS_ERR(r))
		return r;
	*r = *spec;
	refcount_set(&r->ref, 1);
	r->bytes = bytes;

	at = r + 1;
	headers = copy_matches(&at, spec->headers, spec->nheaders);
	query = copy_matches(&at, spec->query, spec->nquery);
	copy_clusters(r, &at, spec);
	r->headers = headers;
	r->query = query;

	text = at;
	own_matches(headers, r->nheaders, &text);
	own_matches(query, r->nquery, &text);
	own_clusters(r, &text);
	r->path = text_copy(&text, spec->path);
	r->method = text_copy(&text, spec->method);
	r->redirect_host = text_copy(&text, spec->redirect_host);
	r->redirect_path = text_copy(&text, spec->redirect_path);
	r->body = text_copy(&text, spec->body);
	object_created(OBJECT_ROUTE);
	return r;
}

void route_put(struct account *account, struct route *r)
{
	if (!r || !refcount_dec_and_test(&r->ref))
		return;
	object_destroyed(OBJECT_ROUTE);
	account_free(account, r, r->bytes);
}

struct virtual_host *virtual_host_clone(struct account *account,
					const struct virtual_host *spec)
{
	size_t array = spec->ndomains * sizeof(struct span);
	size_t bytes = sizeof(*spec) + array + spec->name.len;
	struct virtual_host *vh;
	struct span *domains;
	char *text;
	u32 i;

	for (i = 0; i < spec->ndomains; i++)
		bytes += spec->domains[i].len;
	if (bytes > ROUTE_BYTES_MAX)
		return ERR_PTR(-E2BIG);
	vh = account_new(account, bytes);
	if (IS_ERR(vh))
		return vh;
	refcount_set(&vh->ref, 1);
	vh->bytes = bytes;
	domains = (void *)(vh + 1);
	text = (void *)domains + array;
	vh->domains = domains;
	vh->ndomains = spec->ndomains;
	vh->name = text_copy(&text, spec->name);
	for (i = 0; i < spec->ndomains; i++)
		domains[i] = text_copy(&text, spec->domains[i]);
	object_created(OBJECT_VIRTUAL_HOST);
	return vh;
}

/* vh->bytes counts both allocations: the array's are what exceeds the first's. */
static size_t own_bytes(const struct virtual_host *vh)
{
	size_t bytes = sizeof(*vh) + vh->ndomains * sizeof(struct span) +
		       vh->name.len;
	u32 i;

	for (i = 0; i < vh->ndomains; i++)
		bytes += vh->domains[i].len;
	return bytes;
}

void virtual_host_set_routes(struct virtual_host *vh, struct route **routes,
			     u32 n, u32 capacity)
{
	vh->routes = routes;
	vh->nroutes = n;
	vh->bytes += (size_t)capacity * sizeof(*routes);
}

void virtual_host_put(struct account *account, struct virtual_host *vh)
{
	size_t own;
	u32 i;

	if (!vh || !refcount_dec_and_test(&vh->ref))
		return;
	for (i = 0; i < vh->nroutes; i++) {
		route_put(account, vh->routes[i]);
		cond_resched();
	}
	own = own_bytes(vh);
	account_free(account, vh->routes, vh->bytes - own);
	object_destroyed(OBJECT_VIRTUAL_HOST);
	account_free(account, vh, own);
}

static struct route_table *alloc_table(struct account *account,
				       const struct name_ref *name,
				       struct virtual_host **vhosts, u32 n,
				       struct domain_slot **slots)
{
	struct route_table like = { .vhosts = vhosts, .nvhosts = n };
	size_t array = n * sizeof(*vhosts);
	size_t slots_bytes = route_table_slots(&like) * sizeof(**slots);
	size_t bytes = sizeof(like) + array + slots_bytes + name->name.len;
	struct route_table *t = account_new(account, bytes);
	char *text;

	if (IS_ERR(t))
		return t;
	refcount_set(&t->ref, 1);
	t->bytes = bytes;
	t->seed = get_random_u64();
	t->vhosts = (void *)(t + 1);
	*slots = (void *)t->vhosts + array;
	text = (void *)*slots + slots_bytes;
	t->name.name = text_copy(&text, name->name);
	t->name.hash = name->hash;
	object_created(OBJECT_ROUTE_TABLE);
	return t;
}

struct route_table *route_table_make(struct account *account,
				     const struct name_ref *name,
				     struct virtual_host **vhosts, u32 n,
				     struct refusal *r)
{
	struct domain_slot *slots;
	struct route_table *t;
	struct span dup;
	int err;

	t = alloc_table(account, name, vhosts, n, &slots);
	if (IS_ERR(t)) {
		account_refuse(r, PTR_ERR(t));
		return t;
	}
	for (; t->nvhosts < n; t->nvhosts++)
		t->vhosts[t->nvhosts] = virtual_host_get(vhosts[t->nvhosts]);
	err = route_table_compile(t, slots, &dup);
	if (err) {
		refusal_set(r, err, "domain \"%.*s\" is twice in route table \"%.*s\"",
			    (int)dup.len, dup.p, (int)name->name.len, name->name.p);
		route_table_put(account, t);
		return ERR_PTR(err);
	}
	return t;
}

void route_table_put(struct account *account, struct route_table *t)
{
	u32 i;

	if (!t || !refcount_dec_and_test(&t->ref))
		return;
	for (i = 0; i < t->nvhosts; i++)
		virtual_host_put(account, t->vhosts[i]);
	object_destroyed(OBJECT_ROUTE_TABLE);
	account_free(account, t, t->bytes);
}

static bool matches_equal(const struct value_match *a, u32 na,
			  const struct value_match *b, u32 nb)
{
	u32 i;

	if (na != nb)
		return false;
	for (i = 0; i < na; i++)
		if (a[i].kind != b[i].kind || !span_eq(a[i].name, b[i].name) ||
		    !span_eq(a[i].value, b[i].value))
			return false;
	return true;
}

static bool clusters_equal(const struct route *a, const struct route *b)
{
	u32 i;

	if (a->nclusters != b->nclusters)
		return false;
	for (i = 0; i < a->nclusters; i++)
		if (a->clusters[i].weight != b->clusters[i].weight ||
		    !name_eq(&a->clusters[i].cluster, &b->clusters[i].cluster))
			return false;
	return true;
}

static bool route_equal(const struct route *a, const struct route *b)
{
	return a == b ||
	       (a->path_kind == b->path_kind && a->action == b->action &&
		a->status == b->status && span_eq(a->path, b->path) &&
		span_eq(a->method, b->method) &&
		span_eq(a->redirect_host, b->redirect_host) &&
		span_eq(a->redirect_path, b->redirect_path) &&
		span_eq(a->body, b->body) && clusters_equal(a, b) &&
		matches_equal(a->headers, a->nheaders, b->headers, b->nheaders) &&
		matches_equal(a->query, a->nquery, b->query, b->nquery));
}

static bool virtual_host_equal(const struct virtual_host *a,
			       const struct virtual_host *b)
{
	u32 i;

	if (a == b)
		return true;
	if (!span_eq(a->name, b->name) || a->ndomains != b->ndomains ||
	    a->nroutes != b->nroutes)
		return false;
	for (i = 0; i < a->ndomains; i++)
		if (!span_eq(a->domains[i], b->domains[i]))
			return false;
	for (i = 0; i < a->nroutes; i++)
		if (!route_equal(a->routes[i], b->routes[i]))
			return false;
	return true;
}

bool route_table_equal(const struct route_table *a, const struct route_table *b)
{
	u32 i;

	if (a->nvhosts != b->nvhosts)
		return false;
	for (i = 0; i < a->nvhosts; i++)
		if (!virtual_host_equal(a->vhosts[i], b->vhosts[i]))
			return false;
	return true;
}
