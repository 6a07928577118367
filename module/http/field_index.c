// SPDX-License-Identifier: GPL-2.0
#include "http/field_index.h"

#include "lib/budget.h"
#include "lib/text_hash.h"

/* So much may be spent on looking through names before they are hashed. */
#define PATIENCE	4000

static u32 hash_name(struct field_index *index, struct span name)
{
	index->cost += COST_FIELD + name.len * COST_MATCH_BYTE;
	return text_hash_name(index->seed, name) % FIELD_INDEX_HEADS;
}

/* From the last to the first, so that each head leads to the first. */
static void build(struct field_index *index)
{
	const struct message *m = index->m;
	u32 i = m->nfields;

	memset(index->heads, 0, sizeof(index->heads));
	index->seed = index->random();
	index->built = true;
	while (i--) {
		u8 *head = &index->heads[hash_name(index,
						   message_name(m, &m->fields[i]))];

		index->next[i] = *head;
		*head = i + 1;
	}
}

static bool is_called(struct field_index *index, const struct message_field *f,
		      struct span name)
{
	if (f->name_len != name.len)
		return false;
	index->cost += name.len * COST_SAME_BYTE;
	return span_eq_nocase(message_name(index->m, f), name);
}

/* The first of those at @place, which is one more than a field's, or 0. */
static const struct message_field *find_hashed(struct field_index *index,
					       struct span name, u8 place)
{
	for (; place; place = index->next[place - 1]) {
		index->cost += COST_FIELD;
		if (is_called(index, &index->m->fields[place - 1], name))
			return &index->m->fields[place - 1];
	}
	return NULL;
}

/* The first of them from @f on. */
static const struct message_field *look_through(struct field_index *index,
						struct span name,
						const struct message_field *f)
{
	const struct message_field *end = message_end(index->m);

	index->cost += (end - f) * COST_FIELD;
	for (; f < end; f++)
		if (is_called(index, f, name))
			return f;
	return NULL;
}

const struct message_field *field_index_find(struct field_index *index,
					     struct span name)
{
	if (!index->built && index->cost > PATIENCE)
		build(index);
	if (index->built)
		return find_hashed(index, name,
				   index->heads[hash_name(index, name)]);
	return look_through(index, name, index->m->fields);
}

const struct message_field *field_index_next(struct field_index *index,
					     struct span name,
					     const struct message_field *f)
{
	if (index->built)
		return find_hashed(index, name,
				   index->next[f - index->m->fields]);
	return look_through(index, name, f + 1);
}
