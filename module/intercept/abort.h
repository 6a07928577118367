/* SPDX-License-Identifier: GPL-2.0 */
/*
 * abort: ends an established connection as tcp_abort() does, but waits for nobody.
 *
 * tcp_abort() waits for whoever has the socket locked: a program, whose page fault may take
 * for ever. What else could end a connection from a softirq is not exported. So each end
 * is given what the other one would send: a RST.
 */
#ifndef L7MESH_ABORT_H
#define L7MESH_ABORT_H

struct sock;

/**
 * abort_connection() - Reset a connection at both ends
 * @sk: counted by the caller: a connection, a request for one, or one that has ended
 *
 * Context: any but hard interrupts; no slock is held.
 *
 * Return: -EBUSY if a program has it locked just now, -ENOMEM; 0: it is closed by now, or
 * was no connection any more.
 */
int abort_connection(struct sock *sk);

#endif
