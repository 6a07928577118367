/* SPDX-License-Identifier: GPL-2.0 */
/*
 * getname: replaces inet_getname() and inet6_getname() for sockets whose
 * connection was redirected. See hook.h for how they are entered.
 */
#ifndef L7MESH_GETNAME_H
#define L7MESH_GETNAME_H

#include <linux/net.h>
#include "lib/compat.h"

bool getname_wanted(struct ftrace_regs *regs);
int getname_v4(struct socket *sock, struct sockaddr *name, int peer);
int getname_v6(struct socket *sock, struct sockaddr *name, int peer);

#endif
