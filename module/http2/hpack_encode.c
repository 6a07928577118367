// SPDX-License-Identifier: GPL-2.0
/*
 * The encoder. Sections are of RFC 7541.
 *
 * Entries of the same bucket are a chain, the newest first; one that has left the table
 * is the end of it, as those behind it have left earlier. A number of an entry is kept as
 * its low 16 bits: a table has fewer entries than that, and a number that is out of date
 * leads to an entry that is compared like any other.
 */
#include "http2/hpack.h"

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/minmax.h>

/* So many entries of a chain are compared with a field. */
#define STEPS_MAX	8

/* Short cookies can be guessed one after the other. */
#define COOKIE_SHORT	20

/* Static indexes of names. */
enum {
	STATIC_AUTHORIZATION = 23,
	STATIC_COOKIE = 32,
	STATIC_PROXY_AUTHORIZATION = 49,
};

/* First bits of representations. 6. */
enum {
	BITS_INDEXED = 0x80,
	BITS_INDEXING = 0x40,
	BITS_SIZE = 0x20,
	BITS_NEVER = 0x10,
	BITS_CODED = 0x80,
};

void hpack_encoder_init(struct hpack_encoder *e, void *memory, u32 limit, u64 seed)
{
	*e = (struct hpack_encoder){ .limit = limit, .seed = seed };
	hpack_table_init(&e->table, memory, limit);
	/* What the peer takes for granted. */
	if (limit >= HPACK_TABLE_DEFAULT) {
		hpack_table_resize(&e->table, HPACK_TABLE_DEFAULT);
		return;
	}
	e->lowest = limit;
	e->update_due = true;
}

void hpack_encoder_remember(struct hpack_encoder *e, struct hpack_way *ways, u32 n)
{
	e->ways = ways;
	e->ways_mask = n - 1;
}

/* 4.2: the lowest that there was, and what there is now, if that is another. */
void hpack_encoder_resize(struct hpack_encoder *e, u32 size)
{
	size = min(size, e->limit);
	if (size == e->table.max)
		return;
	e->lowest = e->update_due ? min(e->lowest, size) : size;
	e->update_due = true;
	hpack_table_resize(&e->table, size);
}

/* 5.1 */
static char *put_number(char *to, u8 bits, u8 mask, u32 number)
{
	if (number < mask) {
		*to++ = bits | number;
		return to;
	}
	*to++ = bits | mask;
	for (number -= mask; number >= 0x80; number >>= 7)
		*to++ = 0x80 | number;
	*to++ = number;
	return to;
}

char *hpack_encode_begin(struct hpack_encoder *e, char *to)
{
	if (!e->update_due)
		return to;
	e->update_due = false;
	if (e->lowest < e->table.max)
		to = put_number(to, BITS_SIZE, 0x1f, e->lowest);
	return put_number(to, BITS_SIZE, 0x1f, e->table.max);
}

/* 5.2: in Huffman's code if that is shorter. */
static char *put_string(char *to, struct span s)
{
	u32 len = huffman_length(s);

	if (len < s.len)
		return huffman_encode(s, put_number(to, BITS_CODED, 0x7f, len));
	return span_copy(put_number(to, 0, 0x7f, s.len), s);
}

#define MIX	0x9e3779b97f4a7c15ULL

static u64 mix(u64 state, u64 word)
{
	state = (state ^ word) * MIX;
	return state ^ state >> 29;
}

static u64 word_at(const char *p, u32 len)
{
	u64 word = 0;

	memcpy(&word, p, len);
	return word;
}

/* Up to seven bytes; none of them is left out, and some are there twice. */
static u64 short_word(struct span s)
{
	if (s.len >= 4)
		return word_at(s.p, 4) << 32 | word_at(s.p + s.len - 4, 4);
	if (!s.len)
		return 0;
	return (u32)(u8)s.p[0] << 16 | (u32)(u8)s.p[s.len / 2] << 8 | (u8)s.p[s.len - 1];
}

/* Only this encoder knows it: it need not be the same everywhere. */
static u64 hash(u64 state, struct span s)
{
	const char *end = s.p + s.len;

	state ^= s.len;
	if (s.len < 8)
		return mix(state, short_word(s));
	for (; end - s.p > 8; s.p += 8)
		state = mix(state, word_at(s.p, 8));
	return mix(state, word_at(end - 8, 8));
}

/* How many entries came after that of a number's low bits; n or more: it is gone. */
static u32 age_of(const struct hpack_encoder *e, u16 number)
{
	return (u16)((u16)e->table.next - 1 - number);
}

/* Of a name and a value that are being written. */
struct sought {
	struct span name;
	struct span value;
	u32 name_hash;
	u32 hash;
	u32 name_index;		/* static, or of an entry; 0: none */
};

/* The index of this field in the dynamic table, or 0. */
static u32 find_entry(const struct hpack_encoder *e, const struct sought *s)
{
	u16 number = e->buckets[s->hash % HPACK_BUCKETS];
	u32 age = age_of(e, number), last, steps;
	const struct hpack_entry *entry;

	for (steps = 0; age < e->table.n && steps < STEPS_MAX; steps++) {
		entry = hpack_table_entry(&e->table, e->table.next - 1 - age);
		if (entry->hash == s->hash &&
		    hpack_table_is(&e->table, entry, s->name, s->value))
			return HPACK_STATIC_MAX + 1 + age;
		last = age;
		age = age_of(e, entry->older);
		/* No chain leads to what is newer. */
		if (age <= last)
			break;
	}
	return 0;
}

