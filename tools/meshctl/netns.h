/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netns: network namespaces by name, path or process.
 */
#ifndef MESHCTL_NETNS_H
#define MESHCTL_NETNS_H

#include <jansson.h>
#include <stdint.h>

/*
 * Opens the namespace that is called so in /run/netns, has this path (anything
 * with a slash), or in which the process of this number is. -1 with an error
 * printed if there is none.
 */
int netns_open(const char *name);

/* Enters it; STATUS_OK, or STATUS_USAGE or STATUS_KERNEL with an error printed. */
int netns_enter(const char *name);

/* Enters a new one, which goes with the process; returns as netns_enter(). */
int netns_enter_new(void);

/*
 * What is known about namespaces, by inode: names in /run/netns, and processes.
 * An object of inode: {"names": [...], "pids": [...]}.
 */
json_t *netns_scan(void);

/* The entry of an inode, NULL if nothing is known. Borrowed. */
const json_t *netns_known(const json_t *scan, uint64_t inode);

#endif
