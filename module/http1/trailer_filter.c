// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "http1/trailer_filter.h"
#include "lib/text_hash.h"

enum {
	TF_NAME,		/* in a name, of which all is held */
	TF_PASS,		/* in a line that passes */
	TF_DROP,		/* in one that does not */
	TF_REFUSED,
};

/* For what is held. */
static u32 room_for(const struct trailer_sizes *s)
{
	return s->underscores ? max_t(u32, s->longest, TRAILER_NAME_MAX) : s->longest;
}

size_t trailer_filter_bytes(const struct trailer_sizes *s)
{
	return offsetof(struct trailer_filter, names) +
	       s->n * sizeof(struct trailer_name) + s->len + room_for(s);
}

void trailer_filter_init(struct trailer_filter *f, const struct trailer_sizes *s)
{
	f->size = trailer_filter_bytes(s);
	f->text = (char *)(f->names + s->n);
	f->underscores = s->underscores;
	f->room = room_for(s);
}

void trailer_filter_add(struct trailer_filter *f, struct span name)
{
	memcpy(f->text + f->text_len, name.p, name.len);
	f->names[f->n++] = (struct trailer_name){
		.hash = text_hash_name(0, name),
		.at = f->text_len,
		.len = name.len,
	};
	f->text_len += name.len;
}

void trailer_filter_restart(struct trailer_filter *f)
{
	f->state = TF_NAME;
	f->held = 0;
}

/* What is held: it is behind the text, which is complete by then. */
static struct span held_name(const struct trailer_filter *f)
{
	return (struct span){ f->text + f->text_len, f->held };
}

static bool is_sought(const struct trailer_filter *f, struct span name)
{
	u32 hash = text_hash_name(0, name), i;
	struct span sought;

	for (i = 0; i < f->n; i++) {
		if (f->names[i].hash != hash)
			continue;
		sought = (struct span){ f->text + f->names[i].at, f->names[i].len };
		if (span_eq_nocase(sought, name))
			return true;
	}
	return false;
}

/* The name is held, or the beginning of one that is too long to be any that is sought. */
static u8 judge(const struct trailer_filter *f, bool whole)
{
	struct span name = held_name(f);

	if (f->underscores && (!whole || memchr(name.p, '_', name.len)))
		return f->underscores == TRAILER_UNDERSCORES_REFUSE ?
		       TF_REFUSED : TF_DROP;
	return whole && is_sought(f, name) ? TF_DROP : TF_PASS;
}

/* Bytes of a name, up to its colon if that is there. Returns how many were taken. */
static u32 hold_name(struct trailer_filter *f, struct span data, struct span *held)
{
	const char *colon = memchr(data.p, ':', data.len);
	u32 n = colon ? colon - data.p : data.len;
	bool fits = n <= f->room - f->held;

	n = min(n, f->room - f->held);
	memcpy(f->text + f->text_len + f->held, data.p, n);
	f->held += n;
	if (fits && !colon)
		return n;
	f->state = judge(f, fits);
	if (f->state == TF_PASS)
		*held = held_name(f);
	f->held = 0;
	return n;
}

u32 trailer_filter_next(struct trailer_filter *f, const char *data, u32 len,
			struct span *held, struct span *pass)
{
	const char *feed;
	u32 n = 0;

	*held = SPAN("");
	*pass = SPAN("");
	if (f->state == TF_NAME)
		n = hold_name(f, (struct span){ data, len }, held);
	if (f->state == TF_REFUSED)
		return 0;
	if (f->state == TF_NAME)
		return n;
	feed = memchr(data + n, '\n', len - n);
	len = feed ? feed + 1 - data : len;
	if (f->state == TF_PASS)
		*pass = (struct span){ data + n, len - n };
	if (feed)
		f->state = TF_NAME;
	return len;
}