static u32 find_static(struct sought *s)
{
	u32 index = hpack_static_find(s->name);
	const struct hpack_static *known;

	s->name_index = index;
	if (!index)
		return 0;
	for (; index <= HPACK_STATIC_MAX; index++) {
		known = &hpack_static[index];
		if (known->name_len != s->name.len ||
		    known->text.p[s->name.len - 1] != s->name.p[s->name.len - 1])
			return 0;
		if (known->text.len - known->name_len == s->value.len &&
		    !memcmp(known->text.p + known->name_len, s->value.p, s->value.len))
			return index;
	}
	return 0;
}

/* The index of an entry of this name, or 0. */
static u32 find_name(const struct hpack_encoder *e, const struct sought *s)
{
	u32 age = age_of(e, e->names[s->name_hash % HPACK_BUCKETS]);
	const struct hpack_entry *entry;

	if (age >= e->table.n)
		return 0;
	entry = hpack_table_entry(&e->table, e->table.next - 1 - age);
	return hpack_table_is_named(&e->table, entry, s->name) ?
	       HPACK_STATIC_MAX + 1 + age : 0;
}

static bool is_secret(const struct sought *s)
{
	return s->name_index == STATIC_AUTHORIZATION ||
	       s->name_index == STATIC_PROXY_AUTHORIZATION ||
	       (s->name_index == STATIC_COOKIE && s->value.len < COOKIE_SHORT);
}

static bool was_written_lately(struct hpack_encoder *e, u32 hash)
{
	u32 *lately = &e->lately[hash % HPACK_BUCKETS];
	bool was = *lately == hash;

	*lately = hash;
	return was;
}

static bool is_worth_an_entry(struct hpack_encoder *e, const struct sought *s)
{
	u32 size = s->name.len + s->value.len + HPACK_OVERHEAD;

	if (size > e->table.max / 4 * 3)
		return false;
	return !s->name_index || was_written_lately(e, s->hash);
}

static void make_entry(struct hpack_encoder *e, const struct sought *s)
{
	struct hpack_entry entry = {
		.hash = s->hash,
		.older = e->buckets[s->hash % HPACK_BUCKETS],
		.name_len = s->name.len,
		.value_len = s->value.len,
	};

	e->buckets[s->hash % HPACK_BUCKETS] = e->table.next;
	e->names[s->name_hash % HPACK_BUCKETS] = e->table.next;
	hpack_table_add(&e->table, s->name.p, s->value.p, &entry);
	/* Its number is one that there was. */
	if (unlikely(!e->table.next))
		e->ways = NULL;
}

static char *put_literal(char *to, const struct sought *s, u8 bits, u8 mask)
{
	to = put_number(to, bits, mask, s->name_index);
	if (!s->name_index)
		to = put_string(to, s->name);
	return put_string(to, s->value);
}

static void hash_field(const struct hpack_encoder *e, struct sought *s)
{
	u64 state = hash(e->seed, s->name);

	s->name_hash = state >> 32;
	s->hash = hash(state, s->value) >> 32;
}

/* What has no index as a whole. */
static char *put_new(struct hpack_encoder *e, char *to, struct sought *s)
{
	if (!s->name_index)
		s->name_index = find_name(e, s);
	if (!is_worth_an_entry(e, s))
		return put_literal(to, s, 0, 0x0f);
	to = put_literal(to, s, BITS_INDEXING, 0x3f);
	make_entry(e, s);
	e->last = HPACK_STATIC_MAX + 1;
	return to;
}

/* Most pseudo-fields are static, and most other fields are entries, once they have come. */
char *hpack_encode(struct hpack_encoder *e, char *to, struct span name, struct span value,
		   bool never)
{
	struct sought s = { .name = name, .value = value };
	bool pseudo = name.p[0] == ':';
	u32 index = pseudo ? find_static(&s) : 0;

	if (!index && !never) {
		hash_field(e, &s);
		index = find_entry(e, &s);
	}
	if (!index && !pseudo)
		index = find_static(&s);
	e->last = never ? 0 : index;
	if (e->last)
		return put_number(to, BITS_INDEXED, 0x7f, index);
	if (never || is_secret(&s))
		return put_literal(to, &s, BITS_NEVER, 0x0f);
	return put_new(e, to, &s);
}

/* ---- what came by index ---- */

static struct hpack_way *way_of(const struct hpack_encoder *e, u64 table, u32 entry)
{
	return &e->ways[((u32)table * 0x9e3779b1U + entry) & e->ways_mask];
}

/* The index of an entry of a number, or 0. */
static u32 index_of(const struct hpack_encoder *e, u32 number)
{
	u32 age = e->table.next - 1 - number;

	return age < e->table.n ? HPACK_STATIC_MAX + 1 + age : 0;
}

static void note_way(struct hpack_encoder *e, struct hpack_way *way, u64 table, u32 entry)
{
	u32 age = e->last - HPACK_STATIC_MAX - 1;

	if (e->last > HPACK_STATIC_MAX)
		*way = (struct hpack_way){ table, entry, e->table.next - 1 - age };
}

char *hpack_encode_entry(struct hpack_encoder *e, char *to, struct span name,
			 struct span value, u64 table, u32 entry)
{
	struct hpack_way *way;
	u32 index = 0;

	if (!e->ways)
		return hpack_encode(e, to, name, value, false);
	way = way_of(e, table, entry);
	if (way->table == table && way->entry == entry)
		index = index_of(e, way->to);
	if (index)
		return put_number(to, BITS_INDEXED, 0x7f, index);
	to = hpack_encode(e, to, name, value, false);
	note_way(e, way, table, entry);
	return to;
}
