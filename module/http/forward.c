// SPDX-License-Identifier: GPL-2.0
#include "http/forward.h"

#include <linux/inet.h>
#include <linux/kernel.h>

#include "lib/compat.h"
#include "lib/ident.h"

#define BIT_OF(id) (1u << (id))

static bool is_hex(struct span s)
{
	u32 i;

	/* Lower case alone, W3C Trace Context 3.2.2. */
	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

static bool is_zero(struct span s)
{
	u32 i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != '0')
			return false;
	return true;
}

/* W3C Trace Context 3.2.2: version-traceid-parentid-flags, and more later. */
#define TRACEPARENT_LEN 55

static bool traceparent_valid(struct span s)
{
	static const struct { u8 at, len; } parts[] = {
		{ 0, 2 }, { 3, 32 }, { 36, 16 }, { 53, 2 },
	};
	struct span part;
	int i;

	if (s.len < TRACEPARENT_LEN)
		return false;
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		part = (struct span){ s.p + parts[i].at, parts[i].len };
		if (!is_hex(part) || (i && s.p[parts[i].at - 1] != '-'))
			return false;
		if ((i == 1 || i == 2) && is_zero(part))
			return false;
	}
	if (span_starts_with(s, SPAN("ff")))
		return false;
	if (span_starts_with(s, SPAN("00")))
		return s.len == TRACEPARENT_LEN;
	return s.len == TRACEPARENT_LEN || s.p[TRACEPARENT_LEN] == '-';
}

static bool is_traced(const struct message *m)
{
	const struct message_field *f, *found = NULL;

	for (f = m->fields; f < message_end(m); f++) {
		if (f->id != FIELD_TRACEPARENT || f->hop)
			continue;
		if (found)
			return false;
		found = f;
	}
	return found && traceparent_valid(message_value(m, found));
}

/* What is said of one request. */
struct forwarding {
	const struct forward *fw;
	struct edit *e;
	u32 seen;			/* bit: enum field_id */
	bool traced;			/* it has one good traceparent */
};

/* RFC 7239 4: a host may have a colon, so it is in quotes. */
static int forwarded_element(struct forwarding *s, struct span *element)
{
	struct span host = message_authority(s->e->m), client = s->fw->client;
	bool v6 = memchr(client.p, ':', client.len);
	u32 len = sizeof("for=\"[]\";host=\"\";proto=http") + client.len +
		  host.len;
	char *text = edit_text(s->e, len), *at = text;

	if (!text)
		return -ENOMEM;
	at = span_copy(at, v6 ? SPAN("for=\"[") : SPAN("for="));
	at = span_copy(at, client);
	at = span_copy(at, v6 ? SPAN("]\"") : SPAN(""));
	if (host.len) {
		at = span_copy(at, SPAN(";host=\""));
		at = span_copy(at, host);
		at = span_copy(at, SPAN("\""));
	}
	at = span_copy(at, SPAN(";proto=http"));
	*element = (struct span){ text, at - text };
	return 0;
}

/* RFC 9110 7.6.3 */
static struct span received_by(const struct message *m)
{
	if (m->http2)
		return SPAN("2 l7mesh");
	return m->minor ? SPAN("1.1 l7mesh") : SPAN("1.0 l7mesh");
}

/* What of ours is in one of the lists. */
static int element_of(struct forwarding *s, u8 id, struct span *element)
{
	if (id == FIELD_FORWARDED)
		return forwarded_element(s, element);
	if (id == FIELD_X_FORWARDED_FOR)
		*element = s->fw->client;
	else
		*element = received_by(s->e->m);
	return 0;
}

static bool is_last(const struct message *m, const struct message_field *f)
{
	const struct message_field *end = message_end(m);
	u8 id = f->id;

	while (++f < end)
		if (f->id == id && !f->hop)
			return false;
	return true;
}

