/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client: the socket at the other end of a connection of the HTTP engine's, which is
 * an application's, in the same namespace.
 */
#ifndef L7MESH_CLIENT_H
#define L7MESH_CLIENT_H

#include <linux/types.h>

struct link;
struct sock;

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
