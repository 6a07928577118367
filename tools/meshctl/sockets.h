/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sockets: which process has a socket.
 */
#ifndef MESHCTL_SOCKETS_H
#define MESHCTL_SOCKETS_H

#include <jansson.h>
#include <stdint.h>

/*
 * The processes that /proc shows, by the inodes of their sockets: an object of
 * inode: {"pid": 1, "command": "nginx"}. Of several, one.
 */
json_t *sockets_scan(void);

/* The entry of an inode, NULL if nothing is known. Borrowed. */
const json_t *sockets_known(const json_t *scan, uint64_t inode);

#endif
