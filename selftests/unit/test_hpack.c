// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http2/hpack.c, hpack_encode.c, hpack_table.c and huffman.c: the RFC's
 * examples, what has to be refused, limits, and random blocks, against a model that knows
 * nothing but a list; and where it is installed against libnghttp2.
 */
#include <stdarg.h>
#include <stdio.h>
#include <linux/kernel.h>

#include "block.h"
#include "http/message.h"
#include "tap.h"
#include "unit.h"

struct bytes {
	char p[70000];
	u32 len;
};

static struct bytes *of_hex(const char *hex)
{
	static struct bytes b;

	for (b.len = 0; hex[0]; hex += 2)
		b.p[b.len++] = hex_digit(hex[0]) << 4 | hex_digit(hex[1]);
	return &b;
}

static struct span span_of(const struct bytes *b)
{
	return (struct span){ b->p, b->len };
}

/* A decoder with memory of exactly its size. */
static struct hpack_decoder *new_decoder(u32 size)
{
	struct hpack_decoder *d = malloc(sizeof(*d));

	hpack_decoder_init(d, malloc(hpack_table_bytes(size)), size);
	return d;
}

static void free_decoder(struct hpack_decoder *d)
{
	free(d->table.ring);
	free(d);
}

static struct hpack_encoder *new_encoder(u32 limit)
{
	struct hpack_encoder *e = malloc(sizeof(*e));

	hpack_encoder_init(e, malloc(hpack_table_bytes(limit)), limit, 1);
	return e;
}

static void free_encoder(struct hpack_encoder *e)
{
	free(e->table.ring);
	free(e);
}

/* RFC 7541 appendix C. */

#define REQUEST		":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
#define REQUEST_3	":method: GET\n:scheme: https\n:path: /index.html\n" \
			":authority: www.example.com\ncustom-key: custom-value\n"
#define DATE_1		"date: Mon, 21 Oct 2013 20:13:21 GMT\n"
#define DATE_2		"date: Mon, 21 Oct 2013 20:13:22 GMT\n"
#define SITE		"location: https://www.example.com\n"
#define COOKIE		"set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
#define CODED_3		"88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab" \
			"77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f" \
			"9587316065c003ed4ee5b1063d5007"

static const struct {
	const char *name;
	u32 table;		/* 0: the one before goes on */
	const char *hex;
	const char *wanted;
	u32 size;
} examples[] = {
	{ "C.2.1", 4096, "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
	  "custom-key: custom-header\n", 55 },
	{ "C.2.2", 4096, "040c2f73616d706c652f70617468", ":path: /sample/path\n", 0 },
	{ "C.2.3", 4096, "100870617373776f726406736563726574",
	  "password: secret (never)\n", 0 },
	{ "C.2.4", 4096, "82", ":method: GET\n", 0 },
	{ "C.3.1", 4096, "828684410f7777772e6578616d706c652e636f6d", REQUEST, 57 },
	{ "C.3.2", 0, "828684be58086e6f2d6361636865",
	  REQUEST "cache-control: no-cache\n", 110 },
	{ "C.3.3", 0, "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
	  REQUEST_3, 164 },
	{ "C.4.1", 4096, "828684418cf1e3c2e5f23a6ba0ab90f4ff", REQUEST, 57 },
	{ "C.4.2", 0, "828684be5886a8eb10649cbf",
	  REQUEST "cache-control: no-cache\n", 110 },
	{ "C.4.3", 0, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
	  REQUEST_3, 164 },
	{ "C.5.1", 256, "4803333032580770726976617465611d4d6f6e2c203231204f63742032303133"
	  "2032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d70"
	  "6c652e636f6d",
	  ":status: 302\ncache-control: private\n" DATE_1 SITE, 222 },
	{ "C.5.2", 0, "4803333037c1c0bf",
	  ":status: 307\ncache-control: private\n" DATE_1 SITE, 222 },
	{ "C.5.3", 0, "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d"
	  "54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f5049"
	  "5541585157454f49553b206d61782d6167653d333630303b2076657273696f6e"
	  "3d31",
	  ":status: 200\ncache-control: private\n" DATE_2 SITE
	  "content-encoding: gzip\n" COOKIE, 215 },
	{ "C.6.1", 256, "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a6"
	  "2d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
	  ":status: 302\ncache-control: private\n" DATE_1 SITE, 222 },
	{ "C.6.2", 0, "4883640effc1c0bf",
	  ":status: 307\ncache-control: private\n" DATE_1 SITE, 222 },
	{ "C.6.3", 0, CODED_3,
	  ":status: 200\ncache-control: private\n" DATE_2 SITE
	  "content-encoding: gzip\n" COOKIE, 215 },
};

