/* SPDX-License-Identifier: GPL-2.0 */
/*
 * message_memory: where messages and their texts are.
 *
 * A message is allocated when its first byte arrives and freed when its stream no longer
 * needs it, so an idle connection holds none. A short text fits in the allocation itself;
 * it grows up to MESSAGE_HEAD_MAX. Any context.
 */
#ifndef L7MESH_MESSAGE_MEMORY_H
#define L7MESH_MESSAGE_MEMORY_H

#include <linux/gfp.h>
#include "http/message.h"

int message_cache_init(void);
void message_cache_exit(void);

/**
 * message_alloc() - Memory for a message
 * @gfp: how to allocate
 *
 * Return: one with an empty text, for which message_init() is still to be called, to be
 * freed with message_free(); or NULL.
 */
struct message *message_alloc(gfp_t gfp);
void message_free(struct message *m);

/* How much memory it is; of NULL none. */
u32 message_bytes(const struct message *m);

/* Will the text have to grow for another byte? */
static inline bool message_full(const struct message *m)
{
	return m->len == m->cap;
}

/**
 * message_room() - Have room for more text
 * @m: message; its text may move
 * @len: how much is wanted, at least 1
 * @gfp: how to allocate
 *
 * Return: for how many bytes of @len there is room, at least 1, or -ENOMEM.
 */
int message_room(struct message *m, u32 len, gfp_t gfp);

/**
 * message_reserve() - Have room for all of more text
 * @m: message; its text may move
 * @len: how much is wanted
 * @gfp: how to allocate
 *
 * Return: 0 or -ENOMEM.
 */
int message_reserve(struct message *m, u32 len, gfp_t gfp);

#endif
