/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http1: reads HTTP/1.x heads and chunked bodies. RFC 9110, RFC 9112.
 *
 * Plain C: no kernel call, no allocation, no recursion; any context. It reads
 * untrusted bytes: every length is checked, nothing outside [buf, buf + len) is
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
 * A head is parsed from a contiguous buffer that only grows: call http1_parse()
 * again with the same buffer and a larger len until it does not say MORE.
 * Positions are offsets, so the buffer may move between calls. Feeding the bytes
 * in any split gives the same result.
 */
#ifndef L7MESH_HTTP1_H
#define L7MESH_HTTP1_H

#include <linux/types.h>
#include "lib/span.h"

/* What no limit of a parser's own may exceed. */
#define HTTP1_FIELDS_MAX	100
#define HTTP1_HEAD_MAX		(60 * 1024)	/* head, with its blank line */
#define HTTP1_TARGET_MAX	8192		/* more is 414 */

#define HTTP1_CHUNK_LINE_MAX	256		/* a chunk's size with extensions */
#define HTTP1_TRAILER_MAX	8192		/* all trailer fields together */

enum http1_result {
	HTTP1_MORE,		/* need more bytes */
	HTTP1_DONE,
	HTTP1_ERROR,		/* see parser->error */
};

/* Why a message is refused. Requests: the status it deserves. */
enum http1_error {
	HTTP1_OK,
	HTTP1_BAD_REQUEST,	/* 400 */
	HTTP1_URI_TOO_LONG,	/* 414 */
	HTTP1_HEAD_TOO_LARGE,	/* 431 */
	HTTP1_TOO_MANY_FIELDS,	/* 431: fields, or options of Connection */
	HTTP1_NOT_IMPLEMENTED,	/* 501: a transfer coding other than chunked */
	HTTP1_VERSION,		/* 505 */
	HTTP1_BAD_RESPONSE,	/* a response: 502 */
};

/* How the length of a body is known. RFC 9112 6.3. */
enum http1_framing {
	HTTP1_BODY_NONE,
	HTTP1_BODY_LENGTH,	/* content_length, which may be 0 */
	HTTP1_BODY_CHUNKED,
	HTTP1_BODY_UNTIL_CLOSE,	/* responses only */
};

/* Fields that the engine treats by name. */
enum http1_name {
	HTTP1_OTHER,
	HTTP1_HOST,
	HTTP1_CONNECTION,
	HTTP1_CONTENT_LENGTH,
	HTTP1_TRANSFER_ENCODING,
	HTTP1_KEEP_ALIVE,
	HTTP1_PROXY_CONNECTION,
	HTTP1_TE,
	HTTP1_TRAILER,
	HTTP1_UPGRADE,
	HTTP1_EXPECT,
	HTTP1_X_REQUEST_ID,	/* from here on: see forward.h */
	HTTP1_FORWARDING = HTTP1_X_REQUEST_ID,
	HTTP1_X_FORWARDED_FOR,
	HTTP1_X_FORWARDED_HOST,
	HTTP1_X_FORWARDED_PROTO,
	HTTP1_FORWARDED,
	HTTP1_VIA,
	HTTP1_TRACEPARENT,
	HTTP1_TRACESTATE,
};

/* Limits of one message; http1_init() sets the largest. */
struct http1_limits {
	u32 head;		/* bytes, with the blank line */
	u16 target;		/* bytes */
	u16 fields;
};

struct http1_field {
	u16 name;		/* offset in the head */
	u16 name_len;
	u16 value;		/* offset; surrounding white space is not part. Of Host
				 * it is the authority, which an absolute target gives
				 * instead (RFC 9112 3.2.2)
				 */
	u16 value_len;
	u8 id;			/* enum http1_name */
	u8 hop;			/* hop-by-hop: not to be forwarded (RFC 9110 7.6.1),
				 * by its name or nominated by Connection. Host
				 * and Content-Length cannot be nominated away.
				 */
};

struct http1_parser {
	bool response;
	bool head_request;	/* response: it answers a HEAD ... */
	bool connect_request;	/* ... or a CONNECT; both, and limits, are set by
				 * the caller after http1_init()
				 */
	u8 state;		/* private to http1.c */
	u8 error;		/* enum http1_error */
	struct http1_limits limits;

