/* SPDX-License-Identifier: GPL-2.0 */
/*
 * acceptor: a listening socket of the engine's on loopback.
 *
 * Connections to different listeners have to differ in their destination, or they
 * would have to differ in the client's port. IPv4 has a network of loopback
 * addresses: one socket takes all of them, bound to the loopback device so that
 * it is nowhere else. IPv6 has one address: there each listener has a port, as far
 * as there are some; then they share.
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

/* Prepare it; opens nothing yet. Context: process. */
void acceptor_init(struct acceptor *a, struct http_net *hn);

/* Nobody opens it any more, or waits for that. Context: process, may sleep. */
void acceptor_close(struct acceptor *a);

/* Module-wide. Context: process. */
void acceptor_module_init(void);

#endif
