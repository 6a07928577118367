/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http_net: the HTTP engine's part of a network namespace: in-kernel listeners,
 * downstream connections, pooled upstream legs.
 */
#ifndef L7MESH_HTTP_NET_H
#define L7MESH_HTTP_NET_H

#include "mesh/mesh.h"

/**
 * http_net_init() - Prepare a namespace; opens nothing yet
 * @mn: namespace, whose ->http is set
 *
 * Context: process, pernet init. Return: 0 or -ENOMEM.
 */
int http_net_init(struct mesh_net *mn);

/**
 * http_net_exit() - Close whatever the engine has in a namespace
 * @mn: namespace that is going, or whose module is going
 *
 * Context: process. On return no callback, work or timer of the engine is
 * pending for it.
 */
void http_net_exit(struct mesh_net *mn);

/**
 * http_net_target() - Where on loopback the engine takes connections to a listener
 * @mn: namespace
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
int http_net_target(struct mesh_net *mn, const struct address *vip,
		    struct address *target);

/**
 * http_net_drain() - Close idle connections now, busy ones after their exchange
 * @mn: namespace
 * @d: which; and when those that are left are reset
 *
 * Context: process.
 */
void http_net_drain(struct mesh_net *mn, const struct drain *d);

/**
 * http_owns() - Is it a socket of the engine's that is connected?
 * @sk: any socket
 *
 * Any context. False in the moment in which a socket that was accepted is taken
 * over.
 */
bool http_owns(const struct sock *sk);

/* Module-wide: caches and workqueue. Context: process. */
int http_init(void);
void http_exit(void);

#endif
