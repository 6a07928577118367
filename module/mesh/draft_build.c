// SPDX-License-Identifier: GPL-2.0
/*
 * From a draft to a snapshot.
 *
 * First the objects of the overlay are built, then the sets of the snapshot are
 * filled with what was published, replaced in its place by the overlay's, and
 * what is new behind it. Then everything is checked.
 */
#include <linux/err.h>
#include <linux/list_sort.h>
#include <linux/sched/signal.h>
#include "authz/authorization.h"
#include "authz/authz_table.h"
#include "lib/account.h"
#include "mesh/draft.h"
#include "mesh/tls_table.h"
#include "policy/policy.h"
#include "route/route_object.h"
#include "upstream/balancer.h"

/* Members of a cluster, as they are merged in the order of their keys. */
struct merge {
	const struct cluster *prev;	/* published under the name, or NULL */
	bool keep;			/* those of prev that are not mentioned */
	u32 at;				/* in prev */
	char key[ADDRESS_TEXT_MAX];	/* of prev's member there */
	const struct cluster *c;	/* whose members they become */
	struct member *members;
	u32 n;
	struct refusal *r;
};

static int by_key(void *priv, const struct list_head *a,
		  const struct list_head *b)
{
	const struct draft_member *ma = list_entry(a, struct draft_member, list);
	const struct draft_member *mb = list_entry(b, struct draft_member, list);

	cond_resched();
	return strcmp(ma->key, mb->key);
}

static bool prev_left(const struct merge *mg)
{
	return mg->prev && mg->at < mg->prev->nmembers;
}

static void prev_key(struct merge *mg)
{
	if (prev_left(mg))
		address_text(&mg->prev->members[mg->at].ep->address, mg->key);
}

/* Takes over the reference to the endpoint, if it refuses as well. */
static int merge_add(struct merge *mg, const struct member *like,
		     struct span locality)
{
	struct member *m = &mg->members[mg->n++];
	char text[ADDRESS_TEXT_MAX];

	*m = *like;
	m->locality = cluster_locality(mg->c, locality);
	if (!locality.len || m->locality != LOCALITY_NONE)
		return 0;
	address_text(&m->ep->address, text);
	return refusal_set(mg->r, -ENOENT,
			   "cluster \"%.*s\" has no locality \"%.*s\", in which its endpoint %s is",
			   mg->c->name.name.len, mg->c->name.name.p,
			   locality.len, locality.p, text);
}

static int merge_kept(struct merge *mg, const struct member *m)
{
	endpoint_get(m->ep);
	return merge_add(mg, m, cluster_locality_name(mg->prev, m));
}

/* Pass by those of prev that come before @key, or all. */
static int merge_prev(struct merge *mg, const char *key)
{
	int err = 0;

	while (!err && prev_left(mg) && (!key || strcmp(mg->key, key) < 0)) {
		if (mg->keep)
			err = merge_kept(mg, &mg->prev->members[mg->at]);
		mg->at++;
		prev_key(mg);
		cond_resched();
	}
	return err;
}

static int merge_placed(struct merge *mg, struct endpoint *ep,
			const struct placement *place)
{
	struct span locality = { place->locality, place->locality_len };
	struct member m = {
		.ep = ep,
		.weight = place->weight,
		.priority = place->priority,
		.metadata = place->metadata,
	};

	return merge_add(mg, &m, locality);
}

static int merge_member(struct merge *mg, const struct draft_member *m)
{
	struct endpoint *ep;
	int err = merge_prev(mg, m->key);

	if (err)
		return err;
	if (prev_left(mg) && !strcmp(mg->key, m->key)) {
		ep = mg->prev->members[mg->at].ep;
		if (m->place.weight)
			err = merge_placed(mg, endpoint_get(ep), &m->place);
		mg->at++;
		prev_key(mg);
		return err;
	}
	if (!m->place.weight)
		return 0;
	ep = endpoint_alloc(&m->address, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!ep)
		return account_refuse(NULL, mg->r, -ENOMEM);
	return merge_placed(mg, ep, &m->place);
}

/*
 * The members of a cluster that the overlay has. Endpoints of the published
 * cluster of the same name are carried over, whatever became of it in the draft.
 */
static int merge_members(struct draft *d, struct draft_object *o,
			 struct cluster *c, const struct cluster *prev,
			 struct refusal *r)
{
	u32 capacity = o->nparts + (o->base ? o->base->nmembers : 0);
	struct merge mg = { .prev = prev, .keep = o->base, .c = c, .r = r };
	struct draft_member *m;
	int err = 0, more;