/* 256 is what the examples begin with, without saying so. */
static struct hpack_decoder *begin_example(u32 table)
{
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);

	hpack_table_resize(&d->table, table);
	return d;
}

static void check_examples(u32 step)
{
	struct hpack_decoder *d = NULL;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(examples); i++) {
		struct block_text t = { 0 };
		bool good;

		if (examples[i].table) {
			if (d)
				free_decoder(d);
			d = begin_example(examples[i].table);
		}
		good = block_decode(d, span_of(of_hex(examples[i].hex)), BLOCK_LIMIT, step,
				    tap_random, &t);
		tap_is(good ? t.p : "error", examples[i].wanted,
		       "hpack: RFC 7541 %s, %u bytes at a time", examples[i].name, step);
		tap_ok(d->table.size == examples[i].size, "hpack: ... size %u",
		       d->table.size);
		free(t.p);
	}
	free_decoder(d);
}

/* What is refused, and what just is not. */

#define EOS		"ffffffff"
static const struct {
	const char *hex;
	const char *wanted;	/* NULL: COMPRESSION_ERROR */
	const char *what;
} blocks[] = {
	{ "", "", "an empty block" },
	{ "80", NULL, "index 0" },
	{ "be", NULL, "an index that is not in the table" },
	{ "bd", "www-authenticate:\x20\n", "the last static index" },
	{ "7f0000", NULL, "a name that is not in the table" },
	{ "3fe11f82", ":method: GET\n", "a size update to what is allowed" },
	{ "3fe21f82", NULL, "a size update to more than is allowed" },
	{ "203fe11f82", ":method: GET\n", "two size updates" },
	{ "202020202020202082", ":method: GET\n", "eight size updates" },
	{ "20202020202020202082", NULL, "nine size updates" },
	{ "8220", NULL, "a size update behind a field" },
	{ "4001610162208220", NULL, "a size update between fields" },
	{ "40016101622082", NULL, "the same" },
	{ "400161016220", NULL, "a size update at the end" },
	{ "40016101", NULL, "a value that is cut off" },
	{ "400161", NULL, "a value without its length" },
	{ "40", NULL, "a name without its length" },
	{ "ff", NULL, "an index that is cut off" },
	{ "ff80", NULL, "the same, later" },
	{ "ff8080808000", NULL, "a number of too many bytes" },
	{ "ffffffffff7f", NULL, "a number that is too large" },
	{ "407fffffffff7f", NULL, "a string that is too long" },
	{ "407f82ff03", NULL, "a string longer than any, which is cut off" },
	{ "00016101", NULL, "a literal that is cut off" },
	{ "0001610162", "a: b\n", "a literal without indexing" },
	{ "1001610162", "a: b (never)\n", "a literal that is never indexed" },
	{ "000161811f", "a: a\n", "padding of ones" },
	{ "0001618118", NULL, "padding of zeros" },
	{ "000161821fff", NULL, "padding of a byte and more" },
	{ "00016184" EOS, NULL, "the code of EOS" },
	{ "00016181ff", NULL, "a string of padding alone" },
	{ "00016180", "a:\x20\n", "an empty string in Huffman's code" },
};

static void check_blocks(void)
{
	u32 i, step;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		const char *wanted = blocks[i].wanted ?: "error";

		for (step = 1; step < 100; step += 98) {
			struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
			struct block_text t = { 0 };
			bool good = block_decode(d, span_of(of_hex(blocks[i].hex)),
						 BLOCK_LIMIT, step, tap_random, &t);

			tap_is(good ? t.p ?: "" : "error", wanted, "hpack: %s, %u at a time",
			       blocks[i].what, step);
			free(t.p);
			free_decoder(d);
		}
	}
}

/* The text of a block, or "error". Valid until the next call. */
static const char *decoded(struct hpack_decoder *d, const char *hex, u32 limit)
{
	static struct block_text t;

	t.len = 0;
	block_put(&t, "", 0);
	return block_decode(d, span_of(of_hex(hex)), limit, 0, tap_random, &t) ?
	       t.p : "error";
}

