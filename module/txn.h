/* SPDX-License-Identifier: GPL-2.0 */
/*
 * txn: a transaction, a draft that belongs to a netlink socket.
 *
 * Ends with its commit or abort, with its socket, or with the mesh's owner,
 * whichever is first. All under mesh->lock, which the owner of each function's
 * mesh holds.
 */
#ifndef L7MESH_TXN_H
#define L7MESH_TXN_H

#include <linux/list.h>
#include "draft.h"

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

struct txn {
	struct list_head list;	/* mesh->txns */
	struct txn_owner owner;
	u64 generation;		/* of the mesh when it began */
	struct draft draft;
};

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

/* Close those of a socket that is no more. */
void txn_drop_port(struct mesh *m, u32 portid);
void txn_drop_all(struct mesh *m);

#endif
