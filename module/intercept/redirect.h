/* SPDX-License-Identifier: GPL-2.0 */
/*
 * redirect: what an intercepted connection was, before it was sent elsewhere.
 *
 * One record per intercepted client socket, from its connect() until the socket is
 * destroyed or connects again. It answers getpeername() and
 * getsockname() of the client, SO_ORIGINAL_DST of a local proxy, and tells the
 * HTTP engine's acceptor which connections are ours.
 *
 * See redirect.c for hashing, locks and lifetime.
 */
#ifndef L7MESH_REDIRECT_H
#define L7MESH_REDIRECT_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <net/inet_sock.h>
#include <net/sock.h>
#include "lib/address.h"
#include "splice/sock_address.h"

enum redirect_kind {
	REDIRECT_ENDPOINT,	/* tcp: straight to an endpoint */
	REDIRECT_PROXY,		/* tcp: to a local proxy, which will ask */
	REDIRECT_ENGINE,	/* to our own acceptor, which will claim */
};

struct client_claim;
struct identity;
struct mesh;
struct mesh_net;

struct redirect {
	/* set by connect.c before redirect_begin(), then constant */
	u8 kind;			/* enum redirect_kind */
	struct mesh *mesh;		/* obeyed then; compared only, not held */
	struct address original;	/* what the application asked for */
	struct address target;		/* where it was sent */
	struct address source;		/* the client's without a mesh */
	struct identity *identity;	/* REDIRECT_ENGINE: the client's, counted, until
					 * claimed; else NULL
					 */

	/* private to redirect.c */
	struct hlist_node by_sock;
	struct hlist_node by_tuple;
	struct list_head orphan;	/* of all orphans */
	struct list_head sibling;	/* of those of its namespace */
	const struct sock *sk;		/* key of by_sock; compared only */
	const struct net *net;		/* the client's; it is not in a hash any more
					 * when that goes
					 */
	struct address client;		/* real; with target the key of by_tuple */
	u32 isn;			/* the sequence number of the client's SYN */
	u32 hash;			/* of by_tuple */
	bool connecting;		/* under the socket's lock */
	bool in_tuples;
	bool is_orphan;
	unsigned long expires;
	refcount_t ref;			/* one for each hash that it is in */
	struct rcu_head rcu;
};

/**
 * redirect_claim() - Is this accepted socket the other end of our redirection?
 * @child: socket that the HTTP acceptor was given
 * @claim: out, as of client_claim(), which asks this
 *
 * That is: it has the addresses of one, and was made by that client's SYN, not by that
 * of another who has its port since. A record can be claimed once. Any context but
 * hard interrupts.
 *
 * Return: true if so.
 */
bool redirect_claim(const struct sock *child, struct client_claim *claim);

/**
 * redirect_original_due() - Is redirect_original() to be asked?
 * @net: namespace of the proxy
 * @client: peer of the socket that the proxy accepted
 * @target: its own address
 *
 * Any context; sleeps on no lock, on PREEMPT_RT either.
 *
 * Return: whether a client connects, or has connected, from there to there.
 */
bool redirect_original_due(const struct net *net, const struct address *client,
			   const struct address *target);

/**
 * redirect_original() - What the client of a local proxy asked for
 * @net: namespace of the proxy
 * @client: peer of the socket that the proxy accepted
 * @target: its own address
 * @original: out
 *
 * Any context but hard interrupts. It may be asked again and again, while the proxy's
 * socket is connected.
 *
 * Return: true if there is a connection with these addresses in @net, and it is the
 * other end of a redirection to a proxy.
 */
bool redirect_original(struct net *net, const struct address *client,
		       const struct address *target, struct address *original);

/**
 * redirect_exists() - Is this the client of a redirected connection?
 * @sk: any socket, or NULL
 *
 * Any context. One hash probe.
 *
 * Return: true if so, or if it was until it got disconnected.
 */
bool redirect_exists(const struct sock *sk);

/**
 * redirect_peer() - The address that getpeername() answers
 * @sk: client
 * @a: in: the kernel's answer; out: the one that the application expects
 *
 * Any context.
 *
 * Return: false if nothing has to be changed.
 */
bool redirect_peer(const struct sock *sk, struct address *a);

/**
 * redirect_local() - The address that getsockname() answers
 * @sk: client
 * @a: in: the kernel's answer; out: the one that the application expects
 *
 * Any context.
 *
 * Return: false if nothing has to be changed.
 */
bool redirect_local(const struct sock *sk, struct address *a);

/**
 * redirect_alloc() - A record to be filled in
 *
 * Context: process, may sleep. Return: NULL if there is no memory.
 */
struct redirect *redirect_alloc(void);

/* For a record that was never begun. */
void redirect_free(struct redirect *r);

/**
 * redirect_begin() - The socket is about to connect to r->target
 * @r: record, which now belongs to redirect.c
 * @sk: client, locked until redirect_commit() or redirect_abort()
 */
void redirect_begin(struct redirect *r, struct sock *sk);

/**
 * redirect_syn_due() - Is redirect_syn() to be called?
 * @sk: any socket that connects, locked
 *
 * Any context; sleeps on no lock, on PREEMPT_RT either.
 */
bool redirect_syn_due(const struct sock *sk);

/**
 * redirect_syn() - The socket has its addresses and sends the SYN next
 * @sk: socket for which redirect_syn_due() holds, locked
 *
 * From here on the other end finds the record.
 */
void redirect_syn(struct sock *sk);

/* connect() has succeeded, or is under way. */
void redirect_commit(struct redirect *r, struct sock *sk);

/* connect() has failed at once; @r is gone. */
void redirect_abort(struct redirect *r);

/**
 * redirect_connecting() - A socket connects, redirected or not
 * @sk: locked, state changing to SYN_SENT
 *
 * Ends the record of an earlier connection, if there is one.
 */
void redirect_connecting(const struct sock *sk);

/**
 * redirect_destroyed() - A socket is destroyed
 * @sk: locked or without other users
 */
void redirect_destroyed(const struct sock *sk);

/**
 * redirect_child_destroyed() - A socket is destroyed that a proxy may have had
 * @child: locked or without other users
 *
 * Nobody can ask for its client any more: the record goes, whether the client is still
 * there or not.
 */
void redirect_child_destroyed(const struct sock *child);

/**
 * redirect_drop_all() - Forget every record; their connections go on
 *
 * Context: process; no socket begins, connects or is destroyed meanwhile.
 */
void redirect_drop_all(void);

void redirect_net_init(struct mesh_net *mn);

/**
 * redirect_net_exit() - A namespace is going
 * @mn: namespace, of which no user's socket is left
 *
 * Context: process. On return nothing refers to it but what readers hold under RCU.
 */
void redirect_net_exit(struct mesh_net *mn);

/* Module-wide. Context: process. */
int redirect_init(void);
void redirect_exit(void);

#endif
