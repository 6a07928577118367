/* SPDX-License-Identifier: GPL-2.0 */
/*
 * txn: a transaction, a draft that belongs to a netlink socket.
 *
 * It ends with its commit or abort, with its socket, or with the mesh's owner, whichever
 * comes first. In the latter two cases it only becomes an orphan: nobody finds it, and
 * whoever holds mesh->lock next drops it.
 *
 * Callers hold mesh->lock, unless a function says otherwise. The list is changed under
 * its own lock as well.
 */
#ifndef L7MESH_TXN_H
#define L7MESH_TXN_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include "mesh/draft.h"

struct mesh;

/* Transactions that may be open in one mesh. */
#define TXNS_MAX	16

/*
 * Who asks. A port id alone may be taken again before we hear of its end. The
 * socket is compared, never looked at.
 */
struct txn_owner {
	u32 portid;
	const struct sock *sk;
};

/* The transactions of a mesh. */
struct txns {
	struct list_head list;	/* of struct txn */
	unsigned int n;
	atomic_t orphans;
	spinlock_t lock;	/* innermost */
};

struct txn {
	struct list_head list;	/* txns->list */
	struct txn_owner owner;
	bool is_orphan;		/* under txns->lock; it stays one */
	u64 generation;		/* of the mesh when it began */
	struct draft draft;
};

static inline void txns_init(struct txns *t)
{
	INIT_LIST_HEAD(&t->list);
	t->n = 0;
	atomic_set(&t->orphans, 0);
	spin_lock_init(&t->lock);
}

/**
 * txn_find() - The open transaction of a socket
 * @m: mesh
 * @owner: socket
 *
 * Return: borrowed, or NULL.
 */
struct txn *txn_find(struct mesh *m, const struct txn_owner *owner);

/**
 * txn_begin() - Open a transaction
 * @m: mesh
 * @owner: socket
 * @replace: begin with nothing
 * @r: refusal
 *
 * Return: 0, -EBUSY if the socket has one or TXNS_MAX are open, or what
 * account_new() says.
 */
int txn_begin(struct mesh *m, const struct txn_owner *owner, bool replace,
	      struct refusal *r);

/* Close a transaction; what it staged is forgotten. */
void txn_end(struct mesh *m, struct txn *txn);

/**
 * txn_orphan() - A socket is no more
 * @t: of the mesh that the socket's namespace has; no lock is held
 * @portid: the socket's
 *
 * Return: true if somebody has to drop something now.
 */
bool txn_orphan(struct txns *t, u32 portid);

/* The same of all sockets. */
bool txn_orphan_all(struct txns *t);

/* Any context. */
static inline bool txn_has_orphans(const struct txns *t)
{
	return atomic_read(&t->orphans);
}

void txn_drop_orphans(struct mesh *m);

#endif
