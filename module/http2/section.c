// SPDX-License-Identifier: GPL-2.0
/*
 * Sections are of RFC 9113 unless they name another.
 *
 * Each field is judged when it is whole. What all of them together have to be is judged
 * at the end.
 */
#include "http2/section.h"

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "http/authority.h"
#include "http/chars.h"
#include "http/trailer.h"

/* The longest body that Content-Length may announce: it fits in a loff_t. */
#define LENGTH_MAX	((u64)S64_MAX)

/* What a section has had. */
enum {
	HAD_AUTHORITY	= 1 << 0,
	HAD_METHOD	= 1 << 1,
	HAD_PATH	= 1 << 2,
	HAD_PROTOCOL	= 1 << 3,
	HAD_SCHEME	= 1 << 4,
	HAD_STATUS	= 1 << 5,
	HAD_HOST	= 1 << 6,
	HAD_LENGTH	= 1 << 7,
};

static void refuse_as(struct section *s, struct message *m, enum message_error error)
{
	if (!s->bad)
		m->error = m->response ? MESSAGE_BAD_RESPONSE : error;
	s->bad = true;
}

static void refuse(struct section *s, struct message *m)
{
	refuse_as(s, m, MESSAGE_BAD_REQUEST);
}

static void want(struct section *s, struct message *m, bool good)
{
	if (!good)
		refuse(s, m);
}

void section_begin(struct section *s, struct hpack_decoder *d, struct message *m,
		   enum section_kind kind, bool end_stream)
{
	*s = (struct section){ .kind = kind, .end_stream = end_stream };
	m->len = 0;
	hpack_decode_begin(d, min_t(u32, m->limits.head, MESSAGE_HEAD_MAX));
}

/* Request: 8.3.1. */

/* @note: of its entry, if it is one: how long the host is */
static void set_authority(struct section *s, struct message *m, u32 at, u32 len, u16 *note)
{
	u32 host = note && *note ? *note : authority_host_len(message_span(m, at, len));

	if (note)
		*note = host;
	want(s, m, host);
	m->authority = at;
	m->authority_len = len;
	m->host = at;
	m->host_len = host;
	s->had |= HAD_HOST;
}

static struct message_field *add_field(struct section *s, struct message *m, u32 name,
				       u32 name_len, u32 value_len, u8 id, u16 origin)
{
	struct message_field *f = &m->fields[m->nfields];

	if (m->nfields >= m->limits.fields) {
		refuse_as(s, m, MESSAGE_TOO_MANY_FIELDS);
		return NULL;
	}
	*f = (struct message_field){
		.name = name,
		.name_len = name_len,
		.value = name + name_len,
		.value_len = value_len,
		.id = id,
		.hop = FIELDS_OF_HOP >> id & 1,
		.origin = origin,
	};
	m->names |= 1U << id;
	m->nfields++;
	return f;
}

/* It is a Host field as well, as in HTTP/1; the end of its name gives that one's. */
static void take_authority(struct section *s, struct message *m, u32 at,
			   const struct hpack_field *from)
{
	const struct span host = SPAN("host");
	u32 name = at - host.len, len = from->value_len;

	set_authority(s, m, at, len, from->note);
	span_copy(m->text + name, host);
	if (add_field(s, m, name, host.len, len, FIELD_HOST, from->origin) && from->never)
		message_set_sensitive(m, m->nfields - 1, true);
}

static void take_method(struct section *s, struct message *m, u32 at, u32 len)
{
	want(s, m, chars_token_valid(message_span(m, at, len)));
	m->method = at;
	m->method_len = len;
}

