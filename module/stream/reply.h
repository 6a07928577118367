/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reply: responses that the mesh itself gives.
 *
 * Any context; nothing sleeps.
 */
#ifndef L7MESH_REPLY_H
#define L7MESH_REPLY_H

#include "http/edit.h"
#include "http/field_list.h"
#include "lib/out_buffer.h"
#include "lib/span.h"
#include "route/rewrite.h"

struct reply {
	u16 status;
	struct span body;	/* p NULL: the reason phrase with a line end */
	const struct location *location;	/* redirects, or NULL */
	const struct field_list *fields;	/* more of them, or NULL */
	bool head_request;	/* the body is announced and not sent */
	const char *connection;	/* Connection field, or NULL */
};

/**
 * reply_edit() - The fields of a response
 * @r: what to say
 * @e: of no message; gets them
 *
 * Return: 0 or -ENOMEM.
 */
int reply_edit(const struct reply *r, struct edit *e);

/**
 * reply_write() - Write a whole response
 * @r: what to say
 * @e: with its fields
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int reply_write(const struct reply *r, const struct edit *e, struct out *out);

#endif
