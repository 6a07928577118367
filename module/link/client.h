/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client: the socket at the other end of a connection of the HTTP engine's, which is
 * an application's, in the same namespace.
 */
#ifndef L7MESH_CLIENT_H
#define L7MESH_CLIENT_H

#include <linux/types.h>

struct client_claim;
struct link;
struct sock;

/**
 * client_claim() - Is this accepted link the other end of a redirection of ours?
 * @link: link
 * @claim: out: who the client is; its identity is the caller's to put
 *
 * Of this very connection: not of another that has had its addresses. A redirection can
 * be claimed once. Any context but hard interrupts.
 *
 * Return: true if so.
 */
bool client_claim(const struct link *link, struct client_claim *claim);

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
 * @link: to the client, locked; connected over loopback
 *
 * For TCP a close() and a shutdown() of the sending half look the same.
 *
 * Any context but hard interrupts. A look-up of a connection, as for a packet.
 *
 * Return: whether the client's socket is closed, or shut down both ways.
 */
bool client_is_gone(const struct link *link);

#endif
