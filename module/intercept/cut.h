/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cut: ends connections to workloads that a change of policies has come to forbid, where
 * such a policy is to (its option "cut").
 *
 * After a change all established sockets of the node are looked at, by a work, and those
 * that are to go are left to a work of their namespace, which asks once more. One that a
 * program has locked is looked for again later, as that may take as long as the program
 * likes. Only what was accepted from outside of the namespace is ended, and nothing that
 * the engine has: it asks by itself.
 *
 * A SYN that was allowed before the change has a socket by then, or a request for one; or
 * it was answered by a SYN cookie, and who brings that is asked (conn_request.h).
 */
#ifndef L7MESH_CUT_H
#define L7MESH_CUT_H

#include <linux/types.h>

struct mesh_net;

/**
 * cut_look() - Look at all connections
 * @done: but for those of meshes whose ->cut_walk is not greater
 *
 * Context: process, may sleep; never two at a time. By the snapshots of this moment, or
 * later ones.
 *
 * Return: 0; -ENOMEM, -EAGAIN: not all could be ended, and it is to be called again.
 */
int cut_look(unsigned long done);

/*
 * A namespace begins; it ends, or the module goes, and what is locked still is left.
 * Context: process.
 */
void cut_net_init(struct mesh_net *mn);
void cut_net_exit(struct mesh_net *mn);

/* Module-wide, before and after all namespaces. Context: process. */
int cut_init(void);
void cut_exit(void);

#endif