/* The decoder is asked for less than it had: the peer has to say that it knows. */
static void check_resize(void)
{
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);

	tap_is(decoded(d, "400161016282", 100), "a: b\n:method: GET\n", "hpack: an entry");
	hpack_decoder_resize(d, 64);
	tap_is(decoded(d, "82", 100), "error", "hpack: no size update where one is due");
	free_decoder(d);
	d = new_decoder(HPACK_TABLE_DEFAULT);
	decoded(d, "4001610162", 100);
	hpack_decoder_resize(d, 0);
	hpack_decoder_resize(d, 4096);
	tap_is(decoded(d, "3fe11f82", 100), "error",
	       "hpack: the lowest size that there was is not said");
	free_decoder(d);
	d = new_decoder(HPACK_TABLE_DEFAULT);
	decoded(d, "4001610162", 100);
	hpack_decoder_resize(d, 0);
	hpack_decoder_resize(d, 4096);
	tap_is(decoded(d, "203fe11f82", 100), ":method: GET\n",
	       "hpack: the lowest size, and the last one");
	tap_ok(!d->table.n && d->table.max == 4096, "hpack: ... and no entry is left");
	tap_is(decoded(d, "82", 100), ":method: GET\n", "hpack: ... and that was all");
	free_decoder(d);
}

/*
 * A limit of fields: what is too much is not told, nor what follows it, and the table has
 * it all the same. Nothing that the decoder asks for is more than it is worth.
 */
static void check_limit(void)
{
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
	static struct bytes b;
	u32 i;

	/* 2 * (2 + 32) */
	tap_is(decoded(d, "40016101624001630164", 68), "a: b\nc: d\n", "hpack: just within");
	tap_ok(!d->too_large, "hpack: ... is not too large");
	tap_is(decoded(d, "bebf", 67), "c: d\n", "hpack: an index that is too much");
	tap_ok(d->too_large, "hpack: ... is too large");
	tap_is(decoded(d, "400165016640016701684001690166be", 50), "e: f\n",
	       "hpack: literals that are too much");
	tap_is(decoded(d, "bebfc0c1", 1000), "i: f\ng: h\ne: f\nc: d\n",
	       "hpack: ... are in the table");
	tap_is(decoded(d, "4001618a1fffffffffffffffffff", 34), "error",
	       "hpack: what is too long has to be code");

	/* An entry of 5000 bytes empties the table; none of it has to be anywhere. */
	b.len = sprintf(b.p, "%c%c%c%c%c%c", 0x40, 1, 'x', 0x7f, 0x89, 0x26);
	for (i = 0; i < 5000; i++)
		b.p[b.len++] = 'x';
	hpack_decode_begin(d, 1000);
	for (i = 0; i < b.len; i++) {
		struct span in = { b.p + i, 1 };
		char room[4200];
		struct hpack_field f;

		if (hpack_decode(d, &in, room, sizeof(room), &f) != HPACK_MORE)
			break;
	}
	tap_ok(i == b.len && hpack_decode_end(d) && d->too_large && !d->table.n,
	       "hpack: a value that is too long for everything");
	free_decoder(d);
}

/*
 * A literal "x" of so many bytes, and ":method: GET" behind it. Zeros are '0' in Huffman's
 * code, eight of five bytes.
 */
static struct span long_literal(u8 bits, u32 len, bool coded)
{
	static struct bytes b;
	u32 rest = len - 127;

	b.len = sprintf(b.p, "%c%cx%c%c%c", bits, 1, coded ? 0xff : 0x7f, 0x80 | (rest & 0x7f),
			0x80 | (rest >> 7 & 0x7f));
	b.p[b.len++] = rest >> 14;
	memset(b.p + b.len, coded ? 0 : 'y', len);
	b.len += len;
	b.p[b.len++] = 0x82;
	return span_of(&b);
}

/*
 * What is longer than anything may be is too large as any other field, and goes by: the
 * table has nothing left, if it was to be in it, and else all that it had.
 */
