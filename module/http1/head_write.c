// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent is generated from what was understood: one framing, normal line ends,
 * nothing that is for one hop only. Where that would be what was received, byte for
 * byte but for the case and order of names, that is sent: message.raw says.
 */
#include "http1/head.h"

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "http1/writer.h"

static void put_content_length(struct writer *w, u64 length)
{
	char text[20], *at = text + sizeof(text);
	u32 digit;

	do {
		length = div_u64_rem(length, 10, &digit);
		*--at = '0' + digit;
	} while (length);
	writer_put_field(w, SPAN("content-length"),
			 (struct span){ at, text + sizeof(text) - at });
}

static void put_framing(struct writer *w, u8 framing, u64 length)
{
	if (framing == BODY_LENGTH)
		put_content_length(w, length);
	else if (framing == BODY_CHUNKED)
		writer_put_field(w, SPAN("transfer-encoding"), SPAN("chunked"));
}

/* As most lines are: "name: value", and nothing else. */
static bool is_canonical(const struct message *m, const struct message_field *f)
{
	return m->lines && f->value == f->name + f->name_len + 2 &&
	       m->text[f->value - 1] == ' ' &&
	       m->text[f->value + f->value_len] == '\r';
}

/* As it is, but for white space around it. */
static void put_field(struct writer *w, const struct message *m,
		      const struct message_field *f)
{
	if (is_canonical(m, f))
		writer_put(w, message_span(m, f->name, f->name_len + f->value_len + 4));
	else
		writer_put_field(w, message_name(m, f), message_value(m, f));
}

/* All but those that come last. */
static u32 early(const struct edit *e)
{
	return min(e->n, e->late);
}

/*
 * In the place of a received field that does not go on: what replaces it, if anything.
 * Nothing that comes last does.
 */
static void put_replacement(struct writer *w, const struct edit *e,
			    const struct message_field *f)
{
	u32 i, n = early(e);

	for (i = 0; i < n; i++)
		if (e->fields[i].instead == f && e->fields[i].name.len)
			writer_put_field(w, e->fields[i].name,
					 e->fields[i].value);
}

static void put_received(struct writer *w, const struct edit *e,
			 const struct message_field *f)
{
	if (unlikely(e->drops) && edit_is_dropped(e, f))
		put_replacement(w, e, f);
	else
		put_field(w, e->m, f);
}

static void put_added(struct writer *w, const struct edit *e, u32 from, u32 to)
{
	u32 i;

	for (i = from; i < to; i++)
		if (!e->fields[i].instead && e->fields[i].name.len)
			writer_put_field(w, e->fields[i].name,
					 e->fields[i].value);
}

/*
 * More than what is generated takes: the first line, Content-Length, Connection, ...; and
 * ": " and CRLF for white space that was not received.
 */
#define HEAD_ADDED	192
#define FIELD_ADDED	4

static u32 received_max(const struct message *m)
{
	return m->len + m->nfields * FIELD_ADDED;
}

/* A line that another stands in the place of is not written. */
static u32 replaced(const struct message_field *f)
{
	return f ? f->name_len + f->value_len : 0;
}

static u32 written_max(const struct edit *e)
{
	u32 i, len = HEAD_ADDED + received_max(e->m);

	for (i = 0; i < e->n; i++)
		len += e->fields[i].name.len + e->fields[i].value.len +
		       FIELD_ADDED - replaced(e->fields[i].instead);
	/* CONNECT says twice to whom. */
	if (unlikely(e->rewrites))
		len += 2 * e->authority.len + e->path.len;
	return len;
}

/* A head that goes on as it was received, but for single fields, up to its blank line. */
static void put_lines(struct writer *w, const struct edit *e)
{
	const struct message *m = e->m;
	const struct message_field *f;

	if (likely(!e->drops)) {
		writer_put(w, message_span(m, 0, m->len - 2));
		return;
	}
	writer_put(w, message_span(m, 0, m->fields->name));
	for (f = m->fields; f < message_end(m); f++)
		put_received(w, e, f);
}

/*
 * The target in origin form: that is what an origin server expects
 * (RFC 9112 3.2.1), whatever form the client used.
 */
static void put_target(struct writer *w, const struct edit *e)
{
	const struct message *m = e->m;

	if (m->connect) {
		writer_put(w, e->authority);
		return;
	}
	writer_put(w, e->path);
	if (m->query) {
		writer_put(w, SPAN("?"));
		writer_put(w, message_query(m));
	}
}

static bool generated_in_request(u8 id)
{
	return id == FIELD_HOST || id == FIELD_CONTENT_LENGTH ||
	       id == FIELD_TRANSFER_ENCODING;
}

static void put_request_fields(struct writer *w, const struct edit *e,
			       const struct head_ways *ways)
{
	const struct message *m = e->m;
	const struct message_field *f;

	for (f = m->fields; f < message_end(m); f++) {
		if (f->hop || generated_in_request(f->id))
			continue;
		if (f->id == FIELD_EXPECT && ways->expect_answered)
			continue;
		put_received(w, e, f);
	}
}

/* RFC 9110 7.8 */
static void put_upgrade(struct writer *w, const struct message *m)
{
	writer_put_field(w, SPAN("connection"), SPAN("upgrade"));
	writer_put_field(w, SPAN("upgrade"), message_upgrade(m));
}

/* What is generated would be what was received, but for what the edit says of fields. */
static bool stays_request(const struct edit *e, const struct head_ways *ways)
{
	return head_is_plain(e->m) && !e->rewrites && !ways->close;
}

