/* SPDX-License-Identifier: GPL-2.0 */
/*
 * leg: an upstream connection to an endpoint, used by one stream at a time
 * and pooled in between, per namespace, endpoint, identity and what the endpoint knows of
 * the client: it acts for its client, and never for another one that the network, or the
 * endpoint, could tell from it. A guest is in another namespace than its client's, and
 * begins only while its client has a leg of its own, see stream_hop.c.
 *
 * Ownership: a leg has one owner at a time: the stream that uses it, its
 * pool, or the work that closes it. The owner changes
 *   pool -> stream	leg_take(), then leg_bind() under the leg's lock
 *   stream -> pool	leg->stream = NULL under the leg's lock, then leg_park()
 *   pool -> work	when the endpoint closes it, when it was idle too long, or
 *			when the namespace goes
 *   stream -> nobody	leg_close()
 * leg_close() is the end in every case. It detaches the callbacks under the
 * leg's lock, so that none can run afterwards.
 *
 * Locks: downstream link > leg's link > pool bucket. In softirq the second link
 * is only tried for.
 */
#ifndef L7MESH_LEG_H
#define L7MESH_LEG_H

#include <linux/list.h>
#include <linux/workqueue.h>
#include "link/link.h"
#include "upstream/cluster.h"

struct http_net;
struct identity;
struct mesh;
struct pool;
struct stream;

/* What an endpoint knows of the client that a leg acts for; all 0: nothing. */
struct leg_client {
	struct address shown;	/* from where it is connected to, port 0; or 0: from where
				 * routing chooses
				 */
	struct address named;	/* who it is, with its port, as the endpoint is told
				 * before all else; or 0: it is not
				 */
	struct address to;	/* what ->named has asked for */
	u64 more;		/* identifies what it is told besides; 0: nothing */
	bool guest;		/* it begins in the endpoint's own namespace, of which the
				 * client is not, see stream_hop.c
				 */
};

struct leg {
	struct link link;
	struct pool *pool;
	struct mesh *mesh;	/* whose counters had it opened, held; NULL until then */
	struct stream *stream;	/* who uses it; under the link's lock */
	bool broken;		/* not to be used (again); under the bucket's lock */
	struct list_head list;	/* pool->idle, or of who is to close it */
	unsigned long expires;	/* jiffies; of a pooled leg */
	int drains;		/* hn->drains when it was opened */
	struct work_struct close_work;
	bool reset;		/* to be closed with RST */
	u32 buffer_limit;	/* see link_limit() */
	bool foreign;		/* what it shows is not its namespace's, see transparent.h */
	bool evicted;		/* a guest whose namespace goes; under hn->conns_lock */
	struct list_head guest;	/* in hn->guests */
	bool introduced;	/* the endpoint was told what it is to be told */
	struct leg_client client;
};

#define POOL_BUCKETS	256
/* Among which an endpoint's pools are shared out by identity. */
#define ENDPOINT_BUCKETS	8

/*
 * Legs to one endpoint for one identity: those of which the endpoint knows the client, or
 * those of which it does not; or guests. Lives as long as it has a leg.
 */
struct pool {
	struct hlist_node node;
	struct http_net *hn;
	struct endpoint *ep;	/* counted */
	struct identity *id;	/* counted */
	bool personal;		/* it knows */
	bool guest;		/* client.guest */
	struct list_head idle;	/* most recently used first */
	u32 nidle;
	u32 nlegs;
};

struct pool_bucket {
	spinlock_t lock;	/* BH; protects pools, their lists, leg->broken */
	struct hlist_head pools;
};

int leg_cache_init(void);
void leg_cache_exit(void);

/* Who opens a leg. */
struct leg_user {
	struct stream *stream;		/* will use it */
	const struct callbacks *callbacks; /* of the leg's link for good; for a leg
					    * that nobody uses they call leg_break()
					    */
	struct identity *identity;	/* for whom it acts */
	struct mem_cgroup *payer;	/* who pays for it, or NULL */
	struct leg_client client;	/* what the endpoint is to know */
	bool named;			/* a proxy has named client.shown */
	struct mesh *mesh;		/* whose counters count it */
	u32 buffer_limit;		/* see link_limit() */
};

