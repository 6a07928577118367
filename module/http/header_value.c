// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

#include "http/chars.h"
#include "http/field_index.h"
#include "http/header_value.h"
#include "lib/ident.h"

enum variable {
	V_PERCENT,
	V_REMOTE_ADDRESS,
	V_REMOTE_HOST,
	V_LOCAL_ADDRESS,
	V_LOCAL_HOST,
	V_LOCAL_PORT,
	V_UPSTREAM_ADDRESS,
	V_UPSTREAM_CLUSTER,
	V_PROTOCOL,
	V_REQUEST_FIELD,
	V_RESPONSE_FIELD,
	V_STATUS,
};

static const struct {
	struct span name;	/* up to a '(' */
	bool argument;
	bool response;
} variables[] = {
	[V_PERCENT] = { SPAN("") },
	[V_REMOTE_ADDRESS] = { SPAN("DOWNSTREAM_REMOTE_ADDRESS") },
	[V_REMOTE_HOST] = { SPAN("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT") },
	[V_LOCAL_ADDRESS] = { SPAN("DOWNSTREAM_LOCAL_ADDRESS") },
	[V_LOCAL_HOST] = { SPAN("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT") },
	[V_LOCAL_PORT] = { SPAN("DOWNSTREAM_LOCAL_PORT") },
	[V_UPSTREAM_ADDRESS] = { SPAN("UPSTREAM_REMOTE_ADDRESS") },
	[V_UPSTREAM_CLUSTER] = { SPAN("UPSTREAM_CLUSTER") },
	[V_PROTOCOL] = { SPAN("PROTOCOL") },
	[V_REQUEST_FIELD] = { SPAN("REQ"), .argument = true },
	[V_RESPONSE_FIELD] = { SPAN("RESP"), .argument = true, .response = true },
	[V_STATUS] = { SPAN("RESPONSE_CODE"), .response = true },
};

/* A piece of a value: text, or a variable with its argument. */
struct piece {
	int variable;		/* enum variable; -1: text; -2: there is none such */
	struct span text;	/* or argument */
};

static struct piece read_variable(struct span s)
{
	const char *open = memchr(s.p, '(', s.len);
	struct piece piece = { .variable = -2 };
	struct span name = s;
	bool argument = open && s.p[s.len - 1] == ')';
	int i;

	if (argument) {
		name.len = open - s.p;
		piece.text = (struct span){ open + 1, s.len - name.len - 2 };
	}
	for (i = 0; i < ARRAY_SIZE(variables); i++)
		if (span_eq(variables[i].name, name) &&
		    variables[i].argument == argument)
			piece.variable = i;
	return piece;
}

/* The next piece of @rest, which becomes what follows it and is not empty. */
static struct piece next_piece(struct span *rest)
{
	struct piece piece = { -1, *rest };
	const char *at = memchr(rest->p, '%', rest->len), *end;

	if (at != rest->p) {
		if (at)
			piece.text.len = at - rest->p;
		*rest = span_from(*rest, piece.text.len);
		return piece;
	}
	end = memchr(at + 1, '%', rest->len - 1);
	if (!end) {
		*rest = span_from(*rest, rest->len);
		return (struct piece){ .variable = -2 };
	}
	*rest = span_from(*rest, end + 1 - at);
	return read_variable((struct span){ at + 1, end - at - 1 });
}

const char *header_value_check(struct span value, bool response)
{
	struct piece piece;

	while (value.len) {
		piece = next_piece(&value);
		if (piece.variable == -1)
			continue;
		if (piece.variable == -2)
			return "a %VARIABLE% that there is not (a percent sign is %%)";
		if (variables[piece.variable].argument &&
		    !chars_token_valid(piece.text))
			return "a variable's argument must be the name of a field";
		if (variables[piece.variable].response && !response)
			return "a variable that only a response has";
	}
	return NULL;
}

u32 header_value_variables(struct span value)
{
	u32 n = 0;

	while (value.len)
		n += next_piece(&value).variable >= 0;
	return n;
}

static struct span field_of(struct field_index *index, struct span name)
{
	const struct message_field *f = field_index_find(index, name);

	return f ? message_value(index->m, f) : SPAN("");
}

#define PIECE_MAX	ADDRESS_TEXT_MAX

static struct span request_field(const struct header_context *c,
				 struct span name, char *buf)
{
	struct span value = field_of(c->request_fields, name);

	static_assert(IDENT_TEXT <= PIECE_MAX);
	if (value.len || !c->ident ||
	    !span_eq_nocase(name, SPAN("x-request-id")))
		return value;
	ident_text(c->ident, buf);
	return (struct span){ buf, IDENT_TEXT };
}

static int client_text(const struct header_context *c, char *buf)
{
	struct address client = *c->client;

	client.port = c->client_port;
	return address_text(&client, buf);
}

/* What a variable stands for; @buf has room for PIECE_MAX bytes. */
static struct span expand(const struct piece *piece,
			  const struct header_context *c, char *buf)
{
	struct span value = { buf, 0 };

	switch (piece->variable) {
	case V_PERCENT:
		return SPAN("%");
	case V_REMOTE_ADDRESS:
		value.len = client_text(c, buf);
		break;
	case V_REMOTE_HOST:
		value.len = address_host_text(c->client, buf);
		break;
	case V_LOCAL_ADDRESS:
		value.len = address_text(c->original, buf);
		break;
	case V_LOCAL_HOST:
		value.len = address_host_text(c->original, buf);
		break;
	case V_LOCAL_PORT:
		value.len = scnprintf(buf, PIECE_MAX, "%u",
				      ntohs(c->original->port));
		break;
	case V_UPSTREAM_ADDRESS:
		if (c->upstream)
			value.len = address_text(c->upstream, buf);
		break;
	case V_UPSTREAM_CLUSTER:
		return c->cluster;
	case V_PROTOCOL:
		if (c->request->http2)
			return SPAN("HTTP/2");
		return c->request->minor ? SPAN("HTTP/1.1") :
						  SPAN("HTTP/1.0");
	case V_REQUEST_FIELD:
		return request_field(c, piece->text, buf);
	case V_RESPONSE_FIELD:
		return c->response ?
		       field_of(c->response_fields, piece->text) : SPAN("");
	case V_STATUS:
		value.len = scnprintf(buf, PIECE_MAX, "%u", c->status);
		break;
	default:
		return piece->text;
	}
	return value;
}

u32 header_value_put(struct span value, const struct header_context *context,
		     char *to)
{
	char buf[PIECE_MAX];
	struct piece piece;
	struct span s;
	u32 len = 0;

	while (value.len) {
		piece = next_piece(&value);
		s = expand(&piece, context, buf);
		if (to)
			memcpy(to + len, s.p, s.len);
		len += s.len;
	}
	return len;
}
