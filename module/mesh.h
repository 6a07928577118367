/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mesh: one configuration with its counters, and the namespaces that obey it.
 *
 * A mesh belongs to the namespace where it was made (its owner) and lives as long
 * as the owner or until the module goes; other namespaces are attached to it.
 * struct mesh_net is the part of a network namespace (net_generic), present in
 * every namespace while the module is loaded.
 *
 * Locks, in order: genl_lock or rtnl (never taken by us) > mesh_mutex (ownership,
 * attachment) > mesh->lock (changes of one configuration). Readers use RCU.
 *
 * References: mesh->ref is held by the owner's mesh_net, by each attached
 * mesh_net, and by every HTTP connection. Last put frees after a grace period.
 */
#ifndef L7MESH_MESH_H
#define L7MESH_MESH_H

#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "config.h"
#include "stats.h"

struct mesh {
	refcount_t ref;
	struct snapshot __rcu *snapshot;	/* never NULL */
	struct mesh_stats __percpu *stats;
	struct mutex lock;			/* one change at a time */
	u64 generation;				/* under lock */
	struct mesh_net *owner;			/* under mesh_mutex; NULL once it is gone */
	struct list_head attached;		/* of mesh_net.attached, under mesh_mutex */
	struct rcu_head rcu;
};

struct http_net;
struct redirect_net;

struct mesh_net {
	struct net *net;
	struct mesh __rcu *mesh;	/* obeyed: own, or the one attached to; or NULL */
	bool is_attached;		/* under mesh_mutex */
	struct list_head attached;	/* in mesh->attached */
	struct http_net *http;		/* http_net.c; made by http_net_init() */
};

extern unsigned int mesh_net_id;

/* True while any namespace has a mesh: the only cost where there is none. */
DECLARE_STATIC_KEY_FALSE(mesh_active);

static inline struct mesh_net *mesh_net(const struct net *net)
{
	return net_generic(net, mesh_net_id);
}

/**
 * mesh_obeyed() - The mesh that a namespace obeys
 * @net: namespace
 *
 * Context: rcu_read_lock() held.
 * Return: borrowed under RCU, or NULL.
 */
static inline struct mesh *mesh_obeyed(const struct net *net)
{
	return rcu_dereference(mesh_net(net)->mesh);
}

static inline bool mesh_tryget(struct mesh *m)
{
	return refcount_inc_not_zero(&m->ref);
}

void mesh_put(struct mesh *m);

/**
 * mesh_snapshot_get() - Hold the configuration that is current now
 * @m: mesh that the caller holds
 *
 * Any context; takes rcu_read_lock() itself.
 *
 * Return: a reference; give it back with snapshot_put().
 */
struct snapshot *mesh_snapshot_get(struct mesh *m);

#endif
