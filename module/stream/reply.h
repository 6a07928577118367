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

/* What Envoy says who may not do what he asks for. */
#define REPLY_FORBIDDEN	SPAN("rbac: access denied")

struct reply {
	u16 status;
	struct span body;	/* p NULL: the reason phrase with a line end */
	const struct location *location;	/* redirects, or NULL */
	const struct field_list *fields;	/* more of them, or NULL */
	bool head_request;	/* the body is announced and not sent */
	const char *connection;	/* Connection field, or NULL */
	bool bare;		/* by reply_make() */
};

/* What a route does to a response of such a status. Returns 0, -ENOMEM or -EMSGSIZE. */
typedef int (*reply_editor)(void *who, u16 status, struct edit *e);

/**
 * reply_make() - Write a whole response
 * @r: what to say; afterwards, what was said
 * @edit: what else is to be edited
 * @who: its first argument
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * An edit may make a response too large. Then a bare 500 is written instead: @r->bare.
 *
 * Return: 0 or -ENOMEM.
 */
int reply_make(struct reply *r, reply_editor edit, void *who, gfp_t gfp,
	       struct out *out);

#endif
