/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client: the socket at the other end of a connection of the HTTP engine's, which is
 * an application's: in the same namespace, unless the connection has come as packets.
 */
#ifndef L7MESH_CLIENT_H
#define L7MESH_CLIENT_H

#include <linux/if.h>
#include <linux/types.h>
#include "lib/address.h"

struct identity;
struct link;
struct mem_cgroup;
struct net;
struct sock;

/* What the engine learns of a client whose connection was intercepted. */
struct client_claim {
	struct address original;	/* what it asked for */
	struct address source;		/* its own address without a mesh; port 0 */
	char by[IFNAMSIZ];		/* the interface that its packets come by; "": none do,
					 * or it is gone
					 */
	struct identity *identity;	/* counted; NULL: it has come as packets, and ... */
	struct mem_cgroup *payer;	/* ... this is who pays, held; or NULL */
};

/**
 * client_claim() - Is this accepted link a connection that was intercepted?
 * @link: link
 * @claim: out: who the client is; its identity and payer are the caller's to put
 *
 * The other end of a redirection of ours, of this very connection: not of another that
 * has had its addresses. A redirection can be claimed once. Or it has come as packets.
 * Any context but hard interrupts.
 *
 * Return: true if so.
 */
bool client_claim(const struct link *link, struct client_claim *claim);

/**
 * client_payer() - Who pays for what comes to a program of a namespace itself
 * @net: namespace
 * @from: who connects, with its port
 * @to: where to, with its port
 * @dif: index of the interface by which it comes
 *
 * Under RCU; any context but hard interrupts.
 *
 * Return: the control group of the socket that listens there, held; or NULL.
 */
struct mem_cgroup *client_payer(struct net *net, const struct address *from,
				const struct address *to, int dif);

/* The same for @to that @link's client is led to, if the link's namespace has that address. */
struct mem_cgroup *client_payer_here(const struct link *link, const struct address *to);

/**
 * client_claims_by() - Who answers client_claim()
 * @claim: is asked, with the socket
 *
 * Context: process, module init, before there is anything that accepts.
 */
void client_claims_by(bool (*claim)(const struct sock *child,
				    struct client_claim *claim));

/**
 * client_is_gone() - Who has sent a FIN: will nobody read what comes back?
 * @link: to the client, locked
 *
 * For TCP a close() and a shutdown() of the sending half look the same.
 *
 * Any context but hard interrupts. A look-up of a connection, as for a packet.
 *
 * Return: whether the client's socket is closed, or shut down both ways. False if the
 * connection has come as packets: nobody knows.
 */
bool client_is_gone(const struct link *link);

/**
 * client_has_program() - Does a program have this connection?
 * @net: the namespace that it would be in
 * @from: its own address
 * @to: the other end's
 *
 * Under RCU; any context but hard interrupts.
 *
 * Return: true if a socket that user space has, of none of the kernel's own, has just
 * these addresses, whether it is established or about to be.
 */
bool client_has_program(struct net *net, const struct address *from,
			const struct address *to);

/* The client's end of a connection, as the other one sees it. */
struct client_end {
	const struct address *from, *to;
	const struct link *link;	/* the other end; NULL: the connection begins, ... */
	u32 isn;			/* ... with this number ... */
	bool answered;			/* ... and was answered, by a SYN cookie */
};

/**
 * client_is_in() - Has a namespace the client's end of a connection?
 * @net: the client's namespace
 * @node: the namespace that routes for it, where what it asks for may have been
 *	translated
 * @end: which
 *
 * Under RCU; any context but hard interrupts.
 *
 * Return: true if a socket there, whoever has it, is at @end->from and connected to
 * @end->to, or to what conntrack of @node or of @net has made that of; and if its
 * sequence numbers are the connection's, as another one may have had its addresses.
 */
bool client_is_in(struct net *net, struct net *node, const struct client_end *end);

#endif