/* As http1.h says of targets; the forms that are no path have no place here. */
static void take_path(struct section *s, struct message *m, u32 at,
		      const struct hpack_field *f)
{
	u32 len = f->value_len, end = at + len, query;
	/* Of an entry that was looked at: how long the path is. */
	u32 known = f->note ? *f->note : 0;

	m->target = at;
	m->target_len = len;
	if (len > m->limits.target) {
		refuse_as(s, m, MESSAGE_URI_TOO_LONG);
		return;
	}
	if (!len || (m->text[at] != '/' && !(len == 1 && m->text[at] == '*'))) {
		refuse(s, m);
		return;
	}
	m->path = at;
	query = known ? at + known : skip_class(m->text, at, end, C_PATH);
	m->path_len = query - at;
	if (query < end && !known)
		want(s, m, m->text[query] == '?' &&
		     skip_class(m->text, query + 1, end, C_TARGET) == end);
	if (f->note && !s->bad)
		*f->note = m->path_len;
	if (query == end)
		return;
	m->query = query + 1;
	m->query_len = end - query - 1;
}

static void take_scheme(struct section *s, struct message *m, u32 at, u32 len)
{
	struct span scheme = message_span(m, at, len);

	want(s, m, span_eq_nocase(scheme, SPAN("http")) ||
	     span_eq_nocase(scheme, SPAN("https")));
}

static void take_protocol(struct section *s, struct message *m, u32 at, u32 len)
{
	want(s, m, s->extended_allowed && chars_token_valid(message_span(m, at, len)));
	s->protocol = at;
	s->protocol_len = len;
}

/* Response: 8.3.2. */
static void take_status(struct section *s, struct message *m, u32 at, u32 len)
{
	const char *code = m->text + at;
	u32 i, status = 0;

	for (i = 0; i < len; i++) {
		want(s, m, char_is(code[i], C_DIGIT));
		status = status * 10 + code[i] - '0';
	}
	want(s, m, len == 3 && status >= 100);
	m->status = status;
}

/* 8.3: known, of this kind of message, once, and before all others. */
static bool is_due(struct section *s, const struct message *m, u8 id)
{
	bool of_response = id == HPACK_STATUS;
	u8 bit;

	if (id == HPACK_PSEUDO || s->kind == SECTION_TRAILERS || s->had_field ||
	    of_response != m->response)
		return false;
	bit = 1 << (id - HPACK_AUTHORITY);
	if (s->had & bit)
		return false;
	s->had |= bit;
	return true;
}

static void take_pseudo(struct section *s, struct message *m, const struct hpack_field *f)
{
	u32 at = s->base + f->name_len, len = f->value_len;

	if (!is_due(s, m, f->id)) {
		refuse(s, m);
		return;
	}
	s->base = at + len;
	switch (f->id) {
	case HPACK_AUTHORITY:
		return take_authority(s, m, at, f);
	case HPACK_METHOD:
		return take_method(s, m, at, len);
	case HPACK_PATH:
		m->path_sensitive = f->never;
		m->path_origin = f->origin;
		return take_path(s, m, at, f);
	case HPACK_PROTOCOL:
		return take_protocol(s, m, at, len);
	case HPACK_SCHEME:
		return take_scheme(s, m, at, len);
	default:
		return take_status(s, m, at, len);
	}
}

/* What fields mean. */

/* 8.3.1: it must not be another. What is the same stands there already. */
static bool is_same_host(struct section *s, struct message *m, struct span value)
{
	if (!(s->had & HAD_HOST))
		return false;
	want(s, m, s->had & HAD_AUTHORITY &&
	     span_eq_nocase(value, message_authority(m)));
	return true;
}

/* RFC 9110 8.6; what is done of a repeated one: see http1.c. */
static void take_content_length(struct section *s, struct message *m,
				struct message_field *f)
{
	struct span value = message_value(m, f);
	u64 length = 0;
	u32 i, digit;

	want(s, m, value.len);
	for (i = 0; i < value.len; i++) {
		digit = value.p[i] - '0';
		if (digit > 9 || length > (LENGTH_MAX - digit) / 10) {
			refuse(s, m);
			return;
		}
		length = length * 10 + digit;
	}
	if (s->had & HAD_LENGTH) {
		want(s, m, m->response && length == m->content_length);
		f->hop = true;
	}
	s->had |= HAD_LENGTH;
	m->content_length = length;
}

/* 8.2.2: fields of a connection mean nothing here, and something in HTTP/1. */
static bool may_be_here(const struct message *m, const struct message_field *f)
{
	if (f->id == FIELD_TE)
		return span_eq_nocase(message_value(m, f), SPAN("trailers"));
	return !f->hop;
}

