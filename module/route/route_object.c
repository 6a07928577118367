// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "lib/objset.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "lib/text.h"
#include "route/path_rewrite.h"
#include "route/route_object.h"

static void pack_matches(struct packer *p, const struct value_match **matches,
			 u32 n)
{
	struct value_match *m = pack_array(p, *matches, n * sizeof(*m));
	u32 i;

	*matches = m;
	for (i = 0; i < n; i++) {
		pack_span(p, &m[i].name);
		pack_span(p, &m[i].value);
	}
}

static void pack_ops(struct packer *p, struct header_op_list *ops)
{
	struct header_op *op = pack_array(p, ops->ops, ops->n * sizeof(*op));
	u32 i;

	ops->ops = op;
	for (i = 0; i < ops->n; i++) {
		pack_span(p, &op[i].name);
		pack_span(p, &op[i].value);
	}
}

static void pack_edit(struct packer *p, struct header_edit *edit)
{
	pack_ops(p, &edit->request);
	pack_ops(p, &edit->response);
}

static void pack_clusters(struct packer *p, struct route *r)
{
	struct weighted_cluster *wc;
	u32 i;

	wc = pack_array(p, r->clusters, r->nclusters * sizeof(*wc));
	r->clusters = wc;
	for (i = 0; i < r->nclusters; i++) {
		pack_edit(p, &wc[i].edit);
		pack_span(p, &wc[i].subset);
		pack_span(p, &wc[i].cluster.name);
	}
}

static void pack_spans(struct packer *p, const struct span **array, u32 n)
{
	struct span *s = pack_array(p, *array, n * sizeof(*s));
	u32 i;

	*array = s;
	for (i = 0; i < n; i++)
		pack_span(p, &s[i]);
}

static void pack_match(struct packer *p, struct route_match *m)
{
	pack_matches(p, &m->headers, m->nheaders);
	pack_matches(p, &m->query, m->nquery);
	pack_span(p, &m->path);
	pack_span(p, &m->method);
	pack_span(p, &m->listener.name);
}

static void pack_route(struct packer *p, void *object)
{
	struct route *r = object;

	pack_match(p, &r->match);
	pack_clusters(p, r);
	pack_edit(p, &r->edit);
	parts_pack(p, &r->policies);
	hash_policies_pack(p, &r->hash);
	pack_span(p, &r->cluster_header);
	pack_span(p, &r->rewrite.host);
	pack_span(p, &r->rewrite.path);
	pack_span(p, &r->body);
}

/* ---- what of a route's matches is prepared for it alone ---- */

/* One after the other, of fields and parameters; NULL behind the last. */
static struct value_match *value_match_at(const struct route_match *m, u32 i)
{
	const struct value_match *v = NULL;

	if (i < m->nheaders)
		v = &m->headers[i];
	else if (i - m->nheaders < m->nquery)
		v = &m->query[i - m->nheaders];
	/* Only for a route that is being made or freed. */
	return (struct value_match *)v;
}

static size_t fallback_bytes(const struct value_match *v)
{
	return v->value.len * sizeof(*v->fallback);
}

static void free_regexp(struct account *account, const struct regexp *re)
{
	if (re)
		account_free(account, re, regexp_bytes(re));
}

static void free_prepared(struct account *account, const struct route_match *m)
{
	struct value_match *v;
	u32 i;

	free_regexp(account, m->path_regexp);
	for (i = 0; (v = value_match_at(m, i)); i++) {
		if (v->kind == VALUE_MATCH_REGEX)
			free_regexp(account, v->regexp);
		else if (v->kind == VALUE_MATCH_CONTAINS && v->fallback)
			account_free(account, v->fallback,
				     fallback_bytes(v));
	}
}

static bool has_regexp(const struct route_match *m)
{
	struct value_match *v;
	u32 i;

	for (i = 0; (v = value_match_at(m, i)); i++)
		if (v->kind == VALUE_MATCH_REGEX)
			return true;
	return m->path_kind == PATH_MATCH_REGEX;
}

static int compile(struct account *account, struct regexp_builder *b,
		   struct span pattern, const struct regexp **re)
{
	struct regexp *copy;
	int err = regexp_compile(b, pattern);

	if (err)
		return err;
	copy = account_new(account, regexp_bytes(&b->regexp));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	regexp_copy(b, copy);
	*re = copy;
	cond_resched();
	return 0;
}

static int compile_all(struct account *account, struct regexp_builder *b,
		       struct route_match *m)
{
	struct value_match *v;
	int err = 0;
	u32 i;

	if (m->path_kind == PATH_MATCH_REGEX)
		err = compile(account, b, m->path, &m->path_regexp);
	for (i = 0; (v = value_match_at(m, i)) && !err; i++)
		if (v->kind == VALUE_MATCH_REGEX)
			err = compile(account, b, v->value, &v->regexp);
	return err;
}

