/* SPDX-License-Identifier: GPL-2.0 */
/*
 * head: HTTP/1 heads: gathered from a socket, and written anew for the other side.
 *
 * Whoever holds the lock of the connection owns its messages; any context.
 */
#ifndef L7MESH_HEAD_H
#define L7MESH_HEAD_H

#include <linux/skbuff.h>
#include "http/edit.h"
#include "http/message_memory.h"
#include "http1/http1.h"
#include "lib/out_buffer.h"

/**
 * head_alloc() - Begin a message that is read from HTTP/1
 * @response: false for a request
 * @gfp: how to allocate
 *
 * Return: a message to be freed with message_free(), or NULL.
 */
static inline struct message *head_alloc(bool response, gfp_t gfp)
{
	struct message *m = message_alloc(gfp);

	if (m)
		http1_init(m, response);
	return m;
}

/**
 * head_gather() - Take bytes of a received skb and parse
 * @m: message of head_alloc()
 * @skb: received
 * @off: first byte
 * @len: bytes there
 * @gfp: how to grow
 * @result: out: what the parser says
 *
 * Return: bytes that belong to the head and are consumed, or -ENOMEM with nothing
 * consumed: try again where one may sleep.
 */
int head_gather(struct message *m, struct sk_buff *skb, u32 off, u32 len,
		gfp_t gfp, enum http1_result *result);

/**
 * head_take() - The same of bytes that are not in an skb
 * @m: message of head_alloc()
 * @data: bytes
 * @len: how many, at least 1
 * @gfp: how to grow
 * @result: out: what the parser says
 *
 * Return: as head_gather().
 */
int head_take(struct message *m, const char *data, u32 len, gfp_t gfp,
	      enum http1_result *result);

/*
 * Can a request's head go on as it was received, but for fields that come besides? Not
 * if any is for one hop, or may have to be changed.
 */
static inline bool head_is_plain(const struct message *m)
{
	const u32 others = FIELDS_OF_HOP | 1u << FIELD_EXPECT |
			   ~((1u << FIELD_FORWARDING) - 1);

	return m->raw && !(m->names & others);
}

/* How a request goes on to its endpoint. */
struct head_ways {
	bool upgrade;			/* its wish is passed on */
	bool expect_answered;		/* 100-continue is not for the endpoint */
	bool close;			/* no request follows on the connection */
};

/**
 * head_write_request() - Write the head that the endpoint gets
 * @e: of an understood request, after forward_edit()
 * @ways: how it goes on
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Hop-by-hop fields are left out, framing is generated.
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_request(const struct edit *e, const struct head_ways *ways,
		       gfp_t gfp, struct out *out);

/**
 * head_extend_request() - Make the head that the endpoint gets of the one received
 * @e: as for head_write_request()
 * @ways: as there
 * @text: the head, and nothing else, as it was received
 * @size: of the buffer that it begins
 *
 * Return: its length now; 0 if it has to be written, or there is no room: what is
 * behind the head has changed then, and nothing else.
 */
u32 head_extend_request(const struct edit *e, const struct head_ways *ways,
			char *text, u32 size);

/**
 * head_write_response() - Write the head that the client gets
 * @e: of an understood response
 * @framing: enum message_framing, how the body is framed towards the client
 * @connection: value of the Connection field, or NULL for none; of a 101 it is
 *	"upgrade" in any case
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_response(const struct edit *e, u8 framing,
			const char *connection, gfp_t gfp, struct out *out);

/**
 * head_stays_response() - Whether a head would be written as it was received
 * @m: understood final response
 *
 * With the framing that it has, and without a Connection field.
 */
bool head_stays_response(const struct message *m);

/* A response of the mesh's own. */
struct head_reply {
	u16 status;
	u8 framing;			/* BODY_NONE, or BODY_LENGTH: it says ... */
	u32 content_length;		/* ... this, of a body that is sent or not */
	const char *reason;		/* phrase */
	const char *connection;		/* Connection field, or NULL */
	struct span body;		/* what of it is sent, ... */
	bool line;			/* ... and whether a line end comes behind that */
};

/**
 * head_write_reply() - Write a whole response of the mesh's own
 * @e: of no message: its fields
 * @r: what there is besides
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_reply(const struct edit *e, const struct head_reply *r, gfp_t gfp,
		     struct out *out);

/* Whole heads of the mesh's own: go on (RFC 9110 15.2.1), and the tunnel is open (9.3.6). */
#define HEAD_CONTINUE	SPAN("HTTP/1.1 100 Continue\r\n\r\n")
#define HEAD_TUNNEL	SPAN("HTTP/1.1 200 OK\r\n\r\n")

/* A request of the mesh's own, with nothing after it on its connection. */
struct head_get {
	struct span target;
	struct span host;
	struct span user_agent;
};

/**
 * head_write_get() - Write a GET of the mesh's own
 * @g: what it says
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_get(const struct head_get *g, gfp_t gfp, struct out *out);

/**
 * head_idle_seconds() - How long the endpoint keeps an idle connection
 * @m: understood response
 *
 * Return: N of "Keep-Alive: timeout=N" (RFC 2068 19.7.1.1), or U32_MAX.
 */
u32 head_idle_seconds(const struct message *m);

#endif
