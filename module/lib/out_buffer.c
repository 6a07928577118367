// SPDX-License-Identifier: GPL-2.0
#include "lib/out_buffer.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include "lib/payer.h"
#include "lib/spares.h"

/* Most heads fit, and all of their buffers are of this size. */
struct small {
	char data[OUT_SHORT];
	struct mem_cgroup *payer;	/* of this memory; compared only */
};

static DEFINE_PER_CPU(struct spares, small_buffers);

static void free_small(struct small *s)
{
	if (!spares_keep(&small_buffers, s))
		kfree(s);
}

static char *alloc_small(gfp_t gfp)
{
	struct mem_cgroup *payer = payer_here(gfp);
	struct small *s = spares_take(&small_buffers);

	/* Memory that one control group pays for is not reused by another. */
	if (s && unlikely(s->payer != payer)) {
		kfree(s);
		s = NULL;
	}
	if (!s)
		s = kmalloc(sizeof(*s), gfp | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->payer = payer;
	return s->data;
}

char *out_alloc(u32 size, gfp_t gfp)
{
	if (size <= OUT_SHORT)
		return alloc_small(gfp);
	if (gfpflags_allow_blocking(gfp))
		return kvmalloc(size, gfp);
	return kmalloc(size, gfp | __GFP_NOWARN);
}

void out_free(char *data, u32 size)
{
	if (size <= OUT_SHORT)
		free_small(container_of(data, struct small, data[0]));
	else
		kvfree(data);
}

void out_exit(void)
{
	struct small *s;

	while ((s = spares_empty(&small_buffers)))
		kfree(s);
}
