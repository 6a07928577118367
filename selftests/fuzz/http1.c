// SPDX-License-Identifier: GPL-2.0
/*
 * http1: a head in pieces is what it is whole, what is accepted is sound, and what is
 * written of it means the same.
 *
 * Input: kind of message, seed of the split, the message.
 */
#include "../unit/parse.h"
#include "fuzz.h"
#include "http/authority.h"
#include "http/chars.h"
#include "http1/head.h"

enum { REQUEST, RESPONSE, RESPONSE_TO_HEAD, RESPONSE_TO_CONNECT };

static void start(struct message *p, u32 kind)
{
	/* A field that the parser forgets to set would differ or trip MSan. */
	memset(p, 0, sizeof(*p));
	http1_init(p, kind != REQUEST);
	p->head_request = kind == RESPONSE_TO_HEAD;
	p->connect_request = kind == RESPONSE_TO_CONNECT;
}

static enum http1_result whole(struct message *p, u32 kind,
			       struct input msg)
{
	char *buf = copy_of(msg.p, msg.left);
	enum http1_result result;

	start(p, kind);
	result = parse_bytes(p, buf, msg.left);
	free(buf);
	return result;
}

static enum http1_result pieces(struct message *p, u32 kind,
				struct input msg, u32 seed)
{
	enum http1_result result = HTTP1_MORE;
	u32 len = 0, step;
	char *buf;

	start(p, kind);
	while (result == HTTP1_MORE && len < msg.left) {
		step = next_random(&seed) % (next_random(&seed) % 4 ? 8 : 300);
		len = step < msg.left - len ? len + step + 1 : msg.left;
		if (len > msg.left)
			len = msg.left;
		buf = copy_of(msg.p, len);
		result = parse_bytes(p, buf, len);
		/* Final is final. */
		if (result != HTTP1_MORE)
			must_hold(http1_parse(p) == result);
		free(buf);
	}
	return result;
}

static void within(u32 at, u32 len, const struct message *p)
{
	must_hold(at + len <= p->len);
}

static void sound_fields(const struct message *p)
{
	const struct message_field *f;
	u32 lengths = 0, codings = 0, hosts = 0;

	must_hold(p->nfields <= MESSAGE_FIELDS_MAX);
	for (f = p->fields; f < p->fields + p->nfields; f++) {
		within(f->name, f->name_len, p);
		within(f->value, f->value_len, p);
		must_hold(chars_token_valid(message_name(p, f)));
		must_hold(chars_value_valid(message_value(p, f)));
		/* A response may repeat its length: it is not passed on twice. */
		lengths += f->id == FIELD_CONTENT_LENGTH &&
			   !(p->response && f->hop);
		codings += f->id == FIELD_TRANSFER_ENCODING;
		hosts += f->id == FIELD_HOST;
		must_hold(f->id != FIELD_TRANSFER_ENCODING || f->hop);
	}
	/* One framing, whoever reads it. */
	must_hold(lengths + codings <= 1);
	must_hold(p->response || p->minor == 0 || hosts == 1);
	must_hold(p->response || hosts <= 1);
	if (!p->response) {
		must_hold((p->framing == BODY_LENGTH) == lengths);
		must_hold((p->framing == BODY_CHUNKED) == codings);
		must_hold(!codings || p->minor == 1);
	}
}

static void sound(const struct message *p, struct input msg)
{
	const char *head = msg.p;
	u32 i;

	must_hold(p->len >= 4 && p->len <= msg.left);
	must_hold(p->len <= MESSAGE_HEAD_MAX);
	must_hold(!memcmp(head + p->len - 4, "\r\n\r\n", 4));
	for (i = 0; i < p->len; i++) {
		must_hold(head[i]);
		must_hold(head[i] != '\n' || (i && head[i - 1] == '\r'));
		must_hold(head[i] != '\r' || head[i + 1] == '\n');
	}
	must_hold(p->minor <= 1);
	sound_fields(p);
	if (p->response) {
		must_hold(p->status >= 100 && p->status <= 999);
		within(p->reason, p->reason_len, p);
		return;
	}
	must_hold(p->framing != BODY_UNTIL_CLOSE);
	must_hold(chars_token_valid(message_method(p)));
	must_hold(p->target_len && p->target_len <= MESSAGE_TARGET_MAX);
	within(p->target, p->target_len, p);
	within(p->path, p->path_len, p);
	within(p->query, p->query_len, p);
	within(p->host, p->host_len, p);
	within(p->authority, p->authority_len, p);
	within(p->upgrade, p->upgrade_len, p);
	must_hold(!p->connect || (p->authority_len && !p->path_len &&
				  p->framing == BODY_NONE));
	if (p->authority_len)
		must_hold(authority_valid(message_authority(p)));
}

