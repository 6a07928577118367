// SPDX-License-Identifier: GPL-2.0
#include "http/header_op.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "http/edit.h"
#include "http/field_index.h"
#include "http/header_value.h"
#include "lib/budget.h"
#include "lib/text_hash.h"

bool header_name_changeable(struct span name)
{
	static const struct span fixed[] = {
		SPAN("host"), SPAN("connection"), SPAN("content-length"),
		SPAN("transfer-encoding"), SPAN("keep-alive"), SPAN("upgrade"),
		SPAN("proxy-connection"), SPAN("te"), SPAN("trailer"),
		SPAN("expect"),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (span_eq_nocase(name, fixed[i]))
			return false;
	return true;
}

/* An operation, and how long the value is that it adds; 0: it adds nothing. */
struct step {
	const struct header_op *op;
	u32 len;
	u32 hash;			/* of the name, see hash_name() */
	bool received;			/* ADD_IF_ABSENT: the message has such a field */
};

/* So many need no allocation. */
#define FEW_STEPS	16

/* So many names are rather compared than hashed. */
#define FEW_NAMES	4

/* All operations on a message, in the order in which they happen. */
struct operation {
	const struct header_context *context;
	struct edit *edit;		/* before them; after header_ops_apply() with them */
	struct step *steps;
	u32 n;
	u32 longest;			/* name of an operation */
	bool hashes;			/* they are so many that names are hashed */
	u32 seed;
	struct step few[FEW_STEPS];
};

/*
 * Every name is compared with many: those of operations may all be as long as those of
 * the head, and differ in their last byte.
 */
static u32 hash_name(const struct operation *o, struct span name)
{
	if (!o->hashes || name.len > o->longest)
		return 0;
	return text_hash_name(o->seed, name);
}

/* Whether an operation is one on fields of this name, which has this hash. */
static bool is_on(const struct step *step, struct span name, u32 hash)
{
	return step->hash == hash && span_eq_nocase(step->op->name, name);
}

static void append(struct operation *o, const struct header_op_list *level,
		   bool removals)
{
	const struct header_op *op;
	bool removes;
	u32 i;

	for (i = 0; i < level->n; i++) {
		op = &level->ops[i];
		removes = op->kind == HEADER_OP_REMOVE;
		if (removes != removals)
			continue;
		o->longest = max(o->longest, op->name.len);
		o->steps[o->n++] = (struct step){
			.op = op, .hash = hash_name(o, op->name),
		};
	}
}

/* Within a level, operations that remove come first, wherever they are listed. */
static int begin(struct operation *o, const struct header_op_list *const *levels,
		 u32 nlevels, u32 n, gfp_t gfp)
{
	u32 i;

	o->n = 0;
	o->longest = 0;
	o->hashes = n > FEW_NAMES;
	o->seed = o->hashes ? get_random_u32() : 0;
	o->steps = o->few;
	if (n > FEW_STEPS)
		o->steps = kmalloc_array(n, sizeof(*o->steps), gfp);
	if (!o->steps)
		return -ENOMEM;
	for (i = 0; i < nlevels; i++) {
		append(o, levels[i], true);
		append(o, levels[i], false);
	}
	return 0;
}

static void end(struct operation *o)
{
	if (o->steps != o->few)
		kfree(o->steps);
}

/* Does one of the operations from the @i-th on remove fields of this name? */
static bool is_dropped(const struct operation *o, u32 i, struct span name, u32 hash)
{
	u8 kind;

	for (; i < o->n; i++) {
		kind = o->steps[i].op->kind;
		if ((kind == HEADER_OP_SET || kind == HEADER_OP_REMOVE) &&
		    is_on(&o->steps[i], name, hash))
			return true;
	}
	return false;
}

static bool adds_if_absent(const struct step *step)
{
	return step->op->kind == HEADER_OP_ADD_IF_ABSENT;
}

static void note_received(struct operation *o, struct span name)
{
	u32 i, hash = hash_name(o, name);

	for (i = 0; i < o->n; i++)
		if (adds_if_absent(&o->steps[i]))
			o->steps[i].received |= is_on(&o->steps[i], name, hash);
}

static bool asks_for_absence(const struct operation *o)
{
	u32 i;

	for (i = 0; i < o->n; i++)
		if (adds_if_absent(&o->steps[i]))
			return true;
	return false;
}

/* Does a received field go on as it is? */
static bool goes_on(const struct edit *e, const struct message_field *f)
{
	return !f->hop && !edit_is_dropped(e, f);
}

/* Which fields are there. Each name is looked at once, whatever asks for it. */
static void look_at_fields(struct operation *o)
{
	const struct message *m = o->edit->m;
	const struct message_field *f;
	u32 i;

	if (!asks_for_absence(o))
		return;
	for (f = m->fields; f < message_end(m); f++)
		if (goes_on(o->edit, f))
			note_received(o, message_name(m, f));
	for (i = 0; i < o->edit->n; i++)
		if (o->edit->fields[i].name.len)
			note_received(o, o->edit->fields[i].name);
}

/* Is there a field of the name of the @i-th operation when its turn comes? */
static bool is_present(const struct operation *o, u32 i)
{
	const struct step *step = &o->steps[i];

	while (i--) {
		if (!is_on(&o->steps[i], step->op->name, step->hash))
			continue;
		if (o->steps[i].len)
			return true;
		/* Nothing is left of those before. What added nothing changes nothing. */
		if (o->steps[i].op->kind == HEADER_OP_REMOVE ||
		    o->steps[i].op->kind == HEADER_OP_SET)
			return false;
	}
	return step->received;
}

/* Length of the value that the @i-th operation adds, unless a later one removes it. */
static u32 added_len(const struct operation *o, u32 i)
{
	const struct header_op *op = o->steps[i].op;

	if (op->kind == HEADER_OP_REMOVE ||
	    is_dropped(o, i + 1, op->name, o->steps[i].hash))
		return 0;
	if (adds_if_absent(&o->steps[i]) && is_present(o, i))
		return 0;
	return header_value_put(op->value, o->context, NULL);
}

/*
 * Variables take their time: what each adds is reckoned once, and written once. All of
 * it is no more than a head may be: a client chooses how long its fields are. Not that
 * it could choose which operations are done: more is -EMSGSIZE, and none of them is.
 *
 * Returns how long all values are together.
 */
static int reckon(struct operation *o)
{
	u32 i, value, values = 0, len = 0;

	for (i = 0; i < o->n; i++) {
		value = added_len(o, i);
		o->steps[i].len = value;
		if (!value)
			continue;
		if (value > MESSAGE_HEAD_MAX)
			return -EMSGSIZE;
		values += value;
		len += o->steps[i].op->name.len + 4 + value;
		if (len > MESSAGE_HEAD_MAX)
			return -EMSGSIZE;
	}
	return values;
}

static bool drops(const struct operation *o, struct span name)
{
	return is_dropped(o, 0, name, hash_name(o, name));
}

static void drop_fields(const struct operation *o)
{
	struct edit *e = o->edit;
	const struct message *m = e->m;
	const struct message_field *f;
	u32 i;

	for (f = m->fields; f < message_end(m); f++)
		if (goes_on(e, f) && drops(o, message_name(m, f)))
			edit_drop(e, f);
	for (i = 0; i < e->n; i++)
		if (e->fields[i].name.len && drops(o, e->fields[i].name))
			e->fields[i].name.len = 0;
}

/* @text has room for all values. */
static void add_fields(const struct operation *o, char *text)
{
	struct edit *e = o->edit;
	const struct step *step;

	e->late = e->n;
	for (step = o->steps; step < o->steps + o->n; step++) {
		if (!step->len)
			continue;
		header_value_put(step->op->value, o->context, text);
		edit_add(e, step->op->name, (struct span){ text, step->len });
		text += step->len;
	}
}

static int apply(struct operation *o)
{
	char *text = NULL;
	int values;

	look_at_fields(o);
	values = reckon(o);
	if (values < 0)
		return values;
	if (edit_reserve(o->edit, o->n))
		return -ENOMEM;
	if (values)
		text = edit_text(o->edit, values);
	if (values && !text)
		return -ENOMEM;
	drop_fields(o);
	add_fields(o, text);
	return 0;
}

/* Each is compared with all fields, and with the other operations. */
#define COST_OP		(COST_FIELD * (MESSAGE_FIELDS_MAX + 64))
#define COST_VARIABLE	500

u32 header_ops_cost(const struct header_op_list *list)
{
	u32 i, cost = list->n * COST_OP;

	for (i = 0; i < list->n; i++)
		cost += header_value_variables(list->ops[i].value) * COST_VARIABLE;
	return cost;
}

static void begin_index(struct field_index *index, const struct message *m)
{
	field_index_init(index, m);
	index->random = get_random_u32;
}

int header_ops_apply(const struct header_op_list *const *levels, u32 nlevels,
		     const struct header_context *context, struct edit *edit)
{
	struct field_index request, response;
	struct header_context own = *context;
	struct operation o;
	u32 i, n = 0;
	int err;

	for (i = 0; i < nlevels; i++)
		n += levels[i]->n;
	if (!n)
		return 0;
	begin_index(&request, context->request);
	own.request_fields = &request;
	if (context->response)
		begin_index(&response, context->response);
	own.response_fields = &response;
	o.context = &own;
	o.edit = edit;
	err = begin(&o, levels, nlevels, n, edit->gfp);
	if (err)
		return err;
	err = apply(&o);
	end(&o);
	return err;
}
