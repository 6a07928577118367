// SPDX-License-Identifier: GPL-2.0
#include "head.h"

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "compat.h"
#include "spares.h"

static struct kmem_cache *head_cache;

static DEFINE_PER_CPU(struct spares, heads);

static siphash_key_t id_key;
static u64 id_offset;
static DEFINE_PER_CPU(u64, requests_begun);

int head_cache_init(void)
{
	get_random_bytes(&id_key, sizeof(id_key));
	get_random_bytes(&id_offset, sizeof(id_offset));
	head_cache = kmem_cache_create("l7mesh_head", sizeof(struct head), 0, 0,
				       NULL);
	return head_cache ? 0 : -ENOMEM;
}

void head_cache_exit(void)
{
	struct head *h;

	while ((h = spares_empty(&heads)))
		kmem_cache_free(head_cache, h);
	kmem_cache_destroy(head_cache);
}

struct head *head_alloc(bool response, gfp_t gfp)
{
	struct head *h = spares_take(&heads);

	if (!h)
		h = kmem_cache_alloc(head_cache, gfp);
	if (!h)
		return NULL;
	http1_init(&h->parser, response);
	h->len = 0;
	h->cap = HEAD_INLINE;
	h->data = h->inline_data;
	return h;
}

static void free_grown(struct head *h)
{
	if (h->data != h->inline_data)
		out_free(h->data, h->cap);
}

void head_free(struct head *h)
{
	if (!h)
		return;
	free_grown(h);
	if (!spares_keep(&heads, h))
		kmem_cache_free(head_cache, h);
}

static int head_grow(struct head *h, gfp_t gfp)
{
	u32 cap = h->cap < 4096 ? 4096 : h->cap * 2;
	char *data = out_alloc(cap, gfp);

	if (!data)
		return -ENOMEM;
	memcpy(data, h->data, h->len);
	free_grown(h);
	h->data = data;
	h->cap = cap;
	return 0;
}

int head_gather(struct head *h, struct sk_buff *skb, u32 off, u32 len,
		gfp_t gfp, enum http1_result *result)
{
	u32 before = h->len, n;
	int err;

	if (h->len == h->cap) {
		err = head_grow(h, gfp);
		if (err)
			return err;
	}
	n = min(len, h->cap - h->len);
	/* Cannot fail: the range is inside the skb. */
	skb_copy_bits(skb, off, h->data + h->len, n);
	h->len += n;
	*result = http1_parse(&h->parser, h->data, h->len);
	if (*result == HTTP1_DONE)
		h->len = h->parser.head_len;
	return h->len - before;
}

/* Appends to a buffer whose size was reckoned beforehand. */
struct writer {
	char *data;
	u32 len;
	u32 cap;
	bool full;	/* the size was reckoned too small */
};

static int writer_init(struct writer *w, u32 cap, gfp_t gfp)
{
	w->data = out_alloc(cap, gfp);
	w->len = 0;
	w->cap = cap;
	w->full = false;
	return w->data ? 0 : -ENOMEM;
}

/* Hand over what is written; half a head is never sent. */
static int writer_finish(struct writer *w, struct out *out)
{
	if (WARN_ON_ONCE(w->full)) {
		out_free(w->data, w->cap);
		return -EMSGSIZE;
	}
	out_take(out, w->data, w->cap, w->len);
	return 0;
}