/* The next field that is passed on as it is, from @f on, or the end. */
static const struct message_field *passed_on(const struct message *m,
					     const struct message_field *f)
{
	const u32 generated = 1u << FIELD_HOST | 1u << FIELD_CONTENT_LENGTH |
			      1u << FIELD_TRANSFER_ENCODING |
			      1u << FIELD_UPGRADE | 1u << FIELD_CONNECTION;

	while (f < message_end(m) && (f->hop || generated >> f->id & 1))
		f++;
	return f;
}

static void same_fields(const struct message *a, const struct message *b)
{
	const struct message_field *f = passed_on(a, a->fields);
	const struct message_field *g = passed_on(b, b->fields);

	for (; f < message_end(a) && g < message_end(b);
	     f = passed_on(a, f + 1), g = passed_on(b, g + 1)) {
		must_hold(span_eq(message_name(a, f), message_name(b, g)));
		must_hold(span_eq(message_value(a, f), message_value(b, g)));
	}
	must_hold(f == message_end(a) && g == message_end(b));
}

static void same_request(const struct message *a, const struct edit *e,
			 const struct message *b)
{
	must_hold(span_eq(message_method(a), message_method(b)));
	must_hold(span_eq(message_query(a), message_query(b)));
	must_hold(span_eq(e->authority, message_authority(b)));
	must_hold(a->connect || span_eq(e->path, message_path(b)));
	must_hold(a->framing == b->framing);
	must_hold(a->content_length == b->content_length);
}

static void same(const struct message *m, const struct edit *e,
		 const struct message *again, u32 written)
{
	must_hold(again->len == written);
	same_fields(m, again);
	if (m->response)
		must_hold(again->status == m->status);
	else
		same_request(m, e, again);
}

static void begin_edit(struct edit *e, const struct message *m)
{
	edit_init(e, m, GFP_KERNEL);
	e->authority = m->authority_len ? message_authority(m) : SPAN("a");
	e->path = m->path_len ? message_path(m) : SPAN("/");
	e->rewrites = !m->authority_len || !m->path_len;
}

/*
 * Of as many fields as are read two more may be made: the Host of HTTP/1.0 which sent
 * none; Connection and Upgrade of a 101 that came without.
 */
static bool too_many(const struct message *m, const struct message *again)
{
	u8 error = m->response ? MESSAGE_BAD_RESPONSE : MESSAGE_TOO_MANY_FIELDS;

	return m->nfields + 2 > MESSAGE_FIELDS_MAX &&
	       again->nfields == MESSAGE_FIELDS_MAX && again->error == error;
}

/* As an endpoint or a client gets it; what is written was reckoned before. */
static void written(const struct message *m)
{
	struct head_ways ways = { .upgrade = m->upgrade_len };
	static struct message again;
	struct out out = { 0 };
	struct edit e;

	begin_edit(&e, m);
	must_hold(!(m->response ?
		    head_write_response(&e, m->framing, NULL, GFP_KERNEL, &out) :
		    head_write_request(&e, &ways, GFP_KERNEL, &out)));
	http1_init(&again, m->response);
	again.head_request = m->head_request;
	again.connect_request = m->connect_request;
	if (parse_bytes(&again, out.data, out.len) == HTTP1_DONE)
		same(m, &e, &again, out.len);
	else
		must_hold(too_many(m, &again));
	free(out.data);
	edit_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 kind = take_number(&in, 1) % 4, seed = take_number(&in, 2);
	static struct message a, b;
	enum http1_result result = whole(&a, kind, in);

	must_hold(pieces(&b, kind, in, seed) == result || !in.left);
	if (result == HTTP1_ERROR) {
		must_hold(a.error == b.error && a.error != MESSAGE_OK);
		must_hold(message_status(a.error) >= 400);
	}
	if (result == HTTP1_DONE) {
		/* The whole struct, wherever its text was: nothing may depend on the split. */
		a.text = (char *)in.p;
		b.text = a.text;
		must_hold(!memcmp(&a, &b, sizeof(a)));
		sound(&a, in);
		written(&a);
		a.raw = false;
		written(&a);
	}
	return 0;
}
