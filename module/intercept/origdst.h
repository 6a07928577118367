/* SPDX-License-Identifier: GPL-2.0 */
/*
 * origdst: answers SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST on sockets that a local
 * proxy accepted from a redirected client. See hook.h for how it is entered.
 *
 * Both options are conntrack's, which reads the caller's length, looks for the
 * connection, and writes its address to the caller. All that of user memory, which may
 * not be there until some other process lets it be, is done by the kernel's own code;
 * we only tell it what it has found, in place of nf_conntrack_find_get().
 */
#ifndef L7MESH_ORIGDST_H
#define L7MESH_ORIGDST_H

#include "lib/compat.h"

struct net;
struct nf_conntrack_tuple;
struct nf_conntrack_tuple_hash;
struct nf_conntrack_zone;

bool origdst_wanted(struct ftrace_regs *regs);
struct nf_conntrack_tuple_hash *
origdst_find(struct net *net, const struct nf_conntrack_zone *zone,
	     const struct nf_conntrack_tuple *tuple);

#endif
