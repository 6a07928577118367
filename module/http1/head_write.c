// SPDX-License-Identifier: GPL-2.0
/*
 * What is sent is generated from what was understood: one framing, normal line ends,
 * nothing that is for one hop only. Where that would be what was received, byte for
 * byte but for the case and order of names, that is sent: http1_parser.odd says.
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
	if (framing == HTTP1_BODY_LENGTH)
		put_content_length(w, length);
	else if (framing == HTTP1_BODY_CHUNKED)
		writer_put_field(w, SPAN("transfer-encoding"), SPAN("chunked"));
}

/* As most are: "name: value", and nothing else on the line. */
static bool is_canonical(const struct head *h, const struct http1_field *f)
{
	return f->value == f->name + f->name_len + 2 &&
	       h->data[f->value - 1] == ' ' &&
	       h->data[f->value + f->value_len] == '\r';
}

void head_put_field(struct writer *w, const struct head *h,
		    const struct http1_field *f)
{
	if (is_canonical(h, f))
		writer_put(w, head_span(h, f->name, f->name_len + f->value_len + 4));
	else
		writer_put_field(w, head_span(h, f->name, f->name_len),
				 head_span(h, f->value, f->value_len));
}

/* What was matched: an absolute target may lack a path. */
static struct span path_of(const struct head *h)
{
	const struct http1_parser *p = &h->parser;

	return p->path_len ? head_span(h, p->path, p->path_len) : SPAN("/");
}

static void put_path(struct writer *w, const struct head *h,
		     const struct forward *fw)
{
	const struct route *route = fw->route;
	struct rewritten_path path;
	struct span piece;

	if (!route || !route->rewrite.path_kind) {
		writer_put(w, head_span(h, h->parser.path, h->parser.path_len));
		return;
	}
	path_rewrite_begin(route, fw->options, path_of(h), &path);
	while (path_rewrite_next(&path, &piece))
		writer_put(w, piece);
}

static struct span authority_of(const struct head *h)
{
	return head_span(h, h->parser.authority, h->parser.authority_len);
}

static bool rewrites_host(const struct head *h, const struct forward *fw)
{
	return fw->route && fw->route->rewrite.host.len && !h->parser.connect;
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
static void put_target(struct writer *w, const struct head *h,
		       const struct forward *fw)
{
	const struct http1_parser *p = &h->parser;
	const struct route *route = fw->route;
	struct span method = head_span(h, p->method, p->method_len);

	/* An absolute target may lack a path: RFC 9112 3.2.1 and 3.2.4. */
	if (p->connect) {
		put_authority(w, authority_of(h), SPAN(""), p->rooted);
		return;
	}
	if (!p->path_len && !(route && route->rewrite.path_kind))
		writer_put(w, !p->query && span_eq(method, SPAN("OPTIONS")) ?
		       SPAN("*") : SPAN("/"));
	put_path(w, h, fw);
	if (p->query) {
		writer_put(w, SPAN("?"));
		writer_put(w, head_span(h, p->query, p->query_len));
	}
}

/* The authority that routing used is the one that is passed on. */
static struct span host_of(const struct head *h, const struct forward *fw,
			   char *text)
{
	if (rewrites_host(h, fw))
		return fw->route->rewrite.host;
	if (h->parser.authority_len)
		return authority_of(h);
	return (struct span){ text, address_text(fw->original, text) };
}

static void put_host(struct writer *w, const struct head *h,
		     const struct forward *fw)
{
	bool dot = h->parser.rooted && !rewrites_host(h, fw);
	char text[ADDRESS_TEXT_MAX];
	struct span host = host_of(h, fw, text);

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
	return id == HTTP1_HOST || id == HTTP1_CONTENT_LENGTH ||
	       id == HTTP1_TRANSFER_ENCODING;
}

static void put_request_fields(struct writer *w, const struct head *h,
			       const struct forward *fw)
{
	const struct http1_parser *p = &h->parser;
	struct forwarding state;
	int i;

	forward_init(&state, fw, h);
	for (i = 0; i < p->nfields; i++) {
		const struct http1_field *f = &p->fields[i];

		if (f->hop || generated_in_request(f->id))
			continue;
		if (f->id == HTTP1_EXPECT && fw->expect_answered)
			continue;
		if (f->id < HTTP1_FORWARDING || !forward_put(&state, w, f))
			head_put_field(w, h, f);
	}
	forward_add(&state, w);
}

/* RFC 9110 7.8 */
static void put_upgrade(struct writer *w, const struct head *h)
{
	writer_put_field(w, SPAN("connection"), SPAN("upgrade"));
	writer_put_field(w, SPAN("upgrade"), head_upgrade(h));
}

/*
 * More than what is generated takes: Host, Content-Length, x-request-id, ...; and
 * ": " and CRLF for white space that was not received.
 */
#define HEAD_ADDED	320
#define FIELD_ADDED	4

static u32 written_max(const struct head *h)
{
	return h->parser.head_len + h->parser.nfields * FIELD_ADDED +
	       HEAD_ADDED;
}

/* CONNECT says twice to whom: Host says it as well, whatever it said before. */
static u32 repeated_max(const struct head *h)
{
	return h->parser.connect ? h->parser.authority_len : 0;
}

static u32 rewritten_max(const struct head *h, const struct forward *fw)
{
	const struct route *route = fw->route;
	struct rewritten_path path;

	if (!route)
		return 0;
	path_rewrite_begin(route, fw->options, path_of(h), &path);
	return route->rewrite.host.len + path_rewrite_len(path);
}

/* The head without the blank line at its end. */
static void put_lines(struct writer *w, const struct head *h)
{
	writer_put(w, head_span(h, 0, h->parser.head_len - 2));
}

/*
 * What is generated would be what was received, then what forward_add() has.
 * A path that was normalized is another than the target's.
 */
static bool stays_request(const struct head *h, const struct forward *fw)
{
	const u32 others = HTTP1_HOP_NAMES | 1u << HTTP1_EXPECT |
			   ~((1u << HTTP1_FORWARDING) - 1);
	const struct http1_parser *p = &h->parser;
	u32 query = p->query ? p->query_len + 1 : 0;

	return !p->odd && !(p->names & others) && !fw->shadow && !fw->close &&
	       p->names & 1u << HTTP1_HOST &&
	       p->target_len == p->path_len + query &&
	       (!fw->route || (!fw->route->rewrite.path_kind &&
			       !fw->route->rewrite.host.len));
}

/* What follows the lines that were received. */
static void put_rest(struct writer *w, const struct head *h,
		     const struct forward *fw)
{
	struct forwarding state;

	forward_init(&state, fw, h);
	forward_add(&state, w);
	writer_put(w, SPAN("\r\n"));
}

u32 head_extend_request(const struct head *h, const struct forward *fw,
			char *text, u32 size)
{
	struct writer w = {
		.data = text,
		.len = h->parser.head_len - 2,
		.cap = size,
	};

	if (!stays_request(h, fw))
		return 0;
	put_rest(&w, h, fw);
	return w.full ? 0 : w.len;
}

static void put_request(struct writer *w, const struct head *h,
			const struct forward *fw)
{
	const struct http1_parser *p = &h->parser;

	writer_put(w, head_span(h, p->method, p->method_len));
	writer_put(w, SPAN(" "));
	put_target(w, h, fw);
	writer_put(w, SPAN(" HTTP/1.1\r\n"));
	put_host(w, h, fw);
	put_request_fields(w, h, fw);
	if (fw->upgrade)
		put_upgrade(w, h);
	else if (fw->close)
		writer_put_field(w, SPAN("connection"), SPAN("close"));
	put_framing(w, p->framing, p->content_length);
	writer_put(w, SPAN("\r\n"));
}

int head_write_request(const struct head *h, const struct forward *fw,
		       gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, written_max(h) + repeated_max(h) +
			forward_max(fw, h) + rewritten_max(h, fw), gfp))
		return -ENOMEM;
	if (stays_request(h, fw)) {
		put_lines(&w, h);
		put_rest(&w, h, fw);
	} else {
		put_request(&w, h, fw);
	}
	return writer_finish(&w, out);
}

