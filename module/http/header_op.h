/* SPDX-License-Identifier: GPL-2.0 */
/*
 * header_op: what routes do to the fields of requests and responses.
 *
 * Operations apply to a message as it would be sent without them, so also to what the
 * mesh adds itself. In Envoy's order (HttpConnectionManager, "Custom request/response
 * headers"): the weighted cluster's first, then the route's, then the virtual host's,
 * so that the latter have the last word; of each level first those that remove, then
 * the others as they are listed. All of them are done, or none: where they would add
 * more than a head may be (MESSAGE_HEAD_MAX) the message is to be refused.
 *
 * Any context; nothing sleeps.
 */
#ifndef L7MESH_HEADER_OP_H
#define L7MESH_HEADER_OP_H

#include <linux/types.h>
#include "lib/span.h"

struct edit;
struct header_context;

enum header_op_kind {
	HEADER_OP_SET,			/* in place of any of the name */
	HEADER_OP_ADD,			/* besides them */
	HEADER_OP_ADD_IF_ABSENT,	/* if there is none */
	HEADER_OP_REMOVE,
};

struct header_op {
	struct span name;
	struct span value;		/* see header_value.h */
	u8 kind;			/* enum header_op_kind */
};

struct header_op_list {
	const struct header_op *ops;
	u32 n;
};

/* What is done to the two heads of an exchange. */
struct header_edit {
	struct header_op_list request;
	struct header_op_list response;
};

/**
 * header_name_changeable() - May operations have this name?
 * @name: a field's name
 *
 * Not what frames a message, what is for one hop only, or Host: for that there is
 * the rewrite of a route.
 */
bool header_name_changeable(struct span name);

/**
 * header_ops_cost() - What a list of operations costs at most
 * @list: list
 *
 * Return: about instructions, as in budget.h, of a head with as many fields as it may
 * have.
 */
u32 header_ops_cost(const struct header_op_list *list);

/**
 * header_ops_apply() - Change a message that is about to be sent
 * @levels: lists of operations, the first being done first
 * @nlevels: how many
 * @context: what their variables are about
 * @edit: what is changed in the message besides, which they are done to as well; what
 *	they do is added to it
 *
 * Return: 0, or -ENOMEM or -EMSGSIZE: then none of them is done.
 */
int header_ops_apply(const struct header_op_list *const *levels, u32 nlevels,
		     const struct header_context *context, struct edit *edit);

#endif
