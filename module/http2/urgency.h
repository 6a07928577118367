/* SPDX-License-Identifier: GPL-2.0 */
/*
 * urgency: which stream of a connection sends next. RFC 9218.
 *
 * Those of the lowest number are first. Of one number, those that are incremental take
 * turns, each as much as its owner gives it; another one keeps its turn until it has
 * nothing to send. A stream whose client has said nothing takes turns as well, as nobody
 * has said that what it gets is of no use before it is whole: a response that lasts for
 * hours must not keep all others waiting.
 *
 * Plain C; any context. Whoever has the connection owns its queue.
 */
#ifndef L7MESH_URGENCY_H
#define L7MESH_URGENCY_H

#include <linux/list.h>
#include <linux/types.h>
#include "lib/span.h"

#define URGENCY_LEVELS	8
#define URGENCY_DEFAULT	3

struct urgency {
	u8 level;
	bool incremental;
};

/* Of who has said nothing. */
#define URGENCY_UNSAID	((struct urgency){ URGENCY_DEFAULT, true })

/**
 * urgency_parse() - What a priority field says, or a PRIORITY_UPDATE
 * @value: a dictionary, RFC 8941 3.2
 *
 * What is unknown, or not as it should be, is as if it were not there. RFC 9218 4.
 *
 * Return: what it says, or what holds where it says nothing.
 */
struct urgency urgency_parse(struct span value);

struct urgency_entry {
	struct list_head list;	/* empty: it has nothing to send */
	struct urgency is;
};

struct urgency_queue {
	struct list_head levels[URGENCY_LEVELS];
	u8 busy;		/* a bit for each that is not empty */
};

void urgency_queue_init(struct urgency_queue *q);

static inline void urgency_entry_init(struct urgency_entry *e, struct urgency is)
{
	INIT_LIST_HEAD(&e->list);
	e->is = is;
}

static inline bool urgency_waits(const struct urgency_entry *e)
{
	return !list_empty(&e->list);
}

/* It has something to send; may be said again. */
void urgency_add(struct urgency_queue *q, struct urgency_entry *e);

/* It has nothing, or may not; may be said again. */
void urgency_remove(struct urgency_queue *q, struct urgency_entry *e);

/* It is to be this from now on. */
void urgency_change(struct urgency_queue *q, struct urgency_entry *e, struct urgency is);

/* Whose turn it is, or NULL. */
struct urgency_entry *urgency_next(const struct urgency_queue *q);

/* It has had its turn, and has more to send. */
void urgency_turn_over(struct urgency_queue *q, struct urgency_entry *e);

#endif
