// SPDX-License-Identifier: GPL-2.0
/*
 * h2_head: a head of HTTP/2 means the same in any pieces; what is taken is sound, and is
 * the same message when it has gone through HTTP/1, or through HTTP/2.
 *
 * Input: kind of message, seed of the split, lines of fields (unit/head2.h).
 */
#include "../unit/block.h"
#include "../unit/head2.h"
#include "../unit/parse.h"
#include "fuzz.h"
#include "http/authority.h"
#include "http/chars.h"
#include "http1/head.h"

enum {
	RESPONSE = 1,
	TO_HEAD = 2,
	TO_CONNECT = 4,
	TRAILERS = 8,
	GOES_ON = 16,
	EXTENDED = 32,
	SMALL = 64,
};

struct reading {
	struct hpack_decoder d;
	struct section s;
	struct message m;
	enum section_result result;
};

/* The next block of a connection. */
static void read_next(struct reading *r, struct span block, u32 kind, u32 step)
{
	message_init(&r->m, kind & RESPONSE);
	r->m.head_request = kind & TO_HEAD;
	r->m.connect_request = kind & TO_CONNECT;
	if (kind & SMALL)
		r->m.limits = (struct message_limits){ 400, 30, 6 };
	section_begin(&r->s, &r->d, &r->m, kind & TRAILERS ? SECTION_TRAILERS : SECTION_HEAD,
		      !(kind & GOES_ON));
	if (kind & EXTENDED)
		section_allow_extended(&r->s);
	r->result = head2_read(&r->s, &r->d, &r->m, block, step);
}

static struct reading *read_block(struct span block, u32 kind, u32 step)
{
	struct reading *r = malloc(sizeof(*r));

	memset(r, 0, sizeof(*r));
	hpack_decoder_init(&r->d, malloc(hpack_table_bytes(4096)), 4096);
	r->d.number = 1;
	read_next(r, block, kind, step);
	return r;
}

static void free_reading(struct reading *r)
{
	free(r->d.table.ring);
	free(r->m.text);
	free(r);
}

static void within(const struct message *m, u32 at, u32 len)
{
	must_hold(at + len <= m->len);
}

static void same_span(struct span a, struct span b)
{
	must_hold(span_eq(a, b));
}

/* But for fields that the way through HTTP/1 or HTTP/2 makes or leaves out. */
static void same_meaning(const struct message *a, const struct message *b)
{
	must_hold(a->framing == b->framing && a->content_length == b->content_length &&
		  a->connect == b->connect && a->expect_continue == b->expect_continue);
	same_span(message_method(a), message_method(b));
	same_span(message_query(a), message_query(b));
	must_hold(!a->query == !b->query);
	same_span(message_host(a), message_host(b));
	same_span(message_authority(a), message_authority(b));
	same_span(message_upgrade(a), message_upgrade(b));
	same_span(message_path(a), message_path(b));
}

/* Of those that go on, in their order. */
static const struct message_field *next_field(const struct message *m,
					      const struct message_field *f)
{
	while (f < message_end(m) && (f->hop || f->id == FIELD_CONTENT_LENGTH ||
				      f->id == FIELD_HOST))
		f++;
	return f < message_end(m) ? f : NULL;
}

static void same_fields(const struct message *a, const struct message *b)
{
	const struct message_field *f = next_field(a, a->fields), *g = next_field(b, b->fields);

	for (; f && g; f = next_field(a, f + 1), g = next_field(b, g + 1)) {
		same_span(message_name(a, f), message_name(b, g));
		same_span(message_value(a, f), message_value(b, g));
		must_hold(f->id == g->id);
	}
	must_hold(!f && !g);
}

/* Nothing that HTTP/1 could read in another way. */
static void sound_fields(const struct message *m)
{
	const struct message_field *f;
	u32 i;

	must_hold(m->nfields <= m->limits.fields);
	for (f = m->fields; f < message_end(m); f++) {
		within(m, f->name, f->name_len);
		within(m, f->value, f->value_len);
		must_hold(chars_token_valid(message_name(m, f)));
		must_hold(chars_value_valid(message_value(m, f)));
		must_hold(f->id == field_id_of(m->text + f->name, f->name_len));
		must_hold(m->names >> f->id & 1);
		for (i = 0; i < f->name_len; i++)
			must_hold(m->text[f->name + i] < 'A' || m->text[f->name + i] > 'Z');
		/* Of hops there is but te, and what was repeated. */
		must_hold(!f->hop || f->id == FIELD_TE || f->id == FIELD_CONTENT_LENGTH ||
			  m->method_len == 0);
	}
}

static void sound_request(const struct message *m)
{
	within(m, m->method, m->method_len);
	within(m, m->path, m->path_len);
	within(m, m->query, m->query_len);
	must_hold(chars_token_valid(message_method(m)));
	must_hold(authority_host_len(message_authority(m)) == m->host_len && m->host_len);
	must_hold(all_class(message_path(m), C_PATH));
	must_hold(all_class(message_query(m), C_TARGET));
	must_hold(m->connect || m->path_len);
}

