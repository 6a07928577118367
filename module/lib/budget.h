/* SPDX-License-Identifier: GPL-2.0 */
/*
 * budget: what a run of the HTTP engine may cost, in about instructions.
 *
 * What can be done again and again at the will of either end is added up as it is
 * done, and where nothing is left the run ends: the connection goes to the end of its
 * line, see line.h. A count, and no clock: it is the same on every machine.
 *
 * In softirq, or within an application's send, nothing else runs on the CPU meanwhile.
 * The work may be preempted, but who wants the socket waits for it.
 */
#ifndef L7MESH_BUDGET_H
#define L7MESH_BUDGET_H

#include <linux/types.h>

#define BUDGET_INLINE		100000
#define BUDGET_WORK		1000000

#define COST_ROUND		10000	/* a request, or a response, but for its bytes */
#define COST_CHORES		30000	/* a leg is opened, or closed */
#define COST_BUFFER		2000	/* is read, and sent */
#define COST_HEAD_BYTE		16
#define COST_CHUNK		150	/* a line of a chunk's, or its bytes if they are few */

/* Bytes that go on by reference to their pages. */
static inline int cost_of_bytes(u32 n)
{
	return COST_BUFFER + n / 4;
}

#endif
