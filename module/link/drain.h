/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drain: what somebody wants to be rid of, without anybody losing an answer.
 */
#ifndef L7MESH_DRAIN_H
#define L7MESH_DRAIN_H

#include <linux/types.h>

struct endpoint;
struct name_ref;
struct snapshot;

struct drain {
	const struct name_ref *listener; /* connections that came to it; or NULL: ... */
	struct endpoint *ep;		/* ... legs to it; or NULL: all connections */
	u32 deadline;			/* ms, after which what is left is reset; 0: never */
	const struct snapshot *snapshot; /* held: what belongs to which listener */
};

#endif
