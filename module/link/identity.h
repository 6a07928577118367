/* SPDX-License-Identifier: GPL-2.0 */
/*
 * identity: who a connection belongs to, as far as the network is told.
 *
 * What the engine connects for a client is the client's: firewalls, cgroups' BPF
 * programs, routing rules, queueing disciplines and security modules are to see
 * in the engine's socket what they would have seen in the client's own. An
 * identity is taken from the client's socket when that calls connect(), and what
 * it or its socket become afterwards changes nothing in it. It is:
 *
 *	the socket's uid, and who opened it (its file's credentials: fsuid, fsgid,
 *	groups), for which netfilter asks
 *	its cgroup: v2's, and net_cls and net_prio of v1
 *	its memory cgroup
 *	SO_MARK, SO_PRIORITY, the DSCP of IP_TOS or IPV6_TCLASS
 *	its security label, and that of who connects it
 *
 * Equal ones are one object, whatever namespace they are used in, so that they are
 * compared by their address. It is allocated in the client's memory cgroup, and
 * there are no more of them than connections, waiting and pooled.
 *
 * Locks: a bucket's (BH), inside any other.
 */
#ifndef L7MESH_IDENTITY_H
#define L7MESH_IDENTITY_H

#include <net/sock.h>
#include "lib/address.h"

struct identity;

/**
 * identity_of() - Whose is this socket?
 * @sk: a user's socket with its file, locked; the caller is the one that uses it
 *
 * Context: process, may sleep.
 *
 * Return: counted: identity_put() it; NULL if there is no memory.
 */
struct identity *identity_of(struct sock *sk);

/* Any context but hard interrupts. NULL is nobody's: what the mesh does as itself. */
struct identity *identity_get(struct identity *id);
void identity_put(struct identity *id);

/* Who pays for its memory, see payer.h: held as long as @id is. NULL: nobody. */
struct mem_cgroup *identity_payer(const struct identity *id);

/* A number that is evenly spread, for hashes. */
u32 identity_hash(const struct identity *id);

/**
 * identity_sock_create() - A TCP socket that acts for somebody
 * @id: for whom, counted as long as the socket is there; NULL: for the mesh itself
 * @net: namespace
 * @family: AF_INET or AF_INET6
 * @sock: out: a kernel's socket, to be closed with identity_sock_release()
 *
 * Context: process, may sleep. Return: 0 or a negative errno.
 */
int identity_sock_create(const struct identity *id, struct net *net, int family,
			 struct socket **sock);

/**
 * identity_connect() - Begin to connect such a socket
 * @id: whom it acts for, whose credentials a program at connect() finds; or NULL
 * @sock: what identity_sock_create() gave
 * @to: where
 *
 * Context: process, may sleep. Return: 0 if it is under way, or a negative errno, which
 * is never the other end's word.
 */
int identity_connect(const struct identity *id, struct socket *sock,
		     const struct address *to);

/**
 * identity_sock_release() - Close a socket that acted for somebody
 * @sock: what identity_sock_create() gave
 *
 * What is left to be sent is sent. Context: process, no socket lock held.
 */
void identity_sock_release(struct socket *sock);

/* Module-wide. Context: process; nobody has one any more. */
void identity_init(void);

#endif