static int compile_match(struct account *account, struct route_match *m)
{
	struct regexp_builder *b;
	int err;

	if (!has_regexp(m))
		return 0;
	b = kvmalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return -ENOMEM;
	err = compile_all(account, b, m);
	kvfree(b);
	return err;
}

/* What is contained in all values needs nothing. */
static int add_fallbacks(struct account *account, struct route_match *m)
{
	struct value_match *v;
	u16 *fallback;
	u32 i;

	for (i = 0; (v = value_match_at(m, i)); i++) {
		if (v->kind != VALUE_MATCH_CONTAINS || !v->value.len)
			continue;
		fallback = account_new(account, fallback_bytes(v));
		if (IS_ERR(fallback))
			return PTR_ERR(fallback);
		route_value_fallback(v->value, fallback);
		v->fallback = fallback;
	}
	return 0;
}

static int prepare_match(struct account *account, struct route_match *m)
{
	return add_fallbacks(account, m) ?: compile_match(account, m);
}

/* What the specification points to is another route's. */
static void forget_prepared(struct route_match *m)
{
	struct value_match *v;
	u32 i;

	m->path_regexp = NULL;
	for (i = 0; (v = value_match_at(m, i)); i++)
		v->regexp = NULL;
}

/* Of the dearer one: the two heads are not edited in one run, as a rule. */
static u32 cost_of_edit(const struct header_edit *edit)
{
	return max(header_ops_cost(&edit->request),
		   header_ops_cost(&edit->response));
}

static void sum_up(struct route *r)
{
	u32 i, most = 0;

	r->total_weight = 0;
	for (i = 0; i < r->nclusters; i++) {
		r->total_weight += r->clusters[i].weight;
		most = max(most, cost_of_edit(&r->clusters[i].edit));
	}
	r->edit_cost = cost_of_edit(&r->edit) + most + path_rewrite_cost(r);
}

struct route *route_clone(struct account *account, const struct route *spec)
{
	struct route like = *spec, *r;
	int err;

	r = pack_clone(account, &like, sizeof(like), pack_route,
		       ROUTE_BYTES_MAX, &like.bytes);
	if (IS_ERR(r))
		return r;
	refcount_set(&r->ref, 1);
	sum_up(r);
	forget_prepared(&r->match);
	stats_object_created(OBJECT_ROUTE);
	err = parts_make(account, &r->policies);
	if (!err)
		err = prepare_match(account, &r->match);
	if (!err)
		return r;
	route_put(account, r);
	return ERR_PTR(err);
}

void route_put(struct account *account, struct route *r)
{
	if (!r || !refcount_dec_and_test(&r->ref))
		return;
	free_prepared(account, &r->match);
	parts_free(account, &r->policies);
	stats_object_destroyed(OBJECT_ROUTE);
	account_free(account, r, r->bytes);
}

static void pack_virtual_host(struct packer *p, void *object)
{
	struct virtual_host *vh = object;

	pack_spans(p, &vh->domains, vh->ndomains);
	pack_edit(p, &vh->edit);
	pack_span(p, &vh->name);
}

struct virtual_host *route_host_clone(struct account *account,
				      const struct virtual_host *spec)
{
	struct virtual_host like = *spec, *vh;

	vh = pack_clone(account, &like, sizeof(like), pack_virtual_host,
			ROUTE_BYTES_MAX, &like.bytes);
	if (IS_ERR(vh))
		return vh;
	refcount_set(&vh->ref, 1);
	vh->routes = NULL;
	vh->nroutes = 0;
	vh->capacity = 0;
	memset(&vh->index, 0, sizeof(vh->index));
	vh->edit_cost = cost_of_edit(&vh->edit);
	stats_object_created(OBJECT_VIRTUAL_HOST);
	return vh;
}

static bool is_specific(const struct virtual_host *vh)
{
	return vh->order == L7MESH_ROUTE_ORDER_SPECIFIC;
}

static size_t routes_bytes(const struct virtual_host *vh)
{
	return (size_t)vh->capacity * sizeof(*vh->routes);
}

int route_host_set_routes(struct account *account, struct virtual_host *vh,
			  struct route **routes, u32 n, u32 capacity)
{
	size_t bytes = route_index_bytes(n, is_specific(vh));
	void *memory;

	vh->routes = routes;
	vh->nroutes = n;
	vh->capacity = capacity;
	if (!bytes)
		return 0;
	memory = account_new(account, bytes);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	route_index_build(&vh->index, memory, routes, n, is_specific(vh),
			  get_random_u64());
	return 0;
}

