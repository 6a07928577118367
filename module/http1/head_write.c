// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent is generated from what was understood: one framing, normal line ends,
 * nothing that is for one hop only. Where that would be what was received, byte for
 * byte but for the case and order of names, that is sent: message.raw says.
 */
#include "http1/head.h"

#include <linux/kernel.h>
#include <linux/math64.h>

#include "http/forward.h"
#include "http1/writer.h"
#include "route/path_rewrite.h"

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

void head_put_field(struct writer *w, const struct message *m,
		    const struct message_field *f)
{
	if (is_canonical(m, f))
		writer_put(w, message_span(m, f->name, f->name_len + f->value_len + 4));
	else
		writer_put_field(w, message_name(m, f), message_value(m, f));
}

/* What was matched: an absolute target may lack a path. */
static struct span path_of(const struct message *m)
{
	return m->path_len ? message_path(m) : SPAN("/");
}

static void put_path(struct writer *w, const struct message *m,
		     const struct forward *fw)
{
	const struct route *route = fw->route;
	struct rewritten_path path;
	struct span piece;

	if (!route || !route->rewrite.path_kind) {
		writer_put(w, message_path(m));
		return;
	}
	path_rewrite_begin(route, fw->options, path_of(m), &path);
	while (path_rewrite_next(&path, &piece))
		writer_put(w, piece);
}

static bool rewrites_host(const struct message *m, const struct forward *fw)
{
	return fw->route && fw->route->rewrite.host.len && !m->connect;
}

/* What of a host is before its port, if it has one. */
static u32 name_len(struct span host)
{
	u32 i = host.len;

	while (i && host.p[i - 1] >= '0' && host.p[i - 1] <= '9')
		i--;
	return i && host.p[i - 1] == ':' ? i - 1 : host.len;
}

/* With @more behind the name, and with the dot that was taken off it. */
static void put_authority(struct writer *w, struct span host, struct span more,
			  bool dot)
{
	u32 len = name_len(host);

	writer_put(w, (struct span){ host.p, len });
	writer_put(w, more);
	if (dot)
		writer_put(w, SPAN("."));
	writer_put(w, span_from(host, len));
}

/*
 * The target in origin form: that is what an origin server expects
 * (RFC 9112 3.2.1), whatever form the client used.
 */
static void put_target(struct writer *w, const struct message *m,
		       const struct forward *fw)
{
	const struct route *route = fw->route;
	struct span method = message_method(m);

	/* An absolute target may lack a path: RFC 9112 3.2.1 and 3.2.4. */
	if (m->connect) {
		put_authority(w, message_authority(m), SPAN(""), m->rooted);
		return;
	}
	if (!m->path_len && !(route && route->rewrite.path_kind))
		writer_put(w, !m->query && span_eq(method, SPAN("OPTIONS")) ?
		       SPAN("*") : SPAN("/"));
	put_path(w, m, fw);
	if (m->query) {
		writer_put(w, SPAN("?"));
		writer_put(w, message_query(m));
	}
}

/* The authority that routing used is the one that is passed on. */
static struct span host_of(const struct message *m, const struct forward *fw,
			   char *text)
{
	if (rewrites_host(m, fw))
		return fw->route->rewrite.host;
	if (m->authority_len)
		return message_authority(m);
	return (struct span){ text, address_text(fw->original, text) };
}

static void put_host(struct writer *w, const struct message *m,
		     const struct forward *fw)
{
	bool dot = m->rooted && !rewrites_host(m, fw);
	char text[ADDRESS_TEXT_MAX];
	struct span host = host_of(m, fw, text);

	if (!fw->shadow && !dot) {
		writer_put_field(w, SPAN("host"), host);
		return;
	}
	writer_put(w, SPAN("host: "));
	put_authority(w, host, fw->shadow ? SPAN("-shadow") : SPAN(""), dot);
	writer_put(w, SPAN("\r\n"));
}

static bool generated_in_request(u8 id)
{
	return id == FIELD_HOST || id == FIELD_CONTENT_LENGTH ||
	       id == FIELD_TRANSFER_ENCODING;
}

static void put_request_fields(struct writer *w, const struct message *m,
			       const struct forward *fw)
{
	struct forwarding state;
	int i;

	forward_init(&state, fw, m);
	for (i = 0; i < m->nfields; i++) {
		const struct message_field *f = &m->fields[i];

		if (f->hop || generated_in_request(f->id))
			continue;
		if (f->id == FIELD_EXPECT && fw->expect_answered)
			continue;
		if (f->id < FIELD_FORWARDING || !forward_put(&state, w, f))
			head_put_field(w, m, f);
	}
	forward_add(&state, w);
}

/* RFC 9110 7.8 */
static void put_upgrade(struct writer *w, const struct message *m)
{
	writer_put_field(w, SPAN("connection"), SPAN("upgrade"));
	writer_put_field(w, SPAN("upgrade"), message_upgrade(m));
}

