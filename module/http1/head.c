// SPDX-License-Identifier: GPL-2.0
#include "http1/head.h"

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "lib/payer.h"
#include "lib/spares.h"

static struct kmem_cache *head_cache;

static DEFINE_PER_CPU(struct spares, heads);

int head_cache_init(void)
{
	head_cache = kmem_cache_create("l7mesh_head", sizeof(struct head), 0, 0,
				       NULL);
	return head_cache ? 0 : -ENOMEM;
}

void head_cache_exit(void)
{
	struct head *h;

	while ((h = spares_empty(&heads)))
		kmem_cache_free(head_cache, h);
	kmem_cache_destroy(head_cache);
}

static void keep(struct head *h)
{
	if (!spares_keep(&heads, h))
		kmem_cache_free(head_cache, h);
}

struct head *head_alloc(bool response, gfp_t gfp)
{
	struct mem_cgroup *payer = payer_here(gfp);
	struct head *h = spares_take(&heads);

	/* Memory that one control group pays for is not reused by another. */
	if (h && unlikely(h->payer != payer)) {
		kmem_cache_free(head_cache, h);
		h = NULL;
	}
	if (!h)
		h = kmem_cache_alloc(head_cache, gfp);
	if (!h)
		return NULL;
	h->payer = payer;
	http1_init(&h->parser, response);
	h->len = 0;
	h->cap = HEAD_INLINE;
	h->data = h->inline_data;
	return h;
}

static void free_grown(struct head *h)
{
	if (h->data != h->inline_data)
		out_free(h->data, h->cap);
}

void head_free(struct head *h)
{
	if (!h)
		return;
	free_grown(h);
	keep(h);
}

static int head_grow(struct head *h, gfp_t gfp)
{
	u32 cap = h->cap < 4096 ? 4096 : h->cap * 2;
	char *data = out_alloc(cap, gfp);

	if (!data)
		return -ENOMEM;
	memcpy(data, h->data, h->len);
	free_grown(h);
	h->data = data;
	h->cap = cap;
	return 0;
}

/* Returns how many bytes of @len there is room for, or -ENOMEM. */
static int head_room(struct head *h, u32 len, gfp_t gfp)
{
	int err = head_full(h) ? head_grow(h, gfp) : 0;

	return err ?: min(len, h->cap - h->len);
}

/* Parses @n more bytes, and returns how many of them are the head's. */
static int head_extend(struct head *h, u32 n, enum http1_result *result)
{
	u32 before = h->len;

	h->len += n;
	*result = http1_parse(&h->parser, h->data, h->len);
	if (*result == HTTP1_DONE)
		h->len = h->parser.head_len;
	return h->len - before;
}

int head_gather(struct head *h, struct sk_buff *skb, u32 off, u32 len,
		gfp_t gfp, enum http1_result *result)
{
	int n = head_room(h, len, gfp);

	if (n < 0)
		return n;
	/* Cannot fail: the range is inside the skb. */
	skb_copy_bits(skb, off, h->data + h->len, n);
	return head_extend(h, n, result);
}

int head_take(struct head *h, const char *data, u32 len, gfp_t gfp,
	      enum http1_result *result)
{
	int n = head_room(h, len, gfp);

	if (n < 0)
		return n;
	memcpy(h->data + h->len, data, n);
	return head_extend(h, n, result);
}

static u32 leading_number(struct span s)
{
	u32 n = 0, i;

	for (i = 0; i < s.len && isdigit(s.p[i]) && n < 1000000; i++)
		n = n * 10 + s.p[i] - '0';
	return i ? n : U32_MAX;
}

u32 head_idle_seconds(const struct head *h)
{
	const struct span timeout = SPAN("timeout=");
	const struct http1_parser *p = &h->parser;
	struct span s;
	int i;

	for (i = 0; i < p->nfields; i++) {
		if (p->fields[i].id != HTTP1_KEEP_ALIVE)
			continue;
		s = head_span(h, p->fields[i].value, p->fields[i].value_len);
		for (; s.len > timeout.len; s.p++, s.len--)
			if (span_eq_nocase((struct span){ s.p, timeout.len },
					   timeout))
				return leading_number((struct span){
					s.p + timeout.len,
					s.len - timeout.len });
	}
	return U32_MAX;
}

struct span head_field(const struct head *h, struct span name)
{
	const struct http1_field *f = http1_find(&h->parser, h->data, name);

	return f ? head_span(h, f->value, f->value_len) : SPAN("");
}