	if (!capacity)
		return 0;
	mg.members = account_new(d->account, capacity * sizeof(*mg.members));
	if (IS_ERR(mg.members))
		return account_refuse(d->account, r, PTR_ERR(mg.members));
	list_sort(NULL, &o->parts, by_key);
	prev_key(&mg);
	list_for_each_entry(m, &o->parts, list) {
		err = merge_member(&mg, m);
		if (err)
			break;
		cond_resched();
	}
	if (!err)
		err = merge_prev(&mg, NULL);
	more = cluster_set_members(d->account, c, mg.members, mg.n, capacity);
	return err || !more ? err : account_refuse(d->account, r, more);
}

static int finish_cluster(struct draft *d, struct cluster *c,
			  const struct cluster *prev, struct refusal *r)
{
	int err = balancer_of(c)->check ? balancer_of(c)->check(c, r) : 0;

	if (err)
		return err;
	err = cluster_finish(d->account, c, prev);
	if (err == -EINTR)
		return refusal_set(r, err, "interrupted");
	return err ? account_refuse(d->account, r, err) : 0;
}

/*
 * Replaces the overlay's specification by what will be published: a new object, or
 * the published one if nothing has changed.
 */
static int build_cluster(struct draft *d, struct draft_object *o,
			 struct refusal *r)
{
	struct cluster *prev = draft_published(d, NAMED_CLUSTER, &o->name);
	struct cluster *c = cluster_clone(d->account, o->cluster);
	int err;

	if (IS_ERR(c))
		return account_refuse(d->account, r, PTR_ERR(c));
	err = merge_members(d, o, c, prev, r);
	if (err) {
		cluster_put(d->account, c);
		return err;
	}
	if (prev && cluster_equal(c, prev)) {
		cluster_put(d->account, c);
		c = cluster_get(prev);
	} else {
		err = finish_cluster(d, c, prev, r);
		if (err) {
			cluster_put(d->account, c);
			return err;
		}
	}
	cluster_put(d->account, o->cluster);
	o->cluster = c;
	return 0;
}

/* What is equal to what was published stays that. */
static int build_whole(struct draft *d, struct draft_object *o, struct refusal *r)
{
	const struct named_ops *ops = &named_ops[o->kind];
	void *prev = draft_published(d, o->kind, &o->name);
	int err;

	if (prev && ops->equal(o->object, prev)) {
		ops->put(d->account, o->object);
		ops->get(prev);
		o->object = prev;
		return 0;
	}
	err = ops->finish ? ops->finish(d->account, o->object, prev) : 0;
	return err ? account_refuse(d->account, r, err) : 0;
}

/*
 * A route that has not changed, counted from the first or from the last, stays the
 * same object: it keeps its counters, and its expressions are not compiled again.
 */
static void keep_route(struct draft *d, struct draft_vhost *dv, u32 i,
		       const struct virtual_host *prev)
{
	u32 at[] = { i, i + prev->nroutes - dv->nroutes };
	u32 k;

	for (k = 0; k < ARRAY_SIZE(at); k++) {
		if (at[k] >= prev->nroutes ||
		    !route_equal(prev->routes[at[k]], dv->routes[i]))
			continue;
		route_get(prev->routes[at[k]]);
		route_put(d->account, dv->routes[i]);
		dv->routes[i] = prev->routes[at[k]];
		return;
	}
}

/* By what was before, whose hosts the draft finds by their names. */
static void keep_routes(struct draft *d, struct draft_object *table,
			const struct route_table *before)
{
	struct draft_vhost *dv;
	u32 i, k;

	for (i = 0; before && i < before->nvhosts; i++) {
		dv = draft_find_vhost(d, table, before->vhosts[i]->name);
		for (k = 0; dv && dv->opened && k < dv->nroutes; k++) {
			keep_route(d, dv, k, before->vhosts[i]);
			cond_resched();
		}
		cond_resched();
	}
}

/* An opened virtual host gets its routes. */
static int build_vhost(struct draft *d, struct draft_vhost *dv)
{
	struct virtual_host *vh;
	int err;

	if (!dv->opened)
		return 0;
	if (!dv->own) {
		vh = route_host_clone(d->account, dv->vh);
		if (IS_ERR(vh))
			return PTR_ERR(vh);
		route_host_put(d->account, dv->vh);
		dv->vh = vh;
	}
	err = route_host_set_routes(d->account, dv->vh, dv->routes,
				    dv->nroutes, dv->capacity);
	dv->own = false;
	dv->opened = false;
	dv->routes = NULL;
	dv->nroutes = 0;
	dv->capacity = 0;
	return err;
}

