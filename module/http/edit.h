/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edit: what is changed in a message on its way.
 *
 * A message stays as it came: it may have to be sent again, or to somebody else. What
 * is to be different for one receiver is said here, without any syntax: which received
 * fields do not go on or have another value, and which come besides. A codec writes the
 * message with that (http1/head.h).
 *
 * Names and values last at least as long as the edit: they are somebody else's, or in
 * edit_text(). Belongs to who began it, on whose stack it is; any context, and nothing
 * sleeps that @gfp does not let.
 */
#ifndef L7MESH_EDIT_H
#define L7MESH_EDIT_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include "http/message.h"

/* So many fields, and so many bytes of text, need no allocation. */
#define EDIT_FIELDS	8
#define EDIT_TEXT	160

#define EDIT_WORDS	((MESSAGE_FIELDS_MAX + 63) / 64)

struct edit_field {
	struct span name;	/* length 0: it was taken out again */
	struct span value;
	const struct message_field *instead;	/* of this one, in its place; or NULL */
};

struct edit_block;

struct edit {
	const struct message *m;	/* message_none: a response of the mesh's own */
	gfp_t gfp;
	struct span authority;		/* of a request, as forward_edit() says ... */
	struct span path;		/* ... and its path, or "*"; without the query */
	bool rewrites;			/* either is not what was received */
	bool drops;			/* a received field does not go on as it is */
	u64 dropped[EDIT_WORDS];	/* a bit for each that does not */
	struct edit_field *fields;
	u32 n;
	u32 late;			/* those from here on come last of all in the head */
	u32 room;

	/* private */
	u32 used;			/* of the text */
	struct edit_block *blocks;
	char text[EDIT_TEXT];
	struct edit_field few[EDIT_FIELDS];
};

static inline void edit_init(struct edit *e, const struct message *m, gfp_t gfp)
{
	e->m = m;
	e->gfp = gfp;
	e->rewrites = false;
	e->drops = false;
	memset(e->dropped, 0, sizeof(e->dropped));
	e->fields = e->few;
	e->n = 0;
	e->late = U32_MAX;
	e->room = EDIT_FIELDS;
	e->used = 0;
	e->blocks = NULL;
}

void edit_free_blocks(struct edit *e);

/* When it has been written, or is not to be. */
static inline void edit_free(struct edit *e)
{
	if (unlikely(e->blocks))
		edit_free_blocks(e);
}

/* Memory for a name or a value of @len bytes, or NULL. */
char *edit_text(struct edit *e, u32 len);

/* Have room for @n more fields: 0 or -ENOMEM. Without this there is for EDIT_FIELDS. */
int edit_reserve(struct edit *e, u32 n);

/* One more field; there is room for it. */
static inline void edit_add(struct edit *e, struct span name, struct span value)
{
	if (WARN_ON_ONCE(e->n == e->room))
		return;
	e->fields[e->n++] = (struct edit_field){ name, value, NULL };
}

/* A received field does not go on. */
static inline void edit_drop(struct edit *e, const struct message_field *f)
{
	u32 i = f - e->m->fields;

	e->dropped[i / 64] |= 1ull << i % 64;
	e->drops = true;
}

static inline bool edit_is_dropped(const struct edit *e,
				   const struct message_field *f)
{
	u32 i = f - e->m->fields;

	return e->dropped[i / 64] >> i % 64 & 1;
}

/* A received field has another value. There is room for it. */
static inline void edit_replace(struct edit *e, const struct message_field *f,
				struct span value)
{
	edit_drop(e, f);
	edit_add(e, message_name(e->m, f), value);
	e->fields[e->n - 1].instead = f;
}

#endif
