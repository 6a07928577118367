/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hpack: blocks of compressed fields, read and written. RFC 7541, RFC 9113 4.3.
 *
 * Plain C: no kernel call, no allocation, no recursion; any context. The decoder reads
 * untrusted bytes: whatever they are, it ends in a field, MORE, ROOM or an error. A block
 * may come in any pieces, and gives the same in all of them. Whoever has a connection
 * owns its decoder and its encoder.
 *
 * How much a block may unfold is bounded before it does: each field counts with its 32
 * bytes (RFC 9113 6.5.2), whatever becomes of it, and from the first one on that is too
 * much none is told. They are decoded all the same, as the table has to be what the peer
 * thinks that it is; but not for ever: two bytes of a block can be worth all of a table.
 * A string that is too long, of whatever length, is too much like any other: it is read
 * to its end, and stored only if it may still become an entry of the table.
 */
#ifndef L7MESH_HPACK_H
#define L7MESH_HPACK_H

#include <linux/types.h>
#include "http/message.h"
#include "http2/hpack_static.h"
#include "http2/hpack_table.h"
#include "http2/huffman.h"
#include "lib/span.h"

/*
 * When the fields of a block count so much it is a flood, and when so many bytes of it have
 * come, as not all of them count. It does not depend on the block's limit: a small one is
 * no reason to end the connection of whoever sends a head of an ordinary size.
 */
#define HPACK_TOLERATED		(2 * 60 * 1024 + 16384)

/* No table, and no head, has room for a longer string. */
#define HPACK_STRING_MAX	65536

/*
 * A block may begin with so many size updates. RFC 7541 4.2 knows of two; but there are
 * encoders that write one for each change since the last block.
 */
#define HPACK_UPDATES_MAX	8

enum hpack_result {
	HPACK_MORE,		/* all of the input is used */
	HPACK_FIELD,		/* a field is whole */
	HPACK_ROOM,		/* there has to be room for @need more bytes */
	HPACK_ERROR,		/* the connection's: COMPRESSION_ERROR */
	HPACK_FLOOD,		/* the connection's: ENHANCE_YOUR_CALM */
	HPACK_GO_ON,		/* private */
};

/* What no field may have in HTTP (RFC 9113 8.2.1), as bits. */
enum hpack_bad {
	HPACK_BAD_NAME = 1,	/* not a token in lower case, perhaps behind a colon */
	HPACK_BAD_VALUE = 2,	/* CR, LF, NUL, other controls, white space at an end */
};

struct hpack_field {
	u16 name_len;		/* its text is the name, and at once the value */
	u16 value_len;
	u8 id;			/* enum field_id or hpack_id */
	u8 bad;			/* enum hpack_bad */
	bool never;		/* it is not to be in any table, RFC 7541 6.2.3 */
	u16 origin;		/* of a message: an entry of the table; 0: none */
	u16 *note;		/* of that entry, to be kept with it; or NULL */
};

struct hpack_decoder {
	struct hpack_table table;
	u64 number;		/* the owner's to set: of the table, which no other has ever
				 * had: encoders know it for longer than there is a
				 * decoder. 0: fields have no origin
				 */
	u32 need;		/* after HPACK_ROOM: bytes of room behind @stored */
	u32 stored;		/* bytes of a field that is not whole yet */
	bool too_large;		/* of the block: some fields were not told */

	/* private, of the connection */
	u32 allowed;		/* what the peer may make the table's size */
	u32 lowest;		/* what it has to say first, or less, ... */
	bool update_due;	/* ... in the next block */
	/* of the block */
	u32 left;		/* of what its fields may count */
	u32 tolerated;		/* of what is too much; of strings, as they come */
	u8 updates;		/* of the table's size */
	bool had_field;
	/* of the field, or of what else is being read */
	u8 state;
	u8 how;			/* its representation */
	u8 shift;		/* of the number's next byte */
	u8 id;
	u8 bad;
	bool coded;		/* the string is in Huffman's code */
	bool lost;		/* not all of it is stored */
	u32 index;		/* or another number that is being read */
	u32 string_left;	/* bytes of the string that are to come */
	u32 name_len;
	struct huffman code;
};

