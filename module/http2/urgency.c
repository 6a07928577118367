// SPDX-License-Identifier: GPL-2.0
#include "http2/urgency.h"

#include <linux/bitops.h>

/* ---- what clients say: a dictionary of structured fields, RFC 8941 ---- */

/* Up to the next @c, which is in no string; that is taken off as well. */
static struct span next_part(struct span *s, char c)
{
	struct span part = { s->p, 0 };
	bool quoted = false;

	for (; part.len < s->len && (quoted || s->p[part.len] != c); part.len++) {
		if (s->p[part.len] == '"')
			quoted = !quoted;
		else if (quoted && s->p[part.len] == '\\' && part.len + 1 < s->len)
			part.len++;
	}
	*s = span_from(*s, part.len < s->len ? part.len + 1 : part.len);
	return span_trim(part);
}

static void take_member(struct urgency *is, struct span member)
{
	/* Parameters mean nothing here. */
	struct span value = next_part(&member, ';');
	struct span key = next_part(&value, '=');

	if (span_eq(key, SPAN("u")) && value.len == 1 && value.p[0] >= '0' &&
	    value.p[0] < '0' + URGENCY_LEVELS)
		is->level = value.p[0] - '0';
	else if (span_eq(key, SPAN("i")) && (!value.len || span_eq(value, SPAN("?1"))))
		is->incremental = true;
	else if (span_eq(key, SPAN("i")) && span_eq(value, SPAN("?0")))
		is->incremental = false;
}

struct urgency urgency_parse(struct span value)
{
	struct urgency is = { URGENCY_DEFAULT, false };

	value = span_trim(value);
	if (!value.len)
		return URGENCY_UNSAID;
	while (value.len)
		take_member(&is, next_part(&value, ','));
	return is;
}

/* ---- whose turn it is ---- */

void urgency_queue_init(struct urgency_queue *q)
{
	u32 i;

	for (i = 0; i < URGENCY_LEVELS; i++)
		INIT_LIST_HEAD(&q->levels[i]);
	q->busy = 0;
}

void urgency_add(struct urgency_queue *q, struct urgency_entry *e)
{
	if (urgency_waits(e))
		return;
	list_add_tail(&e->list, &q->levels[e->is.level]);
	q->busy |= 1 << e->is.level;
}

void urgency_remove(struct urgency_queue *q, struct urgency_entry *e)
{
	list_del_init(&e->list);
	if (list_empty(&q->levels[e->is.level]))
		q->busy &= ~(1 << e->is.level);
}

void urgency_change(struct urgency_queue *q, struct urgency_entry *e, struct urgency is)
{
	bool waits = urgency_waits(e);

	if (waits)
		urgency_remove(q, e);
	e->is = is;
	if (waits)
		urgency_add(q, e);
}

struct urgency_entry *urgency_next(const struct urgency_queue *q)
{
	if (!q->busy)
		return NULL;
	return list_first_entry(&q->levels[__ffs(q->busy)], struct urgency_entry, list);
}

void urgency_turn_over(struct urgency_queue *q, struct urgency_entry *e)
{
	if (urgency_waits(e) && e->is.incremental)
		list_move_tail(&e->list, &q->levels[e->is.level]);
}