static void begin_edit(struct edit *e, const struct message *m)
{
	edit_init(e, m, GFP_KERNEL);
	e->authority = message_authority(m);
	e->path = m->path_len ? message_path(m) : SPAN("/");
}

static void through_http1(const struct message *m)
{
	struct head_ways ways = { .upgrade = m->upgrade_len };
	static struct message again;
	struct out out = { 0 };
	struct edit e;

	begin_edit(&e, m);
	must_hold(!head_write_request(&e, &ways, GFP_KERNEL, &out));
	http1_init(&again, false);
	must_hold(parse_bytes(&again, out.data, out.len) == HTTP1_DONE ||
		  m->nfields + 3 > MESSAGE_FIELDS_MAX);
	if (again.error == MESSAGE_OK) {
		must_hold(again.len == out.len);
		same_meaning(m, &again);
		same_fields(m, &again);
	}
	out_clear(&out);
	edit_free(&e);
}

/* By an encoder that may know it; into memory of the block's own. */
static struct span write_block(struct hpack_encoder *enc, const struct message *m, u32 kind)
{
	struct section_ways ways = { .scheme = SPAN("http"), .extended = section_may_extend(m) };
	struct edit e;
	char *block;
	u32 size;

	begin_edit(&e, m);
	size = section_written_max(&e);
	block = malloc(size);
	if (kind & TRAILERS)
		size = section_write_trailers(enc, &e, block, size);
	else if (m->response)
		size = section_write_response(enc, &e, m->status, m->framing, block, size);
	else
		size = section_write_request(enc, &e, &ways, block, size);
	edit_free(&e);
	return (struct span){ block, size };
}

static void same_as_before(const struct message *m, const struct reading *again)
{
	must_hold(again->result == SECTION_DONE || m->nfields + 2 > MESSAGE_FIELDS_MAX);
	if (again->result != SECTION_DONE)
		return;
	same_meaning(m, &again->m);
	same_fields(m, &again->m);
	must_hold(m->status == again->m.status);
	must_hold(m->path_sensitive == again->m.path_sensitive);
}

/* A block that was written, by who has heard others of its connection, or NULL. */
static struct reading *hear(struct reading *r, struct span block, u32 kind)
{
	if (r)
		read_next(r, block, kind, 100000);
	else
		r = read_block(block, kind, 100000);
	free((char *)block.p);
	return r;
}

/*
 * Again and again on one connection: at last all of it is in its tables, and what is
 * known of entries is what is said of them. And on, by way of these.
 */
static void through_http2(const struct reading *r, u32 kind)
{
	struct reading *again = NULL, *beyond = NULL;
	struct hpack_way ways[16] = { 0 };
	struct hpack_encoder enc, leg;
	u32 i;

	must_hold(!r->s.extended || section_may_extend(&r->m));
	kind = (kind | EXTENDED) & ~SMALL;
	hpack_encoder_init(&enc, malloc(hpack_table_bytes(4096)), 4096, 1);
	hpack_encoder_init(&leg, malloc(hpack_table_bytes(4096)), 4096, 1);
	hpack_encoder_remember(&leg, ways, 16);
	for (i = 0; i < 4; i++) {
		again = hear(again, write_block(&enc, &r->m, kind), kind);
		same_as_before(&r->m, again);
		if (again->result != SECTION_DONE)
			break;
		beyond = hear(beyond, write_block(&leg, &again->m, kind), kind);
		same_as_before(&r->m, beyond);
		if (i == 2) {
			hpack_encoder_resize(&leg, 0);
			hpack_encoder_resize(&leg, 4096);
		}
	}
	free_reading(again);
	if (beyond)
		free_reading(beyond);
	free(enc.table.ring);
	free(leg.table.ring);
}

static void same_readings(const struct reading *a, const struct reading *b)
{
	must_hold(a->result == b->result && a->m.error == b->m.error);
	if (a->result != SECTION_DONE)
		return;
	must_hold(a->m.nfields == b->m.nfields && a->m.status == b->m.status &&
		  a->m.names == b->m.names);
	same_meaning(&a->m, &b->m);
	same_fields(&a->m, &b->m);
	must_hold(!memcmp(a->m.sensitive, b->m.sensitive, sizeof(a->m.sensitive)));
	must_hold(a->m.path_sensitive == b->m.path_sensitive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 kind = take_number(&in, 1), step = 1 + take_number(&in, 1) % 32;
	struct reading *whole, *pieces;
	char *block = malloc(7 * in.left + 64);
	struct span b = { block, 0 };

	b.len = head2_block(in.p, in.left, block);
	whole = read_block(b, kind, 100000);
	pieces = read_block(b, kind, step);
	same_readings(whole, pieces);
	if (whole->result == SECTION_DONE) {
		sound_fields(&whole->m);
		if (!(kind & (RESPONSE | TRAILERS))) {
			sound_request(&whole->m);
			through_http1(&whole->m);
		}
		through_http2(whole, kind);
	}
	must_hold(whole->result != SECTION_COMPRESSION);
	free_reading(whole);
	free_reading(pieces);
	free(block);
	return 0;
}