static void check_long(u32 len, u32 limit, u32 step)
{
	static const u8 bits[] = { 0x40, 0x00, 0x10, 0x40 };
	bool coded;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
		struct block_text t = { 0 };
		bool good;

		coded = i == ARRAY_SIZE(bits) - 1;
		decoded(d, "4001610162", 100);
		good = block_decode(d, long_literal(bits[i], len, coded), limit, step,
				    tap_random, &t);
		tap_ok(good && d->too_large && !t.len,
		       "hpack: %u bytes for a limit of %u, %u at a time", len, limit, step);
		tap_ok(d->table.n == (bits[i] != 0x40), "hpack: ... and %u entries are left",
		       d->table.n);
		tap_is(decoded(d, "82", 100), ":method: GET\n", "hpack: ... and it goes on");
		free(t.p);
		free_decoder(d);
	}
}

/* But not for ever, though nothing is kept of it. */
static void check_long_flood(bool coded, u32 limit)
{
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
	struct block_room room = { malloc(1), 0 };
	enum hpack_result result = HPACK_MORE;
	struct block_text t = { 0 };
	u32 n;

	hpack_decode_begin(d, limit);
	for (n = 0; n < 10 && result == HPACK_MORE; n++)
		result = block_piece(d, long_literal(0, 65540, coded), &room, &t);
	tap_ok(result == HPACK_FLOOD && n == (coded ? 2 : 3) && !t.len,
	       "hpack: a limit of %u, and %u strings of 65540", limit, n);
	free(room.p);
	free(t.p);
	free_decoder(d);
}

static void check_long_ones(void)
{
	u32 step;

	check_long_flood(false, 100);
	check_long_flood(false, 60000);
	check_long_flood(true, 100);
	check_long_flood(true, 60000);

	for (step = 1; step < 100000; step += 99998) {
		check_long(33000, 8192, step);
		check_long(33000, 100, step);
		check_long(65535, 8192, step);
		check_long(65540, 8192, step);
		check_long(69000, 60000, step);
	}
}

static void check_known(void)
{
	static const struct {
		const char *hex;
		u8 id, bad;
	} fields[] = {
		{ "82", HPACK_METHOD, 0 },
		{ "41016a", HPACK_AUTHORITY, 0 },
		{ "0004686f7374016a", FIELD_HOST, 0 },
		{ "0004486f7374016a", FIELD_OTHER, HPACK_BAD_NAME },
		{ "000161020d0a", FIELD_OTHER, HPACK_BAD_VALUE },
		{ "000161012a", FIELD_OTHER, 0 },
		{ "0001610100", FIELD_OTHER, HPACK_BAD_VALUE },
		{ "00016102206a", FIELD_OTHER, HPACK_BAD_VALUE },
		{ "000161026a09", FIELD_OTHER, HPACK_BAD_VALUE },
		{ "000161036a096b", FIELD_OTHER, 0 },
		{ "000161017f", FIELD_OTHER, HPACK_BAD_VALUE },
		{ "00016101ff", FIELD_OTHER, 0 },
		{ "000001ff", FIELD_OTHER, HPACK_BAD_NAME },
		{ "00013a016a", FIELD_OTHER, HPACK_BAD_NAME },
		{ "0002613a016a", FIELD_OTHER, HPACK_BAD_NAME },
		{ "000361206201ff", FIELD_OTHER, HPACK_BAD_NAME },
		{ "00023a61016a", HPACK_PSEUDO, 0 },
		{ "00093a70726f746f636f6c016a", HPACK_PROTOCOL, 0 },
		{ "0006636f6f6b6965016a", HPACK_COOKIE, 0 },
		{ "40026a5a012040c0", FIELD_OTHER, HPACK_BAD_NAME | HPACK_BAD_VALUE },
	};
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
	char room[100];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		struct span in = span_of(of_hex(fields[i].hex));
		struct hpack_field f = { 0 };

		hpack_decode_begin(d, 1000);
		hpack_decode(d, &in, room, sizeof(room), &f);
		tap_ok(f.id == fields[i].id && f.bad == fields[i].bad,
		       "hpack: %s is %u, bad %u", fields[i].hex, f.id, f.bad);
	}
	/* The last of them is an entry, which keeps it. */
	decoded(d, "", 100);
	for (i = 0; i < 1; i++) {
		struct span in = span_of(of_hex("be"));
		struct hpack_field f = { 0 };

		hpack_decode_begin(d, 1000);
		hpack_decode(d, &in, room, sizeof(room), &f);
		tap_ok(f.bad == (HPACK_BAD_NAME | HPACK_BAD_VALUE),
		       "hpack: an entry keeps what is wrong with it");
	}
	free_decoder(d);
}

