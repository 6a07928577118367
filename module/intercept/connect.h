/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connect: replaces tcp_v4_connect() and tcp_v6_connect() for connections that
 * the mesh wants. See hook.h for how they are entered.
 */
#ifndef L7MESH_CONNECT_H
#define L7MESH_CONNECT_H

#include <net/sock.h>
#include "lib/compat.h"

/* See struct hook. */
bool connect_wanted_v4(struct ftrace_regs *regs);
bool connect_wanted_v6(struct ftrace_regs *regs);
int connect_v4(struct sock *sk, compat_sockaddr *to, int len);
int connect_v6(struct sock *sk, compat_sockaddr *to, int len);

/* tcp_connect() of a connection of ours: see redirect_syn(). */
bool connect_syn_wanted(struct ftrace_regs *regs);
int connect_syn(struct sock *sk);

/**
 * connect_native() - Undo what an earlier v4-mapped connection left behind
 * @sk: socket that had a redirected connection and connects now; locked
 */
void connect_native(struct sock *sk);

/* Module-wide. Context: process. */
int connect_init(void);

#endif