/* What follows the lines that were received. */
static void put_rest(struct writer *w, const struct edit *e)
{
	put_added(w, e, 0, e->n);
	writer_put(w, SPAN("\r\n"));
}

u32 head_extend_request(const struct edit *e, const struct head_ways *ways,
			char *text, u32 size)
{
	struct writer w = {
		.data = text,
		.len = e->m->len - 2,
		.cap = size,
	};

	if (e->drops || !stays_request(e, ways))
		return 0;
	put_rest(&w, e);
	return w.full ? 0 : w.len;
}

static void put_request(struct writer *w, const struct edit *e,
			const struct head_ways *ways)
{
	const struct message *m = e->m;

	writer_put(w, message_method(m));
	writer_put(w, SPAN(" "));
	put_target(w, e);
	writer_put(w, SPAN(" HTTP/1.1\r\n"));
	writer_put_field(w, SPAN("host"), e->authority);
	put_request_fields(w, e, ways);
	put_added(w, e, 0, early(e));
	if (ways->upgrade)
		put_upgrade(w, m);
	else if (ways->close)
		writer_put_field(w, SPAN("connection"), SPAN("close"));
	put_framing(w, m->framing, m->content_length);
	put_added(w, e, early(e), e->n);
	writer_put(w, SPAN("\r\n"));
}

int head_write_request(const struct edit *e, const struct head_ways *ways,
		       gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, written_max(e), gfp))
		return -ENOMEM;
	if (stays_request(e, ways)) {
		put_lines(&w, e);
		put_rest(&w, e);
	} else {
		put_request(&w, e, ways);
	}
	return writer_finish(&w, out);
}

static void put_status_line(struct writer *w, u16 status, struct span reason)
{
	char *at;

	writer_put(w, SPAN("HTTP/1.1 "));
	at = writer_reserve(w, 4);
	if (at) {
		at[0] = '0' + status / 100;
		at[1] = '0' + status / 10 % 10;
		at[2] = '0' + status % 10;
		at[3] = ' ';
	}
	writer_put(w, reason);
	writer_put(w, SPAN("\r\n"));
}

static void put_connection(struct writer *w, const char *connection)
{
	if (connection)
		writer_put_field(w, SPAN("connection"),
				 (struct span){ connection, strlen(connection) });
}

/*
 * Content-Length of a response without a body describes what a GET would have
 * had (RFC 9110 8.6), so it is passed on as it is; otherwise it is generated.
 */
static bool forward_response_field(const struct message *m,
				   const struct message_field *f, u8 framing)
{
	if (f->hop || f->id == FIELD_TRANSFER_ENCODING)
		return false;
	if (f->id != FIELD_CONTENT_LENGTH)
		return true;
	return framing == BODY_NONE && m->status >= 200 && m->status != 204;
}

bool head_stays_response(const struct message *m)
{
	return m->raw && !(m->names & FIELDS_OF_HOP) && m->status != 101;
}

static void put_response(struct writer *w, const struct edit *e, u8 framing,
			 const char *connection)
{
	const struct message *m = e->m;
	const struct message_field *f;

	put_status_line(w, m->status, message_span(m, m->reason, m->reason_len));
	for (f = m->fields; f < message_end(m); f++)
		if (forward_response_field(m, f, framing))
			put_received(w, e, f);
	put_framing(w, framing, m->content_length);
	if (m->status == 101)
		put_upgrade(w, m);
	else
		put_connection(w, connection);
}

int head_write_response(const struct edit *e, u8 framing,
			const char *connection, gfp_t gfp, struct out *out)
{
	const struct message *m = e->m;
	struct writer w;

	if (writer_init(&w, written_max(e), gfp))
		return -ENOMEM;
	if (!connection && framing == m->framing && head_stays_response(m))
		put_lines(&w, e);
	else
		put_response(&w, e, framing, connection);
	put_rest(&w, e);
	return writer_finish(&w, out);
}

int head_write_reply(const struct edit *e, const struct head_reply *r, gfp_t gfp,
		     struct out *out)
{
	u32 reason_len = r->reason ? strlen(r->reason) : 0;
	struct writer w;

	if (writer_init(&w, written_max(e) + reason_len + r->body.len, gfp))
		return -ENOMEM;
	put_status_line(&w, r->status, (struct span){ r->reason, reason_len });
	put_added(&w, e, 0, early(e));
	put_connection(&w, r->connection);
	if (r->framing != BODY_NONE)
		put_content_length(&w, r->content_length);
	put_added(&w, e, early(e), e->n);
	writer_put(&w, SPAN("\r\n"));
	writer_put(&w, r->body);
	if (r->line)
		writer_put(&w, SPAN("\n"));
	return writer_finish(&w, out);
}

int head_write_get(const struct head_get *g, gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, HEAD_ADDED + g->target.len + g->host.len +
			g->user_agent.len, gfp))
		return -ENOMEM;
	writer_put(&w, SPAN("GET "));
	writer_put(&w, g->target);
	writer_put(&w, SPAN(" HTTP/1.1\r\n"));
	writer_put_field(&w, SPAN("host"), g->host);
	writer_put_field(&w, SPAN("user-agent"), g->user_agent);
	writer_put_field(&w, SPAN("connection"), SPAN("close"));
	writer_put(&w, SPAN("\r\n"));
	return writer_finish(&w, out);
}