/* Huffman's code: all symbols, and random strings in pieces. */
static void check_huffman(void)
{
	char text[600], code[2400], back[4000];
	bool same = true;
	u32 i, round, at;

	for (round = 0; round < 2000 && same; round++) {
		struct huffman h = { 0 };
		struct span s = { text, tap_random(sizeof(text)) };
		char *end, *to = back;
		u32 len, n;

		for (i = 0; i < s.len; i++)
			text[i] = round % 2 ? tap_random(256) : 32 + tap_random(96);
		len = huffman_length(s);
		end = huffman_encode(s, code);
		for (at = 0; at < len && to; at += n) {
			n = 1 + tap_random(20);
			n = n < len - at ? n : len - at;
			same &= huffman_room(&h, n) <= sizeof(back);
			to = huffman_decode(&h, (struct span){ code + at, n }, to);
		}
		same &= end == code + len && to == back + s.len &&
			!memcmp(back, text, s.len) && huffman_ended_well(&h);
	}
	tap_ok(same, "hpack: 2000 random strings in Huffman's code");
}

/* The encoder. */

/* Fields that may be in any order, and values that come often, or never again. */
struct made {
	char name[40], value[400];
	u32 name_len, value_len;
	bool never;
};

static void make_field(struct made *m)
{
	static const char * const names[] = {
		":method", ":path", ":authority", ":status", "accept", "cookie",
		"authorization", "x-request-id", "content-type", "user-agent", "a", "te",
	};
	u32 i, kind = tap_random(16);

	if (kind < ARRAY_SIZE(names))
		m->name_len = sprintf(m->name, "%s", names[kind]);
	else
		m->name_len = sprintf(m->name, "x-%u", tap_random(kind == 15 ? 1000 : 4));
	m->value_len = tap_random(8) ? tap_random(30) : tap_random(400);
	for (i = 0; i < m->value_len; i++)
		m->value[i] = 'a' + tap_random(26);
	/* Mostly one of few. */
	if (tap_random(4))
		m->value_len = sprintf(m->value, "value-%u", tap_random(3));
	m->never = !tap_random(20);
}

static u32 encode_some(struct hpack_encoder *e, char *to, struct block_text *wanted)
{
	char *at = hpack_encode_begin(e, to);
	u32 n = tap_random(20);
	struct made m;

	while (n--) {
		char *before = at;

		make_field(&m);
		at = hpack_encode(e, at, (struct span){ m.name, m.name_len },
				  (struct span){ m.value, m.value_len }, m.never);
		if (at - before > (s64)(m.name_len + m.value_len + HPACK_FIELD_ADDED))
			return 0;
		block_put(wanted, m.name, m.name_len);
		block_put(wanted, ": ", 2);
		block_put(wanted, m.value, m.value_len);
		block_put(wanted, "\n", 1);
	}
	return at - to;
}

/* Without what says that a field is never indexed. */
static void forget_never(struct block_text *t)
{
	char *at;

	while (t->p && (at = strstr(t->p, " (never)")))
		memmove(at, at + 8, strlen(at + 8) + 1);
}

static bool round_trip(struct hpack_encoder *e, struct hpack_decoder *d)
{
	struct block_text wanted = { 0 }, got = { 0 };
	static char block[20000];
	u32 len = encode_some(e, block, &wanted);
	bool same = block_decode(d, (struct span){ block, len }, BLOCK_LIMIT, 0, tap_random,
				 &got);

	forget_never(&got);
	same = same && !strcmp(got.p ?: "", wanted.p ?: "") &&
	       e->table.n == d->table.n && e->table.size == d->table.size;
	if (!same)
		tap_note("wanted: %s, got: %s", wanted.p ?: "", got.p ?: "");
	free(wanted.p);
	free(got.p);
	return same;
}

static void check_round_trips(void)
{
	static const u32 limits[] = { 0, 64, 500, 4096, 16384 };
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		struct hpack_encoder *e = new_encoder(limits[i]);
		struct hpack_decoder *d = new_decoder(16384);
		bool same = true;

		for (n = 0; n < 3000 && same; n++) {
			if (!tap_random(50)) {
				u32 size = tap_random(16385);

				hpack_encoder_resize(e, size);
				hpack_decoder_resize(d, size);
			}
			same = round_trip(e, d);
		}
		tap_ok(same, "hpack: %u random blocks with tables of up to %u", n, limits[i]);
		free_encoder(e);
		free_decoder(d);
	}
}