/* Appends an element of ours to the last line of a list. */
static int change_list(struct forwarding *s, const struct message_field *f,
		       bool wanted)
{
	struct span value = message_value(s->e->m, f), element;
	char *text, *at;
	int err;

	if (!wanted || !is_last(s->e->m, f))
		return 0;
	s->seen |= BIT_OF(f->id);
	err = element_of(s, f->id, &element);
	if (err)
		return err;
	text = edit_text(s->e, value.len + 2 + element.len);
	if (!text)
		return -ENOMEM;
	at = span_copy(text, value);
	at = span_copy(at, value.len ? SPAN(", ") : SPAN(""));
	at = span_copy(at, element);
	edit_replace(s->e, f, (struct span){ text, at - text });
	return 0;
}

static int change(struct forwarding *s, const struct message_field *f)
{
	const struct http_options *o = s->fw->options;

	switch (f->id) {
	case FIELD_X_FORWARDED_FOR:
		return change_list(s, f, o->x_forwarded_for);
	case FIELD_FORWARDED:
		return change_list(s, f, o->forwarded);
	case FIELD_VIA:
		return change_list(s, f, o->via);
	case FIELD_TRACEPARENT:
	case FIELD_TRACESTATE:
		/* Without a good parent the state has no meaning: 3.3.1. */
		if (o->traceparent && !s->traced)
			edit_drop(s->e, f);
		return 0;
	default:
		s->seen |= BIT_OF(f->id);
		return 0;
	}
}

static int change_received(struct forwarding *s)
{
	const struct message *m = s->e->m;
	const struct message_field *f;
	int err;

	for (f = m->fields; f < message_end(m); f++) {
		if (f->id < FIELD_FORWARDING || f->hop)
			continue;
		err = change(s, f);
		if (err)
			return err;
	}
	return 0;
}

static int add_request_id(struct forwarding *s)
{
	char *text = edit_text(s->e, IDENT_TEXT);

	if (!text)
		return -ENOMEM;
	ident_text(s->fw->ident, text);
	edit_add(s->e, SPAN("x-request-id"), (struct span){ text, IDENT_TEXT });
	return 0;
}

/* Begins a trace that is to be recorded (flag 01), as the operator asked for one. */
static int add_traceparent(struct forwarding *s)
{
	char *text = edit_text(s->e, TRACEPARENT_LEN + 1);
	u64 trace[2], parent[2];

	if (!text)
		return -ENOMEM;
	ident_make(trace);
	ident_make(parent);
	/* Neither may be zero: half of each is a mixed counter. */
	scnprintf(text, TRACEPARENT_LEN + 1, "00-%016llx%016llx-%016llx-01",
		  (unsigned long long)trace[0] | 1,
		  (unsigned long long)trace[1],
		  (unsigned long long)parent[0] | 1);
	edit_add(s->e, SPAN("traceparent"), (struct span){ text, TRACEPARENT_LEN });
	return 0;
}

static int add_list(struct forwarding *s, u8 id, struct span name)
{
	struct span element;
	int err;

	if (s->seen & BIT_OF(id))
		return 0;
	err = element_of(s, id, &element);
	if (!err)
		edit_add(s->e, name, element);
	return err;
}

/* What was not received, after all that was. */
static int add_missing(struct forwarding *s)
{
	const struct http_options *o = s->fw->options;
	struct span host = message_authority(s->e->m);
	int err = 0;

	if (o->x_forwarded_for)
		err = add_list(s, FIELD_X_FORWARDED_FOR, SPAN("x-forwarded-for"));
	if (o->x_forwarded_proto && !(s->seen & BIT_OF(FIELD_X_FORWARDED_PROTO)))
		edit_add(s->e, SPAN("x-forwarded-proto"), SPAN("http"));
	if (o->x_forwarded_host && host.len &&
	    !(s->seen & BIT_OF(FIELD_X_FORWARDED_HOST)))
		edit_add(s->e, SPAN("x-forwarded-host"), host);
	if (!err && o->forwarded)
		err = add_list(s, FIELD_FORWARDED, SPAN("forwarded"));
	if (!err && o->via)
		err = add_list(s, FIELD_VIA, SPAN("via"));
	if (!err && o->traceparent && !s->traced)
		err = add_traceparent(s);
	if (!err && o->x_request_id && !(s->seen & BIT_OF(FIELD_X_REQUEST_ID)))
		err = add_request_id(s);
	return err;
}