static void take_known(struct section *s, struct message *m, struct message_field *f)
{
	switch (f->id) {
	case FIELD_HOST:
		if (!m->response)
			set_authority(s, m, f->value, f->value_len, NULL);
		return;
	case FIELD_CONTENT_LENGTH:
		take_content_length(s, m, f);
		return;
	case FIELD_EXPECT:
		m->expect_continue |= !m->response &&
			span_eq_nocase(message_value(m, f), SPAN("100-continue"));
		return;
	default:
		want(s, m, may_be_here(m, f));
	}
}

/* RFC 9110 6.5.1: what must not be there does not go on. */
static void take_trailer(struct section *s, struct message *m, struct message_field *f)
{
	want(s, m, !f->hop);
	if (trailer_forbidden(message_name(m, f)))
		f->hop = true;
}

static const struct span cookie_name = SPAN("cookie");
static const struct span cookie_join = SPAN("; ");

/* 8.2.3: a piece of the cookie that the text ends with goes on with it. */
static bool goes_on(const struct section *s, const struct message *m,
		    const struct hpack_field *f)
{
	const struct message_field *last;

	if (f->id != HPACK_COOKIE || !s->cookies)
		return false;
	last = message_end(m) - 1;
	return last->value + last->value_len == s->base &&
	       span_eq(message_name(m, last), cookie_name);
}

/* A piece without a byte adds none: a value does not end in white space. */
static void extend_cookie(struct section *s, struct message *m, const struct hpack_field *f)
{
	struct message_field *last = &m->fields[m->nfields - 1];
	u32 join = last->value_len && f->value_len ? cookie_join.len : 0;
	char *to = m->text + s->base;

	/* The name that is there is longer than what goes between. */
	memmove(to + join, to + f->name_len, f->value_len);
	memcpy(to, cookie_join.p, join);
	last->value_len += join + f->value_len;
	last->origin = 0;
	s->base += join + f->value_len;
}

static void take_regular(struct section *s, struct message *m, const struct hpack_field *f)
{
	u32 value = s->base + f->name_len;
	struct message_field *added;
	u8 id = f->id;

	s->had_field = true;
	if (f->id == HPACK_COOKIE) {
		id = FIELD_OTHER;
		s->cookies += !m->response;
	}
	added = add_field(s, m, s->base, f->name_len, f->value_len, id, f->origin);
	if (!added)
		return;
	s->base = value + f->value_len;
	if (f->never)
		message_set_sensitive(m, m->nfields - 1, true);
	if (unlikely(s->kind == SECTION_TRAILERS))
		take_trailer(s, m, added);
	else if (id != FIELD_OTHER)
		take_known(s, m, added);
}

static void take_field(struct section *s, struct message *m, const struct hpack_field *f)
{
	if (f->bad) {
		refuse(s, m);
	} else if (hpack_is_pseudo(f->id)) {
		take_pseudo(s, m, f);
	} else if (f->id == FIELD_HOST && !m->response && s->kind == SECTION_HEAD &&
		   is_same_host(s, m, message_span(m, s->base + f->name_len,
						   f->value_len))) {
		s->had_field = true;
		/* It stands first, where :authority was. */
		if (f->never)
			message_set_sensitive(m, 0, true);
	} else if (goes_on(s, m, f)) {
		extend_cookie(s, m, f);
		if (f->never)
			message_set_sensitive(m, m->nfields - 1, true);
	} else {
		take_regular(s, m, f);
	}
}

/*
 * What will be refused needs no text: of this field what is stored is moved to the
 * beginning, and nothing of the message points anywhere.
 */
static void forget(struct section *s, struct hpack_decoder *d, struct message *m)
{
	memmove(m->text, m->text + s->base, d->stored);
	s->base = 0;
	m->nfields = 0;
	m->names = 0;
	m->method_len = 0;
	m->target_len = 0;
	m->path_len = 0;
	m->query = 0;
	m->query_len = 0;
	m->host_len = 0;
	m->authority_len = 0;
}