/**
 * leg_open() - Begin to connect to an endpoint
 * @hn: namespace
 * @ep: endpoint
 * @user: who opens it
 * @err: out: why not
 *
 * Context: process, no link locked. Events of the leg go to @user's stream from
 * now on; see leg_connected().
 *
 * Return: a leg that the caller owns, or NULL with *@err set.
 */
struct leg *leg_open(struct http_net *hn, struct endpoint *ep,
		     const struct leg_user *user, int *err);

/**
 * leg_close() - End a leg
 * @leg: leg of the caller's
 *
 * Context: process, no link locked.
 */
void leg_close(struct leg *leg);

/**
 * leg_take() - An idle leg to an endpoint
 * @hn: namespace
 * @ep: endpoint
 * @id: for whom
 * @client: what the endpoint is to know
 *
 * Any context. The caller owns the result and must leg_bind() it, which may find
 * it broken.
 *
 * Return: a leg or NULL.
 */
struct leg *leg_take(struct http_net *hn, const struct endpoint *ep,
		     const struct identity *id, const struct leg_client *client);

/* Could leg_take() have one? Any context. */
bool leg_is_idle(struct http_net *hn, const struct endpoint *ep,
		 const struct identity *id, const struct leg_client *client);

/**
 * leg_bind() - Use a leg that was taken
 * @leg: leg, locked
 * @stream: who uses it
 *
 * Return: false if it turned out to be broken, or its namespace goes; close it.
 */
bool leg_bind(struct leg *leg, struct stream *stream);

/**
 * leg_park() - Give a leg to its pool
 * @leg: leg, leg->stream already NULL
 * @expires: jiffies until when it may stay there
 * @max_idle: how many the pool may hold
 *
 * Any context. Also for a leg that was taken and could not be locked. In a full pool of
 * personal legs it has the place of the one that was idle longest: those of
 * few clients keep nobody else's out.
 *
 * Return: false if it is broken, the pool is full, or was drained since the leg
 * was opened; it is still the caller's.
 */
bool leg_park(struct leg *leg, unsigned long expires, u32 max_idle);

/**
 * leg_doom() - Put a leg aside to be closed where that is possible
 * @leg: leg of the caller's; leg->stream is NULL before it is closed
 * @doomed: the caller's list; leg_close() each of its legs
 *
 * Any context.
 */
void leg_doom(struct leg *leg, struct list_head *doomed);

/**
 * leg_break() - Something happened to a leg that nobody uses
 * @leg: leg, locked, leg->stream is NULL
 *
 * The endpoint closed it, or sent what nobody asked for. If it is in the pool it is
 * taken out and closed; if somebody is just taking it, leg_bind() sees that it is
 * broken.
 */
void leg_break(struct leg *leg);

/* Idle legs of a namespace are reaped. Context: process; there are none yet. */
void leg_reaper_init(struct http_net *hn);

/**
 * leg_reap() - Close pooled legs
 * @hn: namespace
 * @all: all, not only those idle for too long; legs that are in use now will
 *	not be pooled any more
 *
 * Context: process.
 *
 * Return: how many are left.
 */
u32 leg_reap(struct http_net *hn, bool all);

/**
 * leg_reap_endpoint() - Close the pooled legs to an endpoint
 * @hn: namespace
 * @ep: endpoint; if it is draining, legs that are in use now will not be pooled,
 *	else those that are closed are a thousand at the most
 * @reset: with RST, so that their ports are free at once
 *
 * Context: process. Return: whether there were any.
 */
bool leg_reap_endpoint(struct http_net *hn, const struct endpoint *ep,
		       bool reset);

/* Is the endpoint told anything before all else? */
static inline bool leg_client_is_named(const struct leg_client *client)
{
	return client->named.family;
}

static inline bool leg_client_is_shown(const struct leg_client *client)
{
	return client->shown.family;
}

static inline struct endpoint *leg_endpoint(const struct leg *leg)
{
	return leg->pool->ep;
}

static inline bool leg_connected(const struct leg *leg)
{
	return link_is_connected(&leg->link);
}

#endif
