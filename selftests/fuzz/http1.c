// SPDX-License-Identifier: GPL-2.0
/*
 * http1: a head in pieces is what it is whole, and what is accepted is sound.
 *
 * Input: kind of message, seed of the split, the message.
 */
#include "fuzz.h"
#include "http/authority.h"
#include "http/chars.h"
#include "http1/http1.h"

enum { REQUEST, RESPONSE, RESPONSE_TO_HEAD, RESPONSE_TO_CONNECT };

static void start(struct http1_parser *p, u32 kind)
{
	/* A field that the parser forgets to set would differ or trip MSan. */
	memset(p, 0, sizeof(*p));
	http1_init(p, kind != REQUEST);
	p->head_request = kind == RESPONSE_TO_HEAD;
	p->connect_request = kind == RESPONSE_TO_CONNECT;
}

static enum http1_result whole(struct http1_parser *p, u32 kind,
			       struct input msg)
{
	char *buf = copy_of(msg.p, msg.left);
	enum http1_result result;

	start(p, kind);
	result = http1_parse(p, buf, msg.left);
	free(buf);
	return result;
}

static enum http1_result pieces(struct http1_parser *p, u32 kind,
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
		result = http1_parse(p, buf, len);
		/* Final is final. */
		if (result != HTTP1_MORE)
			must_hold(http1_parse(p, buf, len) == result);
		free(buf);
	}
	return result;
}

static void within(u32 at, u32 len, const struct http1_parser *p)
{
	must_hold(at + len <= p->head_len);
}

static void sound_fields(const struct http1_parser *p, const char *buf)
{
	const struct http1_field *f;
	u32 lengths = 0, codings = 0, hosts = 0;

	must_hold(p->nfields <= HTTP1_FIELDS_MAX);
	for (f = p->fields; f < p->fields + p->nfields; f++) {
		within(f->name, f->name_len, p);
		within(f->value, f->value_len, p);
		must_hold(chars_token_valid(http1_span(buf, f->name,
						       f->name_len)));
		must_hold(chars_value_valid(http1_span(buf, f->value,
						       f->value_len)));
		/* A response may repeat its length: it is not passed on twice. */
		lengths += f->id == HTTP1_CONTENT_LENGTH &&
			   !(p->response && f->hop);
		codings += f->id == HTTP1_TRANSFER_ENCODING;
		hosts += f->id == HTTP1_HOST;
		must_hold(f->id != HTTP1_TRANSFER_ENCODING || f->hop);
	}
	/* One framing, whoever reads it. */
	must_hold(lengths + codings <= 1);
	must_hold(p->response || p->minor == 0 || hosts == 1);
	must_hold(p->response || hosts <= 1);
	if (!p->response) {
		must_hold((p->framing == HTTP1_BODY_LENGTH) == lengths);
		must_hold((p->framing == HTTP1_BODY_CHUNKED) == codings);
		must_hold(!codings || p->minor == 1);
	}
}

static void sound(const struct http1_parser *p, struct input msg)
{
	const char *head = msg.p;
	u32 i;

	must_hold(p->head_len >= 4 && p->head_len <= msg.left);
	must_hold(p->head_len <= HTTP1_HEAD_MAX);
	must_hold(!memcmp(head + p->head_len - 4, "\r\n\r\n", 4));
	for (i = 0; i < p->head_len; i++) {
		must_hold(head[i]);
		must_hold(head[i] != '\n' || (i && head[i - 1] == '\r'));
		must_hold(head[i] != '\r' || head[i + 1] == '\n');
	}
	must_hold(p->minor <= 1);
	sound_fields(p, head);
	if (p->response) {
		must_hold(p->status >= 100 && p->status <= 999);
		within(p->reason, p->reason_len, p);
		return;
	}
	must_hold(p->framing != HTTP1_BODY_UNTIL_CLOSE);
	must_hold(chars_token_valid(http1_span(head, p->method,
					       p->method_len)));
	must_hold(p->target_len && p->target_len <= HTTP1_TARGET_MAX);
	within(p->target, p->target_len, p);
	within(p->path, p->path_len, p);
	within(p->query, p->query_len, p);
	within(p->host, p->host_len, p);
	within(p->authority, p->authority_len, p);
	within(p->upgrade, p->upgrade_len, p);
	must_hold(!p->connect || (p->authority_len && !p->path_len &&
				  p->framing == HTTP1_BODY_NONE));
	if (p->authority_len)
		must_hold(authority_valid(http1_span(head, p->authority,
							   p->authority_len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 kind = take_number(&in, 1) % 4, seed = take_number(&in, 2);
	static struct http1_parser a, b;
	enum http1_result result = whole(&a, kind, in);

	must_hold(pieces(&b, kind, in, seed) == result || !in.left);
	if (result == HTTP1_ERROR) {
		must_hold(a.error == b.error && a.error != HTTP1_OK);
		must_hold(http1_status(a.error) >= 400);
	}
	if (result == HTTP1_DONE) {
		/* The whole struct: nothing of it may depend on the split. */
		must_hold(!memcmp(&a, &b, sizeof(a)));
		sound(&a, in);
	}
	return 0;
}