/* What was written, in hexadecimal digits. */
static const char *encoded(struct hpack_encoder *e, const char *name, const char *value,
			   bool never)
{
	static char hex[1000];
	char to[400];
	u32 i, len;

	len = hpack_encode(e, to, (struct span){ name, strlen(name) },
			   (struct span){ value, strlen(value) }, never) - to;
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", (u8)to[i]);
	return hex;
}

static void check_policy(void)
{
	struct hpack_encoder *e = new_encoder(HPACK_TABLE_DEFAULT);

	tap_is(encoded(e, ":method", "GET", false), "82", "hpack: a static field");
	tap_is(encoded(e, ":path", "/x", false), "04022f78",
	       "hpack: a value that is new is not indexed");
	tap_ok(e->table.n == 0, "hpack: ... and is in no table");
	encoded(e, ":path", "/x", false);
	tap_ok(e->table.n == 1, "hpack: ... the second time it is");
	tap_is(encoded(e, ":path", "/x", false), "be", "hpack: ... then it has an index");
	encoded(e, "x-id", "1", false);
	tap_ok(e->table.n == 2, "hpack: a name that is new is indexed at once");
	tap_is(encoded(e, "x-id", "2", false), "0f2f0132", "hpack: ... for its name");
	tap_is(encoded(e, "authorization", "x", false), "1f080178",
	       "hpack: authorization is never indexed");
	tap_is(encoded(e, "cookie", "a=1", false), "1f11821c01",
	       "hpack: nor is a short cookie");
	tap_is(encoded(e, "x-id", "1", true), "1083f2b1a40131",
	       "hpack: what the caller says is not even looked for");
	tap_ok(e->table.n == 2, "hpack: ... nor put in a table");
	tap_is(encoded(e, ":path", "/x", true), "14022f78",
	       "hpack: ... though it is in one: its name alone has an index");
	tap_is(encoded(e, ":path", "/", true), "14012f", "hpack: ... or is static");
	tap_is(encoded(e, "accept-encoding", "gzip, deflate", true), "1f018a9bd9abfa5242cb40d25f",
	       "hpack: ... the same of a field without a colon");
	free_encoder(e);
}

/*
 * Values of 80 bytes that have the same hash, whatever the seed is: a difference in the
 * highest bit of one word is taken back by the next one. So a seed alone is not enough.
 */
static void make_collision(char *value, u32 n)
{
	u32 i;

	memset(value, 'v', 80);
	for (i = 0; i < 5; i++) {
		if (!(n >> i & 1))
			continue;
		value[16 * i + 7] ^= 0x80;
		value[16 * i + 12] ^= 0x04;
		value[16 * i + 15] ^= 0x80;
	}
}

static u32 newest_hash(const struct hpack_encoder *e)
{
	return hpack_table_entry(&e->table, e->table.next - 1)->hash;
}

/* Is it an index that is written? */
static bool has_index(struct hpack_encoder *e, u32 n)
{
	char value[80], to[200];

	make_collision(value, n);
	return hpack_encode(e, to, SPAN("x"), (struct span){ value, sizeof(value) }, false) -
	       to <= 2;
}

/* Whoever finds fields that collide does not make us compare all of them each time. */
static void check_collisions(void)
{
	struct hpack_encoder *e = new_encoder(HPACK_TABLE_DEFAULT);
	u32 i, hash = 0;
	bool same = true;

	for (i = 0; i < 32; i++) {
		/* Of a name that is known a value is an entry the second time. */
		if (!has_index(e, i))
			has_index(e, i);
		if (i)
			same &= newest_hash(e) == hash;
		hash = newest_hash(e);
	}
	tap_ok(same && e->table.n == 32, "hpack: 32 entries of the same hash");
	tap_ok(has_index(e, 31) && has_index(e, 24), "hpack: the newest of them are found");
	tap_ok(!has_index(e, 10), "hpack: one that is behind many others is not looked for");
	free_encoder(e);
}

static void check_seed(void)
{
	struct hpack_encoder *a = new_encoder(HPACK_TABLE_DEFAULT);
	struct hpack_encoder *b = new_encoder(HPACK_TABLE_DEFAULT);

	hpack_encoder_init(b, b->table.ring, HPACK_TABLE_DEFAULT, 2);
	encoded(a, "x-name", "value", false);
	encoded(b, "x-name", "value", false);
	tap_ok(newest_hash(a) != newest_hash(b), "hpack: hashes depend on the seed");
	free_encoder(a);
	free_encoder(b);
}