static struct route_table *make_table(struct draft *d, struct draft_object *o,
				      const struct route_table *before,
				      struct refusal *r)
{
	size_t bytes = (o->nparts + 1) * sizeof(struct virtual_host *);
	struct virtual_host **vhosts = account_new(d->account, bytes);
	struct route_table *t;
	struct draft_vhost *dv;
	u32 n = 0;
	int err = 0;

	if (IS_ERR(vhosts)) {
		account_refuse(d->account, r, PTR_ERR(vhosts));
		return ERR_CAST(vhosts);
	}
	keep_routes(d, o, before);
	list_for_each_entry(dv, &o->parts, list) {
		err = build_vhost(d, dv);
		if (err)
			break;
		vhosts[n++] = dv->vh;
		cond_resched();
	}
	if (err) {
		account_refuse(d->account, r, err);
		t = ERR_PTR(err);
	} else {
		t = route_table_make(d->account, &o->name, vhosts, n, r);
	}
	account_free(d->account, vhosts, bytes);
	return t;
}

static int build_table(struct draft *d, struct draft_object *o,
		       struct refusal *r)
{
	struct route_table *prev = draft_published(d, NAMED_ROUTE_TABLE,
						   &o->name);
	struct route_table *t = make_table(d, o, prev, r);

	if (IS_ERR(t))
		return PTR_ERR(t);
	if (prev && route_table_equal(t, prev)) {
		route_table_put(d->account, t);
		t = route_table_get(prev);
	}
	route_table_put(d->account, o->table);
	o->table = t;
	return 0;
}

static int build_object(struct draft *d, struct draft_object *o,
			struct refusal *r)
{
	switch ((enum named_kind)o->kind) {
	case NAMED_CLUSTER:
		return build_cluster(d, o, r);
	case NAMED_ROUTE_TABLE:
		return build_table(d, o, r);
	default:
		return build_whole(d, o, r);
	}
}

static int build_overlay(struct draft *d, struct refusal *r)
{
	struct draft_object *o;
	enum named_kind kind;
	int err;

	for (kind = 0; kind < NAMED_KINDS; kind++) {
		list_for_each_entry(o, &d->order[kind], list) {
			if (o->gone)
				continue;
			err = build_object(d, o, r);
			if (err)
				return err;
			if (fatal_signal_pending(current))
				return refusal_set(r, -EINTR, "interrupted");
			cond_resched();
		}
	}
	return 0;
}

static void add_counted(struct objset *set, enum named_kind kind, void *object)
{
	named_ops[kind].get(object);
	objset_add(set, object);
}

static u32 count_new(struct draft *d, enum named_kind kind)
{
	struct draft_object *o;
	u32 n = 0;

	list_for_each_entry(o, &d->order[kind], list)
		n += !o->gone;
	return n;
}

/* What was published, as far as it stays, each in its place. */
static void add_published(struct draft *d, struct objset *set,
			  enum named_kind kind, const struct objset *from)
{
	u32 i;

	for (i = 0; i < from->n; i++) {
		void *object = from->objects[i];
		struct draft_object *o = NULL;

		if (!list_empty(&d->order[kind]))
			o = draft_overlay(d, kind, object + from->name_at);
		if (!o)
			add_counted(set, kind, object);
		else if (o->in_place)
			add_counted(set, kind, o->object);
		cond_resched();
	}
}

static void add_new(struct draft *d, struct objset *set, enum named_kind kind)
{
	struct draft_object *o;

	list_for_each_entry(o, &d->order[kind], list) {
		if (!o->gone && !o->in_place)
			add_counted(set, kind, o->object);
		cond_resched();
	}
}

static int fill_set(struct draft *d, struct objset *set, enum named_kind kind,
		    const struct objset *from, size_t name_at)
{
	u32 capacity = count_new(d, kind) + (d->replace ? 0 : from->n);
	int err;

	err = objset_alloc(set, d->account, capacity, name_at);
	if (err)
		return err;
	if (!d->replace)
		add_published(d, set, kind, from);
	add_new(d, set, kind);
	return 0;
}

