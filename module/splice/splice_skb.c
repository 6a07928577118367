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
 *
 * What is smaller than a block shares one with others, one after the other, as TCP's
 * messages share a page: a buffer counts as its truesize what it takes of the block.
 *
 * A message is copied before it is known whether it is admitted. What is refused is used
 * for the next one, both of blocks and of what NAPI has: else it would be a hole that
 * counts for nobody in pages that others keep, and who is at his limit would leave
 * one with each message. Who reads some messages and not others makes holes as he
 * does by way of TCP, which shares pages of that size.
 *
 * Blocks that wait to be used again are nobody's: a shrinker takes them, those of a
 * CPU that has gone as well.
 */
#include <linux/percpu.h>
#include <linux/uio.h>
#include "lib/spares.h"
#include "splice/splice_priv.h"

#define BLOCK_ORDER	3
#define BLOCK_BYTES	((u32)PAGE_SIZE << BLOCK_ORDER)
#define BLOCKS		32U

/* What follows the bytes of a buffer, and so what a page has room for. */
#define TAIL		SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
#define ROOMY		(PAGE_SIZE - TAIL)

/* A piece begins where no other CPU writes; a smaller rest of a block is no piece. */
#define PIECE_ALIGN	SMP_CACHE_BYTES
#define PIECE_MIN	1024U

struct blocks {
	unsigned long busy;	/* bit 0: somebody is at it */
	struct page *open;	/* that is being shared, and how much of it is */
	u32 taken;
	struct page *page[BLOCKS];
	unsigned int first, n;
};

static DEFINE_PER_CPU(struct blocks, blocks);

/* A part of a block, referred to. */
struct piece {
	struct page *page;
	u32 off;
	u32 len;		/* how much it has room for */
	u32 size;		/* how much nobody else can use */
};

/*
 * The blocks of this CPU, or of the CPU that we were on a moment ago. NULL if they
 * are in use, perhaps below us.
 */
static struct blocks *blocks_get(void)
{
	struct blocks *b = raw_cpu_ptr(&blocks);

	return test_and_set_bit_lock(0, &b->busy) ? NULL : b;
}

static void blocks_put(struct blocks *b)
{
	clear_bit_unlock(0, &b->busy);
}

static struct page *first_block(struct blocks *b)
{
	struct page *page = b->page[b->first];

	b->first = (b->first + 1) % BLOCKS;
	b->n--;
	return page;
}

/* A block that nobody else refers to, or NULL. */
static struct page *take_block(struct blocks *b)
{
	struct page *page;

	if (!b->n)
		return NULL;
	page = b->page[b->first];
	if (page_ref_count(page) != 1) {
		if (b->n == BLOCKS)
			put_page(first_block(b));
		return NULL;
	}
	return first_block(b);
}

static void keep_block(struct blocks *b, struct page *page)
{
	if (b->n < BLOCKS)
		b->page[(b->first + b->n++) % BLOCKS] = page;
	else
		put_page(page);
}

static struct page *alloc_block(struct sock *sk, unsigned int order)
{
	/* Never at the cost of reclaim: TCP can do with single pages. */
	return alloc_pages((sk->sk_allocation & ~__GFP_DIRECT_RECLAIM) |
			   __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY, order);
}

static struct page *new_block(struct sock *sk, struct blocks *b)
{
	struct page *page = take_block(b);

	return page ?: alloc_block(sk, BLOCK_ORDER);
}

/* All of a block, which is kept for when it has been read. */
static bool whole_block(struct sock *sk, struct blocks *b, struct piece *p)
{
	p->page = new_block(sk, b);
	if (!p->page)
		return false;
	get_page(p->page);
	keep_block(b, p->page);
	p->off = 0;
	p->len = BLOCK_BYTES;
	p->size = BLOCK_BYTES;
	return true;
}

static bool open_block(struct sock *sk, struct blocks *b)
{
	if (b->open && page_ref_count(b->open) == 1)
		b->taken = 0;
	if (b->open && b->taken < BLOCK_BYTES)
		return true;
	if (b->open)
		keep_block(b, b->open);
	b->open = new_block(sk, b);
	b->taken = 0;
	return b->open;
}

/* What is left of the open block, or as much of it as is wanted. */
static bool share_block(struct sock *sk, struct blocks *b, u32 len,
			struct piece *p)
{
	u32 left;

	if (!open_block(sk, b))
		return false;
	left = BLOCK_BYTES - b->taken;
	p->page = b->open;
	p->off = b->taken;
	p->len = min(len, left);
	p->size = ALIGN(p->len, PIECE_ALIGN);
	if (left - p->size < PIECE_MIN)
		p->size = left;
	get_page(p->page);
	b->taken += p->size;
	return true;
}

/* Pages of its own. */
static bool lone_piece(struct sock *sk, u32 len, struct piece *p)
{
	unsigned int order = get_order(len);

	p->page = alloc_block(sk, order);
	p->off = 0;
	p->len = len;
	p->size = PAGE_SIZE << order;
	return p->page;
}

/* The open block again as it was when @page was closed, if nothing was lent since. */
static bool reopen_block(struct blocks *b, struct page *page)
{
	unsigned int last = (b->first + b->n - 1) % BLOCKS;

	if (!b->n || b->page[last] != page || !b->open || b->taken)
		return false;
	b->page[last] = b->open;
	b->open = page;
	b->taken = BLOCK_BYTES;
	return true;
}

/*
 * A piece that is not sent is lent again, if it is the last one that was lent: else who
 * sends what is refused would leave holes that nobody pays for in blocks that others
 * keep. A buffer's last piece is to be given back first.
 */