/* ---- what came by index goes out by index ---- */

#define CLIENTS		3
#define WAYS		8

/* Clients whose requests share a leg. */
struct crowd {
	struct hpack_encoder *client[CLIENTS];
	struct hpack_decoder *from[CLIENTS];
	struct hpack_encoder *leg;
	struct hpack_decoder *to;
	struct hpack_way ways[WAYS];
};

/* A field on its way; few of a kind, so that they come again. */
static char *pass_field(struct crowd *c, u32 who, char *out, struct block_text *wanted)
{
	struct hpack_decoder *d = c->from[who];
	char block[200], text[200], value[20];
	struct message m;
	struct span name, in;
	struct hpack_field f;
	char *end;

	snprintf(value, sizeof(value), "value-%u", tap_random(8));
	name = (struct span){ tap_random(3) ? "x-some" : "x-other", 0 };
	name.len = strlen(name.p);
	end = hpack_encode_begin(c->client[who], block);
	end = hpack_encode(c->client[who], end, name,
			   (struct span){ value, strlen(value) }, !tap_random(20));
	in = (struct span){ block, end - block };
	hpack_decode_begin(d, BLOCK_LIMIT);
	if (hpack_decode(d, &in, text, sizeof(text), &f) != HPACK_FIELD)
		return NULL;
	block_tell(wanted, text, &f);
	m.origins = (struct message_origins){ who + 1, d->table.next };
	name.p = text;
	in = (struct span){ text + name.len, f.value_len };
	if (!f.origin || f.never)
		return hpack_encode(c->leg, out, name, in, f.never);
	return hpack_encode_entry(c->leg, out, name, in, m.origins.table,
				  message_origin(&m, f.origin));
}

static bool pass_some(struct crowd *c)
{
	struct block_text wanted = { 0 }, got = { 0 };
	char out[4000], *end = hpack_encode_begin(c->leg, out);
	u32 n = 1 + tap_random(12), who = tap_random(CLIENTS);
	bool same;

	while (n-- && end)
		end = pass_field(c, who, end, &wanted);
	same = end && block_decode(c->to, (struct span){ out, end - out }, BLOCK_LIMIT, 1000,
				   NULL, &got) && !strcmp(got.p, wanted.p);
	free(wanted.p);
	free(got.p);
	return same;
}

static void check_ways(void)
{
	struct crowd c = { .leg = new_encoder(1024), .to = new_decoder(4096) };
	bool same = true;
	u32 i, n, size;

	hpack_encoder_remember(c.leg, c.ways, WAYS);
	for (i = 0; i < CLIENTS; i++) {
		c.client[i] = new_encoder(256);
		c.from[i] = new_decoder(4096);
		c.from[i]->number = i + 1;
		/* Numbers that are about to begin anew. */
		c.from[i]->table.next = -i * 1000;
	}
	c.leg->table.next = -500;
	for (n = 0; n < 20000 && same; n++) {
		if (!tap_random(100)) {
			size = tap_random(2) ? 1024 : tap_random(300);
			hpack_encoder_resize(c.leg, size);
		}
		same = pass_some(&c);
	}
	tap_ok(same, "hpack: %u blocks by way of another's table", n);
	for (i = 0; i < CLIENTS; i++) {
		free_encoder(c.client[i]);
		free_decoder(c.from[i]);
	}
	free_encoder(c.leg);
	free_decoder(c.to);
}

/* What is known of an entry is not looked at again, until either is gone. */
static void check_way_is_short(void)
{
	struct hpack_way ways[WAYS] = { 0 };
	struct hpack_encoder *e = new_encoder(4096);
	char out[200], *end;

	hpack_encoder_remember(e, ways, WAYS);
	hpack_encode_entry(e, out, SPAN("x-a"), SPAN("b"), 1, 7);
	/* Other bytes: nobody looks at them. */
	end = hpack_encode_entry(e, out, SPAN("x-a"), SPAN("c"), 1, 7);
	tap_ok(end - out == 1 && (u8)*out == 0xbe, "hpack: by the entry that it was");
	hpack_encode(e, out, SPAN("x-b"), SPAN("b"), false);
	end = hpack_encode_entry(e, out, SPAN("x-a"), SPAN("b"), 1, 7);
	tap_ok(end - out == 1 && (u8)*out == 0xbf, "hpack: which others are newer than");
	end = hpack_encode_entry(e, out, SPAN("x-a"), SPAN("b"), 2, 7);
	tap_ok(end - out == 1 && (u8)*out == 0xbf, "hpack: and which is another table's, too");
	hpack_encoder_resize(e, 0);
	hpack_encoder_resize(e, 4096);
	end = hpack_encode_entry(e, out, SPAN("x-a"), SPAN("b"), 2, 7);
	tap_ok(end - out > 1, "hpack: when it is gone it is written anew");
	free_encoder(e);
}

