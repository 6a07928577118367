// SPDX-License-Identifier: GPL-2.0
#include "link/out.h"

#include <linux/skbuff.h>
#include <linux/uio.h>
#include "lib/payer.h"
#include "link/link.h"

/* Within a run somebody pays. */
static gfp_t atomic_gfp(void)
{
	return GFP_ATOMIC | payer_gfp_here();
}

static int send_pieces(struct link *to, struct kvec *pieces, int n, u32 len,
		       bool more)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL |
			     (more ? MSG_MORE : 0),
	};
	struct mem_cgroup *payer;
	int sent;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, pieces, n, len);
	payer = payer_pause();
	sent = link_send(to, &msg);
	payer_resume(payer);
	return sent;
}

static int send_bytes(struct link *to, const char *data, u32 len, bool more)
{
	struct kvec piece = { .iov_base = (void *)data, .iov_len = len };

	return send_pieces(to, &piece, 1, len, more);
}

static void out_sent(struct out *o, u32 n)
{
	o->off += n;
	if (o->off == o->len)
		out_clear(o);
}

int out_flush(struct out *o, struct link *to, bool more)
{
	int n;

	while (o->data) {
		n = send_bytes(to, o->data + o->off, o->len - o->off, more);
		if (n < 0)
			return n;
		out_sent(o, n);
	}
	return 0;
}

bool out_gather(struct out *o, const void *data, u32 len)
{
	char *fresh;

	if (!o->data) {
		fresh = len <= OUT_SHORT ? out_alloc(OUT_SHORT, atomic_gfp()) : NULL;
		if (!fresh)
			return false;
		memcpy(fresh, data, len);
		out_take(o, fresh, OUT_SHORT, len);
		return true;
	}
	if (!out_has_room(o, len))
		return false;
	memcpy(o->data + o->len, data, len);
	o->len += len;
	return true;
}

int out_append(struct out *o, const void *data, u32 len)
{
	u32 before = o->data ? o->len - o->off : 0;
	char *fresh;

	if (out_gather(o, data, len))
		return 0;
	fresh = out_alloc(before + len, atomic_gfp());
	if (!fresh)
		return -ENOMEM;
	if (before)
		memcpy(fresh, o->data + o->off, before);
	memcpy(fresh + before, data, len);
	out_clear(o);
	out_take(o, fresh, before + len, before + len);
	return 0;
}

/* For so few bytes a copy is cheaper than sending them separately. */
#define FEW		2048

/* Where bytes of an skb are if they are in one place that has an address. */
static char *few_bytes(const struct sk_buff *skb, u32 off, u32 len)
{
	return len <= FEW && off + len <= skb_headlen(skb) ? skb->data + off :
							     NULL;
}

int out_send_behind(struct out *o, struct link *to, const struct sk_buff *skb,
		    u32 off, u32 len)
{
	u32 before = o->len - o->off;
	struct kvec pieces[] = {
		{ o->data + o->off, before },
		{ few_bytes(skb, off, len), len },
	};
	int n;

	if (!pieces[1].iov_base) {
		n = out_flush(o, to, true);
		return n ?: out_send_skb(to, skb, off, len, false);
	}
	n = send_pieces(to, pieces, ARRAY_SIZE(pieces), before + len, false);
	if (n < 0)
		return n;
	out_sent(o, min_t(u32, n, before));
	return n > before ? n - before : -EAGAIN;
}

int out_send(struct out *o, struct link *to, struct span s)
{
	char *rest;
	int n;

	n = send_bytes(to, s.p, s.len, false);
	if (n < 0 && n != -EAGAIN)
		return n;
	if (n > 0)
		s = span_from(s, n);
	if (!s.len)
		return 0;
	rest = out_alloc(s.len, atomic_gfp());
	if (!rest)
		return -ENOMEM;
	span_copy(rest, s);
	out_take(o, rest, s.len, s.len);
	return 0;
}

/* What has been sent so far, or why nothing was. */
static int sent_or(u32 sent, int err)
{
	return sent ? sent : err;
}

static int send_linear(struct link *to, const struct sk_buff *skb, u32 off,
		       u32 len, bool more)
{
	return send_bytes(to, skb->data + off, len, more);
}

/*
 * A socket is charged for the bytes that it sends of a page, but holds the whole
 * page. For small pieces of many pages a copy holds less, and costs no more.
 */
#define SMALL_FRAG	512

static int send_frag(struct link *to, const skb_frag_t *f, u32 off, u32 size,
		     bool more)
{
	const char *va = size < SMALL_FRAG ? skb_frag_address_safe(f) : NULL;
	struct mem_cgroup *payer;
	int sent;

	if (va)
		return send_bytes(to, va + off, size, more);
	payer = payer_pause();
	sent = link_send_page(to, skb_frag_page(f), skb_frag_off(f) + off, size,
			      MSG_DONTWAIT | MSG_NOSIGNAL |
			      (more ? MSG_MORE : 0));
	payer_resume(payer);
	return sent;
}

static int send_frags(struct link *to, const struct sk_buff *skb, u32 off,
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
		n = send_frag(to, f, off, size, more || sent + size < len);
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

static int send_frag_list(struct link *to, const struct sk_buff *skb, u32 off,
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
		n = out_send_skb(to, frag, off, size,
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

typedef int (*send_part_t)(struct link *to, const struct sk_buff *skb, u32 off,
			   u32 len, bool more);

/* An skb's bytes lie in its head, then its pages, then its list of skbs. */
int out_send_skb(struct link *to, const struct sk_buff *skb, u32 off, u32 len,
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
		n = parts[i](to, skb, off, size, more || sent + size < len);
		if (n <= 0)
			return sent_or(sent, n);
		sent += n;
		if (n < size)
			break;
		off = 0;
	}
	return sent;
}
