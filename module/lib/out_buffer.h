/* SPDX-License-Identifier: GPL-2.0 */
/*
 * out_buffer: bytes of our own (heads, chunk lines, local replies), kept until they are
 * sent. link/out.h sends them.
 *
 * Whoever has one owns it, in softirq or process context; nothing here sleeps but where
 * @gfp lets it.
 */
#ifndef L7MESH_OUT_BUFFER_H
#define L7MESH_OUT_BUFFER_H

#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* What a short one takes, and has room for. */
#define OUT_BYTES_MIN	1024U
#define OUT_SHORT	(OUT_BYTES_MIN - sizeof(void *))

struct out {
	char *data;		/* out_alloc'ed, or NULL when empty */
	u32 size;		/* for which */
	u32 off;
	u32 len;
};

/**
 * out_alloc() - Allocate a buffer for bytes to be gathered, or for out_take()
 * @size: how many bytes
 * @gfp: how to allocate. Up to 64 KiB and more are asked for: in softirq only
 *	kmalloc() will do, which may well refuse; whoever may not sleep tries again
 *	where one may.
 *
 * Return: a buffer to be freed with out_free(), or NULL.
 */
char *out_alloc(u32 size, gfp_t gfp);
void out_free(char *data, u32 size);

/* When nobody has one any more. */
void out_exit(void);

static inline bool out_empty(const struct out *o)
{
	return !o->data;
}

/* How much memory it is. */
static inline u32 out_bytes(const struct out *o)
{
	return o->data ? max(o->size, OUT_BYTES_MIN) : 0;
}

static inline void out_clear(struct out *o)
{
	if (!o->data)
		return;
	out_free(o->data, o->size);
	o->data = NULL;
}

/**
 * out_take() - Hand over a buffer to be sent
 * @o: empty out
 * @data: from out_alloc(), which now belongs to @o
 * @size: what it was allocated for
 * @len: how many bytes are in it, at least 1
 */
static inline void out_take(struct out *o, char *data, u32 size, u32 len)
{
	WARN_ON_ONCE(o->data);
	o->data = data;
	o->size = size;
	o->off = 0;
	o->len = len;
}

/* Whether a few bytes may be gathered, if there is memory. */
static inline bool out_has_room(const struct out *o, u32 len)
{
	return !o->data || o->size - o->len >= len;
}

#endif