#ifdef HAVE_NGHTTP2
/* What we write nghttp2 reads. */
static void check_nghttp2_reads(void)
{
	struct hpack_encoder *e = new_encoder(HPACK_TABLE_DEFAULT);
	nghttp2_hd_inflater *inflater;
	static char block[20000];
	bool same = true;
	u32 n;

	nghttp2_hd_inflate_new(&inflater);
	for (n = 0; n < 3000 && same; n++) {
		struct block_text wanted = { 0 }, got = { 0 };
		u32 len;

		if (!tap_random(50)) {
			u32 size = tap_random(4097);

			hpack_encoder_resize(e, size);
			nghttp2_hd_inflate_change_table_size(inflater, size);
		}
		len = encode_some(e, block, &wanted);
		same = block_by_nghttp2(inflater, (struct span){ block, len }, &got);
		forget_never(&got);
		same = same && !strcmp(got.p ?: "", wanted.p ?: "");
		free(wanted.p);
		free(got.p);
	}
	tap_ok(same, "hpack: nghttp2 reads %u random blocks of ours", n);
	nghttp2_hd_inflate_del(inflater);
	free_encoder(e);
}

/* What nghttp2 writes we read. */
static void check_nghttp2_writes(void)
{
	struct hpack_decoder *d = new_decoder(HPACK_TABLE_DEFAULT);
	nghttp2_hd_deflater *deflater;
	static u8 block[20000];
	struct made made[20];
	nghttp2_nv nv[20];
	bool same = true;
	u32 n, i;

	nghttp2_hd_deflate_new(&deflater, 4096);
	for (n = 0; n < 3000 && same; n++) {
		struct block_text wanted = { 0 }, got = { 0 };
		u32 fields = 1 + tap_random(19);
		ssize_t len;

		for (i = 0; i < fields; i++) {
			struct made *m = &made[i];

			make_field(m);
			nv[i].name = (u8 *)m->name;
			nv[i].value = (u8 *)m->value;
			nv[i].namelen = m->name_len;
			nv[i].valuelen = m->value_len;
			nv[i].flags = m->never;
			block_put(&wanted, m->name, m->name_len);
			block_put(&wanted, ": ", 2);
			block_put(&wanted, m->value, m->value_len);
			block_put(&wanted, "\n", 1);
		}
		if (!tap_random(50)) {
			u32 size = tap_random(4097);

			nghttp2_hd_deflate_change_table_size(deflater, size);
			hpack_decoder_resize(d, size);
		}
		len = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), nv, fields);
		same = block_decode(d, (struct span){ (char *)block, len }, BLOCK_LIMIT, 0,
				    tap_random, &got);
		forget_never(&got);
		same = same && !strcmp(got.p ?: "", wanted.p ?: "") &&
		       d->table.size == nghttp2_hd_deflate_get_dynamic_table_size(deflater);
		free(wanted.p);
		free(got.p);
	}
	tap_ok(same, "hpack: %u random blocks of nghttp2's are read", n);
	nghttp2_hd_deflate_del(deflater);
	free_decoder(d);
}

static void check_nghttp2(void)
{
	check_nghttp2_reads();
	check_nghttp2_writes();
}
#else
static void check_nghttp2(void)
{
	tap_note("hpack: without libnghttp2-dev there is nobody to compare with");
}
#endif

void test_hpack(void)
{
	check_examples(1);
	check_examples(7);
	check_examples(1000);
	check_blocks();
	check_resize();
	check_limit();
	check_long_ones();
	check_known();
	check_huffman();
	check_round_trips();
	check_policy();
	check_collisions();
	check_seed();
	check_ways();
	check_way_is_short();
	check_nghttp2();
}
