/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conntrack: keeps connection tracking at peace with splicing.
 *
 * Conntrack sees the handshake of a spliced connection and its end, but not the bytes
 * in between, whose numbers the end comes after. It would call that FIN invalid: one
 * that NAT does not translate, and that many firewalls drop. So the entries of a
 * connection that is paired are told not to check its windows
 * (IP_CT_TCP_FLAG_BE_LIBERAL), as they are of one whose beginning was not seen.
 *
 * They are looked for in the namespaces of both sockets and in the first one, as the
 * client knows the connection and as the server does. Not found are entries of other
 * zones, and those of third namespaces between two that translate.
 */
#ifndef L7MESH_CONNTRACK_H
#define L7MESH_CONNTRACK_H

#include <net/sock.h>

/**
 * conntrack_relax() - A connection will be spliced
 * @client: its sockets
 * @server: the other
 *
 * Context: any but hard interrupts; both locked, either way. Does nothing where
 * nf_conntrack is not loaded; else a reference to that module is kept until
 * conntrack_exit().
 */
void conntrack_relax(const struct sock *client, const struct sock *server);

/* When nobody pairs any more. Context: process. */
void conntrack_exit(void);

#endif
