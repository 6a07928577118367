/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http_net: what the HTTP engine has in a network namespace: acceptors, downstream
 * connections, pooled upstream legs, calls. stream/engine.c begins and ends it.
 */
#ifndef L7MESH_HTTP_NET_H
#define L7MESH_HTTP_NET_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include "lib/quota.h"
#include "link/acceptor.h"
#include "link/leg.h"
#include "link/line.h"
#include "link/transparent.h"

#define ACCEPTORS_V6	16
enum {
	ACCEPTOR_V4,
	ACCEPTOR_V6,
	ACCEPTOR_PACKETS_V4 = ACCEPTOR_V6 + ACCEPTORS_V6,
	ACCEPTOR_PACKETS_V6,
	ACCEPTORS
};

struct mesh_net;

/*
 * What clients who are not of this kernel have at the expense of control groups: of those
 * that have the same place, which only makes it stricter.
 */
struct foreign_share {
	atomic_t conns;
	atomic_long_t bytes;
};

#define FOREIGN_SHARE_BITS	5

struct http_net {
	struct net *net;		/* outlives this */
	struct mesh_net *mn;
	struct quota quota;		/* of what is held for clients */
	bool dead;			/* the namespace or the module is going */
	struct mutex mutex;		/* opening of acceptors */
	struct acceptor acceptors[ACCEPTORS];
	/* Gets what they accepted, which is its to close. Context: process. */
	void (*accept)(struct http_net *hn, struct link *accepted);

	spinlock_t conns_lock;		/* BH; also of ->guests */
	struct list_head conns;		/* those that the latest walk has visited last */
	u32 walk;			/* its number; under conns_lock */
	struct mutex walk_mutex;	/* before conns_lock: one walk at a time */
	struct list_head guests;	/* legs that connections of other namespaces' use */
	atomic_t nconns;		/* that take memory; waited for by engine_net_exit() */
	atomic_t nlegs;			/* the same */
	atomic_t nforeign;		/* connections of clients who are not of this kernel */
	struct foreign_share shares[1 << FOREIGN_SHARE_BITS];
	atomic_t drains;		/* how often all pools were emptied */

	spinlock_t calls_lock;		/* BH */
	struct list_head calls;		/* of struct call */
	atomic_t ncalls;		/* waited for by call_end_all() */
	struct delayed_work checker;	/* begins health checks, see health.c */
	unsigned long check_at;		/* jiffies: when it comes next */

	struct delayed_work reaper;	/* closes legs that were idle too long */
	struct delayed_work drainer;	/* looks for those whose drain is over */
	unsigned long drain_until;	/* jiffies: of the last of them; under conns_lock */
	struct pool_bucket buckets[POOL_BUCKETS];
	struct transparent transparent;

	atomic_t line;			/* of the latest connection */
	u32 nlines;
	struct line lines[];		/* connections are shared out among them */
};

static inline struct line *http_net_line(struct http_net *hn)
{
	return &hn->lines[(u32)atomic_inc_return(&hn->line) % hn->nlines];
}

/* @payer: not NULL */
static inline struct foreign_share *http_net_share(struct http_net *hn,
						   const struct mem_cgroup *payer)
{
	return &hn->shares[hash_ptr(payer, FOREIGN_SHARE_BITS)];
}

static inline void http_net_leg_born(struct http_net *hn)
{
	atomic_inc(&hn->nlegs);
}

static inline void http_net_conn_born(struct http_net *hn)
{
	atomic_inc(&hn->nconns);
}

/* Once this has counted, @hn may be freed, except for whoever runs in its line. */
static inline void http_net_conn_gone(struct http_net *hn)
{
	if (atomic_dec_and_test(&hn->nconns))
		wake_up_var(&hn->nconns);
}

/* Once this has counted, @hn may be freed. */
static inline void http_net_leg_gone(struct http_net *hn)
{
	if (atomic_dec_and_test(&hn->nlegs))
		wake_up_var(&hn->nlegs);
}

/* For all works that are here, but serving, see line.h, and calls. */
extern struct workqueue_struct *http_wq;

/* Module-wide. Context: process. */
int http_net_module_init(void);
void http_net_module_exit(void);

#endif
