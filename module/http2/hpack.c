// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder. Sections are of RFC 7541.
 *
 * What is read is a row of numbers and strings. A number may be a few bytes long, a string
 * any; each state reads as much of one as there is.
 */
#include "http2/hpack.h"

#include <linux/compiler.h>
#include <linux/minmax.h>

#include "http/chars.h"

/* Of a number's bytes behind the first: four have 28 bits, as many as anybody needs. */
#define SHIFT_MAX	28

/* A piece in Huffman's code is decoded in such parts. */
#define PART_MAX	128U
#define PART_DECODED	((HUFFMAN_BITS_MAX + 8 * PART_MAX) / HUFFMAN_BITS_MIN)

enum {
	ST_FIELD,		/* the first byte of one, or of a size update; it is 0 */
	ST_NUMBER,		/* ... more of the number that it begins */
	ST_NAME_INDEX,		/* a literal's name has an index: to be copied */
	ST_NAME_LEN,
	ST_NAME_LEN_MORE,
	ST_NAME,
	ST_VALUE_LEN,
	ST_VALUE_LEN_MORE,
	ST_VALUE,
	ST_INDEXED,		/* all of it has an index: to be copied */
};

/* Representations. 6. */
enum {
	INDEXED,
	LITERAL_INDEXING,
	LITERAL,
	LITERAL_NEVER,
	SIZE_UPDATE,
};

void hpack_decoder_init(struct hpack_decoder *d, void *memory, u32 size)
{
	*d = (struct hpack_decoder){ .allowed = HPACK_TABLE_DEFAULT };
	hpack_table_init(&d->table, memory, size);
	hpack_table_resize(&d->table, HPACK_TABLE_DEFAULT);
}

void hpack_decoder_resize(struct hpack_decoder *d, u32 size)
{
	u32 lowest = d->update_due ? d->lowest : d->table.max;

	d->allowed = size;
	if (size >= lowest)
		return;
	d->lowest = size;
	d->update_due = true;
}

void hpack_decode_begin(struct hpack_decoder *d, u32 limit)
{
	d->left = limit;
	d->tolerated = HPACK_TOLERATED - limit;
	d->too_large = false;
	d->updates = 0;
	d->had_field = false;
	d->state = ST_FIELD;
	d->stored = 0;
}

bool hpack_decode_end(const struct hpack_decoder *d)
{
	return hpack_is_between(d);
}

static enum hpack_result enter(struct hpack_decoder *d, u8 state)
{
	d->state = state;
	return HPACK_GO_ON;
}

/* What was left is not lost: how much is a flood is the same for all. */
static void be_too_large(struct hpack_decoder *d)
{
	d->too_large = true;
	d->tolerated += d->left;
	d->left = 0;
}

static bool charge(struct hpack_decoder *d, u32 bytes)
{
	if (likely(bytes <= d->left)) {
		d->left -= bytes;
		return true;
	}
	be_too_large(d);
	d->tolerated -= min(bytes, d->tolerated);
	return false;
}

/* Is there room for @need bytes behind those that are stored? */
static bool has_room(struct hpack_decoder *d, u32 room, u32 need)
{
	d->need = need;
	return need <= room - d->stored;
}

/* Numbers. 5.1. */

/* More of one. Whoever says it in more bytes than it has is refused. */
static enum hpack_result read_number(struct hpack_decoder *d, struct span *in)
{
	u8 byte;

	do {
		if (!in->len)
			return HPACK_MORE;
		if (d->shift == SHIFT_MAX)
			return HPACK_ERROR;
		byte = in->p[0];
		*in = span_from(*in, 1);
		d->index += (u32)(byte & 0x7f) << d->shift;
		d->shift += 7;
	} while (byte & 0x80);
	return HPACK_GO_ON;
}

/* The first byte, of which @mask is the number's. Is that all of it? */
static bool begin_number(struct hpack_decoder *d, u8 byte, u8 mask)
{
	d->index = byte & mask;
	d->shift = 0;
	return d->index < mask;
}

/* Indexes. 2.3.3. */

static struct hpack_entry *entry_of(const struct hpack_decoder *d, u32 index)
{
	index -= HPACK_STATIC_MAX + 1;
	return index < d->table.n ?
	       hpack_table_entry(&d->table, d->table.next - 1 - index) : NULL;
}

