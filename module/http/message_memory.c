// SPDX-License-Identifier: GPL-2.0
#include "http/message_memory.h"

#include <linux/kernel.h>
#include <linux/slab.h>

#include "lib/out_buffer.h"
#include "lib/payer.h"
#include "lib/spares.h"

#define TEXT_INLINE	1536

struct stored {
	struct message message;
	struct mem_cgroup *payer;	/* of this memory; compared only */
	char text[TEXT_INLINE];
};

static struct kmem_cache *message_cache;

static DEFINE_PER_CPU(struct spares, messages);

int message_cache_init(void)
{
	message_cache = kmem_cache_create("l7mesh_message", sizeof(struct stored),
					  0, 0, NULL);
	return message_cache ? 0 : -ENOMEM;
}

void message_cache_exit(void)
{
	struct stored *s;

	while ((s = spares_empty(&messages)))
		kmem_cache_free(message_cache, s);
	kmem_cache_destroy(message_cache);
}

static struct stored *stored_of(const struct message *m)
{
	return container_of(m, struct stored, message);
}

static void keep(struct stored *s)
{
	if (!spares_keep(&messages, s))
		kmem_cache_free(message_cache, s);
}

struct message *message_alloc(gfp_t gfp)
{
	struct mem_cgroup *payer = payer_here(gfp);
	struct stored *s = spares_take(&messages);

	/* Memory that one control group pays for is not reused by another. */
	if (s && unlikely(s->payer != payer)) {
		kmem_cache_free(message_cache, s);
		s = NULL;
	}
	if (!s)
		s = kmem_cache_alloc(message_cache, gfp);
	if (!s)
		return NULL;
	s->payer = payer;
	s->message.text = s->text;
	s->message.len = 0;
	s->message.cap = TEXT_INLINE;
	return &s->message;
}

static bool is_grown(const struct message *m)
{
	return m->text != stored_of(m)->text;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	if (is_grown(m))
		out_free(m->text, m->cap);
	keep(stored_of(m));
}

u32 message_bytes(const struct message *m)
{
	if (!m)
		return 0;
	return sizeof(struct stored) + (is_grown(m) ? m->cap : 0);
}

/* To have room for @len more bytes, at least. */
static int grow(struct message *m, u32 len, gfp_t gfp)
{
	u32 cap = m->cap < 4096 ? 4096 : m->cap * 2;
	char *text;

	while (cap - m->len < len)
		cap *= 2;
	text = out_alloc(cap, gfp);

	if (!text)
		return -ENOMEM;
	memcpy(text, m->text, m->len);
	if (is_grown(m))
		out_free(m->text, m->cap);
	m->text = text;
	m->cap = cap;
	return 0;
}

int message_room(struct message *m, u32 len, gfp_t gfp)
{
	int err = message_full(m) ? grow(m, 1, gfp) : 0;

	return err ?: min(len, m->cap - m->len);
}

int message_reserve(struct message *m, u32 len, gfp_t gfp)
{
	return len <= m->cap - m->len ? 0 : grow(m, len, gfp);
}