static enum hpack_result next_field(const struct section *s, struct hpack_decoder *d,
				    struct message *m, struct span *in, struct hpack_field *f)
{
	u32 room = m->cap - s->base;
	struct hpack_entry *e = hpack_entry_next(d, *in);

	if (likely(e && e->name_len + e->value_len <= room) &&
	    hpack_take_entry(d, in, e, m->text + s->base, f))
		return HPACK_FIELD;
	return hpack_decode(d, in, m->text + s->base, room, f);
}

enum section_result section_take(struct section *s, struct hpack_decoder *d,
				 struct message *m, struct span *in)
{
	enum hpack_result result;
	struct hpack_field f;
	u32 before = in->len;

	do {
		result = next_field(s, d, m, in, &f);
		if (result == HPACK_FIELD && !s->bad)
			take_field(s, m, &f);
		if (unlikely(s->bad || d->too_large) && s->base)
			forget(s, d, m);
	} while (result == HPACK_FIELD);
	/* So much of the text is moved, if that has to grow. */
	m->len = s->base + d->stored;
	s->need = d->need;
	s->taken += before - in->len;
	if (result == HPACK_ERROR)
		return SECTION_COMPRESSION;
	/* What does not count, as size updates, is bounded as well. */
	if (result == HPACK_FLOOD || s->taken > HPACK_TOLERATED)
		return SECTION_FLOOD;
	return result == HPACK_ROOM ? SECTION_ROOM : SECTION_MORE;
}

/* The end. */

static bool is_cookie(const struct message *m, const struct message_field *f)
{
	return span_eq(message_name(m, f), cookie_name);
}

/* Keeps the first field of cookies, and none of those behind it. */
static struct message_field *keep_one_cookie(struct message *m)
{
	struct message_field *first = NULL;
	u32 i, to, kept = 0;
	bool sensitive;

	for (i = 0; i < m->nfields; i++) {
		sensitive = message_is_sensitive(m, i);
		message_set_sensitive(m, i, false);
		to = kept;
		if (first && is_cookie(m, &m->fields[i])) {
			to = first - m->fields;
		} else {
			m->fields[kept++] = m->fields[i];
			if (is_cookie(m, &m->fields[to]))
				first = &m->fields[to];
		}
		if (sensitive)
			message_set_sensitive(m, to, true);
	}
	m->nfields = kept;
	return first;
}

/* 8.2.3: in HTTP/1, and wherever a cookie is looked for, there is one. */
static enum section_result join_cookies(struct section *s, struct message *m)
{
	const struct message_field *f;
	struct message_field *first;
	u32 len = 0, at = s->base;
	char *to;

	for (f = m->fields; f < message_end(m); f++)
		if (is_cookie(m, f))
			len += cookie_join.len + f->value_len;
	s->need = len;
	if (at + len > U16_MAX) {
		refuse_as(s, m, MESSAGE_HEAD_TOO_LARGE);
		return SECTION_DONE;
	}
	if (len > m->cap - at)
		return SECTION_ROOM;
	to = m->text + at;
	for (f = m->fields; f < message_end(m); f++) {
		if (!is_cookie(m, f) || !f->value_len)
			continue;
		if (to > m->text + at)
			to = span_copy(to, cookie_join);
		to = span_copy(to, message_value(m, f));
	}
	s->base = to - m->text;
	m->len = s->base;
	s->cookies = 1;
	first = keep_one_cookie(m);
	first->value = at;
	first->value_len = s->base - at;
	first->origin = 0;
	return SECTION_DONE;
}

static void end_connect(struct section *s, struct message *m)
{
	/* 8.5. 2: a colon and a digit */
	want(s, m, s->had & HAD_AUTHORITY && !(s->had & (HAD_PATH | HAD_SCHEME | HAD_LENGTH)) &&
	     m->authority_len - m->host_len >= 2);
	/* It is the target, as in HTTP/1. */
	if (m->authority_len > m->limits.target)
		refuse_as(s, m, MESSAGE_URI_TOO_LONG);
	m->connect = true;
}

