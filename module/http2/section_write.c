// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks are generated of what was understood, as HTTP/1's heads are in head_write.c.
 *
 * A path with its query, and names that have to be in lower case, are put together at the
 * end of the buffer, where section_written_max() has room for the longest of them.
 */
#include "http2/section.h"

#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "http/chars.h"
#include "http/value_list.h"

/* More than what is generated takes: pseudo-fields, te, Content-Length. */
#define GENERATED_MAX	256

struct block {
	struct hpack_encoder *enc;
	char *at;
	char *scratch;
};

/* Who answers has no path, and an edit of a response says nothing of one. */
static u32 target_len(const struct edit *e)
{
	return e->m->method_len ? e->path.len + 1 + e->m->query_len : 0;
}

static u32 longest(const struct edit *e)
{
	const struct message *m = e->m;
	u32 i, len = target_len(e);

	for (i = 0; i < m->nfields; i++)
		len = max_t(u32, len, m->fields[i].name_len);
	for (i = 0; i < e->n; i++)
		len = max(len, e->fields[i].name.len);
	return len;
}

u32 section_written_max(const struct edit *e)
{
	const struct message *m = e->m;
	u32 i, len = GENERATED_MAX + m->len + m->nfields * HPACK_FIELD_ADDED;

	len += target_len(e) + longest(e);
	if (m->method_len)
		len += e->authority.len;
	for (i = 0; i < e->n; i++)
		len += e->fields[i].name.len + e->fields[i].value.len + HPACK_FIELD_ADDED;
	return len;
}

static void begin(struct block *b, struct hpack_encoder *enc, const struct edit *e, char *to,
		  u32 size)
{
	b->enc = enc;
	b->at = hpack_encode_begin(enc, to);
	b->scratch = to + size - longest(e);
}

static void put(struct block *b, struct span name, struct span value, bool never)
{
	b->at = hpack_encode(b->enc, b->at, name, value, never);
}

/* What is an entry of its sender's table goes by that. */
static void put_from(struct block *b, const struct message *m, u16 origin, struct span name,
		     struct span value, bool never)
{
	if (origin && m->origins.table && !never)
		b->at = hpack_encode_entry(b->enc, b->at, name, value, m->origins.table,
					   message_origin(m, origin));
	else
		put(b, name, value, never);
}

/* 8.2: names are in lower case here. */
static struct span lower(struct block *b, struct span name)
{
	u32 i;

	for (i = 0; i < name.len; i++)
		if (name.p[i] != ascii_lower(name.p[i]))
			break;
	if (i == name.len)
		return name;
	for (i = 0; i < name.len; i++)
		b->scratch[i] = ascii_lower(name.p[i]);
	return (struct span){ b->scratch, name.len };
}

static void put_any_case(struct block *b, struct span name, struct span value, bool never)
{
	put(b, lower(b, name), value, never);
}

static void put_content_length(struct block *b, u64 length)
{
	char text[20], *at = text + sizeof(text);
	u32 digit;

	do {
		length = div_u64_rem(length, 10, &digit);
		*--at = '0' + digit;
	} while (length);
	put(b, SPAN("content-length"), (struct span){ at, text + sizeof(text) - at }, false);
}

/* Fields of the edit, but for those in the place of others, as in head_write.c. */

static u32 early(const struct edit *e)
{
	return min(e->n, e->late);
}

static void put_added(struct block *b, const struct edit *e, u32 from, u32 to)
{
	u32 i;

	for (i = from; i < to; i++)
		if (!e->fields[i].instead && e->fields[i].name.len)
			put_any_case(b, e->fields[i].name, e->fields[i].value, false);
}

/* What replaces a field that nobody is to remember is nothing to be remembered either. */
static void put_replacement(struct block *b, const struct edit *e,
			    const struct message_field *f, bool never)
{
	u32 i, n = early(e);

	for (i = 0; i < n; i++)
		if (e->fields[i].instead == f && e->fields[i].name.len)
			put_any_case(b, e->fields[i].name, e->fields[i].value, never);
}

static void put_received(struct block *b, const struct edit *e, const struct message_field *f)
{
	const struct message *m = e->m;
	bool never = message_is_sensitive(m, f - m->fields);

	if (unlikely(e->drops) && edit_is_dropped(e, f))
		put_replacement(b, e, f, never);
	else if (m->lines)
		put_any_case(b, message_name(m, f), message_value(m, f), never);
	else
		put_from(b, m, f->origin, message_name(m, f), message_value(m, f), never);
}

/* Requests. 8.3.1. */

/* Of the two, if one is behind the other where they came from: is it as it came? */
static bool target_stays(const struct edit *e)
{
	const struct message *m = e->m;

	return e->path.p == m->text + m->path && e->path.len == m->path_len;
}

static struct span target(struct block *b, const struct edit *e)
{
	const struct message *m = e->m;
	struct span query = message_query(m), whole = e->path;
	char *to;

	if (!m->query)
		return whole;
	whole.len += 1 + query.len;
	if (e->path.p == m->text + m->path && m->query == m->path + e->path.len + 1)
		return whole;
	whole.p = b->scratch;
	to = span_copy(b->scratch, e->path);
	*to++ = '?';
	span_copy(to, query);
	return whole;
}

bool section_may_extend(const struct message *m)
{
	return span_eq(message_method(m), SPAN("GET")) && message_bodiless(m) &&
	       chars_token_valid(message_upgrade(m));
}

