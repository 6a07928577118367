/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http1: reads HTTP/1.x heads and chunked bodies. RFC 9110, RFC 9112.
 *
 * Plain C: no kernel call, no allocation, no recursion; any context. It reads
 * untrusted bytes: every length is checked, nothing outside of the text is
 * touched, and every input ends in DONE, MORE or an error.
 *
 * What it refuses beyond what RFC 9112 demands, because no sane sender does it
 * and it is how requests are smuggled: any Transfer-Encoding but one "chunked",
 * a repeated Content-Length, in a request even of equal values, Content-Length
 * together with Transfer-Encoding even in a response, white space around the size of
 * a request's chunk, userinfo and schemes other than http and https in a target, '#' and bytes
 * above 0x7e in a target, empty Host, CONNECT with a body. What it lets pass
 * beyond, of responses alone, as what follows cannot be mistaken: a status line that
 * ends behind the code; the same Content-Length once more, flagged not to be
 * forwarded; a length or a coding in a 204, or a coding in a 304, flagged
 * not to be forwarded, after which nothing more is read from who sent it;
 * "Content-Length: 0" in a 1xx, flagged as well; chunk extensions that are none, and
 * white space behind a chunk's size.
 *
 * A head is parsed from a contiguous text that only grows: call http1_parse()
 * again with more of it until it does not say MORE. The text may move between calls.
 * Feeding the bytes in any split gives the same result.
 */
#ifndef L7MESH_HTTP1_H
#define L7MESH_HTTP1_H

#include <linux/types.h>
#include "http/message.h"

#define HTTP1_CHUNK_LINE_MAX	256		/* a chunk's size with extensions */
#define HTTP1_TRAILER_MAX	8192		/* all trailer fields together */

enum http1_result {
	HTTP1_MORE,		/* need more bytes */
	HTTP1_DONE,
	HTTP1_ERROR,		/* see message.error */
};

/**
 * http1_init() - Prepare for one message head
 * @m: as of message_init()
 * @response: as there
 */
void http1_init(struct message *m, bool response);

/**
 * http1_parse() - Parse as much of a head as there is
 * @m: message after http1_init(); its text is all that has come of it so far, from its
 *	first byte on, of which at most limits.head are looked at
 *
 * Empty lines before a request line are skipped (RFC 9112 2.2), and are a part of the
 * head.
 *
 * Return: HTTP1_MORE, HTTP1_DONE (@m->len bytes are the head, what follows is
 * body or the next message), or HTTP1_ERROR with @m->error set: at the first byte
 * that cannot be, or at the end of the line that makes the message invalid (of
 * the head, for what is missing). Either is final: calling again changes
 * nothing.
 */
enum http1_result http1_parse(struct message *m);

/* What http1_chunk_next() found at the start of its input. */
enum http1_chunk_event {
	HTTP1_CHUNK_MORE,	/* all of it consumed, nothing to forward yet */
	HTTP1_CHUNK_SIZE,	/* a chunk of chunk->size bytes (not 0) begins */
	HTTP1_CHUNK_DATA,	/* *used bytes of chunk data: forward them */
	HTTP1_CHUNK_END,	/* a chunk's data and line end are complete */
	HTTP1_CHUNK_LAST,	/* the last chunk's size line is complete: trailers follow */
	HTTP1_CHUNK_TRAILER,	/* *used bytes of trailer field lines: forward them */
	HTTP1_CHUNK_DONE,	/* the message is complete; what follows is not part of it */
	HTTP1_CHUNK_ERROR,
};

struct http1_chunk {
	u64 size;		/* of the current chunk */
	u64 left;		/* of its data; 0 outside of it */
	u32 line;		/* private: bytes of the current line, or of trailers */
	bool lenient;		/* private */
	u8 state;		/* private */
	u8 name_len;		/* private */
	char name[20];		/* private: of the current trailer, as far as it fits */
};

/**
 * http1_chunk_init() - Prepare for one chunked body
 * @c: decoder
 * @lenient: of a response: extensions may be anything on one line, and there may be
 *	white space behind a size
 */
void http1_chunk_init(struct http1_chunk *c, bool lenient);

/**
 * http1_chunk_next() - Consume the next piece of a chunked body
 * @c: decoder
 * @buf: input
 * @len: its length, at least 1
 * @used: out: bytes consumed
 *
 * Call it until the input is used up or it says DONE or ERROR. DONE consumes the
 * final CRLF. Extensions are consumed and dropped.
 *
 * The bytes of all TRAILER events in order are whole field lines with their
 * CRLF, without the blank line; a single event may end anywhere in a line, as
 * nothing is buffered. Every byte of it is valid where it stands; whether a field
 * is allowed in trailers is known at its colon. So forward them as they come,
 * and on ERROR tear the connection down before the blank line is sent: the
 * message never becomes complete. The same goes for DATA.
 *
 * An ERROR is final. @used is then not to be relied on.
 *
 * Return: what the consumed bytes were.
 */
enum http1_chunk_event http1_chunk_next(struct http1_chunk *c, const char *buf,
					u32 len, u32 *used);

/* The longest that http1_chunk_write() writes: a size of 60 bits. */
#define HTTP1_CHUNK_WRITTEN_MAX	24

/**
 * http1_chunk_write() - Frame for the receiver what the decoder has found
 * @c: decoder
 * @event: what it has just said
 * @line: gets it, HTTP1_CHUNK_WRITTEN_MAX bytes
 *
 * Return: bytes written, 0 if what was found is itself to go on.
 */
u32 http1_chunk_write(const struct http1_chunk *c, enum http1_chunk_event event,
		      char *line);

/*
 * Whether the next c->left bytes are a chunk's data: http1_chunk_next() says DATA of as
 * many of them as there are, and does not look at them.
 */
static inline bool http1_chunk_in_data(const struct http1_chunk *c)
{
	return c->left;
}

#endif
