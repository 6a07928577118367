/* SPDX-License-Identifier: GPL-2.0 */
/*
 * budget: what a run of the HTTP engine may cost, in about instructions.
 *
 * Whatever either end can make the engine do again and again is added up. When the
 * budget is used up the run ends, and the connection goes to the end of its line (see
 * line.h). It is a count and not a time, so it is the same on every machine.
 *
 * What the plain C of matching costs it adds up itself (route_match.h, field_index.h).
 *
 * A run in softirq, or within an application's send, keeps its CPU from everybody else.
 * The work may be preempted, but whoever wants the socket waits for it.
 */
#ifndef L7MESH_BUDGET_H
#define L7MESH_BUDGET_H

#include <linux/types.h>

#define BUDGET_INLINE		100000
#define BUDGET_WORK		1000000

/* What is done at one go and takes longer than this is left to the work. */
#define COST_INLINE_MAX		50000

#define COST_ROUND		10000	/* a request, or a response, but for its bytes */
#define COST_CHORES		30000	/* a leg is opened, or closed */
#define COST_BUFFER		2000	/* is read, and sent */
#define COST_HEAD_BYTE		16
#define COST_CHUNK		150	/* a line of a chunk's, or its bytes if they are few */
#define COST_ROUTE		50	/* is looked at, but for what its match looks at: */
#define COST_FIELD		6	/* of a head */
#define COST_MATCH_BYTE		12	/* that an expression reads, or a hash */
#define COST_FIND_BYTE		23	/* in which a text is looked for */
#define COST_QUERY_BYTE		14	/* of a query in which a parameter is looked for */
#define COST_WILDCARD		190	/* of a template, but for bytes */
#define COST_PIECE		1000	/* of a path that a template makes */
#define COST_REWRITE_BYTE	20	/* of a path, for what a template makes of it */
#define COST_SAME_BYTE		10	/* is equal, so that the next one is looked at */
#define COST_HASH_BYTE		10	/* of a value that a hash policy looks at */
#define COST_HASH_VALUE		600	/* of several of one name, which are sorted */
#define COST_COOKIE_BYTE	19	/* in which a cookie is looked for */
#define COST_COMPARISON		10	/* with a value of a policy's, or 64 bytes of it */
#define COST_STEP		45	/* along a path, or to a slot of an index */

/* Bytes that go on by reference to their pages. */
static inline int cost_of_bytes(u32 n)
{
	return COST_BUFFER + n / 4;
}

#endif
