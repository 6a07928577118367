// SPDX-License-Identifier: GPL-2.0
/* Named objects, and the members of clusters. */
#include <linux/err.h>
#include <linux/sched.h>
#include "lib/account.h"
#include "lib/stats.h"
#include "lib/text.h"
#include "mesh/draft.h"
#include "route/route_object.h"

void *draft_published(const struct draft *d, enum named_kind kind,
		      const struct name_ref *name)
{
	return objset_find(named_set(d->published, kind), name);
}

/* What the draft has without its overlay. */
static void *underlying(const struct draft *d, enum named_kind kind,
			const struct name_ref *name)
{
	return d->replace ? NULL : draft_published(d, kind, name);
}

static u32 name_key(enum named_kind kind, const struct name_ref *name)
{
	return name->hash + kind * 0x9e3779b9U;
}

/* The overlay's object, which may be gone; NULL if the name was not touched. */
struct draft_object *draft_overlay(struct draft *d, enum named_kind kind,
				   const struct name_ref *name)
{
	struct hashmap_node *node;

	for (node = hashmap_first(&d->objects, name_key(kind, name)); node;
	     node = hashmap_next(node)) {
		struct draft_object *o =
			container_of(node, struct draft_object, node);

		if (o->kind == kind && name_eq(&o->name, name))
			return o;
	}
	return NULL;
}

void draft_init(struct draft *d, struct snapshot *published, bool replace)
{
	enum named_kind kind;

	memset(d, 0, sizeof(*d));
	d->account = account_get(published->account);
	d->published = published;
	d->replace = replace;
	if (!replace)
		d->splice = published->splice;
	for (kind = 0; kind < NAMED_KINDS; kind++)
		INIT_LIST_HEAD(&d->order[kind]);
}

static size_t member_bytes(const struct draft_member *m)
{
	return sizeof(*m) + m->len + 1;
}