static void tell(struct hpack_field *f, u32 name_len, u32 value_len, u8 id, u8 bad)
{
	*f = (struct hpack_field){
		.name_len = name_len,
		.value_len = value_len,
		.id = id,
		.bad = bad,
	};
}

static enum hpack_result static_field(struct hpack_decoder *d, char *to, u32 room,
				      struct hpack_field *f)
{
	const struct hpack_static *s = &hpack_static[d->index];

	if (!has_room(d, room, s->text.len))
		return HPACK_ROOM;
	enter(d, ST_FIELD);
	if (!charge(d, s->text.len + HPACK_OVERHEAD))
		return HPACK_GO_ON;
	span_copy(to, s->text);
	tell(f, s->name_len, s->text.len - s->name_len, s->id, 0);
	return HPACK_FIELD;
}

/* 6.1. One that is too much is charged when there is room for it: there need be none. */
static enum hpack_result on_indexed(struct hpack_decoder *d, char *to, u32 room,
				    struct hpack_field *f)
{
	struct hpack_entry *e;
	u32 len;

	if (d->index <= HPACK_STATIC_MAX)
		return static_field(d, to, room, f);
	e = entry_of(d, d->index);
	len = e->name_len + e->value_len;
	if (unlikely(len + HPACK_OVERHEAD > d->left)) {
		charge(d, len + HPACK_OVERHEAD);
		return enter(d, ST_FIELD);
	}
	if (!has_room(d, room, len))
		return HPACK_ROOM;
	enter(d, ST_FIELD);
	charge(d, len + HPACK_OVERHEAD);
	hpack_table_copy(&d->table, e, to);
	*f = hpack_entry_field(d, e, d->index);
	return HPACK_FIELD;
}

/* Strings. 5.2. */

/* What so many bytes of the string are at least, when they are decoded. */
static u32 least(const struct hpack_decoder *d, u32 bytes)
{
	return d->coded ? bytes * 8 / HUFFMAN_BITS_MAX : bytes;
}

/*
 * Whether what comes has to be kept: for whoever reads the field, or as an entry of the
 * table, which it may still become.
 */
static bool keeps(const struct hpack_decoder *d)
{
	return !d->too_large ||
	       (d->how == LITERAL_INDEXING &&
		d->stored + least(d, d->string_left) + HPACK_OVERHEAD <= d->table.max);
}

/*
 * If the least that the string can be is too much, that is known before any of it is there.
 * It is counted as it comes then: a peer that only says that much has cost us nothing.
 */
static enum hpack_result begin_string(struct hpack_decoder *d, u8 state)
{
	d->string_left = d->index;
	d->code = (struct huffman){ 0 };
	if (d->index > HPACK_STRING_MAX)
		d->lost = true;
	if (d->lost || least(d, d->index) > d->left)
		be_too_large(d);
	else if (!d->coded)
		charge(d, d->index);
	return enter(d, state);
}

/* Part of a string that is kept nowhere; its code has to be right all the same. */
static bool pass_over(struct hpack_decoder *d, struct span part)
{
	char text[PART_DECODED], *end;
	u32 len = part.len;

	d->lost = true;
	if (d->coded) {
		end = huffman_decode(&d->code, part, text);
		if (!end)
			return false;
		len = end - text;
	}
	charge(d, len);
	return true;
}

static enum hpack_result read_coded(struct hpack_decoder *d, struct span part, char *to,
				    u32 room)
{
	char *from = to + d->stored, *end;

	if (!has_room(d, room, huffman_room(&d->code, part.len)))
		return HPACK_ROOM;
	end = huffman_decode(&d->code, part, from);
	if (!end)
		return HPACK_ERROR;
	charge(d, end - from);
	d->stored += end - from;
	return HPACK_GO_ON;
}

static enum hpack_result read_plain(struct hpack_decoder *d, struct span part, char *to,
				    u32 room)
{
	if (!has_room(d, room, part.len))
		return HPACK_ROOM;
	span_copy(to + d->stored, part);
	d->stored += part.len;
	/* Else it was counted when it began. */
	if (unlikely(d->too_large))
		charge(d, part.len);
	return HPACK_GO_ON;
}

