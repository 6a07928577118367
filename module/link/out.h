/* SPDX-License-Identifier: GPL-2.0 */
/*
 * out: sends bytes of our own (out_buffer.h) on a link, and keeps them for as long as it
 * has no room for them.
 *
 * The owner holds the lock of the link that it passes, in softirq or process
 * context; nothing here sleeps. While an out is not empty nothing else may be
 * sent on the link.
 */
#ifndef L7MESH_OUT_H
#define L7MESH_OUT_H

#include <linux/skbuff.h>
#include "lib/out_buffer.h"
#include "lib/span.h"

struct link;

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
 * @s: bytes, copied
 *
 * Return: 0 when sent or kept, or a negative errno.
 */
int out_send(struct out *o, struct link *to, struct span s);

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
