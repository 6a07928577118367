// SPDX-License-Identifier: GPL-2.0
#include "link/replay.h"

#include <linux/minmax.h>

void replay_clear(struct replay *r)
{
	kfree_skb_list(r->first);
	r->first = NULL;
	r->last = NULL;
	r->next = NULL;
	r->bytes = 0;
}

void replay_give_up(struct replay *r)
{
	replay_clear(r);
	r->lost = true;
}

static void append(struct replay *r, struct sk_buff *copy)
{
	if (r->last)
		r->last->next = copy;
	else
		r->first = copy;
	r->last = copy;
}

void replay_append(struct replay *r, struct sk_buff *skb)
{
	append(r, skb);
	r->bytes += skb->truesize;
}

void replay_cut(struct replay *r, u32 n, void *to)
{
	struct sk_buff *skb, *rest, *last = NULL;
	u32 keep = 0, part;

	for (skb = r->first; skb; skb = skb->next)
		keep += skb->len;
	keep -= n;
	for (skb = r->first; skb && skb->len <= keep; skb = skb->next) {
		keep -= skb->len;
		last = skb;
	}
	for (rest = skb, part = keep; rest; rest = rest->next, part = 0) {
		/* Cannot fail: all of it is there. */
		skb_copy_bits(rest, part, to, rest->len - part);
		to += rest->len - part;
	}
	rest = skb;
	if (skb && keep) {
		rest = skb->next;
		skb_trim(skb, keep);
		last = skb;
	}
	kfree_skb_list(rest);
	if (last)
		last->next = NULL;
	else
		r->first = NULL;
	r->last = last;
}

/* Larger ones are hard to get where one may not sleep. */
#define PIECE	SKB_WITH_OVERHEAD(2 * PAGE_SIZE)

struct sk_buff *replay_copy(const struct sk_buff *skb, u32 off, u32 len,
			    gfp_t gfp)
{
	struct sk_buff *copy;

	len = min_t(u32, len, PIECE);
	copy = alloc_skb(len, gfp);
	if (!copy)
		return NULL;
	if (skb_copy_bits(skb, off, skb_put(copy, len), len)) {
		kfree_skb(copy);
		return NULL;
	}
	return copy;
}

static bool keep_piece(struct replay *r, const struct sk_buff *skb, u32 off,
		       u32 len, u32 limit, gfp_t gfp)
{
	struct sk_buff *copy = NULL;

	/* What is short costs a multiple of its bytes: that is what is limited. */
	if (r->bytes + SKB_TRUESIZE(len) <= limit)
		copy = replay_copy(skb, off, len, gfp);
	if (!copy)
		return false;
	append(r, copy);
	r->bytes += copy->truesize;
	return true;
}

void replay_keep(struct replay *r, const struct sk_buff *skb, u32 off, u32 len,
		 u32 limit, gfp_t gfp)
{
	u32 n;

	for (; len && !r->lost; len -= n, off += n) {
		n = min_t(u32, len, PIECE);
		if (!keep_piece(r, skb, off, n, limit, gfp))
			replay_give_up(r);
	}
}

void replay_consume(struct replay *r, u32 n)
{
	r->off += n;
	if (r->off < r->next->len)
		return;
	r->next = r->next->next;
	r->off = 0;
}

int replay_clone(struct replay *to, const struct replay *r, gfp_t gfp)
{
	const struct sk_buff *skb;
	struct sk_buff *clone;

	for (skb = r->first; skb; skb = skb->next) {
		/* Nobody writes into the bytes, which the two share. */
		clone = skb_clone((struct sk_buff *)skb, gfp);
		if (!clone)
			return -ENOMEM;
		clone->next = NULL;
		append(to, clone);
	}
	to->bytes = r->bytes;
	replay_rewind(to);
	return 0;
}
