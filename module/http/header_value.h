/* SPDX-License-Identifier: GPL-2.0 */
/*
 * header_value: what an operator writes as a field's value, with variables.
 *
 * The names are those of Envoy's command operators:
 *
 *	%%					a percent sign
 *	%DOWNSTREAM_REMOTE_ADDRESS%		the client's address and port
 *	%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%
 *	%DOWNSTREAM_LOCAL_ADDRESS%		what it connected to
 *	%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%
 *	%DOWNSTREAM_LOCAL_PORT%
 *	%UPSTREAM_REMOTE_ADDRESS%		the endpoint
 *	%UPSTREAM_CLUSTER%			its cluster
 *	%PROTOCOL%				"HTTP/1.1", of the request
 *	%REQ(NAME)%				a field of the request; with NAME
 *						x-request-id the one that was added
 *	%RESP(NAME)%				a field of the response
 *	%RESPONSE_CODE%
 *
 * The last two are for responses. What is not there is nothing, and a field with
 * nothing in it is not added (Envoy's keep_empty_value, false). Any context.
 */
#ifndef L7MESH_HEADER_VALUE_H
#define L7MESH_HEADER_VALUE_H

#include "http/message.h"
#include "lib/address.h"

/* What variables are about. */
struct header_context {
	const struct address *client;	/* whatever its port says, ... */
	__be16 client_port;		/* ... this is it */
	const struct address *original;	/* what it connected to */
	const struct address *upstream;	/* NULL: none */
	struct span cluster;
	const struct message *request;
	const struct message *response;	/* NULL: none, or the mesh's own */
	u16 status;			/* of a response */
	const u64 *ident;		/* of the request; NULL: none is added */

	/* of header_ops_apply() */
	struct field_index *request_fields;
	struct field_index *response_fields;
};

/**
 * header_value_check() - Is every variable one that there is?
 * @value: text
 * @response: of a response
 *
 * Return: NULL, or why not.
 */
const char *header_value_check(struct span value, bool response);

/**
 * header_value_variables() - How many variables a value has
 * @value: one that was checked
 */
u32 header_value_variables(struct span value);

/**
 * header_value_put() - Write a value
 * @value: one that was checked
 * @context: what it is about
 * @to: where there is room for it, or NULL: only count
 *
 * Return: how many bytes it takes.
 */
u32 header_value_put(struct span value, const struct header_context *context,
		     char *to);

#endif
