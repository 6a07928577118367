// SPDX-License-Identifier: GPL-2.0
#include "out.h"

#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/tcp.h>
#include "compat.h"

static int send_bytes(struct sock *sk, const char *data, u32 len, bool more)
{
	struct kvec kv = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL |
			     (more ? MSG_MORE : 0),
	};

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &kv, 1, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}

int out_flush(struct out *o, struct sock *sk, bool more)
{
	int n;

	while (o->data) {
		n = send_bytes(sk, o->data + o->off, o->len - o->off, more);
		if (n < 0)
			return n;
		o->off += n;
		if (o->off == o->len)
			out_clear(o);
	}
	return 0;
}

int out_send(struct out *o, struct sock *sk, const char *data, u32 len,
	     bool more)
{
	char *rest;
	int n;

	n = send_bytes(sk, data, len, more);
	if (n < 0 && n != -EAGAIN)
		return n;
	if (n < 0)
		n = 0;
	if (n == len)
		return 0;
	rest = kmemdup(data + n, len - n, GFP_ATOMIC | __GFP_NOWARN);
	if (!rest)
		return -ENOMEM;
	out_take(o, rest, len - n);
	return 0;
}

/* What has been sent so far, or why nothing was. */
static int sent_or(u32 sent, int err)
{
	return sent ? sent : err;
}

static int send_linear(struct sock *sk, const struct sk_buff *skb, u32 off,
		       u32 len, bool more)
{
	return send_bytes(sk, skb->data + off, len, more);
}

/*
 * A page is accounted to the socket by the bytes sent of it, but held whole: of
 * small pieces, each from a page of its own, a copy holds less and costs no more.
 */
#define SMALL_FRAG	512

static int send_frag(struct sock *sk, const skb_frag_t *f, u32 off, u32 size,
		     bool more)
{
	const char *va = size < SMALL_FRAG ? skb_frag_address_safe(f) : NULL;

	if (va)
		return send_bytes(sk, va + off, size, more);
	return compat_send_page(sk, skb_frag_page(f), skb_frag_off(f) + off,
				size, MSG_DONTWAIT | MSG_NOSIGNAL |
				      (more ? MSG_MORE : 0));
}

static int send_frags(struct sock *sk, const struct sk_buff *skb, u32 off,
		      u32 len, bool more)
{
	u32 sent = 0;
	int i, n;

	for (i = 0; i < skb_shinfo(skb)->nr_frags && sent < len; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		u32 size;

		if (off >= skb_frag_size(f)) {
			off -= skb_frag_size(f);
			continue;
		}
		size = min_t(u32, len - sent, skb_frag_size(f) - off);
		n = send_frag(sk, f, off, size, more || sent + size < len);
		if (n <= 0)
			return sent_or(sent, n);
		sent += n;
		off += n;
		if (n < size)
			break;
		off = 0;
	}
	return sent;
}

static int send_frag_list(struct sock *sk, const struct sk_buff *skb, u32 off,
			  u32 len, bool more)
{
	const struct sk_buff *frag;
	u32 sent = 0, size;
	int n;

	skb_walk_frags(skb, frag) {
		if (off >= frag->len) {
			off -= frag->len;
			continue;
		}
		if (sent == len)
			break;
		size = min(len - sent, frag->len - off);
		n = out_send_skb(sk, frag, off, size,
				 more || sent + size < len);
		if (n <= 0)
			return sent_or(sent, n);
		sent += n;
		if (n < size)
			break;
		off = 0;
	}
	return sent;
}

typedef int (*send_part_t)(struct sock *sk, const struct sk_buff *skb, u32 off,
			   u32 len, bool more);

/* An skb's bytes lie in its head, then its pages, then its list of skbs. */
int out_send_skb(struct sock *sk, const struct sk_buff *skb, u32 off, u32 len,
		 bool more)
{
	static const send_part_t parts[] = {
		send_linear, send_frags, send_frag_list
	};
	u32 lens[] = {
		skb_headlen(skb),
		skb_pagelen(skb) - skb_headlen(skb),
		skb->len - skb_pagelen(skb),
	};
	u32 sent = 0, size;
	int i, n;

	for (i = 0; i < ARRAY_SIZE(parts) && sent < len; i++) {
		if (off >= lens[i]) {
			off -= lens[i];
			continue;
		}
		size = min(len - sent, lens[i] - off);
		n = parts[i](sk, skb, off, size, more || sent + size < len);
		if (n <= 0)
			return sent_or(sent, n);
		sent += n;
		if (n < size)
			break;
		off = 0;
	}
	return sent;
}
