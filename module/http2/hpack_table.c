// SPDX-License-Identifier: GPL-2.0
/*
 * An entry begins on a unit's border, and its text may go on at the ring's beginning. It
 * takes sizeof(struct hpack_entry) and up to HPACK_UNIT - 1 bytes besides its text, which
 * is less than HPACK_OVERHEAD: so all of a table's entries fit in as many bytes as it may
 * count.
 */
#include "http2/hpack_table.h"

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>

static_assert(sizeof(struct hpack_entry) + HPACK_UNIT - 1 <= HPACK_OVERHEAD,
	      "an entry takes more than it counts for");
static_assert(sizeof(struct hpack_entry) <= HPACK_UNIT, "an entry's head is in two places");

static u32 ring_bytes(u32 size)
{
	return ALIGN(max_t(u32, size, HPACK_UNIT), HPACK_UNIT);
}

static u32 places(u32 size)
{
	return roundup_pow_of_two(max_t(u32, size / HPACK_OVERHEAD, 1));
}

u32 hpack_table_bytes(u32 size)
{
	return ring_bytes(size) + places(size) * sizeof(u16);
}

void hpack_table_init(struct hpack_table *t, void *memory, u32 size)
{
	*t = (struct hpack_table){
		.ring = memory,
		.places = (u16 *)((char *)memory + ring_bytes(size)),
		.units = ring_bytes(size) / HPACK_UNIT,
		.mask = places(size) - 1,
		.max = size,
	};
}

void hpack_table_clear(struct hpack_table *t)
{
	t->size = 0;
	t->n = 0;
}

static u32 text_len(const struct hpack_entry *e)
{
	return e->name_len + e->value_len;
}

static void evict(struct hpack_table *t, u32 max)
{
	while (t->size > max) {
		t->size -= text_len(hpack_table_entry(t, t->next - t->n)) + HPACK_OVERHEAD;
		t->n--;
	}
}

void hpack_table_resize(struct hpack_table *t, u32 max)
{
	t->max = max;
	evict(t, max);
}

/* Where a text begins, and how much of it there is before the ring's end. */
static char *text_of(const struct hpack_table *t, const struct hpack_entry *e, u32 *straight)
{
	char *text = (char *)(e + 1);

	*straight = t->ring + t->units * HPACK_UNIT - text;
	return text;
}

/* Puts a part of an entry's text, from @at on. */
static void put_text(struct hpack_table *t, struct hpack_entry *e, u32 at, struct span part)
{
	u32 straight;
	char *to = text_of(t, e, &straight);

	if (at >= straight) {
		memcpy(t->ring + at - straight, part.p, part.len);
		return;
	}
	straight = min(straight - at, part.len);
	memcpy(to + at, part.p, straight);
	memcpy(t->ring, part.p + straight, part.len - straight);
}

struct hpack_entry *hpack_table_add(struct hpack_table *t, const char *name,
				    const char *value, const struct hpack_entry *e)
{
	u32 size = text_len(e) + HPACK_OVERHEAD;
	struct hpack_entry *made;

	if (size > t->max) {
		hpack_table_clear(t);
		return NULL;
	}
	evict(t, t->max - size);
	t->places[t->next & t->mask] = t->end;
	made = hpack_table_entry(t, t->next);
	*made = *e;
	put_text(t, made, 0, (struct span){ name, e->name_len });
	put_text(t, made, e->name_len, (struct span){ value, e->value_len });
	t->end += (sizeof(*e) + text_len(e) + HPACK_UNIT - 1) / HPACK_UNIT;
	if (t->end >= t->units)
		t->end -= t->units;
	t->size += size;
	t->n++;
	t->next++;
	return made;
}

static char *copy(const struct hpack_table *t, const struct hpack_entry *e, char *to, u32 len)
{
	u32 straight;
	const char *text = text_of(t, e, &straight);

	if (likely(len <= straight)) {
		memcpy(to, text, len);
		return to + len;
	}
	memcpy(to, text, straight);
	memcpy(to + straight, t->ring, len - straight);
	return to + len;
}

char *hpack_table_copy(const struct hpack_table *t, const struct hpack_entry *e, char *to)
{
	return copy(t, e, to, text_len(e));
}

char *hpack_table_copy_name(const struct hpack_table *t, const struct hpack_entry *e,
			    char *to)
{
	return copy(t, e, to, e->name_len);
}

/* Is it in the text, from @at on? */
static bool has(const struct hpack_table *t, const struct hpack_entry *e, u32 at,
		struct span s)
{
	u32 straight;
	const char *text = text_of(t, e, &straight);

	if (at >= straight)
		return !memcmp(t->ring + at - straight, s.p, s.len);
	straight = min(straight - at, s.len);
	return !memcmp(text + at, s.p, straight) &&
	       !memcmp(t->ring, s.p + straight, s.len - straight);
}

bool hpack_table_is_named(const struct hpack_table *t, const struct hpack_entry *e,
			  struct span name)
{
	return e->name_len == name.len && has(t, e, 0, name);
}

bool hpack_table_is(const struct hpack_table *t, const struct hpack_entry *e,
		    struct span name, struct span value)
{
	const char *text = (const char *)(e + 1);

	if (e->name_len != name.len || e->value_len != value.len)
		return false;
	/* As most are: in one place. */
	if (likely(text + text_len(e) <= t->ring + t->units * HPACK_UNIT))
		return !memcmp(text + name.len, value.p, value.len) &&
		       !memcmp(text, name.p, name.len);
	return has(t, e, 0, name) && has(t, e, name.len, value);
}
