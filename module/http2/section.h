/* SPDX-License-Identifier: GPL-2.0 */
/*
 * section: heads and trailers of HTTP/2: blocks of fields that become messages, and
 * messages that become blocks. RFC 9113 8.1 to 8.5, RFC 8441, RFC 9110.
 *
 * Plain C: no kernel call, no allocation; any context. A message that was read here is
 * what http1_parse() would have made of the same request in HTTP/1: so everything that
 * looks at messages, and what writes them in HTTP/1, need not know. Nothing becomes part
 * of one that HTTP/1 could read in another way.
 *
 * What is refused beyond what RFC 9113 demands is what http1.h says for HTTP/1: a
 * repeated Content-Length in a request, schemes other than http and https, userinfo, '#'
 * and bytes above 0x7e in a path, an empty authority, CONNECT with a length; and a
 * request without any authority, and a Host that is not :authority.
 *
 * An error of a message is its stream's: the block is decoded to its end all the same. Of
 * such a message there is its error and nothing else: its text is used for what the table
 * is to have.
 */
#ifndef L7MESH_SECTION_H
#define L7MESH_SECTION_H

#include <linux/types.h>
#include "http/edit.h"
#include "http/message.h"
#include "http2/hpack.h"

enum section_kind {
	SECTION_HEAD,		/* of a request, or of a response, as the message says */
	SECTION_TRAILERS,
};

enum section_result {
	SECTION_MORE,		/* all of the input is used */
	SECTION_ROOM,		/* the message's text has to have room for ->need bytes */
	SECTION_DONE,
	SECTION_MALFORMED,	/* the stream's: PROTOCOL_ERROR; see message.error */
	SECTION_COMPRESSION,	/* the connection's: COMPRESSION_ERROR */
	SECTION_FLOOD,		/* the connection's: ENHANCE_YOUR_CALM */
};

struct section {
	u32 need;		/* after SECTION_ROOM */
	bool extended;		/* when done: a request by extended CONNECT (RFC 8441),
				 * which has become one that wants an upgrade, as in HTTP/1.
				 * Whoever does not grant that refuses it (501, say): it is
				 * no GET that could be answered otherwise. A 2xx is what
				 * grants it: none but our own goes back, so an endpoint's
				 * that did not switch becomes an error
				 */

	/* private */
	u8 kind;
	bool end_stream;
	bool extended_allowed;
	bool bad;
	bool had_field;		/* one without a colon */
	u8 had;			/* pseudo-fields, and others of which there is one */
	u16 cookies;		/* fields of this name that the message has */
	u16 protocol, protocol_len;
	u32 base;		/* in the text: where the next field's is put */
	u32 taken;		/* bytes of the block */
};

/**
 * section_begin() - Begin to read a block
 * @s: section
 * @d: the connection's decoder, which belongs to this block until section_end()
 * @m: after message_init(), with its limits: limits.head is for what its fields count,
 *	with 32 for each; text is what message_alloc() gave, or of any other owner
 * @kind: what it is
 * @end_stream: whether nothing comes behind it
 */
void section_begin(struct section *s, struct hpack_decoder *d, struct message *m,
		   enum section_kind kind, bool end_stream);

/* We have told the peer that we understand extended CONNECT. */
static inline void section_allow_extended(struct section *s)
{
	s->extended_allowed = true;
}

/* Nobody wants it: it is read for the decoder's sake, and is malformed. */
static inline void section_unwanted(struct section *s)
{
	s->bad = true;
}

/**
 * section_take() - Read the next bytes of a block
 * @s: section
 * @d: as for section_begin()
 * @m: as for section_begin(); its text may have moved
 * @in: bytes; those that were read are taken off
 *
 * Return: SECTION_MORE, SECTION_ROOM (message_reserve(), and call again), or an error of
 * the connection's.
 */
enum section_result section_take(struct section *s, struct hpack_decoder *d,
				 struct message *m, struct span *in);

/**
 * section_end() - The block is over
 * @s: section
 * @d: as for section_begin()
 * @m: as for section_begin()
 *
 * A request or a response is framed as http1.h has it; what has no length, and has not
 * ended with this block, is BODY_CHUNKED: its end is marked. What has ended is BODY_LENGTH
 * of 0 if it is a response, or a request of a method that may mean something by a body.
 *
 * Return: SECTION_ROOM (call again), SECTION_DONE, or an error.
 */
enum section_result section_end(struct section *s, struct hpack_decoder *d,
				struct message *m);

/**
 * section_may_extend() - Can a request's wish for an upgrade be an extended CONNECT?
 * @m: understood request of any version
 *
 * It can if it is a GET without a body that wishes for one protocol (RFC 8441 4). One that
 * came by extended CONNECT can, once it is read.
 *
 * Who writes it that way owes both sides what HTTP/1 has and extended CONNECT has not:
 * Sec-WebSocket-Key does not go on, and a client of HTTP/1 gets 101 and the
 * Sec-WebSocket-Accept of its key in the place of 200; an endpoint of HTTP/1 gets a key,
 * and what it accepts is checked and does not go back.
 */
bool section_may_extend(const struct message *m);

/* How a request goes on to its endpoint. */
struct section_ways {
	struct span scheme;		/* "http" or "https" */
	bool extended;			/* as extended CONNECT: the endpoint has allowed it, and
					 * section_may_extend()
					 */
	bool expect_answered;		/* 100-continue is not for the endpoint */
};

/* How many bytes any of the following may write, and need, of this edit. */
u32 section_written_max(const struct edit *e);

/**
 * section_write_request() - Write the block that the endpoint gets
 * @enc: of the connection, whose next block it is
 * @e: of an understood request of any version, after forward_edit()
 * @ways: how it goes on
 * @to: buffer
 * @size: of it, section_written_max() at least
 *
 * Fields of hops are left out, but "te: trailers"; Content-Length is generated. What came
 * as never indexed goes on as such, path and authority as well, as they are now.
 *
 * Return: bytes written, or -EINVAL: it cannot be extended, and nothing was written.
 */
int section_write_request(struct hpack_encoder *enc, const struct edit *e,
			  const struct section_ways *ways, char *to, u32 size);

/**
 * section_write_response() - Write the block that the client gets
 * @enc: as for section_write_request()
 * @e: of an understood response of any version
 * @status: of it, or 200 for what was 101
 * @framing: enum message_framing, as for head_write_response()
 * @to: buffer
 * @size: as for section_write_request()
 *
 * Return: bytes written.
 */
u32 section_write_response(struct hpack_encoder *enc, const struct edit *e, u16 status,
			   u8 framing, char *to, u32 size);

/**
 * section_write_reply() - Write the block of a response of the mesh's own
 * @enc: as for section_write_request()
 * @e: of no message: its fields
 * @status: what it says
 * @content_length: of its body, or -1: it says none
 * @to: buffer
 * @size: as for section_write_request()
 *
 * Return: bytes written.
 */
u32 section_write_reply(struct hpack_encoder *enc, const struct edit *e, u16 status,
			s64 content_length, char *to, u32 size);

/* The same of trailers: an edit of them, or of no message. */
u32 section_write_trailers(struct hpack_encoder *enc, const struct edit *e, char *to,
			   u32 size);

#endif
