// SPDX-License-Identifier: GPL-2.0
#include "http/header_op.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "http/field_index.h"
#include "http/header_value.h"
#include "http1/writer.h"
#include "lib/budget.h"
#include "lib/out_buffer.h"
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
	bool received;			/* ADD_IF_ABSENT: the head has such a field */
};

/* So many need no allocation. */
#define FEW_STEPS	16

/* So many names are rather compared than hashed. */
#define FEW_NAMES	4

/* All operations on a head, in the order in which they happen. */
struct edit {
	const struct header_context *context;
	struct span lines;		/* the fields, as they are */
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
static u32 hash_name(const struct edit *e, struct span name)
{
	if (!e->hashes || name.len > e->longest)
		return 0;
	return text_hash_name(e->seed, name);
}

/* Whether an operation is one on fields of this name, which has this hash. */
static bool is_on(const struct step *step, struct span name, u32 hash)
{
	return step->hash == hash && span_eq_nocase(step->op->name, name);
}

static void append(struct edit *e, const struct header_op_list *level,
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
		e->longest = max(e->longest, op->name.len);
		e->steps[e->n++] = (struct step){
			.op = op, .hash = hash_name(e, op->name),
		};
	}
}

/* Within a level, operations that remove come first, wherever they are listed. */
static int begin(struct edit *e, const struct header_op_list *const *levels,
		 u32 nlevels, u32 n, gfp_t gfp)
{
	u32 i;

	e->n = 0;
	e->longest = 0;
	e->hashes = n > FEW_NAMES;
	e->seed = e->hashes ? get_random_u32() : 0;
	e->steps = e->few;
	if (n > FEW_STEPS)
		e->steps = kmalloc_array(n, sizeof(*e->steps), gfp);
	if (!e->steps)
		return -ENOMEM;
	for (i = 0; i < nlevels; i++) {
		append(e, levels[i], true);
		append(e, levels[i], false);
	}
	return 0;
}

static void end(struct edit *e)
{
	if (e->steps != e->few)
		kfree(e->steps);
}

/* Does one of the operations from the @i-th on remove fields of this name? */
static bool is_dropped(const struct edit *e, u32 i, struct span name, u32 hash)
{
	u8 kind;

	for (; i < e->n; i++) {
		kind = e->steps[i].op->kind;
		if ((kind == HEADER_OP_SET || kind == HEADER_OP_REMOVE) &&
		    is_on(&e->steps[i], name, hash))
			return true;
	}
	return false;
}

/* The next line without its CRLF; false at the blank one. */
static bool next_line(struct span *lines, struct span *line)
{
	const char *end = memchr(lines->p, '\r', lines->len);

	*line = (struct span){ lines->p, end - lines->p };
	*lines = span_from(*lines, line->len + 2);
	return line->len;
}

static struct span name_of(struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);

	return (struct span){ line.p, colon - line.p };
}

static bool adds_if_absent(const struct step *step)
{
	return step->op->kind == HEADER_OP_ADD_IF_ABSENT;
}

static void note_received(struct edit *e, struct span name)
{
	u32 i, hash = hash_name(e, name);

	for (i = 0; i < e->n; i++)
		if (adds_if_absent(&e->steps[i]))
			e->steps[i].received |= is_on(&e->steps[i], name, hash);
}

/* Which fields are there. Each name is looked at once, whatever asks for it. */
static void look_at_lines(struct edit *e)
{
	struct span lines = e->lines, line;
	bool asked = false;
	u32 i;

	for (i = 0; i < e->n; i++)
		asked |= adds_if_absent(&e->steps[i]);
	while (asked && next_line(&lines, &line))
		note_received(e, name_of(line));
}

/* Is there a field of the name of the @i-th operation when its turn comes? */
static bool is_present(const struct edit *e, u32 i)
{
	const struct step *step = &e->steps[i];

	while (i--) {
		if (!is_on(&e->steps[i], step->op->name, step->hash))
			continue;
		if (e->steps[i].len)
			return true;
		/* Nothing is left of those before. What added nothing changes nothing. */
		if (e->steps[i].op->kind == HEADER_OP_REMOVE ||
		    e->steps[i].op->kind == HEADER_OP_SET)
			return false;
	}
	return step->received;
}

/* Length of the value that the @i-th operation adds, unless a later one removes it. */
static u32 added_len(const struct edit *e, u32 i)
{
	const struct header_op *op = e->steps[i].op;

	if (op->kind == HEADER_OP_REMOVE ||
	    is_dropped(e, i + 1, op->name, e->steps[i].hash))
		return 0;
	if (adds_if_absent(&e->steps[i]) && is_present(e, i))
		return 0;
	return header_value_put(op->value, e->context, NULL);
}

/*
 * Variables take their time: what each adds is reckoned once, and written once. All of
 * it is no more than a head may be: a client chooses how long its fields are. Not that
 * it could choose which operations are done: more is -EMSGSIZE, and none of them is.
 */
static int reckon(struct edit *e)
{
	u32 i, value, len = 0;

	for (i = 0; i < e->n; i++) {
		value = added_len(e, i);
		e->steps[i].len = value;
		if (!value)
			continue;
		if (value > MESSAGE_HEAD_MAX)
			return -EMSGSIZE;
		len += e->steps[i].op->name.len + 4 + value;
		if (len > MESSAGE_HEAD_MAX)
			return -EMSGSIZE;
	}
	return len;
}

static void write_fields(const struct edit *e, struct writer *w)
{
	struct span lines = e->lines, line, name;
	u32 i;

	while (next_line(&lines, &line)) {
		name = name_of(line);
		if (is_dropped(e, 0, name, hash_name(e, name)))
			continue;
		writer_put(w, (struct span){ line.p, line.len + 2 });
	}
	for (i = 0; i < e->n; i++) {
		if (!e->steps[i].len)
			continue;
		writer_put(w, e->steps[i].op->name);
		writer_put(w, SPAN(": "));
		header_value_put(e->steps[i].op->value, e->context, w);
		writer_put(w, SPAN("\r\n"));
	}
	writer_put(w, SPAN("\r\n"));
	writer_put(w, lines);
}

static int rewrite(struct edit *e, gfp_t gfp, struct out *out)
{
	struct span first;
	struct writer w;
	int added;

	e->lines = (struct span){ out->data, out->len };
	next_line(&e->lines, &first);
	look_at_lines(e);
	added = reckon(e);
	if (added < 0)
		return added;
	if (writer_init(&w, out->len + added, gfp))
		return -ENOMEM;
	writer_put(&w, (struct span){ first.p, first.len + 2 });
	write_fields(e, &w);
	out_clear(out);
	return writer_finish(&w, out);
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
		     const struct header_context *context, gfp_t gfp,
		     struct out *out)
{
	struct field_index request, response;
	struct header_context own = *context;
	struct edit e;
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
	e.context = &own;
	err = begin(&e, levels, nlevels, n, gfp);
	if (err)
		return err;
	err = rewrite(&e, gfp, out);
	end(&e);
	return err;
}
