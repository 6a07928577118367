/* SPDX-License-Identifier: GPL-2.0 */
/*
 * message: the head of a request or of a response, as it is understood: what routes,
 * policies and header operations look at, whichever version of HTTP it came by.
 *
 * A codec fills it (http1.h). All of its parts point into one text, its arena: positions
 * are offsets, so the text may move when it grows. How long a part is, and where, is
 * all that a codec has to say: nothing is copied or ended with a NUL.
 *
 * Plain C: no allocation (for that see message_memory.h); any context. Who has a message
 * owns it.
 */
#ifndef L7MESH_MESSAGE_H
#define L7MESH_MESSAGE_H

#include <linux/types.h>
#include "http/field_id.h"
#include "lib/span.h"

/* What no limit of a message's own may exceed. */
#define MESSAGE_FIELDS_MAX	100
#define MESSAGE_HEAD_MAX	(60 * 1024)
#define MESSAGE_TARGET_MAX	8192		/* more is 414 */

/* Why a message is refused. Requests: the status it deserves. */
enum message_error {
	MESSAGE_OK,
	MESSAGE_BAD_REQUEST,		/* 400 */
	MESSAGE_URI_TOO_LONG,		/* 414 */
	MESSAGE_HEAD_TOO_LARGE,		/* 431 */
	MESSAGE_TOO_MANY_FIELDS,	/* 431: fields, or options of Connection */
	MESSAGE_NOT_IMPLEMENTED,	/* 501: a transfer coding other than chunked */
	MESSAGE_VERSION,		/* 505 */
	MESSAGE_BAD_RESPONSE,		/* a response: 502 */
};

/* How the length of a body is known. */
enum message_framing {
	BODY_NONE,
	BODY_LENGTH,		/* content_length, which may be 0 */
	BODY_CHUNKED,		/* its end is marked, and trailers may come with it */
	BODY_UNTIL_CLOSE,	/* responses of HTTP/1 only */
};

/* Limits of one message; message_init() sets the largest. */
struct message_limits {
	u32 head;		/* bytes; of HTTP/1 with the blank line */
	u16 target;		/* bytes */
	u16 fields;
};

struct message_field {
	u16 name;		/* offset in the text */
	u16 name_len;
	u16 value;		/* offset; surrounding white space is not part. Of Host
				 * it is the authority, which an absolute target gives
				 * instead (RFC 9112 3.2.2)
				 */
	u16 value_len;
	u8 id;			/* enum field_id */
	u8 hop;			/* hop-by-hop: not to be forwarded (RFC 9110 7.6.1),
				 * by its name or nominated by Connection. Host
				 * and Content-Length cannot be nominated away.
				 */
	u16 origin;		/* in ->origins; 0: none */
};

/*
 * A table of fields that the sender keeps, as HPACK's: who has the message may tell a
 * writer that a field is an entry of it, instead of its bytes. Positions are low bits of
 * entries' numbers, with the highest bit set.
 */
struct message_origins {
	u64 table;		/* which: no other has ever had this; 0: none */
	u32 next;		/* number that the next entry was to have, behind the head */
};

#define MESSAGE_ORIGIN		0x8000

struct message {
	char *text;		/* that parts point into; see message_memory.h */
	u32 len;		/* bytes of it; once it is whole, all are the head's */
	u32 cap;

	/* set by who begins it; but for the first after message_init() */
	bool response;
	bool head_request;	/* response: it answers a HEAD ... */
	bool connect_request;	/* ... or a CONNECT */
	struct message_limits limits;

	u8 error;		/* enum message_error */

	/* valid when it is whole */
	u8 minor;		/* HTTP/1.minor; of another version as of what it is like */
	bool http2;		/* it came by that */
	u8 framing;		/* enum message_framing */
	bool keep_alive;	/* the sender wants the connection to persist */
	bool expect_continue;	/* request: Expect: 100-continue */
	bool connect;		/* request: CONNECT; it has an authority and no path */
	bool raw;		/* but for what fields mean, all of the text can be passed
				 * on in HTTP/1 as it is: it is as it would be written.
				 * Who changes a part says that it is not
				 */
	bool lines;		/* fields of the text are lines of HTTP/1 */
	bool rooted;		/* request: the host's last dot was taken off it, see
				 * routing_check(); it is forwarded
				 */
	u16 status;		/* response */
	u16 nfields;
	u64 content_length;
	u64 sensitive[(MESSAGE_FIELDS_MAX + 63) / 64];
				/* a bit for each field that no codec is to remember
				 * (RFC 7541 7.1.3); that of Host is the authority's
				 */
	bool path_sensitive;	/* request: the same of its path, with its query */
	u16 path_origin;	/* of both */
	struct message_origins origins;
	u32 names;		/* a bit for each enum field_id that fields have */

