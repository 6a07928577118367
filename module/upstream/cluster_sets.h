/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster_sets: from a cluster's members to the sets that policies pick from, one for
 * each priority and locality, with the tables that its policy needs; of all members,
 * and of those of each subset.
 *
 * Between cluster.c and cluster_sets.c. Context: process, on a cluster of the caller's
 * alone that has members.
 */
#ifndef L7MESH_CLUSTER_SETS_H
#define L7MESH_CLUSTER_SETS_H

struct account;
struct cluster;

/* Return: 0, what account_new() says, or -EINTR if the caller is being killed. */
int cluster_sets_make(struct account *account, struct cluster *c);

/* Also after cluster_sets_make() failed, or without it. */
void cluster_sets_free(struct account *account, struct cluster *c);

#endif
