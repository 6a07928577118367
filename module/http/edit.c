// SPDX-License-Identifier: GPL-2.0
#include "http/edit.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "lib/out_buffer.h"

struct edit_block {
	struct edit_block *next;
	u32 size;
	u64 data[];			/* aligned for whatever it is used for */
};

void edit_free_blocks(struct edit *e)
{
	struct edit_block *b;

	while ((b = e->blocks)) {
		e->blocks = b->next;
		out_free((char *)b, b->size);
	}
}

static void *add_block(struct edit *e, u32 len)
{
	u32 size = sizeof(struct edit_block) + len;
	struct edit_block *b = (struct edit_block *)out_alloc(size, e->gfp);

	if (!b)
		return NULL;
	b->next = e->blocks;
	b->size = size;
	e->blocks = b;
	return b->data;
}

char *edit_text(struct edit *e, u32 len)
{
	char *text = e->text + e->used;

	if (len > EDIT_TEXT - e->used)
		return add_block(e, len);
	e->used += len;
	return text;
}

int edit_reserve(struct edit *e, u32 n)
{
	struct edit_field *fields;

	if (n <= e->room - e->n)
		return 0;
	fields = add_block(e, (e->n + n) * sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	memcpy(fields, e->fields, e->n * sizeof(*fields));
	e->fields = fields;
	e->room = e->n + n;
	return 0;
}
