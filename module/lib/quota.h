/* SPDX-License-Identifier: GPL-2.0 */
/*
 * quota: how much memory the engine may hold for the clients of one namespace.
 *
 * That is what no socket accounts for: heads, what is written and waits for room, the
 * bodies that are kept to be sent again, the copies that mirrors get. Control groups
 * pay for it as well (payer.h), but a client need not be in one that has a limit. The
 * limit is the module parameter namespace_bytes_max, read at each decision:
 *
 *	a request's head	is not begun: 503, and the connection ends
 *	a head that grows	the same
 *	a PROXY header		is not begun, or does not grow: the connection ends
 *	a body that is kept	is given up: it will not be sent again, nor mirrored
 *	a mirror's copy		is dropped
 *
 * Connections that have arrived as packets, whose clients pay for nothing, are counted by
 * themselves, and bounded by half of it (conn.c). Where an application pays in their place,
 * nothing is begun for them when what is held so is its share (payer_share()).
 *
 * Once a request was admitted, what it needs later is not refused, as its size is
 * bounded: the head of its response until that grows, and the heads that are written,
 * each until the socket has room. If there is no memory at all for these, the client
 * gets a 503, or its connection is reset.
 *
 * Counted per CPU, and summed up only near the limit. Any context.
 */
#ifndef L7MESH_QUOTA_H
#define L7MESH_QUOTA_H

#include <linux/compiler.h>
#include <linux/percpu_counter.h>

struct quota {
	struct percpu_counter bytes;
};

#define QUOTA_BATCH	32768

extern unsigned long namespace_bytes_max;

/* Context: process. Return: 0 or -ENOMEM. */
static inline int quota_init(struct quota *q)
{
	return percpu_counter_init(&q->bytes, 0, GFP_KERNEL_ACCOUNT);
}

/* When all was given back. */
static inline void quota_exit(struct quota *q)
{
	WARN_ON_ONCE(percpu_counter_sum(&q->bytes));
	percpu_counter_destroy(&q->bytes);
}

/* So many bytes are held, or with a negative number are not any more. */
static inline void quota_add(struct quota *q, s64 bytes)
{
	percpu_counter_add_batch(&q->bytes, bytes, QUOTA_BATCH);
}

static inline bool quota_spent(struct quota *q)
{
	return __percpu_counter_compare(&q->bytes,
					min(READ_ONCE(namespace_bytes_max),
					    (unsigned long)LONG_MAX),
					QUOTA_BATCH) >= 0;
}

#endif
