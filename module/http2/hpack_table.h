/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hpack_table: the fields that one side of a connection has told the other to remember.
 * RFC 7541 2.3.2, 4.
 *
 * Entries are in a ring of bytes, and each takes less of it than the RFC counts for it:
 * what the table was agreed to have is what memory it needs. With an entry is kept what
 * was found out of it, so that a field that comes again is not looked at again.
 *
 * Plain C: no kernel call, no allocation; any context. Memory is the caller's, who owns
 * the table.
 */
#ifndef L7MESH_HPACK_TABLE_H
#define L7MESH_HPACK_TABLE_H

#include <linux/types.h>
#include "lib/span.h"

/* What an entry counts for besides its bytes, and any field of a head. RFC 7541 4.1. */
#define HPACK_OVERHEAD		32
#define HPACK_TABLE_DEFAULT	4096	/* RFC 9113 6.5.2 */
#define HPACK_TABLE_MAX		65536

/* An entry is behind multiples of this; text follows it. */
#define HPACK_UNIT		16

struct hpack_entry {
	u32 hash;		/* the encoder's */
	u16 older;		/* the encoder's: low bits of the number of another; of a
				 * decoder's: what its reader has found out of it, at first 0
				 */
	u16 name_len;
	u16 value_len;
	u8 id;			/* enum field_id or hpack_id */
	u8 bad;			/* see struct hpack_field */
};

struct hpack_table {
	char *ring;
	u16 *places;		/* in units, by the low bits of an entry's number */
	u32 units;		/* that the ring has */
	u32 mask;		/* of places */
	u32 max;		/* agreed size */
	u32 size;		/* of what is there */
	u32 next;		/* number of the entry that comes next */
	u32 n;			/* entries; their numbers are the last before that */
	u32 end;		/* unit behind the newest */
};

/* How much memory a table needs that never has more than @size, up to HPACK_TABLE_MAX. */
u32 hpack_table_bytes(u32 size);

/**
 * hpack_table_init() - Begin without an entry
 * @t: table
 * @memory: hpack_table_bytes(@size), aligned to 8; it lasts as long as the table is used
 * @size: the most that it may ever have; it is what it may have at first
 */
void hpack_table_init(struct hpack_table *t, void *memory, u32 size);

/* It may have that much from now on: entries that are too much leave it. */
void hpack_table_resize(struct hpack_table *t, u32 max);

/* All entries leave it. */
void hpack_table_clear(struct hpack_table *t);

/**
 * hpack_table_add() - Make an entry
 * @t: table; entries leave it until there is room (RFC 7541 4.4)
 * @name: of e->name_len bytes, not the table's
 * @value: of e->value_len bytes, not the table's
 * @e: the rest
 *
 * Return: the entry, or NULL if it is larger than the table may be: that is empty then.
 */
struct hpack_entry *hpack_table_add(struct hpack_table *t, const char *name,
				    const char *value, const struct hpack_entry *e);

/* The entry of a number, of one that is there. */
static inline struct hpack_entry *hpack_table_entry(const struct hpack_table *t, u32 number)
{
	return (struct hpack_entry *)(t->ring + t->places[number & t->mask] * HPACK_UNIT);
}

/* Copies the name, and at once the value; returns what is behind. */
char *hpack_table_copy(const struct hpack_table *t, const struct hpack_entry *e, char *to);

/* The same of the name alone. */
char *hpack_table_copy_name(const struct hpack_table *t, const struct hpack_entry *e,
			    char *to);

/* Has it this name? */
bool hpack_table_is_named(const struct hpack_table *t, const struct hpack_entry *e,
			  struct span name);

/* Is it this field? */
bool hpack_table_is(const struct hpack_table *t, const struct hpack_entry *e,
		    struct span name, struct span value);

#endif