/* Room for @len bytes, which the caller writes, or NULL. */
static char *reserve(struct writer *w, u32 len)
{
	char *at = w->data + w->len;

	if (len > w->cap - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += len;
	return at;
}

static void put(struct writer *w, struct span s)
{
	char *at = reserve(w, s.len);

	if (at)
		memcpy(at, s.p, s.len);
}

static void put_field(struct writer *w, struct span name, struct span value)
{
	char *at = reserve(w, name.len + value.len + 4);

	if (!at)
		return;
	memcpy(at, name.p, name.len);
	at += name.len;
	memcpy(at, ": ", 2);
	at += 2;
	memcpy(at, value.p, value.len);
	at += value.len;
	memcpy(at, "\r\n", 2);
}

static void put_content_length(struct writer *w, u64 length)
{
	char text[20], *at = text + sizeof(text);
	u32 digit;

	do {
		length = div_u64_rem(length, 10, &digit);
		*--at = '0' + digit;
	} while (length);
	put_field(w, SPAN("content-length"),
		  (struct span){ at, text + sizeof(text) - at });
}

static void put_framing(struct writer *w, u8 framing, u64 length)
{
	if (framing == HTTP1_BODY_LENGTH)
		put_content_length(w, length);
	else if (framing == HTTP1_BODY_CHUNKED)
		put_field(w, SPAN("transfer-encoding"), SPAN("chunked"));
}

/* As most are: "name: value", and nothing else on the line. */
static bool is_canonical(const struct head *h, const struct http1_field *f)
{
	return f->value == f->name + f->name_len + 2 &&
	       h->data[f->value - 1] == ' ' &&
	       h->data[f->value + f->value_len] == '\r';
}

static void put_received_field(struct writer *w, const struct head *h,
			       const struct http1_field *f)
{
	if (is_canonical(h, f))
		put(w, head_span(h, f->name, f->name_len + f->value_len + 4));
	else
		put_field(w, head_span(h, f->name, f->name_len),
			  head_span(h, f->value, f->value_len));
}

/* The finalizer of SplitMix64 (Steele et al., 2014): one to one, and well mixed. */
static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/*
 * Of the n-th request that this CPU has passed on since the module was loaded, at a
 * fraction of the price of random numbers: half of it is a keyed hash, so that
 * nobody can tell one from another; the other half is different for each of them.
 */
static void make_id(u64 id[2])
{
	u64 cpu = get_cpu(), n = this_cpu_inc_return(requests_begun);

	put_cpu();
	id[0] = siphash_2u64(n, cpu, &id_key);
	id[1] = mix(id_offset + (n << 16 | cpu));
}

/* In the form of a version 4 UUID, RFC 9562 5.4. */
static void put_request_id(struct writer *w)
{
	char text[36], *at = text;
	u64 random[2];
	u8 *id = (u8 *)random;
	int i;

	make_id(random);
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	for (i = 0; i < sizeof(random); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at = hex_byte_pack(at, id[i]);
	}
	put_field(w, SPAN("x-request-id"), (struct span){ text, sizeof(text) });
}

/*
 * The target in origin form: that is what an origin server expects
 * (RFC 9112 3.2.1), whatever form the client used.
 */
static void put_target(struct writer *w, const struct head *h)
{
	const struct http1_parser *p = &h->parser;
	struct span method = head_span(h, p->method, p->method_len);

	/* An absolute target may lack a path: RFC 9112 3.2.1 and 3.2.4. */
	if (!p->path_len)
		put(w, !p->query && span_eq(method, SPAN("OPTIONS")) ?
		       SPAN("*") : SPAN("/"));
	put(w, head_span(h, p->path, p->path_len));
	if (p->query) {
		put(w, SPAN("?"));
		put(w, head_span(h, p->query, p->query_len));
	}
}

/* The authority that routing used is the one that is passed on. */
static void put_host(struct writer *w, const struct head *h,
		     const struct address *original)
{
	const struct http1_parser *p = &h->parser;
	char text[ADDRESS_TEXT_MAX];
	int n;

	if (p->authority_len) {
		put_field(w, SPAN("host"),
			  head_span(h, p->authority, p->authority_len));
		return;
	}
	n = address_text(original, text);
	put_field(w, SPAN("host"), (struct span){ text, n });
}

static bool generated_in_request(u8 id)
{
	return id == HTTP1_HOST || id == HTTP1_CONTENT_LENGTH ||
	       id == HTTP1_TRANSFER_ENCODING;
}

static void put_request_fields(struct writer *w, const struct head *h)
{
	const struct http1_parser *p = &h->parser;
	bool id = false, proto = false;
	int i;

	for (i = 0; i < p->nfields; i++) {
		const struct http1_field *f = &p->fields[i];

		if (f->hop || generated_in_request(f->id))
			continue;
		id |= f->id == HTTP1_X_REQUEST_ID;
		proto |= f->id == HTTP1_X_FORWARDED_PROTO;
		put_received_field(w, h, f);
	}
	if (!proto)
		put_field(w, SPAN("x-forwarded-proto"), SPAN("http"));
	if (!id)
		put_request_id(w);
}

/* More than the fields that are added take, plus ": " and CRLF for white space
 * that was not received.
 */
#define HEAD_ADDED	256
#define FIELD_ADDED	4

static u32 written_max(const struct head *h)
{
	return h->parser.head_len + h->parser.nfields * FIELD_ADDED +
	       HEAD_ADDED;
}

int head_write_request(const struct head *h, const struct address *original,
		       gfp_t gfp, struct out *out)
{
	const struct http1_parser *p = &h->parser;
	struct writer w;

	if (writer_init(&w, written_max(h), gfp))
		return -ENOMEM;
	put(&w, head_span(h, p->method, p->method_len));
	put(&w, SPAN(" "));
	put_target(&w, h);
	put(&w, SPAN(" HTTP/1.1\r\n"));
	put_host(&w, h, original);
	put_request_fields(&w, h);
	put_framing(&w, p->framing, p->content_length);
	put(&w, SPAN("\r\n"));
	return writer_finish(&w, out);
}

static void put_status_line(struct writer *w, const struct head *h)
{
	u16 status = h->parser.status;
	char *at;

	put(w, SPAN("HTTP/1.1 "));
	at = reserve(w, 4);
	if (at) {
		at[0] = '0' + status / 100;
		at[1] = '0' + status / 10 % 10;
		at[2] = '0' + status % 10;
		at[3] = ' ';
	}
	put(w, head_span(h, h->parser.reason, h->parser.reason_len));
	put(w, SPAN("\r\n"));
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

int head_write_response(const struct head *h, u8 framing,
			const char *connection, gfp_t gfp, struct out *out)
{
	const struct http1_parser *p = &h->parser;
	struct writer w;
	int i;

	if (writer_init(&w, written_max(h), gfp))
		return -ENOMEM;
	put_status_line(&w, h);
	for (i = 0; i < p->nfields; i++)
		if (forward_response_field(h, &p->fields[i], framing))
			put_received_field(&w, h, &p->fields[i]);
	put_framing(&w, framing, p->content_length);
	if (connection)
		put_field(&w, SPAN("connection"),
			  (struct span){ connection, strlen(connection) });
	put(&w, SPAN("\r\n"));
	return writer_finish(&w, out);
}

static u32 leading_number(struct span s)
{
	u32 n = 0, i;

	for (i = 0; i < s.len && isdigit(s.p[i]) && n < 1000000; i++)
		n = n * 10 + s.p[i] - '0';
	return i ? n : U32_MAX;
}

u32 head_idle_seconds(const struct head *h)
{
	const struct span timeout = SPAN("timeout=");
	const struct http1_parser *p = &h->parser;
	struct span s;
	int i;

	for (i = 0; i < p->nfields; i++) {
		if (p->fields[i].id != HTTP1_KEEP_ALIVE)
			continue;
		s = head_span(h, p->fields[i].value, p->fields[i].value_len);
		for (; s.len > timeout.len; s.p++, s.len--)
			if (span_eq_nocase((struct span){ s.p, timeout.len },
					   timeout))
				return leading_number((struct span){
					s.p + timeout.len,
					s.len - timeout.len });
	}
	return U32_MAX;
}
