// SPDX-License-Identifier: GPL-2.0
/*
 * chunk: a chunked body in pieces is what it is whole; what is accepted of a request
 * is the same of a response; and what a naive encoder wrote comes out again.
 *
 * Input: what to do, seed of the split, the body (encoded, or to be encoded).
 */
#include "fuzz.h"
#include "http1/http1.h"

/* What the decoder gave. Data and trailers run together. */
struct output {
	char *data, *trailer;
	size_t data_len, trailer_len, used;
	enum http1_chunk_event end;	/* MORE, DONE or ERROR */
	u64 announced;			/* bytes of all chunks that began */
};

static bool feed(struct http1_chunk *c, struct output *o, const char *p, u32 len)
{
	u32 at = 0, used;

	while (at < len) {
		o->end = http1_chunk_next(c, p + at, len - at, &used);
		if (o->end == HTTP1_CHUNK_ERROR)
			return false;
		must_hold(used <= len - at);
		if (o->end == HTTP1_CHUNK_SIZE)
			o->announced += c->size;
		if (o->end == HTTP1_CHUNK_DATA) {
			memcpy(o->data + o->data_len, p + at, used);
			o->data_len += used;
		} else if (o->end == HTTP1_CHUNK_TRAILER) {
			memcpy(o->trailer + o->trailer_len, p + at, used);
			o->trailer_len += used;
		}
		at += used;
		o->used += used;
		if (o->end == HTTP1_CHUNK_DONE)
			return false;
	}
	o->end = HTTP1_CHUNK_MORE;
	return true;
}

/* In pieces of exactly their size; with no seed, in one. */
static struct output decode(const char *p, size_t len, u32 seed, bool lenient)
{
	struct output o = { .data = malloc(len + 1),
			    .trailer = malloc(len + 1) };
	bool more = true, split = seed;
	struct http1_chunk c;
	size_t at = 0, n;
	char *piece;

	http1_chunk_init(&c, lenient);
	while (more && at < len) {
		n = split ? next_random(&seed) % 12 + 1 : len;
		n = n < len - at ? n : len - at;
		piece = copy_of(p + at, n);
		more = feed(&c, &o, piece, n);
		free(piece);
		at += n;
	}
	return o;
}

static void output_free(struct output *o)
{
	free(o->data);
	free(o->trailer);
}

static void check_same(struct output a, struct output b)
{
	must_hold(a.end == b.end);
	if (a.end != HTTP1_CHUNK_ERROR) {
		must_hold(a.used == b.used && a.announced == b.announced);
		must_hold(a.data_len == b.data_len &&
			  !memcmp(a.data, b.data, a.data_len));
		must_hold(a.trailer_len == b.trailer_len &&
			  !memcmp(a.trailer, b.trailer, a.trailer_len));
		must_hold(a.data_len <= a.announced);
		must_hold(a.trailer_len <= HTTP1_TRAILER_MAX);
	}
	if (a.end == HTTP1_CHUNK_DONE)
		must_hold(a.data_len == a.announced);
}

static void check_split(struct input in, u32 seed)
{
	struct output strict = decode(in.p, in.left, 0, false);
	struct output lenient = decode(in.p, in.left, 0, true);
	struct output split = decode(in.p, in.left, seed | 1, false);

	check_same(strict, split);
	output_free(&split);
	split = decode(in.p, in.left, seed | 1, true);
	check_same(lenient, split);
	if (strict.end != HTTP1_CHUNK_ERROR)
		check_same(strict, lenient);
	output_free(&strict);
	output_free(&lenient);
	output_free(&split);
}

static void check_encoded(struct input in, u32 seed)
{
	static const char * const extension[] = { "", ";a", "; a = b",
						   ";a=\"b;\\\"c\";d" };
	char *body = malloc(in.left * 32 + 64);
	size_t len = 0, at = 0, n;
	struct output o;

	while (at < in.left) {
		n = next_random(&seed) % 40 + 1;
		n = n < in.left - at ? n : in.left - at;
		len += sprintf(body + len, next_random(&seed) % 2 ? "%zx%s\r\n" :
			       "00%zX%s\r\n", n,
			       extension[next_random(&seed) % 4]);
		memcpy(body + len, in.p + at, n);
		len += n;
		len += sprintf(body + len, "\r\n");
		at += n;
	}
	len += sprintf(body + len, "0\r\nX-Sum: %zu\r\n\r\n", in.left);
	o = decode(body, len, seed | 1, false);
	must_hold(o.end == HTTP1_CHUNK_DONE && o.used == len);
	must_hold(o.data_len == in.left && !memcmp(o.data, in.p, in.left));
	must_hold(o.trailer_len > 2 && !memcmp(o.trailer, "X-Sum", 5));
	output_free(&o);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	u32 encoded = take_number(&in, 1) & 1, seed = take_number(&in, 2);

	if (encoded)
		check_encoded(in, seed);
	else
		check_split(in, seed);
	return 0;
}
