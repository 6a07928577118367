/* SPDX-License-Identifier: GPL-2.0 */
/*
 * origdst: answers SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, in place of
 * ip_getsockopt() and ipv6_getsockopt(), on sockets that a local proxy accepted
 * from a redirected client. See hook.h for how they are entered.
 */
#ifndef L7MESH_ORIGDST_H
#define L7MESH_ORIGDST_H

#include <net/sock.h>
#include "compat.h"

bool origdst_wanted_v4(struct ftrace_regs *regs);
bool origdst_wanted_v6(struct ftrace_regs *regs);
int origdst_v4(struct sock *sk, int level, int name, char __user *value,
	       int __user *len);
int origdst_v6(struct sock *sk, int level, int name, char __user *value,
	       int __user *len);

#endif
