/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mesh: one configuration with its counters, and the namespaces that obey it.
 *
 * A mesh belongs to the namespace where it was made (its owner) and lives as long
 * as the owner or until the module goes; other namespaces are attached to it.
 * struct mesh_net is the part of a network namespace (net_generic), present in
 * every namespace while the module is loaded.
 *
 * Locks: mesh_mutex (ownership, attachment) is shared by all and held for some
 * instructions. mesh->lock (changes of one configuration, transactions) is held for as
 * long as a commit builds. Only those who ask to change that mesh wait for it, and they
 * can be killed meanwhile; under mesh_mutex it may only be tried. interception_mutex
 * (mesh.c) is inside mesh->lock. We never take genl's locks or rtnl. Readers use RCU.
 *
 * References: mesh->ref is held by the owner's mesh_net, by each attached mesh_net,
 * by every HTTP connection, upstream leg and pair of spliced sockets, and by
 * requests and dumps while they run. The last put frees after a grace period.
 */
#ifndef L7MESH_MESH_H
#define L7MESH_MESH_H

#include <linux/jump_label.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "lib/stats.h"
#include "mesh/snapshot.h"
#include "mesh/txn.h"
#include "upstream/check_queue.h"

struct account;
struct call;
struct drain;
struct refusal;

struct mesh {
	refcount_t ref;
	struct snapshot __rcu *snapshot;	/* never NULL; changed under lock */
	struct mesh_stats __percpu *stats;
	struct account *account;		/* counted */
	struct mutex lock;			/* one change at a time */
	u64 generation;				/* of snapshot, under lock */
	struct txns txns;
	struct work_struct reaper;		/* of txns whose socket is no more */
	struct check_queue checks;		/* follows the snapshot under lock */
	atomic_t nchecks;			/* health checks that are being made */
	bool intercepts;			/* had a listener; under lock */
	u8 packet_use;				/* PACKETS_..., written under lock */
	unsigned long cut_walk;			/* the first walk that is to look at it */
	struct mesh_net *owner;			/* changed under mesh_mutex and lock; NULL
						 * once it is gone, after mesh_net->mesh
						 */
	struct list_head attached;		/* of mesh_net.attached, under mesh_mutex */
	struct rcu_head rcu;
};

struct datagram_net;
struct http_net;
struct packet_net;

struct mesh_net {
	struct net *net;
	struct mesh __rcu *mesh;	/* obeyed: own, or the one attached to; or NULL */
	bool is_attached;		/* changed under mesh_mutex, around mesh */
	struct list_head attached;	/* in mesh->attached */
	struct hlist_node by_cookie;	/* of who is attached; RCU, mesh_mutex */
	struct http_net *http;		/* made by engine_net_init() */
	struct packet_net *packets;	/* made by packet_net_init() */
	struct datagram_net *datagrams;	/* made by datagram_net_init() */
	unsigned long shaping_until;	/* shaping.c: how long its answer is good */
	bool shaping;
	struct llist_head cuts;		/* cut.c: connections that end, what ends them, */
	struct work_struct cut_work;
	unsigned long cut_by;		/* and the walk that found them; 0: all are ended */
	struct list_head orphans;	/* redirect.c: records of clients that are gone, */
	u32 norphans;			/* and their number */
};

extern unsigned int mesh_net_id;

/* True while any mesh has, or had, a listener: the only cost where there is none. */
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

static inline struct mesh *mesh_get(struct mesh *m)
{
	refcount_inc(&m->ref);
	return m;
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

/**
 * mesh_own_lock() - The mesh that a namespace may change
 * @mn: namespace
 * @create: make one if there is none
 * @r: refusal
 *
 * Context: process, may sleep.
 *
 * Return: the mesh, held, with mesh->lock held: mesh_own_unlock() it; NULL if there
 * is none and none is to be made; ERR_PTR(-EPERM) if the namespace is attached, or
 * another error pointer.
 */
struct mesh *mesh_own_lock(struct mesh_net *mn, bool create, struct refusal *r);

/**
 * mesh_own_unlock() - Be done with a mesh
 * @m: what mesh_own_lock() gave
 *
 * Drops the transactions whose sockets have gone meanwhile. A mesh that was never used
 * is given up: an attempt to configure costs the namespace nothing for ever.
 */
void mesh_own_unlock(struct mesh *m);

/**
 * mesh_socket_gone() - The transaction of a netlink socket is over
 * @mn: the socket's namespace
 * @portid: the socket's
 *
 * Waits for nobody: somebody drops it soon.
 *
 * Context: process.
 */
void mesh_socket_gone(struct mesh_net *mn, u32 portid);

/**
 * mesh_own_get() - The mesh that a namespace may read
 * @mn: namespace
 * @r: refusal
 *
 * Return: held: mesh_put() it; NULL if there is none; ERR_PTR(-EPERM) if the
 * namespace is attached.
 */
struct mesh *mesh_own_get(struct mesh_net *mn, struct refusal *r);

/**
 * mesh_publish() - Make a snapshot the current one
 * @m: mesh, its lock held
 * @s: snapshot that nobody else has; its generation is the mesh's afterwards
 * @r: refusal
 *
 * The mesh's first listener switches interception on, and the first that takes packets
 * has the packets of all its namespaces looked at.
 *
 * Return: 0, or what that fails with: then @s is still the caller's.
 */
int mesh_publish(struct mesh *m, struct snapshot *s, struct refusal *r);

/**
 * mesh_attach() - Make another namespace obey a namespace's mesh
 * @mn: namespace that attaches, and gets a mesh if it has none
 * @target: namespace to attach; the caller has checked the rights over both
 * @r: refusal
 *
 * Return: 0; -EINVAL: itself; -EEXIST: it is attached here already; -EBUSY: it is
 * attached elsewhere or has a configuration; -EPERM: @mn is attached; -ENOMEM.
 */
int mesh_attach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r);

