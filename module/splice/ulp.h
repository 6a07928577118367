/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ulp: a socket that gets an upper layer protocol (kTLS, espintcp) is spliced no more.
 *
 * kTLS copies the struct proto that it finds, for all its sockets, and keeps the copy
 * when we have gone. setsockopt() looks at sk_prot before it has the socket's lock, so
 * an end's own setsockopt() is not asked if the socket is paired in between. TCP calls
 * tcp_set_ulp() with the lock: an ftrace callback at its entry takes the end away.
 */
#ifndef L7MESH_ULP_H
#define L7MESH_ULP_H

/**
 * ulp_watch() - Begin to watch, before there are pairs
 *
 * Context: process. Return: 0 or a negative errno: -EBUSY if ftrace is off
 * (kernel.ftrace_enabled), which cannot be switched off while this is on.
 */
int ulp_watch(void);

/* When no socket has an end any more. Context: process. */
void ulp_unwatch(void);

#endif