/**
 * hpack_decoder_init() - Begin a connection
 * @d: decoder
 * @memory: as of hpack_table_init(), for the larger of HPACK_TABLE_DEFAULT and what we
 *	tell the peer as SETTINGS_HEADER_TABLE_SIZE
 * @size: the larger of the two
 */
void hpack_decoder_init(struct hpack_decoder *d, void *memory, u32 size);

/**
 * hpack_decoder_resize() - The peer has acknowledged another table size
 * @d: decoder, between two blocks
 * @size: SETTINGS_HEADER_TABLE_SIZE, at most what the decoder began with
 *
 * If that is less than the table has, the next block has to begin by saying so. A larger
 * size may be allowed as soon as SETTINGS are sent, so that whoever uses it before the ACK
 * was read makes no error; a smaller one only at the ACK, as blocks of the old size may be
 * under way until then.
 */
void hpack_decoder_resize(struct hpack_decoder *d, u32 size);

/* Not within a field, or another thing that is to be read whole. */
static inline bool hpack_is_between(const struct hpack_decoder *d)
{
	return !d->state;
}

/**
 * hpack_decode_begin() - Begin a block
 * @d: decoder
 * @limit: what its fields may count together, less than 64 KiB
 */
void hpack_decode_begin(struct hpack_decoder *d, u32 limit);

/**
 * hpack_decode() - Decode up to the end of a field
 * @d: decoder
 * @in: the next bytes of the block; what was used is taken off
 * @to: where the field's text is put: from the first of its bytes on there are
 *	d->stored of them there. The same in each call until a field is whole,
 *	or the text has moved
 * @room: bytes there
 * @f: out: the field, if one is whole
 *
 * d->need is never more than about twice the input, but for an index: then a field of
 * the table.
 *
 * Return: what there is to be done. HPACK_ERROR and HPACK_FLOOD are final.
 */
enum hpack_result hpack_decode(struct hpack_decoder *d, struct span *in, char *to, u32 room,
			       struct hpack_field *f);

/**
 * hpack_entry_next() - Is an entry of the table next, by one byte?
 * @d: decoder, between two fields
 * @in: the next bytes of the block
 *
 * As most fields are. hpack_take_entry() is what hpack_decode() would do of it.
 *
 * Return: the entry, or NULL: hpack_decode() has to look.
 */
static inline struct hpack_entry *hpack_entry_next(const struct hpack_decoder *d,
						   struct span in)
{
	u32 age;

	if (!in.len || !hpack_is_between(d) || d->update_due)
		return NULL;
	age = (u8)in.p[0] - 0x80U - (HPACK_STATIC_MAX + 1);
	return age < d->table.n && (u8)in.p[0] < 0xff ?
	       hpack_table_entry(&d->table, d->table.next - 1 - age) : NULL;
}

/* Of the entry of an index: the newest has the first one behind the static ones. */
static inline u16 hpack_origin(const struct hpack_decoder *d, u32 index)
{
	return MESSAGE_ORIGIN | (d->table.next - (index - HPACK_STATIC_MAX));
}

/* The field that it is. */
static inline struct hpack_field hpack_entry_field(const struct hpack_decoder *d,
						   struct hpack_entry *e, u32 index)
{
	return (struct hpack_field){
		.name_len = e->name_len,
		.value_len = e->value_len,
		.id = e->id,
		.bad = e->bad,
		.origin = hpack_origin(d, index),
		.note = &e->older,
	};
}

/**
 * hpack_take_entry() - Take that
 * @d: decoder
 * @in: the byte is taken off
 * @e: entry
 * @to: room for its text
 * @f: out: the field
 *
 * Return: false if it is too much for the limit: nothing has happened.
 */
static inline bool hpack_take_entry(struct hpack_decoder *d, struct span *in,
				    struct hpack_entry *e, char *to, struct hpack_field *f)
{
	u32 count = e->name_len + e->value_len + HPACK_OVERHEAD;

	if (count > d->left)
		return false;
	d->left -= count;
	d->had_field = true;
	*f = hpack_entry_field(d, e, (u8)in->p[0] - 0x80U);
	*in = span_from(*in, 1);
	hpack_table_copy(&d->table, e, to);
	return true;
}

