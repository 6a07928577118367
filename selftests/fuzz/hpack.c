// SPDX-License-Identifier: GPL-2.0
/*
 * hpack: blocks are understood as nghttp2 understands them, and the same in any pieces;
 * fields that are written again are the same; and a limit changes nothing but how much is
 * told.
 *
 * Input: seed of the split, limit, blocks: each a length of two bytes, and its bytes.
 */
#include "../unit/block.h"
#include "fuzz.h"
#include "http2/hpack.h"

static u32 state;

static u32 any(u32 limit)
{
	return next_random(&state) % limit;
}

static struct hpack_decoder *new_decoder(void)
{
	struct hpack_decoder *d = malloc(sizeof(*d));

	hpack_decoder_init(d, malloc(hpack_table_bytes(HPACK_TABLE_DEFAULT)),
			   HPACK_TABLE_DEFAULT);
	return d;
}

static void free_decoder(struct hpack_decoder *d)
{
	free(d->table.ring);
	free(d);
}

static void same_tables(const struct hpack_decoder *a, const struct hpack_decoder *b)
{
	char one[HPACK_TABLE_DEFAULT], two[HPACK_TABLE_DEFAULT];
	const struct hpack_entry *e, *f;
	u32 i;

	must_hold(a->table.n == b->table.n && a->table.size == b->table.size);
	for (i = 1; i <= a->table.n; i++) {
		e = hpack_table_entry(&a->table, a->table.next - i);
		f = hpack_table_entry(&b->table, b->table.next - i);
		must_hold(e->name_len == f->name_len && e->value_len == f->value_len &&
			  e->id == f->id && e->bad == f->bad);
		hpack_table_copy(&a->table, e, one);
		hpack_table_copy(&b->table, f, two);
		must_hold(!memcmp(one, two, e->name_len + e->value_len));
	}
}

static void same_text(const struct block_text *a, const struct block_text *b)
{
	must_hold(a->len == b->len && !memcmp(a->p ?: "", b->p ?: "", a->len));
}

/* What was told is written, and read again. */
struct again {
	struct hpack_encoder e;
	struct hpack_decoder *d;
};

/* Fields of a text with a "\n" or a ": " in them would be others: those are left out. */
static bool written_again(struct again *a, const struct block_text *t)
{
	struct block_text got = { 0 }, wanted = { 0 };
	const char *at = t->p ?: "", *end = at + t->len, *stop, *colon;
	char *block = malloc(12 * t->len + 64), *to;

	to = hpack_encode_begin(&a->e, block);
	for (; at < end; at = stop + 1) {
		stop = memchr(at, '\n', end - at);
		colon = block_find(at, stop - at, SPAN(": "));
		if (!colon || colon == at)
			continue;
		to = hpack_encode(&a->e, to, (struct span){ at, colon - at },
				  (struct span){ colon + 2, stop - colon - 2 }, false);
		block_put(&wanted, at, stop - at);
		block_put(&wanted, "\n", 1);
	}
	must_hold(block_decode(a->d, (struct span){ block, to - block }, BLOCK_LIMIT, 0, any,
			       &got));
	must_hold(a->e.table.size == a->d->table.size);
	free(block);
	/* Secrets are told as such. */
	if (!block_find(got.p ?: "", got.len, SPAN(" (never)")))
		same_text(&got, &wanted);
	free(got.p);
	free(wanted.p);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { (const char *)data, size };
	struct hpack_decoder *whole = new_decoder(), *pieces = new_decoder(),
			     *limited = new_decoder();
	struct again again = { .d = new_decoder() };
	bool good = true, agreed = true, fine = true, flooded = false;
	u32 limit;
#ifdef HAVE_NGHTTP2
	struct nghttp2_hd_inflater *inflater;

	nghttp2_hd_inflate_new(&inflater);
#endif
	hpack_encoder_init(&again.e, malloc(hpack_table_bytes(HPACK_TABLE_DEFAULT)),
			   HPACK_TABLE_DEFAULT, 1);
	state = take_number(&in, 2);
	limit = take_number(&in, 2);
	while (in.left && good) {
		struct block_text a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
		struct span block = { NULL, take_number(&in, 2) };
		bool large;

		block.len = block.len < in.left ? block.len : in.left;
		block.p = copy_of(in.p, block.len);
		in.p += block.len;
		in.left -= block.len;
		good = block_decode(whole, block, BLOCK_LIMIT, 100000, any, &a);
		large = whole->too_large;
		must_hold(block_decode(pieces, block, BLOCK_LIMIT, 0, any, &b) == good);
		same_text(&a, &b);
		/* Who was told that he floods us goes no further. */
		if (!flooded)
			fine = block_decode(limited, block, limit, 0, any, &c);
		flooded |= !limited->tolerated;
		must_hold(flooded || fine == good);
		must_hold(c.len <= a.len && !memcmp(a.p ?: "", c.p ?: "", c.len));
		if (good) {
			same_tables(whole, pieces);
			if (!flooded)
				same_tables(whole, limited);
			written_again(&again, &a);
		}
#ifdef HAVE_NGHTTP2
		agreed = block_by_nghttp2(inflater, block, &d);
		/* nghttp2 takes any number of size updates. */
		must_hold(good == agreed || !whole->tolerated ||
			  whole->updates > HPACK_UPDATES_MAX);
		if (good && !large)
			same_text(&a, &d);
#endif
		(void)large;
		(void)agreed;
		free(a.p);
		free(b.p);
		free(c.p);
		free(d.p);
		free((char *)block.p);
	}
#ifdef HAVE_NGHTTP2
	nghttp2_hd_inflate_del(inflater);
#endif
	free_decoder(whole);
	free_decoder(pieces);
	free_decoder(limited);
	free_decoder(again.d);
	free(again.e.table.ring);
	return 0;
}
