/* SPDX-License-Identifier: GPL-2.0 */
/*
 * acceptor: a listening socket of the engine's, on loopback or for packets.
 *
 * Connections to different listeners have to differ in their destination, or they
 * would have to differ in the client's port. IPv4 has a network of loopback
 * addresses: one socket takes all of them, bound to the loopback device so that
 * it is nowhere else. IPv6 has one address: there each listener has a port, as far
 * as there are some; then they share.
 *
 * What arrives as packets is given to one more socket of each family, whatever the
 * packet's destination: connections that it accepts have that for their address
 * (IP_TRANSPARENT). It is bound to an address that nobody has, so that it gets nothing
 * but what it is given.
 */
#ifndef L7MESH_ACCEPTOR_H
#define L7MESH_ACCEPTOR_H

#include <linux/workqueue.h>
#include "lib/address.h"
#include "link/callbacks.h"

struct http_net;

struct acceptor {
	struct http_net *hn;
	struct address vip;		/* IPv6: whose it is, if ... */
	bool taken;			/* ... it is somebody's; set under hn->mutex, for ever */
	struct socket *sock;		/* NULL until first used; under hn->mutex */
	struct sock __rcu *listening;	/* NULL until it listens; SOCK_RCU_FREE */
	__be16 port;			/* 0 until it listens */
	bool narrow;			/* IPv4: at one address alone; before ->port */
	struct delayed_work work;	/* accepts */
	struct work_struct open_work;	/* opens, in nobody's cgroup */
	int open_err;
	struct callbacks callbacks;	/* the socket's own while ours are set */
};

/**
 * acceptor_target() - Where on loopback the engine takes connections to a listener
 * @hn: namespace
 * @vip: the listener's address
 * @target: out: for this listener alone, so that connections to different ones may
 *	come from one port; with IPv6 only the first few have their own
 *
 * Opens the acceptor at first use. Context: process, may sleep; the caller may
 * hold the lock of a user's socket.
 *
 * Return: 0; -EADDRINUSE if no port is free; -EADDRNOTAVAIL if loopback has no
 * address; or another negative errno.
 */
int acceptor_target(struct http_net *hn, const struct address *vip,
		    struct address *target);

/**
 * acceptor_open_packets() - Be ready for what arrives as packets
 * @hn: namespace
 *
 * Context: process, may sleep.
 *
 * Return: 0, also if the node has no IPv6; or a negative errno.
 */
int acceptor_open_packets(struct http_net *hn);

/**
 * acceptor_of_packets() - The socket to which a packet is given
 * @hn: namespace
 * @family: AF_INET or AF_INET6
 *
 * Context: under RCU; any but hard interrupts. If somebody has destroyed the socket,
 * another one is on its way.
 *
 * Return: borrowed under RCU, or NULL.
 */
struct sock *acceptor_of_packets(struct http_net *hn, int family);

/* Is this socket one of them, or a connection that one has and nobody accepted yet? */
bool acceptor_owns(const struct sock *sk);

/* Prepare it; opens nothing yet. Context: process. */
void acceptor_init(struct acceptor *a, struct http_net *hn);

/* Nobody opens it any more, or waits for that. Context: process, may sleep. */
void acceptor_close(struct acceptor *a);

/* Module-wide. Context: process. */
void acceptor_module_init(void);

#endif
