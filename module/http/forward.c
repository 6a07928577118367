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

void forward_init(struct forwarding *s, const struct forward *fw,
		  const struct message *m)
{
	s->fw = fw;
	s->m = m;
	s->seen = 0;
	s->traced = fw->options->traceparent && is_traced(m);
}

/* Room for "forwarded", "via", "x-forwarded-host", "traceparent" but for hosts. */
#define RARE_MAX 256

u32 forward_max(const struct forward *fw, const struct message *m)
{
	const struct http_options *o = fw->options;

	if (!o->x_forwarded_host && !o->forwarded && !o->via && !o->traceparent)
		return 0;
	return RARE_MAX + 2 * m->authority_len;
}

/* The authority that was asked for. */
static struct span host_of(const struct forwarding *s)
{
	return message_authority(s->m);
}

/* RFC 7239 4: a host may have a colon, so it is in quotes. */
static void write_forwarded(struct forwarding *s, struct writer *w)
{
	bool v6 = memchr(s->fw->client.p, ':', s->fw->client.len);
	struct span host = host_of(s);

	writer_put(w, v6 ? SPAN("for=\"[") : SPAN("for="));
	writer_put(w, s->fw->client);
	writer_put(w, v6 ? SPAN("]\"") : SPAN(""));
	if (host.len) {
		writer_put(w, SPAN(";host=\""));
		writer_put(w, host);
		writer_put(w, SPAN("\""));
	}
	writer_put(w, SPAN(";proto=http"));
}

static void write_element(struct forwarding *s, struct writer *w, u8 id)
{
	if (id == FIELD_X_FORWARDED_FOR)
		writer_put(w, s->fw->client);
	else if (id == FIELD_FORWARDED)
		write_forwarded(s, w);
	else
		writer_put(w, s->m->minor ? SPAN("1.1 l7mesh") :
					    SPAN("1.0 l7mesh"));
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
static bool put_list(struct forwarding *s, struct writer *w,
		     const struct message_field *f, bool wanted)
{
	if (!wanted || !is_last(s->m, f))
		return false;
	s->seen |= BIT_OF(f->id);
	writer_put(w, message_name(s->m, f));
	writer_put(w, SPAN(": "));
	writer_put(w, message_value(s->m, f));
	if (f->value_len)
		writer_put(w, SPAN(", "));
	write_element(s, w, f->id);
	writer_put(w, SPAN("\r\n"));
	return true;
}

bool forward_put(struct forwarding *s, struct writer *w,
		 const struct message_field *f)
{
	const struct http_options *o = s->fw->options;

	switch (f->id) {
	case FIELD_X_FORWARDED_FOR:
		return put_list(s, w, f, o->x_forwarded_for);
	case FIELD_FORWARDED:
		return put_list(s, w, f, o->forwarded);
	case FIELD_VIA:
		return put_list(s, w, f, o->via);
	case FIELD_TRACEPARENT:
	case FIELD_TRACESTATE:
		/* Without a good parent the state has no meaning: 3.3.1. */
		return o->traceparent && !s->traced;
	default:
		s->seen |= BIT_OF(f->id);
		return false;
	}
}

static void put_request_id(const struct forwarding *s, struct writer *w)
{
	char text[IDENT_TEXT];

	ident_text(s->fw->ident, text);
	writer_put_field(w, SPAN("x-request-id"),
			 (struct span){ text, sizeof(text) });
}

/* Begins a trace that is to be recorded (flag 01), as the operator asked for one. */
static void put_traceparent(struct writer *w)
{
	char text[TRACEPARENT_LEN + 1];
	u64 trace[2], parent[2];

	ident_make(trace);
	ident_make(parent);
	/* Neither may be zero: half of each is a mixed counter. */
	scnprintf(text, sizeof(text), "00-%016llx%016llx-%016llx-01",
		  (unsigned long long)trace[0] | 1,
		  (unsigned long long)trace[1],
		  (unsigned long long)parent[0] | 1);
	writer_put_field(w, SPAN("traceparent"),
			 (struct span){ text, TRACEPARENT_LEN });
}

static void add_list(struct forwarding *s, struct writer *w, u8 id,
		     struct span name)
{
	if (s->seen & BIT_OF(id))
		return;
	writer_put(w, name);
	write_element(s, w, id);
	writer_put(w, SPAN("\r\n"));
}

void forward_add(struct forwarding *s, struct writer *w)
{
	const struct http_options *o = s->fw->options;

	if (o->x_forwarded_for)
		add_list(s, w, FIELD_X_FORWARDED_FOR,
			 SPAN("x-forwarded-for: "));
	if (o->x_forwarded_proto && !(s->seen & BIT_OF(FIELD_X_FORWARDED_PROTO)))
		writer_put_field(w, SPAN("x-forwarded-proto"), SPAN("http"));
	if (o->x_forwarded_host && host_of(s).len &&
	    !(s->seen & BIT_OF(FIELD_X_FORWARDED_HOST)))
		writer_put_field(w, SPAN("x-forwarded-host"), host_of(s));
	if (o->forwarded)
		add_list(s, w, FIELD_FORWARDED, SPAN("forwarded: "));
	if (o->via)
		add_list(s, w, FIELD_VIA, SPAN("via: "));
	if (o->traceparent && !s->traced)
		put_traceparent(w);
	if (o->x_request_id && !(s->seen & BIT_OF(FIELD_X_REQUEST_ID)))
		put_request_id(s, w);
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