static enum hpack_result read_string(struct hpack_decoder *d, struct span *in, char *to,
				     u32 room)
{
	enum hpack_result result = HPACK_GO_ON;
	struct span part;

	while (d->string_left) {
		if (!in->len)
			return HPACK_MORE;
		part = (struct span){ in->p, min(in->len, d->string_left) };
		if (d->coded)
			part.len = min(part.len, PART_MAX);
		if (d->lost || unlikely(!keeps(d)))
			result = pass_over(d, part) ? HPACK_GO_ON : HPACK_ERROR;
		else if (d->coded)
			result = read_coded(d, part, to, room);
		else
			result = read_plain(d, part, to, room);
		if (result != HPACK_GO_ON)
			return result;
		*in = span_from(*in, part.len);
		d->string_left -= part.len;
	}
	if (d->coded && !huffman_ended_well(&d->code))
		return HPACK_ERROR;
	return HPACK_GO_ON;
}

/* What a name and a value are. */

static bool name_valid(struct span name)
{
	u32 i = name.len && name.p[0] == ':' ? 1 : 0;

	if (i == name.len)
		return false;
	for (; i < name.len; i++)
		if (!char_is(name.p[i], C_TOKEN) || (u8)(name.p[i] - 'A') < 26)
			return false;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool value_valid(struct span value)
{
	const char *end = value.p + value.len;

	return !value.len || (!is_blank(value.p[0]) && !is_blank(end[-1]) &&
			      skip_value(value.p, end) == end);
}

static void judge_name(struct hpack_decoder *d, struct span name)
{
	d->bad = name_valid(name) ? 0 : HPACK_BAD_NAME;
	d->id = d->bad ? FIELD_OTHER : hpack_static_id(name);
}

/* Literals. 6.2. */

static enum hpack_result begin_literal(struct hpack_decoder *d)
{
	d->had_field = true;
	d->stored = 0;
	d->name_len = 0;
	d->lost = false;
	charge(d, HPACK_OVERHEAD);
	return enter(d, d->index ? ST_NAME_INDEX : ST_NAME_LEN);
}

static void name_is(struct hpack_decoder *d, u32 len, u8 id, u8 bad)
{
	charge(d, len);
	d->stored = len;
	d->name_len = len;
	d->id = id;
	d->bad = bad & HPACK_BAD_NAME;
}

static enum hpack_result static_name(struct hpack_decoder *d, char *to, u32 room)
{
	const struct hpack_static *s = &hpack_static[d->index];

	if (!has_room(d, room, s->name_len))
		return HPACK_ROOM;
	memcpy(to, s->text.p, s->name_len);
	name_is(d, s->name_len, s->id, 0);
	return enter(d, ST_VALUE_LEN);
}

static enum hpack_result on_name_index(struct hpack_decoder *d, char *to, u32 room)
{
	const struct hpack_entry *e;

	if (d->index <= HPACK_STATIC_MAX)
		return static_name(d, to, room);
	e = entry_of(d, d->index);
	if (!has_room(d, room, e->name_len))
		return HPACK_ROOM;
	hpack_table_copy_name(&d->table, e, to);
	name_is(d, e->name_len, e->id, e->bad);
	return enter(d, ST_VALUE_LEN);
}

static enum hpack_result on_name(struct hpack_decoder *d, struct span *in, char *to, u32 room)
{
	enum hpack_result result = read_string(d, in, to, room);

	if (result != HPACK_GO_ON)
		return result;
	d->name_len = d->stored;
	if (!d->lost)
		judge_name(d, (struct span){ to, d->stored });
	return enter(d, ST_VALUE_LEN);
}

/* What is not all stored is more than the table may have, as keeps() says. */
static void put_in_table(struct hpack_decoder *d, const char *text)
{
	struct hpack_entry e = {
		.name_len = d->name_len,
		.value_len = d->stored - d->name_len,
		.id = d->id,
		.bad = d->bad,
	};

	if (d->lost || d->stored + HPACK_OVERHEAD > d->table.max) {
		hpack_table_clear(&d->table);
		return;
	}
	hpack_table_add(&d->table, text, text + d->name_len, &e);
	/* From here on numbers are such as there were. */
	if (unlikely(!d->table.next))
		d->number = 0;
}

static enum hpack_result on_value(struct hpack_decoder *d, struct span *in, char *to,
				  u32 room, struct hpack_field *f)
{
	enum hpack_result result = read_string(d, in, to, room);
	u32 len = d->stored - d->name_len;

	if (result != HPACK_GO_ON)
		return result;
	if (!d->lost && !value_valid((struct span){ to + d->name_len, len }))
		d->bad |= HPACK_BAD_VALUE;
	if (d->how == LITERAL_INDEXING)
		put_in_table(d, to);
	d->stored = 0;
	enter(d, ST_FIELD);
	if (unlikely(d->too_large))
		return HPACK_GO_ON;
	tell(f, d->name_len, len, d->id, d->bad);
	f->never = d->how == LITERAL_NEVER;
	if (d->how == LITERAL_INDEXING && d->table.n)
		f->origin = hpack_origin(d, HPACK_STATIC_MAX + 1);
	return HPACK_FIELD;
}

/* 4.2, 6.3: only before the first field, and at most what we allow. */
static enum hpack_result update_size(struct hpack_decoder *d)
{
	if (d->had_field || d->index > d->allowed ||
	    (d->update_due && d->index > d->lowest) || d->updates++ == HPACK_UPDATES_MAX)
		return HPACK_ERROR;
	d->update_due = false;
	hpack_table_resize(&d->table, d->index);
	return enter(d, ST_FIELD);
}

/* The number of the first byte is whole. */
static enum hpack_result begin_field(struct hpack_decoder *d)
{
	if (d->how == SIZE_UPDATE)
		return update_size(d);
	if (d->update_due || (d->index > HPACK_STATIC_MAX && !entry_of(d, d->index)))
		return HPACK_ERROR;
	if (d->how != INDEXED)
		return begin_literal(d);
	d->had_field = true;
	return d->index ? enter(d, ST_INDEXED) : HPACK_ERROR;
}

static enum hpack_result on_first_byte(struct hpack_decoder *d, struct span *in)
{
	u8 byte, mask;

	if (!in->len)
		return HPACK_MORE;
	byte = in->p[0];
	*in = span_from(*in, 1);
	if (byte & 0x80) {
		d->how = INDEXED;
		mask = 0x7f;
	} else if (byte & 0x40) {
		d->how = LITERAL_INDEXING;
		mask = 0x3f;
	} else if (byte & 0x20) {
		d->how = SIZE_UPDATE;
		mask = 0x1f;
	} else {
		d->how = byte & 0x10 ? LITERAL_NEVER : LITERAL;
		mask = 0x0f;
	}
	return begin_number(d, byte, mask) ? begin_field(d) : enter(d, ST_NUMBER);
}

static enum hpack_result on_number(struct hpack_decoder *d, struct span *in)
{
	enum hpack_result result = read_number(d, in);

	return result == HPACK_GO_ON ? begin_field(d) : result;
}

/* The state of the string follows that of its length. */
static enum hpack_result on_length(struct hpack_decoder *d, struct span *in)
{
	u8 byte;

	if (!in->len)
		return HPACK_MORE;
	byte = in->p[0];
	*in = span_from(*in, 1);
	d->coded = byte & 0x80;
	if (!begin_number(d, byte, 0x7f))
		return enter(d, d->state + 1);
	return begin_string(d, d->state + 2);
}

static enum hpack_result on_more_length(struct hpack_decoder *d, struct span *in)
{
	enum hpack_result result = read_number(d, in);

	return result == HPACK_GO_ON ? begin_string(d, d->state + 1) : result;
}

static enum hpack_result step(struct hpack_decoder *d, struct span *in, char *to, u32 room,
			      struct hpack_field *f)
{
	switch (d->state) {
	case ST_FIELD:
		return on_first_byte(d, in);
	case ST_NUMBER:
		return on_number(d, in);
	case ST_NAME_INDEX:
		return on_name_index(d, to, room);
	case ST_NAME_LEN:
	case ST_VALUE_LEN:
		return on_length(d, in);
	case ST_NAME_LEN_MORE:
	case ST_VALUE_LEN_MORE:
		return on_more_length(d, in);
	case ST_NAME:
		return on_name(d, in, to, room);
	case ST_VALUE:
		return on_value(d, in, to, room, f);
	default:
		return on_indexed(d, to, room, f);
	}
}

enum hpack_result hpack_decode(struct hpack_decoder *d, struct span *in, char *to, u32 room,
			       struct hpack_field *f)
{
	enum hpack_result result = HPACK_GO_ON;

	while (result == HPACK_GO_ON) {
		if (unlikely(!d->tolerated))
			return HPACK_FLOOD;
		result = step(d, in, to, room, f);
	}
	return result;
}