static void give_back(struct page *page, u32 off, u32 len)
{
	u32 end = off + ALIGN(len, PIECE_ALIGN);
	struct blocks *b = blocks_get();

	if (!b)
		return;
	if (end > BLOCK_BYTES - PIECE_MIN)
		end = BLOCK_BYTES;
	if ((page == b->open || reopen_block(b, page)) && b->taken == end)
		b->taken = off;
	blocks_put(b);
}

/*
 * A piece of at most @len bytes, which is at most BLOCK_BYTES. A buffer can refer
 * to a few pieces only, and what is left of the open block may be short. So the
 * last two pieces come from blocks of their own and are as long as wanted.
 */
static bool get_piece(struct sock *sk, u32 len, unsigned int nr_frags,
		      struct piece *p)
{
	struct blocks *b = nr_frags + 2 < MAX_SKB_FRAGS ? blocks_get() : NULL;
	bool ok;

	if (!b)
		return lone_piece(sk, len, p);
	if (len == BLOCK_BYTES)
		ok = whole_block(sk, b, p);
	else
		ok = share_block(sk, b, len, p);
	blocks_put(b);
	return ok;
}

/* Returns how much of the next @len bytes of a message it has taken, or an error. */
static int add_piece(struct sock *sk, struct sk_buff *skb, struct msghdr *msg,
		     u32 len)
{
	unsigned int nr_frags = skb_shinfo(skb)->nr_frags;
	struct piece p;

	if (WARN_ON_ONCE(nr_frags >= MAX_SKB_FRAGS) ||
	    !get_piece(sk, len, nr_frags, &p))
		return -ENOMEM;
	if (copy_page_from_iter(p.page, p.off, p.len, &msg->msg_iter) !=
	    p.len) {
		give_back(p.page, p.off, p.len);
		put_page(p.page);
		return -EFAULT;
	}
	skb_add_rx_frag(skb, nr_frags, p.page, p.off, p.len, p.size);
	return p.len;
}

/* The bytes of small buffers that were not sent: each begins with how many they are. */
static DEFINE_PER_CPU(struct spares, unsent);

static void *small_data(u32 *size)
{
	u32 *data = spares_take(&unsent);

	if (likely(!data))
		return napi_alloc_frag(*size);
	if (*data < *size) {
		skb_free_frag(data);
		return napi_alloc_frag(*size);
	}
	*size = *data;
	return data;
}

static void keep_small_data(u32 *data, u32 size)
{
	*data = size;
	if (!spares_keep(&unsent, data))
		skb_free_frag(data);
}

void splice_small_drop(struct sk_buff *skb)
{
	void *data = skb->head;
	u32 size = skb_end_offset(skb) + TAIL;

	get_page(virt_to_head_page(data));
	__kfree_skb(skb);
	keep_small_data(data, size);
}

struct sk_buff *splice_small_skb(struct msghdr *msg, u32 len, u32 room)
{
	u32 roomy = clamp_t(u32, ROOMY, len, len + room);
	u32 size = SKB_DATA_ALIGN(roomy) + TAIL;
	void *data = small_data(&size);
	struct sk_buff *skb;

	if (!data)
		return NULL;
	skb = napi_build_skb(data, size);
	if (!skb) {
		keep_small_data(data, size);
		return NULL;
	}
	if (splice_copy(skb, msg, len))
		return skb;
	splice_small_drop(skb);
	return NULL;
}

void splice_skb_drop(struct sk_buff *skb)
{
	int i = skb_shinfo(skb)->nr_frags;

	while (i--) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		give_back(skb_frag_page(frag), skb_frag_off(frag),
			  skb_frag_size(frag));
	}
	__kfree_skb(skb);
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
	int n;

	if (!skb)
		return ERR_PTR(-ENOMEM);
	while (skb->len < len) {
		n = add_piece(sk, skb, msg, min(len - skb->len, BLOCK_BYTES));
		if (n < 0) {
			/* It may have taken a part of the piece. */
			splice_skb_drop(skb);
			return ERR_PTR(n);
		}
	}
	return skb;
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

/* ---- the blocks that nobody uses ---- */

static struct shrinker *shrinker;

static unsigned long count_blocks(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n = 0;
	struct blocks *b;
	int cpu;

	for_each_possible_cpu(cpu) {
		b = per_cpu_ptr(&blocks, cpu);
		n += READ_ONCE(b->n) + !!READ_ONCE(b->open);
	}
	return n ?: SHRINK_EMPTY;
}

/* Those that are being read are left to their readers. */
static unsigned long drop_blocks(struct blocks *b)
{
	unsigned long n = b->n + !!b->open;

	while (b->n)
		put_page(first_block(b));
	if (b->open)
		put_page(b->open);
	b->open = NULL;
	return n;
}

static unsigned long scan_blocks(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long n = 0;
	struct blocks *b;
	int cpu;

	for_each_possible_cpu(cpu) {
		b = per_cpu_ptr(&blocks, cpu);
		if (n >= sc->nr_to_scan || test_and_set_bit_lock(0, &b->busy))
			continue;
		n += drop_blocks(b);
		blocks_put(b);
	}
	return n ?: SHRINK_STOP;
}

int splice_skb_init(void)
{
	shrinker = compat_shrinker_register(count_blocks, scan_blocks,
					    "l7mesh-splice");
	return shrinker ? 0 : -ENOMEM;
}

void splice_skb_exit(void)
{
	void *data;
	int cpu;

	compat_shrinker_unregister(shrinker);
	while ((data = spares_empty(&unsent)))
		skb_free_frag(data);
	for_each_possible_cpu(cpu)
		drop_blocks(per_cpu_ptr(&blocks, cpu));
}
