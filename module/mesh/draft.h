/* SPDX-License-Identifier: GPL-2.0 */
/*
 * draft: a configuration being changed, before it is published.
 *
 * A draft is what was published when it began, with an overlay of what was
 * changed since: named objects (see named.h), the members
 * of clusters, the virtual hosts of tables. Only what is touched is in the
 * overlay, so beginning costs nothing, and adding an endpoint the same however
 * many there are. draft_build() merges both into a new snapshot, sharing every
 * object that was not touched, or that was replaced by an equal one.
 *
 * Owner: whoever called draft_init(); serialised by mesh->lock. Every byte is
 * charged to the mesh's account. Context: process.
 *
 * Functions that change fill a refusal and return a negative errno if they
 * refuse; they then have changed nothing.
 */
#ifndef L7MESH_DRAFT_H
#define L7MESH_DRAFT_H

#include <linux/list.h>
#include <uapi/linux/l7mesh.h>
#include "lib/hashmap.h"
#include "lib/refusal.h"
#include "mesh/named.h"
#include "mesh/snapshot.h"

/*
 * A named object that the overlay has. The draft owns it, with its parts and a
 * reference to the object.
 */
struct draft_object {
	struct hashmap_node node;	/* draft->objects, by name_key() */
	struct list_head list;		/* draft->order[kind] */
	u8 kind;			/* enum named_kind */
	bool gone;			/* not in the draft (any more) */
	bool in_place;			/* of what was there when the draft began */
	struct name_ref name;
	u32 nparts;
	struct list_head parts;		/* cluster: draft_member; table: draft_vhost */
	struct cluster *base;		/* whose members it has besides, or NULL */
	union {
		void *object;		/* once built */
		struct cluster *cluster;	/* settings only, members do not count */
		struct route_table *table;	/* only once built */
	};
	size_t bytes;
	char text[];
};

/* An endpoint of a cluster that was added, changed or removed. */
struct draft_member {
	struct hashmap_node node;	/* draft->members, by member_key() */
	struct list_head list;		/* draft_object.parts */
	struct draft_object *cluster;
	struct address address;
	struct placement place;		/* its metadata is the draft's */
	u8 len;
	char key[];			/* address_text() with NUL */
};

/* A virtual host of a table that was touched. */
struct draft_vhost {
	struct hashmap_node node;	/* draft->vhosts, by vhost_key() */
	struct list_head list;		/* draft_object.parts, in the table's order */
	struct draft_object *table;
	struct virtual_host *vh;	/* counted: settings; its routes count unless
					 * opened
					 */
	bool own;			/* vh is the draft's alone, and has no routes */
	bool opened;			/* routes below are the host's */
	struct route **routes;
	u32 nroutes;
	u32 capacity;
};

struct draft {
	struct account *account;	/* counted */
	struct snapshot *published;	/* counted: what commit replaces */
	bool replace;			/* begins with nothing */
	struct hashmap objects;
	struct hashmap members;
	struct hashmap vhosts;
	struct list_head order[NAMED_KINDS];
	struct splice_policy splice;	/* changed by whoever changes the draft */
};

/**
 * draft_init() - Begin
 * @d: draft
 * @published: current snapshot; the draft takes over the caller's reference
 * @replace: begin with nothing
 */
void draft_init(struct draft *d, struct snapshot *published, bool replace);

/* Forget everything. */
void draft_destroy(struct draft *d);

/* Remove every object. */
void draft_flush(struct draft *d);

/**
 * draft_build() - Make the snapshot that publishes a draft
 * @d: draft; to be built again or destroyed afterwards, not changed
 * @generation: of the snapshot
 * @r: refusal
 *
 * Checks all that one object cannot tell: references, addresses that are there
 * twice, families, table sizes. Long if Maglev tables must be built.
 *
 * Return: a snapshot to publish, or an error pointer.
 */
struct snapshot *draft_build(struct draft *d, u64 generation,
			     struct refusal *r);

/*
 * The object of a name: borrowed until the next change of the draft, or NULL if there is
 * none. Not of a kind that is made of parts, but draft_cluster().
 */
const void *draft_find(struct draft *d, enum named_kind kind,
		       const struct name_ref *name);
const struct cluster *draft_cluster(struct draft *d, const struct name_ref *name);
bool draft_has_table(struct draft *d, const struct name_ref *name);

/* Create, or replace what has the specification's name. */
int draft_put_cluster(struct draft *d, const struct cluster *spec,
		      struct refusal *r);
/* The same of a kind that is not made of parts. */
int draft_put(struct draft *d, enum named_kind kind, const struct name_ref *name,
	      const void *spec, struct refusal *r);
int draft_add_table(struct draft *d, const struct name_ref *name,
		    struct refusal *r);

/* Remove with all that belongs to it; -ENOENT. */
int draft_del(struct draft *d, enum named_kind kind, const struct name_ref *name,
	      struct refusal *r);

/**
 * draft_placement() - What a cluster says of an endpoint
 * @d: draft
 * @cluster: cluster's name
 * @address: endpoint
 * @place: out: weight 0 if the cluster has no such endpoint; its metadata is borrowed
 * until the endpoint is changed
 *
 * Return: 0, or -ENOENT if there is no such cluster.
 */
int draft_placement(struct draft *d, const struct name_ref *cluster,
		    const struct address *address, struct placement *place);

/* Create or change an endpoint of a cluster that exists; weight 0 removes it. */
int draft_put_endpoint(struct draft *d, const struct name_ref *cluster,
		       const struct address *address,
		       const struct placement *place, struct refusal *r);

/**
 * draft_vhost() - A virtual host, ready to be changed
 * @d: draft
 * @table: table's name
 * @name: virtual host's name
 * @r: filled if there is no such table
 *
 * Return: borrowed from the draft until it is removed, NULL if the table has
 * none of the name, or an error pointer.
 */
struct draft_vhost *draft_vhost(struct draft *d, const struct name_ref *table,
				struct span name, struct refusal *r);

/* At the end of a table that exists and has none of the name. */
int draft_add_vhost(struct draft *d, const struct name_ref *table,
		    const struct virtual_host *spec, struct refusal *r);
/* New settings; the routes stay. */
int draft_set_vhost(struct draft *d, struct draft_vhost *dv,
		    const struct virtual_host *spec, struct refusal *r);
void draft_del_vhost(struct draft *d, struct draft_vhost *dv);

u32 draft_nroutes(const struct draft_vhost *dv);
/* @index below draft_nroutes(). */
const struct route *draft_route(const struct draft_vhost *dv, u32 index);
/* Before the one at @index, at most draft_nroutes(). */
int draft_add_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    const struct route *spec, struct refusal *r);
int draft_set_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    const struct route *spec, struct refusal *r);
int draft_del_route(struct draft *d, struct draft_vhost *dv, u32 index,
		    struct refusal *r);

/* Between draft.c, draft_table.c and draft_build.c. */
struct draft_object *draft_overlay(struct draft *d, enum named_kind kind,
				   const struct name_ref *name);
struct draft_object *draft_open(struct draft *d, enum named_kind kind,
				const struct name_ref *name, struct refusal *r);
void *draft_published(const struct draft *d, enum named_kind kind,
		      const struct name_ref *name);
/* A virtual host of a table that was touched; NULL if it has none of the name. */
struct draft_vhost *draft_find_vhost(struct draft *d,
				     const struct draft_object *table,
				     struct span name);
int draft_open_vhosts(struct draft *d, struct draft_object *table,
		      const struct route_table *from);
void draft_free_vhost(struct draft *d, struct draft_vhost *dv);

#endif