/* What of a host is before its port, if it has one. */
static u32 name_len(struct span host)
{
	u32 i = host.len;

	while (i && host.p[i - 1] >= '0' && host.p[i - 1] <= '9')
		i--;
	return i && host.p[i - 1] == ':' ? i - 1 : host.len;
}

/* With @more behind the name. */
static int extend_authority(struct edit *e, struct span more)
{
	struct span host = e->authority;
	u32 len = name_len(host);
	char *text = edit_text(e, host.len + more.len), *at = text;

	if (!text)
		return -ENOMEM;
	at = span_copy(at, (struct span){ host.p, len });
	at = span_copy(at, more);
	at = span_copy(at, span_from(host, len));
	e->authority = (struct span){ text, at - text };
	return 0;
}

static int say_original(const struct forward *fw, struct edit *e)
{
	char *text = edit_text(e, ADDRESS_TEXT_MAX);

	if (!text)
		return -ENOMEM;
	e->authority = (struct span){ text, address_text(fw->original, text) };
	return 0;
}

/*
 * The authority that routing used is the one that is passed on, with the dot that was
 * taken off it.
 */
static int set_authority(const struct forward *fw, struct edit *e)
{
	const struct message *m = e->m;
	bool another = fw->host.len && !m->connect;
	int err = 0;

	if (another)
		e->authority = fw->host;
	else if (!m->authority_len)
		err = say_original(fw, e);
	if (!err && fw->shadow)
		err = extend_authority(e, SPAN("-shadow"));
	if (!err && m->rooted && !another)
		err = extend_authority(e, SPAN("."));
	e->rewrites |= another || !m->authority_len || fw->shadow || m->rooted;
	return err;
}

static void set_path(const struct forward *fw, struct edit *e)
{
	const struct message *m = e->m;

	if (fw->path.len)
		e->path = fw->path;
	else if (!m->path_len)
		/* An absolute target may lack a path: RFC 9112 3.2.1 and 3.2.4. */
		e->path = !m->query && span_eq(message_method(m), SPAN("OPTIONS")) ?
			  SPAN("*") : SPAN("/");
	e->rewrites |= fw->path.len || !m->path_len;
}

int forward_edit(const struct forward *fw, struct edit *e)
{
	struct forwarding s = {
		.fw = fw,
		.e = e,
		.traced = fw->options->traceparent && is_traced(e->m),
	};
	int err;

	static_assert(EDIT_FIELDS >= 7);
	e->authority = message_authority(e->m);
	e->path = message_path(e->m);
	set_path(fw, e);
	err = set_authority(fw, e);
	if (err)
		return err;
	if (e->m->names >> FIELD_FORWARDING)
		err = change_received(&s);
	return err ?: add_missing(&s);
}

/* ---- the client behind trusted proxies ---- */

/* Takes the last element off a list. */
static struct span last_element(struct span *list)
{
	u32 at = list->len;
	struct span element;

	while (at && list->p[at - 1] != ',')
		at--;
	element = (struct span){ list->p + at, list->len - at };
	list->len = at ? at - 1 : 0;
	return span_trim(element);
}

/* The element that is @hops from the end of all lines together. */
static struct span nth_from_end(const struct message *m, u32 hops)
{
	const struct message_field *first = m->fields, *f;
	struct span list, element;

	for (f = first + m->nfields; f-- > first;) {
		if (f->id != FIELD_X_FORWARDED_FOR || f->hop)
			continue;
		list = message_value(m, f);
		while (list.len) {
			/* Of nothing there may be as much as a head has room for. */
			if (list.p[list.len - 1] == ',') {
				list.len--;
				continue;
			}
			element = last_element(&list);
			if (element.len && !--hops)
				return element;
		}
	}
	return (struct span){ NULL, 0 };
}

void forward_client(const struct message *m, u32 hops, struct address *client)
{
	struct span s = nth_from_end(m, hops);
	struct in6_addr v6;
	__be32 v4;

	if (!s.len)
		return;
	if (in4_pton(s.p, s.len, (u8 *)&v4, -1, NULL))
		address_set_v4(client, v4, 0);
	else if (in6_pton(s.p, s.len, (u8 *)&v6, -1, NULL))
		address_set_v6(client, &v6, 0);
}