/* The block is over. Return: false if it must not be: COMPRESSION_ERROR. */
bool hpack_decode_end(const struct hpack_decoder *d);

#define HPACK_BUCKETS	64	/* a power of two */

/*
 * What is written to a peer. A field goes out by its index if it is in a table. It is put
 * in the table
 *   - if no table has its name, which is worth much where values never come again;
 *   - if the same field was written lately.
 * So ids of requests, dates and the like are written as they are, and do not push out
 * what comes in each request. Never in a table: what the caller says, authorization,
 * proxy-authorization, short cookies, as these can be guessed (RFC 7541 7.1.3); and what
 * would take most of the table.
 *
 * A field that came by index, and has gone out by one before, goes out by that without a
 * look at its bytes: where they lead is remembered of each entry of other connections'
 * decoders, in as many ways as the owner has memory for. An entry of a number is never
 * another, so what was true once is, as long as ours is there. When numbers begin anew,
 * after 2^32 entries, that ends.
 */
struct hpack_way {
	u64 table;			/* a decoder's number, ... */
	u32 entry;			/* ... one of its entries, ... */
	u32 to;				/* ... and ours of the same field */
};

struct hpack_encoder {
	struct hpack_table table;
	u32 limit;			/* of the memory */
	/* private */
	u64 seed;
	u32 lowest;			/* size that the next block says first */
	bool update_due;
	u16 buckets[HPACK_BUCKETS];	/* newest entry of fields, by their hash */
	u16 names[HPACK_BUCKETS];	/* an entry that has a name, by its hash */
	u32 lately[HPACK_BUCKETS];	/* hashes of fields that were written */
	struct hpack_way *ways;
	u32 ways_mask;
	u32 last;			/* index of what was written last; 0: it has none */
};

/**
 * hpack_encoder_init() - Begin a connection
 * @e: encoder
 * @memory: as of hpack_table_init(), for @limit
 * @limit: what the table may have at most, whatever the peer allows
 * @seed: a random number, which nobody else is told
 *
 * Fields are hashed with the seed, lest whoever sends them could choose what collides. As
 * that can be found for all seeds as well, no more than a few entries are compared with a
 * field: who makes them collide has them written anew.
 *
 * Until the peer says something else its table has HPACK_TABLE_DEFAULT.
 */
void hpack_encoder_init(struct hpack_encoder *e, void *memory, u32 limit, u64 seed);

/**
 * hpack_encoder_remember() - Remember where other connections' entries lead
 * @e: encoder that has begun
 * @ways: zeroed; they last as long as the encoder is used
 * @n: how many, a power of two
 */
void hpack_encoder_remember(struct hpack_encoder *e, struct hpack_way *ways, u32 n);

/*
 * The peer has said this SETTINGS_HEADER_TABLE_SIZE. Between two blocks; those that are
 * already encoded have to leave before the ACK of its SETTINGS does: from then on the peer
 * takes the first block for one that begins with the new size.
 */
void hpack_encoder_resize(struct hpack_encoder *e, u32 size);

/* What hpack_encode_begin(), and what hpack_encode(), may write. */
#define HPACK_BEGIN_MAX		8
#define HPACK_FIELD_ADDED	12

/* Begins a block; returns what is behind what it wrote. */
char *hpack_encode_begin(struct hpack_encoder *e, char *to);

/**
 * hpack_encode() - Write a field
 * @e: encoder
 * @to: room for its name, its value and HPACK_FIELD_ADDED more bytes
 * @name: in lower case, not empty; with its colon if it is a pseudo-field's
 * @value: at most HPACK_STRING_MAX - 1 bytes
 * @never: it is not to be in any table, here or further on: at most its name is written
 *	as an index (RFC 7541 6.2.3)
 *
 * Return: what is behind it.
 */
char *hpack_encode(struct hpack_encoder *e, char *to, struct span name, struct span value,
		   bool never);

/* The same of a field that is an entry of another's table; each time by the same name. */
char *hpack_encode_entry(struct hpack_encoder *e, char *to, struct span name,
			 struct span value, u64 table, u32 entry);

#endif