/*
 * More than what is generated takes: Host, Content-Length, x-request-id, ...; and
 * ": " and CRLF for white space that was not received.
 */
#define HEAD_ADDED	320
#define FIELD_ADDED	4

static u32 written_max(const struct message *m)
{
	return m->len + m->nfields * FIELD_ADDED + HEAD_ADDED;
}

/* CONNECT says twice to whom: Host says it as well, whatever it said before. */
static u32 repeated_max(const struct message *m)
{
	return m->connect ? m->authority_len : 0;
}

static u32 rewritten_max(const struct message *m, const struct forward *fw)
{
	const struct route *route = fw->route;
	struct rewritten_path path;

	if (!route)
		return 0;
	path_rewrite_begin(route, fw->options, path_of(m), &path);
	return route->rewrite.host.len + path_rewrite_len(path);
}

/* The head without the blank line at its end. */
static void put_lines(struct writer *w, const struct message *m)
{
	writer_put(w, message_span(m, 0, m->len - 2));
}

/* What is generated would be what was received, then what forward_add() has. */
static bool stays_request(const struct message *m, const struct forward *fw)
{
	const u32 others = FIELDS_OF_HOP | 1u << FIELD_EXPECT |
			   ~((1u << FIELD_FORWARDING) - 1);

	return m->raw && !(m->names & others) && !fw->shadow && !fw->close &&
	       m->names & 1u << FIELD_HOST &&
	       (!fw->route || (!fw->route->rewrite.path_kind &&
			       !fw->route->rewrite.host.len));
}

/* What follows the lines that were received. */
static void put_rest(struct writer *w, const struct message *m,
		     const struct forward *fw)
{
	struct forwarding state;

	forward_init(&state, fw, m);
	forward_add(&state, w);
	writer_put(w, SPAN("\r\n"));
}

u32 head_extend_request(const struct message *m, const struct forward *fw,
			char *text, u32 size)
{
	struct writer w = {
		.data = text,
		.len = m->len - 2,
		.cap = size,
	};

	if (!stays_request(m, fw))
		return 0;
	put_rest(&w, m, fw);
	return w.full ? 0 : w.len;
}

static void put_request(struct writer *w, const struct message *m,
			const struct forward *fw)
{
	writer_put(w, message_method(m));
	writer_put(w, SPAN(" "));
	put_target(w, m, fw);
	writer_put(w, SPAN(" HTTP/1.1\r\n"));
	put_host(w, m, fw);
	put_request_fields(w, m, fw);
	if (fw->upgrade)
		put_upgrade(w, m);
	else if (fw->close)
		writer_put_field(w, SPAN("connection"), SPAN("close"));
	put_framing(w, m->framing, m->content_length);
	writer_put(w, SPAN("\r\n"));
}

int head_write_request(const struct message *m, const struct forward *fw,
		       gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, written_max(m) + repeated_max(m) +
			forward_max(fw, m) + rewritten_max(m, fw), gfp))
		return -ENOMEM;
	if (stays_request(m, fw)) {
		put_lines(&w, m);
		put_rest(&w, m, fw);
	} else {
		put_request(&w, m, fw);
	}
	return writer_finish(&w, out);
}

static void put_status_line(struct writer *w, const struct message *m)
{
	u16 status = m->status;
	char *at;

	writer_put(w, SPAN("HTTP/1.1 "));
	at = writer_reserve(w, 4);
	if (at) {
		at[0] = '0' + status / 100;
		at[1] = '0' + status / 10 % 10;
		at[2] = '0' + status % 10;
		at[3] = ' ';
	}
	writer_put(w, message_span(m, m->reason, m->reason_len));
	writer_put(w, SPAN("\r\n"));
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
	return framing == BODY_NONE && m->status >= 200 &&
	       m->status != 204;
}

bool head_stays_response(const struct message *m)
{
	return m->raw && !(m->names & FIELDS_OF_HOP) && m->status != 101;
}

static void put_response(struct writer *w, const struct message *m, u8 framing,
			 const char *connection)
{
	int i;

	put_status_line(w, m);
	for (i = 0; i < m->nfields; i++)
		if (forward_response_field(m, &m->fields[i], framing))
			head_put_field(w, m, &m->fields[i]);
	put_framing(w, framing, m->content_length);
	if (m->status == 101)
		put_upgrade(w, m);
	else if (connection)
		writer_put_field(w, SPAN("connection"),
				 (struct span){ connection, strlen(connection) });
}

int head_write_response(const struct message *m, u8 framing,
			const char *connection, gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, written_max(m), gfp))
		return -ENOMEM;
	if (!connection && framing == m->framing &&
	    head_stays_response(m))
		put_lines(&w, m);
	else
		put_response(&w, m, framing, connection);
	writer_put(&w, SPAN("\r\n"));
	return writer_finish(&w, out);
}
