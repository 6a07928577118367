// SPDX-License-Identifier: GPL-2.0
/*
 * http1: a head in pieces is what it is whole, and what is accepted is sound.
 *
 * Input: kind of message, seed of the split, the message.
 */
#include "../unit/parse.h"
#include "fuzz.h"
#include "http/authority.h"
#include "http/chars.h"

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
	}
	return 0;
}