static bool authority_is_sensitive(const struct message *m)
{
	const struct message_field *f;

	if (!(m->names & 1U << FIELD_HOST))
		return false;
	for (f = m->fields; f < message_end(m); f++)
		if (f->id == FIELD_HOST && message_is_sensitive(m, f - m->fields))
			return true;
	return false;
}

/* It came as :authority, then it stands first, and goes on as that. */
static u16 authority_origin(const struct edit *e)
{
	const struct message *m = e->m;
	const struct message_field *f = m->fields;

	return m->nfields && f->id == FIELD_HOST && f->value == m->authority &&
	       e->authority.p == m->text + m->authority &&
	       e->authority.len == m->authority_len ? f->origin : 0;
}

/* RFC 7541 6.2.3: what was never to be indexed is not now, whatever has become of it. */
static void put_pseudo(struct block *b, const struct edit *e, const struct section_ways *ways)
{
	const struct message *m = e->m;

	put(b, SPAN(":method"), ways->extended ? SPAN("CONNECT") : message_method(m), false);
	if (ways->extended)
		put(b, SPAN(":protocol"), message_upgrade(m), false);
	if (!m->connect) {
		put(b, SPAN(":scheme"), ways->scheme, false);
		put_from(b, m, target_stays(e) ? m->path_origin : 0, SPAN(":path"),
			 target(b, e), m->path_sensitive);
	}
	put_from(b, m, authority_origin(e), SPAN(":authority"), e->authority,
		 authority_is_sensitive(m));
}

static bool wants_trailers(const struct message *m)
{
	const struct message_field *f;

	if (!(m->names & 1U << FIELD_TE))
		return false;
	for (f = m->fields; f < message_end(m); f++)
		if (f->id == FIELD_TE &&
		    value_list_has(message_value(m, f), SPAN("trailers")))
			return true;
	return false;
}

static bool goes_on(const struct message_field *f, const struct section_ways *ways)
{
	if (f->hop || f->id == FIELD_HOST || f->id == FIELD_CONTENT_LENGTH)
		return false;
	return f->id != FIELD_EXPECT || !ways->expect_answered;
}

int section_write_request(struct hpack_encoder *enc, const struct edit *e,
			  const struct section_ways *ways, char *to, u32 size)
{
	const struct message *m = e->m;
	const struct message_field *f;
	struct block b;

	if (ways->extended && !section_may_extend(m))
		return -EINVAL;
	begin(&b, enc, e, to, size);
	put_pseudo(&b, e, ways);
	for (f = m->fields; f < message_end(m); f++)
		if (goes_on(f, ways))
			put_received(&b, e, f);
	put_added(&b, e, 0, early(e));
	/* 8.2.2: the one hop-by-hop field that there is. */
	if (wants_trailers(m))
		put(&b, SPAN("te"), SPAN("trailers"), false);
	/* What follows an extended CONNECT is no body. */
	if (m->framing == BODY_LENGTH && !ways->extended)
		put_content_length(&b, m->content_length);
	put_added(&b, e, early(e), e->n);
	return b.at - to;
}

/* Responses. 8.3.2. */

static void put_status(struct block *b, u16 status)
{
	char code[3] = { '0' + status / 100, '0' + status / 10 % 10, '0' + status % 10 };

	put(b, SPAN(":status"), (struct span){ code, sizeof(code) }, false);
}

/* As in HTTP/1: without a body it says what a GET would have had. */
static bool response_field_goes_on(const struct message *m, const struct message_field *f,
				   u8 framing)
{
	if (f->hop)
		return false;
	if (f->id != FIELD_CONTENT_LENGTH)
		return true;
	return framing == BODY_NONE && m->status >= 200 && m->status != 204;
}

u32 section_write_response(struct hpack_encoder *enc, const struct edit *e, u16 status,
			   u8 framing, char *to, u32 size)
{
	const struct message *m = e->m;
	const struct message_field *f;
	struct block b;

	begin(&b, enc, e, to, size);
	put_status(&b, status);
	for (f = m->fields; f < message_end(m); f++)
		if (response_field_goes_on(m, f, framing))
			put_received(&b, e, f);
	/* What ends with its head, and has not said how long it is, need not say so. */
	if (framing == BODY_LENGTH && m->names & 1U << FIELD_CONTENT_LENGTH)
		put_content_length(&b, m->content_length);
	put_added(&b, e, 0, e->n);
	return b.at - to;
}

u32 section_write_reply(struct hpack_encoder *enc, const struct edit *e, u16 status,
			s64 content_length, char *to, u32 size)
{
	struct block b;

	begin(&b, enc, e, to, size);
	put_status(&b, status);
	put_added(&b, e, 0, early(e));
	if (content_length >= 0)
		put_content_length(&b, content_length);
	put_added(&b, e, early(e), e->n);
	return b.at - to;
}

u32 section_write_trailers(struct hpack_encoder *enc, const struct edit *e, char *to,
			   u32 size)
{
	const struct message *m = e->m;
	const struct message_field *f;
	struct block b;

	begin(&b, enc, e, to, size);
	for (f = m->fields; f < message_end(m); f++)
		if (!f->hop)
			put_received(&b, e, f);
	put_added(&b, e, 0, e->n);
	return b.at - to;
}