static int fill_sets(struct draft *d, struct snapshot *s, struct refusal *r)
{
	enum named_kind kind;
	int err = 0;

	for (kind = 0; kind < NAMED_KINDS && !err; kind++)
		err = fill_set(d, named_set(s, kind), kind,
			       named_set(d->published, kind),
			       named_ops[kind].name_at);
	return err ? account_refuse(d->account, r, err) : 0;
}

static int refuse_cluster(const struct listener *l, struct refusal *r)
{
	return refusal_set(r, -ENOENT,
			   "listener \"%.*s\" refers to cluster \"%.*s\", which does not exist",
			   l->name.name.len, l->name.name.p,
			   l->cluster.name.len, l->cluster.name.p);
}

static int refuse_family(const struct listener *l, const struct cluster *c,
			 const char *family, const char *other, struct refusal *r)
{
	return refusal_set(r, -EINVAL,
			   "listener \"%.*s\" is %s, but its cluster \"%.*s\" has an %s endpoint",
			   l->name.name.len, l->name.name.p, family,
			   c->name.name.len, c->name.name.p, other);
}

/* A datagram's addresses are translated, and nobody tells an endpoint of them. */
static int check_udp(const struct listener *l, const struct cluster *c,
		     struct refusal *r)
{
	if (listener_has_family(l, AF_INET6) && c->has_v4)
		return refuse_family(l, c, "IPv6 and udp", "IPv4", r);
	if (!c->options.proxy_protocol)
		return 0;
	return refusal_set(r, -EINVAL,
			   "listener \"%.*s\" is udp, but its cluster \"%.*s\" has a proxy_protocol",
			   l->name.name.len, l->name.name.p,
			   c->name.name.len, c->name.name.p);
}

/* Of tcp or udp. */
static int check_l4(const struct snapshot *s, const struct listener *l,
		    struct refusal *r)
{
	struct cluster *c;

	if (l->has_proxy)
		return 0;
	c = snapshot_cluster(s, &l->cluster);
	if (!c)
		return refuse_cluster(l, r);
	if (listener_has_family(l, AF_INET) && c->has_v6)
		return refuse_family(l, c, "IPv4", "IPv6", r);
	return listener_is_udp(l) ? check_udp(l, c, r) : 0;
}

/* @tls: it is to be one for TLS */
static int check_listener_table(const struct snapshot *s, const struct listener *l,
				const struct name_ref *name, bool tls,
				struct refusal *r)
{
	const struct route_table *t = objset_find(&s->route_tables, name);

	if (!t)
		return refusal_set(r, -ENOENT,
				   "listener \"%.*s\" refers to route table \"%.*s\", which does not exist",
				   l->name.name.len, l->name.name.p, name->name.len,
				   name->name.p);
	return tls ? tls_table_check(l, t, r) : 0;
}

static int check_listener(const struct snapshot *s, const struct listener *l,
			  struct refusal *r)
{
	int err;

	if (!listener_routes(l))
		return check_l4(s, l, r);
	err = check_listener_table(s, l, &l->route_table,
				   l->protocol == L7MESH_PROTOCOL_TLS, r);
	if (!err && l->tls_route_table.name.len)
		err = check_listener_table(s, l, &l->tls_route_table, true, r);
	if (!err && l->protocol == L7MESH_PROTOCOL_AUTO &&
	    !snapshot_cluster(s, &l->cluster))
		err = refuse_cluster(l, r);
	return err;
}

static int check_cluster(const struct snapshot *s, const struct virtual_host *vh,
			 u32 index, const struct name_ref *name,
			 struct refusal *r)
{
	if (snapshot_cluster(s, name))
		return 0;
	return refusal_set(r, -ENOENT,
			   "route %u of virtual host \"%.*s\" refers to cluster \"%.*s\", which does not exist",
			   index, vh->name.len, vh->name.p, name->name.len,
			   name->name.p);
}

/* A table to look a route's hash up in is made for a cluster that has policies itself. */
static int check_hash(const struct snapshot *s, const struct virtual_host *vh,
		      u32 index, const struct name_ref *name, struct refusal *r)
{
	const struct cluster *c = snapshot_cluster(s, name);

	if (!vh->routes[index]->hash.n || c->hash.n)
		return 0;
	return refusal_set(r, -EINVAL,
			   "route %u of virtual host \"%.*s\" has hash policies, but its cluster \"%.*s\" has none",
			   index, vh->name.len, vh->name.p, name->name.len,
			   name->name.p);
}