void route_host_put(struct account *account, struct virtual_host *vh)
{
	u32 i;

	if (!vh || !refcount_dec_and_test(&vh->ref))
		return;
	for (i = 0; i < vh->nroutes; i++) {
		route_put(account, vh->routes[i]);
		cond_resched();
	}
	if (vh->index.slots)
		account_free(account, vh->index.slots,
			     route_index_bytes(vh->nroutes, is_specific(vh)));
	account_free(account, vh->routes, routes_bytes(vh));
	stats_object_destroyed(OBJECT_VIRTUAL_HOST);
	account_free(account, vh, vh->bytes);
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
	stats_object_created(OBJECT_ROUTE_TABLE);
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
		account_refuse(account, r, PTR_ERR(t));
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
		route_host_put(account, t->vhosts[i]);
	stats_object_destroyed(OBJECT_ROUTE_TABLE);
	account_free(account, t, t->bytes);
}

static bool value_match_equal(const struct value_match *a,
			      const struct value_match *b)
{
	return a->kind == b->kind && a->invert == b->invert &&
	       a->first == b->first && a->end == b->end &&
	       span_eq(a->name, b->name) && span_eq(a->value, b->value);
}

static bool matches_equal(const struct value_match *a, u32 na,
			  const struct value_match *b, u32 nb)
{
	u32 i;

	if (na != nb)
		return false;
	for (i = 0; i < na; i++)
		if (!value_match_equal(&a[i], &b[i]))
			return false;
	return true;
}

static bool match_equal(const struct route_match *a, const struct route_match *b)
{
	return a->path_kind == b->path_kind && span_eq(a->path, b->path) &&
	       span_eq(a->method, b->method) &&
	       network_equal(&a->source, &b->source) &&
	       a->has_fraction == b->has_fraction &&
	       a->fraction == b->fraction &&
	       a->source_netns == b->source_netns &&
	       span_eq(a->listener.name, b->listener.name) &&
	       matches_equal(a->headers, a->nheaders, b->headers, b->nheaders) &&
	       matches_equal(a->query, a->nquery, b->query, b->nquery);
}

static bool ops_equal(const struct header_op_list *a, const struct header_op_list *b)
{
	u32 i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->ops[i].kind != b->ops[i].kind ||
		    !span_eq(a->ops[i].name, b->ops[i].name) ||
		    !span_eq(a->ops[i].value, b->ops[i].value))
			return false;
	return true;
}

static bool edit_equal(const struct header_edit *a, const struct header_edit *b)
{
	return ops_equal(&a->request, &b->request) &&
	       ops_equal(&a->response, &b->response);
}

static bool clusters_equal(const struct route *a, const struct route *b)
{
	u32 i;

	if (a->nclusters != b->nclusters)
		return false;
	for (i = 0; i < a->nclusters; i++)
		if (a->clusters[i].weight != b->clusters[i].weight ||
		    !name_eq(&a->clusters[i].cluster, &b->clusters[i].cluster) ||
		    !span_eq(a->clusters[i].subset, b->clusters[i].subset) ||
		    !edit_equal(&a->clusters[i].edit, &b->clusters[i].edit))
			return false;
	return true;
}

static bool spans_equal(const struct span *a, u32 na, const struct span *b,
			u32 nb)
{
	u32 i;

	if (na != nb)
		return false;
	for (i = 0; i < na; i++)
		if (!span_eq(a[i], b[i]))
			return false;
	return true;
}

static bool action_equal(const struct route *a, const struct route *b)
{
	return a->action == b->action && a->status == b->status &&
	       clusters_equal(a, b) &&
	       span_eq(a->cluster_header, b->cluster_header) &&
	       span_eq(a->rewrite.host, b->rewrite.host) &&
	       span_eq(a->rewrite.path, b->rewrite.path) &&
	       a->rewrite.path_kind == b->rewrite.path_kind &&
	       a->redirect.port == b->redirect.port &&
	       a->redirect.scheme == b->redirect.scheme &&
	       a->redirect.strip_query == b->redirect.strip_query &&
	       span_eq(a->body, b->body);
}

bool route_equal(const struct route *a, const struct route *b)
{
	return a == b ||
	       (match_equal(&a->match, &b->match) && action_equal(a, b) &&
		edit_equal(&a->edit, &b->edit) &&
		parts_equal(&a->policies, &b->policies) &&
		a->timeout == b->timeout &&
		a->priority == b->priority &&
		hash_policies_equal(&a->hash, &b->hash));
}

static bool virtual_host_equal(const struct virtual_host *a,
			       const struct virtual_host *b)
{
	u32 i;

	if (a == b)
		return true;
	if (!span_eq(a->name, b->name) ||
	    !spans_equal(a->domains, a->ndomains, b->domains, b->ndomains) ||
	    a->nroutes != b->nroutes || a->order != b->order ||
	    !edit_equal(&a->edit, &b->edit))
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