static void put_status_line(struct writer *w, const struct head *h)
{
	u16 status = h->parser.status;
	char *at;

	writer_put(w, SPAN("HTTP/1.1 "));
	at = writer_reserve(w, 4);
	if (at) {
		at[0] = '0' + status / 100;
		at[1] = '0' + status / 10 % 10;
		at[2] = '0' + status % 10;
		at[3] = ' ';
	}
	writer_put(w, head_span(h, h->parser.reason, h->parser.reason_len));
	writer_put(w, SPAN("\r\n"));
}

/*
 * Content-Length of a response without a body describes what a GET would have
 * had (RFC 9110 8.6), so it is passed on as it is; otherwise it is generated.
 */
static bool forward_response_field(const struct head *h,
				   const struct http1_field *f, u8 framing)
{
	if (f->hop || f->id == HTTP1_TRANSFER_ENCODING)
		return false;
	if (f->id != HTTP1_CONTENT_LENGTH)
		return true;
	return framing == HTTP1_BODY_NONE && h->parser.status >= 200 &&
	       h->parser.status != 204;
}

bool head_stays_response(const struct head *h)
{
	const struct http1_parser *p = &h->parser;

	return !p->odd && !(p->names & HTTP1_HOP_NAMES) && p->status != 101;
}

static void put_response(struct writer *w, const struct head *h, u8 framing,
			 const char *connection)
{
	const struct http1_parser *p = &h->parser;
	int i;

	put_status_line(w, h);
	for (i = 0; i < p->nfields; i++)
		if (forward_response_field(h, &p->fields[i], framing))
			head_put_field(w, h, &p->fields[i]);
	put_framing(w, framing, p->content_length);
	if (p->status == 101)
		put_upgrade(w, h);
	else if (connection)
		writer_put_field(w, SPAN("connection"),
				 (struct span){ connection, strlen(connection) });
}

int head_write_response(const struct head *h, u8 framing,
			const char *connection, gfp_t gfp, struct out *out)
{
	struct writer w;

	if (writer_init(&w, written_max(h), gfp))
		return -ENOMEM;
	if (!connection && framing == h->parser.framing &&
	    head_stays_response(h))
		put_lines(&w, h);
	else
		put_response(&w, h, framing, connection);
	writer_put(&w, SPAN("\r\n"));
	return writer_finish(&w, out);
}