/* RFC 8441 4: a GET that wants an upgrade, in HTTP/1. */
static void end_extended(struct section *s, struct message *m)
{
	const u8 due = HAD_AUTHORITY | HAD_PATH | HAD_SCHEME;
	const struct span get = SPAN("GET");

	want(s, m, (s->had & due) == due && !(s->had & HAD_LENGTH) &&
	     span_eq(message_method(m), SPAN("CONNECT")) && m->text[m->path] == '/');
	if (s->bad)
		return;
	span_copy(m->text + m->method, get);
	m->method_len = get.len;
	m->upgrade = s->protocol;
	m->upgrade_len = s->protocol_len;
	s->extended = true;
}

/*
 * RFC 9110 8.6: whose requests mean something by a body say that it is empty. Nothing is
 * asked here of CONNECT.
 */
static bool may_want_body(struct span method)
{
	static const struct span without[] = {
		SPAN("GET"), SPAN("HEAD"), SPAN("DELETE"), SPAN("OPTIONS"), SPAN("TRACE"),
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(without); i++)
		if (span_eq(method, without[i]))
			return false;
	return true;
}

/* What ends here has a body of length 0 if it could have had one, and else none. */
static void frame_body(struct section *s, struct message *m)
{
	if (s->had & HAD_LENGTH) {
		m->framing = BODY_LENGTH;
		want(s, m, !s->end_stream || !m->content_length);
	} else if (!s->end_stream) {
		m->framing = BODY_CHUNKED;
	} else {
		m->framing = m->response || may_want_body(message_method(m)) ?
			     BODY_LENGTH : BODY_NONE;
	}
}

static void end_request(struct section *s, struct message *m)
{
	const u8 due = HAD_METHOD | HAD_PATH | HAD_SCHEME | HAD_HOST;
	bool all = m->path_len && m->text[m->path] == '*';

	m->framing = BODY_NONE;
	if (s->had & HAD_PROTOCOL) {
		end_extended(s, m);
	} else if (span_eq(message_method(m), SPAN("CONNECT"))) {
		end_connect(s, m);
	} else {
		want(s, m, (s->had & due) == due &&
		     (!all || span_eq(message_method(m), SPAN("OPTIONS"))));
		frame_body(s, m);
	}
}

static void drop_content_length(struct message *m)
{
	struct message_field *f;

	for (f = m->fields; f < m->fields + m->nfields; f++)
		if (f->id == FIELD_CONTENT_LENGTH)
			f->hop = true;
	m->content_length = 0;
}

/* As http1.c has it. */
static void frame_response(struct section *s, struct message *m)
{
	bool tunnel = m->connect_request && m->status / 100 == 2;
	bool interim = m->status < 200;

	/* 8.1, 8.6 */
	want(s, m, !interim || (m->status != 101 && !s->end_stream && !m->content_length));
	m->framing = BODY_NONE;
	if (tunnel || interim || m->status == 204) {
		drop_content_length(m);
		return;
	}
	if (m->head_request || m->status == 304)
		return;
	frame_body(s, m);
}

static void end_head(struct section *s, struct message *m)
{
	m->minor = 1;
	m->http2 = true;
	m->keep_alive = true;
	if (!m->response) {
		end_request(s, m);
		return;
	}
	want(s, m, s->had & HAD_STATUS);
	frame_response(s, m);
}

enum section_result section_end(struct section *s, struct hpack_decoder *d,
				struct message *m)
{
	if (!hpack_decode_end(d))
		return SECTION_COMPRESSION;
	if (d->too_large)
		refuse_as(s, m, MESSAGE_HEAD_TOO_LARGE);
	m->len = s->base;
	m->origins = (struct message_origins){ d->number, d->table.next };
	if (!s->bad && s->cookies > 1 && join_cookies(s, m) == SECTION_ROOM)
		return SECTION_ROOM;
	/* 8.1: nothing comes behind trailers. */
	if (s->kind == SECTION_TRAILERS)
		want(s, m, s->end_stream);
	else if (!s->bad)
		end_head(s, m);
	return s->bad ? SECTION_MALFORMED : SECTION_DONE;
}