	/* offsets in the text */
	u16 method, method_len;
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

	/* private to the codec, while it reads */
	u8 state;
	u8 seen;		/* what the head has had */
	u16 target, target_len;	/* as received */
	u32 pos;		/* understood up to here */

	struct message_field fields[MESSAGE_FIELDS_MAX];
};

/**
 * message_init() - Begin without anything
 * @m: message, whose text, with its length, is the caller's to set
 * @response: false for a request
 */
void message_init(struct message *m, bool response);

/* A message without anything: what a response of the mesh's own is an edit of. */
extern const struct message message_none;

static inline struct span message_span(const struct message *m, u16 at, u16 len)
{
	return (struct span){ m->text + at, len };
}

static inline struct span message_name(const struct message *m,
				       const struct message_field *f)
{
	return message_span(m, f->name, f->name_len);
}

static inline struct span message_value(const struct message *m,
					const struct message_field *f)
{
	return message_span(m, f->value, f->value_len);
}

static inline bool message_is_sensitive(const struct message *m, u32 i)
{
	return m->sensitive[i / 64] >> i % 64 & 1;
}

static inline void message_set_sensitive(struct message *m, u32 i, bool is)
{
	u64 bit = 1ULL << i % 64;

	m->sensitive[i / 64] = is ? m->sensitive[i / 64] | bit : m->sensitive[i / 64] & ~bit;
}

/* Field @from stands at @to, which is not behind it. */
static inline void message_move(struct message *m, u32 to, u32 from)
{
	if (to == from)
		return;
	m->fields[to] = m->fields[from];
	message_set_sensitive(m, to, message_is_sensitive(m, from));
}

/* The number of the entry that an origin is. */
static inline u32 message_origin(const struct message *m, u16 origin)
{
	u32 newest = m->origins.next - 1;

	return newest - ((newest - origin) & (MESSAGE_ORIGIN - 1));
}

/* Behind the last field. */
static inline const struct message_field *message_end(const struct message *m)
{
	return m->fields + m->nfields;
}

/* RFC 9110 9.2.2, of the methods that we know. */
bool message_method_idempotent(struct span method);

/* Of a request. */
static inline struct span message_method(const struct message *m)
{
	return message_span(m, m->method, m->method_len);
}

static inline struct span message_path(const struct message *m)
{
	return message_span(m, m->path, m->path_len);
}

static inline struct span message_query(const struct message *m)
{
	return message_span(m, m->query, m->query_len);
}

static inline struct span message_host(const struct message *m)
{
	return message_span(m, m->host, m->host_len);
}

static inline struct span message_authority(const struct message *m)
{
	return message_span(m, m->authority, m->authority_len);
}

/* Length 0 if it asks for none, or agrees to none. */
static inline struct span message_upgrade(const struct message *m)
{
	return message_span(m, m->upgrade, m->upgrade_len);
}

/* No byte of a body follows. For a message that is understood. */
static inline bool message_bodiless(const struct message *m)
{
	return m->framing == BODY_NONE ||
	       (m->framing == BODY_LENGTH && !m->content_length);
}

/**
 * message_find() - The first field of a name
 * @m: whole message
 * @name: field name, any case
 *
 * Return: the field or NULL.
 */
const struct message_field *message_find(const struct message *m,
					 struct span name);

/* The first of them from @f on, which is one of the message's or their end. */
const struct message_field *message_find_from(const struct message *m,
					      struct span name,
					      const struct message_field *f);

/* The value of the first field of a name, any case; length 0 if there is none. */
struct span message_get(const struct message *m, struct span name);

/**
 * message_status() - HTTP status to answer for an error
 * @error: enum message_error
 *
 * Return: 400, 414, 431, 501 or 505; 502 for MESSAGE_BAD_RESPONSE.
 */
u16 message_status(enum message_error error);

#endif
