/* SPDX-License-Identifier: GPL-2.0 */
/*
 * out: bytes of our own (heads, chunk lines, local replies) on their way to a
 * link, kept for as long as it has no room for them.
 *
 * The owner holds the lock of the link that it passes, in softirq or process
 * context; nothing here sleeps. While an out is not empty nothing else may be
 * sent on the link.
 */
#ifndef L7MESH_OUT_H
#define L7MESH_OUT_H

#include <linux/skbuff.h>

struct link;

/* What a short one takes. */
#define OUT_BYTES_MIN	1024U

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

/**
 * out_gather() - Keep a few bytes, to be sent with what is gathered behind them
 * @o: whose bytes, if it has any, were gathered
 * @data: bytes, copied
 * @len: how many, at least 1
 *
 * Return: false, and nothing has happened, if there is no room or no memory.
 */
bool out_gather(struct out *o, const void *data, u32 len);

/**
 * out_append() - Keep bytes behind what is kept, however many
 * @o: may be empty
 * @data: bytes, copied
 * @len: how many, at least 1; the caller bounds them
 *
 * Return: 0, or -ENOMEM and nothing has happened.
 */
int out_append(struct out *o, const void *data, u32 len);

/**
 * out_flush() - Send what is kept
 * @o: may be empty
 * @to: link, locked
 * @more: more bytes follow at once, so a short segment may wait for them
 *
 * Return: 0 when @o is empty, -EAGAIN when there is no room, or the
 * link's error.
 */
int out_flush(struct out *o, struct link *to, bool more);

/**
 * out_send() - Send a few bytes, keeping what does not fit
 * @o: empty out
 * @to: link, locked
 * @data: bytes, copied
 * @len: how many
 * @more: as in out_flush()
 *
 * Return: 0 when sent or kept, or a negative errno.
 */
int out_send(struct out *o, struct link *to, const char *data, u32 len,
	     bool more);

/**
 * out_send_behind() - Send what is kept, and bytes of a received skb behind it
 * @o: not empty
 * @to: link, locked
 * @skb: received skb, still in its queue
 * @off: first byte
 * @len: how many
 *
 * As one message if they are few.
 *
 * Return: bytes of @skb sent, less than @len when the link has no room for more
 * (-EAGAIN when for none, even if some of @o was sent), or the link's error.
 */
int out_send_behind(struct out *o, struct link *to, const struct sk_buff *skb,
		    u32 off, u32 len);

/**
 * out_send_skb() - Pass on bytes of a received skb, pages by reference
 * @to: link, locked
 * @skb: received skb, still in its queue
 * @off: first byte
 * @len: how many
 * @more: as in out_flush()
 *
 * Return: bytes sent, less than @len when the link has no room for more
 * (-EAGAIN when for none), or the link's error.
 */
int out_send_skb(struct link *to, const struct sk_buff *skb, u32 off, u32 len,
		 bool more);

#endif
