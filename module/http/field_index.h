/* SPDX-License-Identifier: GPL-2.0 */
/*
 * field_index: finds fields of a message by name, for who asks often.
 *
 * To look through all names takes as long as the head is: whoever sends it can make
 * them all as long as the one that is looked for, and differ in their last byte. As soon
 * as that has cost more than to hash all names once, they are hashed; from then on it
 * takes as long as the name that is looked for.
 *
 * What it costs is added up, in about instructions (budget.h). Plain C, on the stack of
 * who asks; any context.
 */
#ifndef L7MESH_FIELD_INDEX_H
#define L7MESH_FIELD_INDEX_H

#include "http/message.h"

#define FIELD_INDEX_HEADS	64

struct field_index {
	const struct message *m;	/* whole */
	u32 (*random)(void);		/* to be set before anything is looked for */
	int cost;			/* out: of all that was found, or not */

	/* private */
	bool built;
	u32 seed;
	u8 heads[FIELD_INDEX_HEADS];	/* place + 1 of a field; 0: none */
	u8 next[MESSAGE_FIELDS_MAX];	/* the same, of the next one: in their order */
};

/**
 * field_index_init() - Prepare to find fields
 * @index: index
 * @m: whole message
 *
 * Names are hashed with a random number, lest who sends a head could choose what collides.
 */
static inline void field_index_init(struct field_index *index,
				    const struct message *m)
{
	index->m = m;
	index->cost = 0;
	index->built = false;
}

/**
 * field_index_find() - The first field of a name, as message_find() finds it
 * @index: index
 * @name: field name, any case
 *
 * Return: the field or NULL.
 */
const struct message_field *field_index_find(struct field_index *index,
					     struct span name);

/**
 * field_index_next() - The next field of the same name
 * @index: index
 * @name: name
 * @f: the last one that was found
 */
const struct message_field *field_index_next(struct field_index *index,
					     struct span name,
					     const struct message_field *f);

#endif