static int check_subset(const struct snapshot *s, const struct virtual_host *vh,
			u32 index, const struct weighted_cluster *wc,
			struct refusal *r)
{
	const struct cluster *c = snapshot_cluster(s, &wc->cluster);

	if (!wc->subset.len || cluster_has_subset(c, wc->subset))
		return 0;
	return refusal_set(r, -ENOENT,
			   "route %u of virtual host \"%.*s\" refers to subset \"%.*s\", which cluster \"%.*s\" does not have",
			   index, vh->name.len, vh->name.p, wc->subset.len,
			   wc->subset.p, c->name.name.len, c->name.name.p);
}

static int check_target(const struct snapshot *s, const struct virtual_host *vh,
			u32 index, const struct weighted_cluster *wc,
			struct refusal *r)
{
	return check_cluster(s, vh, index, &wc->cluster, r) ?:
	       check_hash(s, vh, index, &wc->cluster, r) ?:
	       check_subset(s, vh, index, wc, r);
}

static int check_route(const struct snapshot *s, const struct virtual_host *vh,
		       u32 index, struct refusal *r)
{
	const struct route *route = vh->routes[index];
	struct policy_copy copy;
	int err = 0;
	u32 i;

	for (i = 0; i < route->nclusters && !err; i++)
		err = check_target(s, vh, index, &route->clusters[i], r);
	for (i = 0; !err && policy_copy(&route->policies, i, &copy); i++)
		err = check_cluster(s, vh, index, copy.cluster, r);
	return err;
}

static int check_table(struct snapshot *s, const struct route_table *t,
		       struct refusal *r)
{
	u32 i, k;
	int err;

	for (i = 0; i < t->nvhosts; i++) {
		const struct virtual_host *vh = t->vhosts[i];

		s->largest = max_t(size_t, s->largest,
				   min_t(size_t, vh->bytes, ROUTE_BYTES_MAX));
		for (k = 0; k < vh->nroutes; k++) {
			s->largest = max_t(size_t, s->largest,
					   vh->routes[k]->bytes);
			err = check_route(s, vh, k, r);
			if (err)
				return err;
		}
		cond_resched();
	}
	return 0;
}

static int check(struct snapshot *s, struct refusal *r)
{
	u32 i;
	int err = 0;

	for (i = 0; i < s->clusters.n; i++) {
		const struct cluster *c = s->clusters.objects[i];

		s->largest = max_t(size_t, s->largest, c->bytes);
	}
	for (i = 0; i < s->authorizations.n; i++) {
		const struct authorization *a = s->authorizations.objects[i];

		s->largest = max_t(size_t, s->largest, a->bytes);
	}
	for (i = 0; i < s->listeners.n && !err; i++) {
		const struct listener *l = s->listeners.objects[i];

		s->largest = max_t(size_t, s->largest, l->bytes);
		err = check_listener(s, l, r);
		cond_resched();
	}
	for (i = 0; i < s->route_tables.n && !err; i++)
		err = check_table(s, s->route_tables.objects[i], r);
	return err;
}

/* The objects of both are the same. */
static bool is_same(const struct objset *a, const struct objset *b)
{
	return a->n == b->n &&
	       !memcmp(a->objects, b->objects, a->n * sizeof(*a->objects));
}

static int build_authz(struct draft *d, struct snapshot *s, struct refusal *r)
{
	struct snapshot *from = d->published;
	struct authz_table *t;

	if (is_same(&s->workloads, &from->workloads) &&
	    is_same(&s->authorizations, &from->authorizations)) {
		s->authz = authz_table_get(from->authz);
		return 0;
	}
	t = authz_table_make(d->account, &s->workloads, &s->authorizations,
			     from->authz, r);
	if (IS_ERR(t))
		return PTR_ERR(t);
	s->authz = t;
	return 0;
}

struct snapshot *draft_build(struct draft *d, u64 generation, struct refusal *r)
{
	struct snapshot *s;
	int err;

	err = build_overlay(d, r);
	if (err)
		return ERR_PTR(err);
	s = snapshot_alloc(d->account, generation);
	if (IS_ERR(s)) {
		account_refuse(d->account, r, PTR_ERR(s));
		return s;
	}
	s->splice = d->splice;
	err = fill_sets(d, s, r);
	if (!err)
		err = check(s, r);
	if (!err)
		err = build_authz(d, s, r);
	/* Listeners refer to guards. */
	if (!err)
		err = listener_index(s, r);
	if (!err)
		return s;
	snapshot_kill(s);
	return ERR_PTR(err);
}