/* Empty has no memory. */
static int copy_metadata(struct draft *d, struct span *to, struct span from)
{
	char *text;

	*to = (struct span){};
	if (!from.len)
		return 0;
	text = account_new(d->account, from.len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	*to = text_copy(&text, from);
	return 0;
}

static void free_metadata(struct draft *d, struct span metadata)
{
	account_free(d->account, metadata.p, metadata.len);
}

static void free_member(struct draft *d, struct draft_member *m)
{
	free_metadata(d, m->place.metadata);
	hashmap_remove(&d->members, &m->node);
	list_del(&m->list);
	account_free(d->account, m, member_bytes(m));
}

/* Leave an object without parts and without settings. */
static void empty_object(struct draft *d, struct draft_object *o)
{
	struct draft_member *m, *m_next;
	struct draft_vhost *v, *v_next;

	if (o->kind == NAMED_CLUSTER) {
		list_for_each_entry_safe(m, m_next, &o->parts, list) {
			free_member(d, m);
			cond_resched();
		}
		cluster_put(d->account, o->base);
	} else if (o->kind == NAMED_ROUTE_TABLE) {
		list_for_each_entry_safe(v, v_next, &o->parts, list)
			draft_free_vhost(d, v);
	}
	named_ops[o->kind].put(d->account, o->object);
	o->nparts = 0;
	o->base = NULL;
	o->object = NULL;
}

static void free_overlay(struct draft *d)
{
	struct draft_object *o, *next;
	enum named_kind kind;

	for (kind = 0; kind < NAMED_KINDS; kind++) {
		list_for_each_entry_safe(o, next, &d->order[kind], list) {
			empty_object(d, o);
			hashmap_remove(&d->objects, &o->node);
			list_del(&o->list);
			account_free(d->account, o, o->bytes);
			cond_resched();
		}
	}
}

void draft_flush(struct draft *d)
{
	free_overlay(d);
	d->replace = true;
	memset(&d->splice, 0, sizeof(d->splice));
}

void draft_destroy(struct draft *d)
{
	free_overlay(d);
	hashmap_free(&d->objects, d->account);
	hashmap_free(&d->members, d->account);
	hashmap_free(&d->vhosts, d->account);
	snapshot_put(d->published);
	account_put(d->account);
}

static struct draft_object *add_object(struct draft *d, enum named_kind kind,
				       const struct name_ref *name)
{
	size_t bytes = sizeof(struct draft_object) + name->name.len;
	struct draft_object *o = account_new(d->account, bytes);
	char *text;
	int err;

	if (IS_ERR(o))
		return o;
	o->bytes = bytes;
	o->kind = kind;
	o->gone = true;
	text = o->text;
	o->name.name = text_copy(&text, name->name);
	o->name.hash = name->hash;
	INIT_LIST_HEAD(&o->parts);
	err = hashmap_insert(&d->objects, d->account, &o->node,
			     name_key(kind, name));
	if (err) {
		account_free(d->account, o, bytes);
		return ERR_PTR(err);
	}
	list_add_tail(&o->list, &d->order[kind]);
	return o;
}

/* Make the overlay's object what the underlying one is. */
static int inherit(struct draft *d, struct draft_object *o, void *from)
{
	if (o->kind == NAMED_ROUTE_TABLE)
		return draft_open_vhosts(d, o, from);
	if (o->kind == NAMED_CLUSTER)
		o->base = cluster_get(from);
	named_ops[o->kind].get(from);
	o->object = from;
	return 0;
}

/*
 * The overlay's object, made if need be. One that is in the draft already comes
 * as it is, any other "gone", for the caller to fill.
 */
struct draft_object *draft_open(struct draft *d, enum named_kind kind,
				const struct name_ref *name, struct refusal *r)
{
	struct draft_object *o = draft_overlay(d, kind, name);
	void *from;
	int err;

	if (o)
		return o;
	o = add_object(d, kind, name);
	if (IS_ERR(o)) {
		account_refuse(d->account, r, PTR_ERR(o));
		return o;
	}
	from = underlying(d, kind, name);
	if (!from)
		return o;
	err = inherit(d, o, from);
	if (!err) {
		o->gone = false;
		o->in_place = true;
		return o;
	}
	empty_object(d, o);
	hashmap_remove(&d->objects, &o->node);
	list_del(&o->list);
	account_free(d->account, o, o->bytes);
	account_refuse(d->account, r, err);
	return ERR_PTR(err);
}

/* The object takes its place at the end, if it was not in the draft. */
static void revive(struct draft *d, struct draft_object *o)
{
	if (!o->gone)
		return;
	o->gone = false;
	list_move_tail(&o->list, &d->order[o->kind]);
}

const void *draft_find(struct draft *d, enum named_kind kind,
		       const struct name_ref *name)
{
	struct draft_object *o = draft_overlay(d, kind, name);

	if (o)
		return o->gone ? NULL : o->object;
	return underlying(d, kind, name);
}

const struct cluster *draft_cluster(struct draft *d, const struct name_ref *name)
{
	return draft_find(d, NAMED_CLUSTER, name);
}

bool draft_has_table(struct draft *d, const struct name_ref *name)
{
	struct draft_object *o = draft_overlay(d, NAMED_ROUTE_TABLE, name);

	if (o)
		return !o->gone;
	return underlying(d, NAMED_ROUTE_TABLE, name);
}

int draft_put_cluster(struct draft *d, const struct cluster *spec,
		      struct refusal *r)
{
	struct draft_object *o = draft_open(d, NAMED_CLUSTER, &spec->name, r);
	struct cluster *c;

	if (IS_ERR(o))
		return PTR_ERR(o);
	c = cluster_clone(d->account, spec);
	if (IS_ERR(c))
		return account_refuse(d->account, r, PTR_ERR(c));
	cluster_put(d->account, o->cluster);
	o->cluster = c;
	revive(d, o);
	return 0;
}

int draft_put(struct draft *d, enum named_kind kind, const struct name_ref *name,
	      const void *spec, struct refusal *r)
{
	struct draft_object *o = draft_open(d, kind, name, r);
	void *object;

	if (IS_ERR(o))
		return PTR_ERR(o);
	object = named_ops[kind].clone(d->account, spec);
	if (IS_ERR(object))
		return account_refuse(d->account, r, PTR_ERR(object));
	named_ops[kind].put(d->account, o->object);
	o->object = object;
	revive(d, o);
	return 0;
}

int draft_add_table(struct draft *d, const struct name_ref *name,
		    struct refusal *r)
{
	struct draft_object *o = draft_open(d, NAMED_ROUTE_TABLE, name, r);

	if (IS_ERR(o))
		return PTR_ERR(o);
	revive(d, o);
	return 0;
}

int draft_del(struct draft *d, enum named_kind kind, const struct name_ref *name,
	      struct refusal *r)
{
	struct draft_object *o = draft_overlay(d, kind, name);

	if (o ? o->gone : !underlying(d, kind, name))
		return refusal_set(r, -ENOENT, "there is none of this name");
	if (!o)
		o = add_object(d, kind, name);
	if (IS_ERR(o))
		return account_refuse(d->account, r, PTR_ERR(o));
	empty_object(d, o);
	o->gone = true;
	o->in_place = false;
	return 0;
}

static u32 member_key(const struct draft_object *cluster,
		      const struct address *address)
{
	return address_hash(address, cluster->name.hash);
}

static struct draft_member *find_member(struct draft *d,
					const struct draft_object *cluster,
					const struct address *address)
{
	struct hashmap_node *node;

	for (node = hashmap_first(&d->members, member_key(cluster, address));
	     node; node = hashmap_next(node)) {
		struct draft_member *m =
			container_of(node, struct draft_member, node);

		if (m->cluster == cluster && address_eq(&m->address, address))
			return m;
	}
	return NULL;
}

static void placement_in(const struct cluster *c, const struct address *address,
			 struct placement *place)
{
	struct member *m = c ? cluster_member(c, address) : NULL;
	struct span locality;

	memset(place, 0, sizeof(*place));
	if (!m)
		return;
	locality = cluster_locality_name(c, m);
	place->weight = m->weight;
	place->priority = m->priority;
	place->metadata = m->metadata;
	place->locality_len = locality.len;
	memcpy(place->locality, locality.p, locality.len);
}

int draft_placement(struct draft *d, const struct name_ref *cluster,
		    const struct address *address, struct placement *place)
{
	struct draft_object *o = draft_overlay(d, NAMED_CLUSTER, cluster);
	const struct cluster *c = o ? o->base : underlying(d, NAMED_CLUSTER,
							   cluster);
	struct draft_member *m = o ? find_member(d, o, address) : NULL;

	if (o ? o->gone : !c)
		return -ENOENT;
	if (m)
		*place = m->place;
	else
		placement_in(c, address, place);
	return 0;
}

static struct draft_member *add_member(struct draft *d,
				       struct draft_object *cluster,
				       const struct address *address)
{
	char key[ADDRESS_TEXT_MAX];
	int len = address_text(address, key);
	struct draft_member *m;
	int err;

	m = account_new(d->account, sizeof(*m) + len + 1);
	if (IS_ERR(m))
		return m;
	m->cluster = cluster;
	m->address = *address;
	m->len = len;
	memcpy(m->key, key, len + 1);
	err = hashmap_insert(&d->members, d->account, &m->node,
			     member_key(cluster, address));
	if (err) {
		account_free(d->account, m, member_bytes(m));
		return ERR_PTR(err);
	}
	list_add_tail(&m->list, &cluster->parts);
	cluster->nparts++;
	return m;
}

int draft_put_endpoint(struct draft *d, const struct name_ref *cluster,
		       const struct address *address,
		       const struct placement *place, struct refusal *r)
{
	struct draft_object *o = draft_open(d, NAMED_CLUSTER, cluster, r);
	struct draft_member *m;
	struct span metadata;
	int err;

	if (IS_ERR(o))
		return PTR_ERR(o);
	/* What it has may be what it is given. */
	err = copy_metadata(d, &metadata, place->metadata);
	if (err)
		return account_refuse(d->account, r, err);
	m = find_member(d, o, address);
	if (!m)
		m = add_member(d, o, address);
	if (IS_ERR(m)) {
		free_metadata(d, metadata);
		return account_refuse(d->account, r, PTR_ERR(m));
	}
	free_metadata(d, m->place.metadata);
	m->place = *place;
	m->place.metadata = metadata;
	return 0;
}
