// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of spliced bytes.
 *
 * Small messages are copied into the buffer itself, which is made as drivers make
 * theirs: of what NAPI keeps at hand on each CPU, at a third of alloc_skb()'s
 * price. Larger ones go into blocks of pages, which are used again when the
 * receiver has read them: distributions zero every page that is allocated, which
 * costs as much as the copy. A CPU keeps a few blocks, oldest first; one that is
 * still being read when its turn comes is left to its reader, and another is
 * allocated.
 */
#include <linux/percpu.h>
#include <linux/uio.h>
#include "splice_priv.h"

#define BLOCK_ORDER	3
#define BLOCK_BYTES	((u32)PAGE_SIZE << BLOCK_ORDER)
#define BLOCKS		32U

/* What follows the bytes of a buffer, and so what a page has room for. */
#define TAIL		SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
#define ROOMY		(PAGE_SIZE - TAIL)

struct blocks {
	struct page *page[BLOCKS];
	unsigned int first, n;
};

static DEFINE_PER_CPU(struct blocks, blocks);

/* A block that nobody else refers to, or NULL. */
static struct page *block_take(void)
{
	struct blocks *b = get_cpu_ptr(&blocks);
	struct page *page = NULL;

	if (b->n) {
		page = b->page[b->first];
		if (page_ref_count(page) == 1 || b->n == BLOCKS) {
			b->first = (b->first + 1) % BLOCKS;
			b->n--;
		} else {
			page = NULL;
		}
	}
	put_cpu_ptr(&blocks);
	if (page && page_ref_count(page) != 1) {
		put_page(page);
		page = NULL;
	}
	return page;
}

static void block_keep(struct page *page)
{
	struct blocks *b = get_cpu_ptr(&blocks);

	if (b->n < BLOCKS) {
		b->page[(b->first + b->n++) % BLOCKS] = page;
		page = NULL;
	}
	put_cpu_ptr(&blocks);
	if (page)
		put_page(page);
}

static struct page *block_get(struct sock *sk)
{
	struct page *page = block_take();

	/* Never at a price: TCP does with single pages. */
	return page ?: alloc_pages((sk->sk_allocation & ~__GFP_DIRECT_RECLAIM) |
				   __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY,
				   BLOCK_ORDER);
}

static int add_block(struct sock *sk, struct sk_buff *skb, struct msghdr *msg,
		     u32 len)
{
	struct page *page = block_get(sk);

	if (!page)
		return -ENOMEM;
	if (copy_page_from_iter(page, 0, len, &msg->msg_iter) != len) {
		put_page(page);
		return -EFAULT;
	}
	get_page(page);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, len, len);
	block_keep(page);
	return 0;
}

struct sk_buff *splice_small_skb(struct msghdr *msg, u32 len, u32 room)
{
	u32 roomy = clamp_t(u32, ROOMY, len, len + room);
	u32 size = SKB_DATA_ALIGN(roomy) + TAIL;
	void *data = napi_alloc_frag(size);
	struct sk_buff *skb;

	if (!data)
		return NULL;
	skb = napi_build_skb(data, size);
	if (!skb) {
		skb_free_frag(data);
		return NULL;
	}
	if (splice_copy(skb, msg, len))
		return skb;
	__kfree_skb(skb);
	return NULL;
}

static struct sk_buff *linear(struct sock *sk, struct msghdr *msg, u32 len)
{
	struct sk_buff *skb = alloc_skb(len, sk->sk_allocation | __GFP_NOWARN);

	if (!skb)
		return ERR_PTR(-ENOMEM);
	if (copy_from_iter_full(skb_put(skb, len), len, &msg->msg_iter))
		return skb;
	__kfree_skb(skb);
	return ERR_PTR(-EFAULT);
}

static struct sk_buff *paged(struct sock *sk, struct msghdr *msg, u32 len)
{
	struct sk_buff *skb = alloc_skb(0, sk->sk_allocation | __GFP_NOWARN);
	u32 done = 0, n;
	int err = 0;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	while (!err && done < len) {
		n = min(len - done, BLOCK_BYTES);
		err = add_block(sk, skb, msg, n);
		if (!err)
			done += n;
	}
	if (!err)
		return skb;
	/* copy_page_from_iter() may have advanced by a part of its block. */
	__kfree_skb(skb);
	return ERR_PTR(err);
}

struct sk_buff *splice_skb(struct sock *sk, struct msghdr *msg, u32 len)
{
	size_t before = msg_data_left(msg);
	struct sk_buff *skb;

	if (len <= SPLICE_SMALL)
		skb = linear(sk, msg, len);
	else
		skb = paged(sk, msg, len);
	if (IS_ERR(skb))
		iov_iter_revert(&msg->msg_iter, before - msg_data_left(msg));
	return skb;
}

void splice_skb_exit(void)
{
	struct blocks *b;
	int cpu;

	for_each_possible_cpu(cpu) {
		b = per_cpu_ptr(&blocks, cpu);
		for (; b->n; b->n--, b->first = (b->first + 1) % BLOCKS)
			put_page(b->page[b->first]);
	}
}