	/* valid at HTTP1_DONE */
	u8 minor;		/* HTTP/1.minor */
	u8 framing;		/* enum http1_framing */
	bool keep_alive;	/* the sender wants the connection to persist */
	bool expect_continue;	/* request: Expect: 100-continue */
	bool connect;		/* request: CONNECT; it has an authority and no path */
	bool odd;		/* not as it would be generated: another version or form
				 * of target, white space, an empty line, ... False: but
				 * for what fields mean, it can be passed on as it is
				 */
	bool rooted;		/* request: the host's last dot was taken off it, see
				 * routing_check(); it is forwarded
				 */
	u16 status;		/* response */
	u16 nfields;
	u32 head_len;		/* up to and with the blank line */
	u64 content_length;
	u32 names;		/* a bit for each enum http1_name that fields have */

	/* offsets in the head */
	u16 method, method_len;
	u16 target, target_len;	/* as received */
	u16 path, path_len;
				/* of the target, without query; "*" for asterisk form.
				 * Length 0: CONNECT, or an absolute target without
				 * path, to be read and forwarded as "/" (of OPTIONS:
				 * as "*", RFC 9112 3.2.4)
				 */
	u16 query, query_len;	/* without '?'; length 0 if there is none; offset 0 if
				 * there is no '?' either
				 */
	u16 host, host_len;
				/* authority: of an absolute target, else the Host field's
				 * value; without port, IPv6 with brackets. Length 0:
				 * HTTP/1.0 without either
				 */
	u16 authority, authority_len;	/* as host, with its port, if any */
	u16 reason, reason_len;	/* response */
	u16 upgrade, upgrade_len;
				/* value of the one Upgrade field, if Connection
				 * says so (RFC 9110 7.8); else length 0
				 */

	u32 pos;		/* private: parsed up to here */
	u8 seen;		/* private to http1.c: what the head has had */
	struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* Names of fields that are for one hop only. RFC 9110 7.6.1. */
#define HTTP1_HOP_NAMES \
	(1u << HTTP1_CONNECTION | 1u << HTTP1_KEEP_ALIVE | \
	 1u << HTTP1_PROXY_CONNECTION | 1u << HTTP1_TE | \
	 1u << HTTP1_TRANSFER_ENCODING | 1u << HTTP1_UPGRADE)

/* No byte of a body follows. For a message that is understood. */
static inline bool http1_bodiless(const struct http1_parser *p)
{
	return p->framing == HTTP1_BODY_NONE ||
	       (p->framing == HTTP1_BODY_LENGTH && !p->content_length);
}

/**
 * http1_init() - Prepare for one message head
 * @p: parser
 * @response: false for a request
 */
void http1_init(struct http1_parser *p, bool response);

/**
 * http1_parse() - Parse as much of a head as there is
 * @p: parser after http1_init()
 * @buf: all bytes of the message so far, from its first
 * @len: how many; at most limits.head are looked at
 *
 * Empty lines before a request line are skipped (RFC 9112 2.2), and count as
 * part of head_len.
 *
 * Return: HTTP1_MORE, HTTP1_DONE (p->head_len bytes are the head, what follows is
 * body or the next message), or HTTP1_ERROR with p->error set: at the first byte
 * that cannot be, or at the end of the line that makes the message invalid (of
 * the head, for what is missing). Either is final: calling again changes
 * nothing.
 */
enum http1_result http1_parse(struct http1_parser *p, const char *buf, u32 len);

static inline struct span http1_span(const char *buf, u16 off, u16 len)
{
	return (struct span){ buf + off, len };
}

/**
 * http1_find() - The first field of a name
 * @p: parser at HTTP1_DONE
 * @buf: the head's bytes
 * @name: field name, any case
 *
 * Return: the field or NULL.
 */
const struct http1_field *http1_find(const struct http1_parser *p,
				     const char *buf, struct span name);

/* The first of them from @f on, which is one of the parser's or their end. */
const struct http1_field *http1_find_from(const struct http1_parser *p,
					  const char *buf, struct span name,
					  const struct http1_field *f);

/**
 * http1_status() - HTTP status to answer for an error
 * @error: enum http1_error
 *
 * Return: 400, 414, 431, 501 or 505; 502 for HTTP1_BAD_RESPONSE.
 */
u16 http1_status(enum http1_error error);

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

/*
 * Whether the next c->left bytes are a chunk's data: http1_chunk_next() says DATA of as
 * many of them as there are, and does not look at them.
 */
static inline bool http1_chunk_in_data(const struct http1_chunk *c)
{
	return c->left;
}

#endif