/**
 * mesh_detach() - Undo mesh_attach()
 * @mn: namespace that attached
 * @target: namespace that was attached
 * @r: refusal
 *
 * Return: 0, -ENOENT, or -EPERM.
 */
int mesh_detach(struct mesh_net *mn, struct mesh_net *target, struct refusal *r);

/**
 * mesh_attached_net() - The attached namespace of a cookie
 * @m: mesh
 * @cookie: SO_NETNS_COOKIE
 *
 * Any context, under RCU. Return: borrowed under RCU, or NULL.
 */
struct net *mesh_attached_net(const struct mesh *m, u64 cookie);

/* An attached namespace, as dumps show it. */
struct attached {
	u64 inode;
	u64 cookie;
};

/**
 * mesh_attached() - Who obeys a namespace's mesh
 * @mn: namespace
 * @list: out: array to kvfree()
 * @n: out: its length
 * @r: refusal
 *
 * Return: 0, -EPERM if @mn is attached itself, or -ENOMEM.
 */
int mesh_attached(struct mesh_net *mn, struct attached **list, u32 *n,
		  struct refusal *r);

/**
 * mesh_drain() - Let HTTP connections under a namespace's mesh end
 * @mn: namespace
 * @d: which, and by when
 * @r: refusal
 *
 * Return: 0, or -EPERM if @mn is attached.
 */
int mesh_drain(struct mesh_net *mn, const struct drain *d, struct refusal *r);

/**
 * mesh_call_from() - Begin a call in a namespace that is attached
 * @m: mesh
 * @cookie: SO_NETNS_COOKIE of the namespace
 * @call: as for call_begin()
 * @timeout: the same
 *
 * Context: process.
 *
 * Return: false if no such namespace is attached, or it is going.
 */
bool mesh_call_from(struct mesh *m, u64 cookie, struct call *call, u32 timeout);

/**
 * mesh_reconsider_udp() - Flows of datagrams may have to leave their endpoints
 * @m: mesh
 *
 * An endpoint is ill. Soon, and nobody waits for it. Context: process.
 */
void mesh_reconsider_udp(struct mesh *m);

/* As health_look_by(), of who owns it, if anybody does. Any context. */
void mesh_look_by(struct mesh *m, unsigned long at);

/*
 * What stands on a mesh, and is switched on and off with meshes and their namespaces.
 * Context: process.
 */
struct mesh_parts {
	/* The first mesh has a listener; the last that had one is gone. */
	int (*intercept)(void);
	void (*let_pass)(void);
	/* What is to be spliced has changed. */
	void (*respliced)(void);
	/* Of cut_queue_begin(). */
	int (*cut)(unsigned long done);
	/*
	 * Whether a namespace's packets are to be taken may have changed: settled now, or
	 * soon, where nobody may wait.
	 */
	int (*settle_packets)(struct mesh_net *mn);
	void (*settle_packets_later)(struct mesh_net *mn);
	/* Flows of datagrams may have to leave their endpoints. */
	void (*look_at_flows)(void);
	/*
	 * A namespace begins. It has left its mesh, and will end after a grace period. It
	 * ends: what it has is closed.
	 */
	int (*net_begins)(struct mesh_net *mn);
	void (*net_leaves)(struct mesh_net *mn);
	void (*net_ends)(struct mesh_net *mn);
	/* As mesh_drain(), in one namespace. */
	void (*drain)(struct mesh_net *mn, const struct drain *d);
};

/*
 * struct mesh_net of every namespace, there and gone. Context: module init, exit.
 * @parts: constant
 */
int mesh_init(const struct mesh_parts *parts);
void mesh_exit(void);

#endif
