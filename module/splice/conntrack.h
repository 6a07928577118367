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
 * client knows the connection and as the server does. One counts if it has seen the
 * sequence numbers of both: another namespace may have a connection with the same
 * addresses, whose entry is nobody's business here. Entries of other zones cannot be
 * found: where a namespace tracks connections, but not this one as far as we see, it
 * is not spliced. Nor is one that is not tracked at all there. What is not known are
 * third namespaces between two that translate.
 *
 * An entry's life is prolonged by packets alone, and so are those of firewalls on the
 * way and of IPVS: of what is spliced there has to be one now and then.
 */
#ifndef L7MESH_CONNTRACK_H
#define L7MESH_CONNTRACK_H

#include <net/sock.h>

/**
 * conntrack_relax() - A connection is about to be spliced
 * @client: its sockets
 * @server: the other
 * @every: out: jiffies after which there should be a packet, while it is busy
 *
 * Context: any but hard interrupts; both locked, either way.
 *
 * Return: false if it must not be: an entry may be in a zone that we do not know.
 */
bool conntrack_relax(const struct sock *client, const struct sock *server,
		     u32 *every);

#endif
