/* SPDX-License-Identifier: GPL-2.0 */
/*
 * grpc: what gRPC says in HTTP's fields and bodies, and how Envoy translates between the
 * two. Sources: gRPC's PROTOCOL-HTTP2.md, statuscodes.md, http-grpc-status-mapping.md;
 * Envoy's source/common/grpc.
 *
 * Plain C: no kernel call, no allocation; any context. Texts are the caller's.
 */
#ifndef L7MESH_GRPC_H
#define L7MESH_GRPC_H

#include <linux/types.h>
#include "lib/span.h"

enum grpc_status {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED,
	GRPC_STATUSES,
	GRPC_NO_STATUS = 0xff,		/* none was said, or no number */
};

/* Does a content-type say that it is gRPC? gRPC-Web is not: that is HTTP. */
bool grpc_content_type(struct span value);

/**
 * grpc_path() - Which method of which service a request calls
 * @path: of a request, without query
 * @service: out: with its package
 * @method: out
 *
 * Return: false if it is no such path.
 */
bool grpc_path(struct span path, struct span *service, struct span *method);

/* What a grpc-status says: enum grpc_status; one that nobody knows is GRPC_UNKNOWN. */
u8 grpc_status_parse(struct span value);

/* The name of a status, as in options and counters: "deadline-exceeded". */
struct span grpc_status_name(enum grpc_status status);

/* The status of a name, in any case; or GRPC_NO_STATUS. */
u8 grpc_status_named(struct span name);

/* What a client of gRPC is told in the place of an answer of HTTP's, of this status. */
enum grpc_status grpc_status_of_http(u16 status);

/* What a status counts as where only HTTP's are known: outliers, retries. */
u16 grpc_http_of_status(enum grpc_status status);

/**
 * grpc_timeout_parse() - How long a client waits
 * @value: of grpc-timeout
 * @ms: out: rounded up, so that only 0 is 0; U32_MAX at most
 *
 * Return: false if it is malformed.
 */
bool grpc_timeout_parse(struct span value, u32 *ms);

#define GRPC_TIMEOUT_LEN	9

/* Writes it, as exactly as eight digits can; rounded down. Returns what is behind it. */
char *grpc_timeout_write(char *to, u32 ms);

/* Of a grpc-message of @len bytes, at most. */
#define GRPC_MESSAGE_MAX(len)	(3 * (len))

/* Writes the value of grpc-message. Returns what is behind it. */
char *grpc_message_write(char *to, struct span text);

/* ---- messages in a body ---- */

#define GRPC_PREFIX_LEN		5

/* Messages that have begun in what was looked at; zeroed, a body begins. */
struct grpc_messages {
	u64 n;
	u32 left;			/* bytes that the last one has to come */
	u8 had;				/* bytes of the next one's prefix */
	u8 prefix[GRPC_PREFIX_LEN];
};

/* The next bytes of the body. Time grows with messages, not with bytes. */
void grpc_messages_next(struct grpc_messages *m, const char *data, u32 len);

/* As many bytes of a message passed, unseen: @m->left at most. */
static inline void grpc_messages_passed(struct grpc_messages *m, u32 len)
{
	m->left -= len;
}

/* Writes the prefix of a message of @len bytes, which is not compressed. */
char *grpc_prefix_write(char *to, u32 len);

#endif
