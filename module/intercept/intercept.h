/* SPDX-License-Identifier: GPL-2.0 */
/*
 * intercept: switches the interception of connections on and off.
 *
 * While it is off nothing of ours is in any path. While it is on, connect() and
 * getsockname() of TCP sockets in a namespace without a mesh pay for the hook and
 * one test.
 */
#ifndef L7MESH_INTERCEPT_H
#define L7MESH_INTERCEPT_H

#include <linux/types.h>

struct client_claim;
struct sock;

/* Module-wide. Context: process. intercept_exit() when it is disabled. */
int intercept_init(void);
void intercept_exit(void);

/**
 * intercept_claim() - Was this connection intercepted, and how?
 * @child: socket that an acceptor was given
 * @claim: out, as of client_claim(), which asks this
 *
 * As redirect_claim() or packet_claim().
 */
bool intercept_claim(const struct sock *child, struct client_claim *claim);

/**
 * intercept_enable() - Begin to intercept
 *
 * Context: process; the first mesh gets a listener. The caller serialises this
 * with intercept_disable().
 *
 * Return: 0, or a negative errno and nothing has changed.
 */
int intercept_enable(void);

/**
 * intercept_disable() - Stop intercepting, forget every redirection
 *
 * Connections that were redirected go on, and their sockets answer their real
 * addresses from now on. Waits for calls that are being redirected: these must
 * not wait for a lock of mesh.c's. On return no code of ours runs in a system call.
 *
 * Context: a work, or the module's exit; the last mesh that had a listener has gone.
 * Takes some ten milliseconds.
 */
void intercept_disable(void);

#endif
