// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/xxhash.h>

#include "lib/f64.h"
#include "upstream/ring.h"

/*
 * So large that the lightest endpoint has a whole number of entries, and all
 * together @min at least, if that is not more than @max.
 */
void ring_plan_init(struct ring_plan *p, u32 lightest, u64 sum, u32 min, u32 max)
{
	u64 share = f64_ratio(lightest, sum), entries;

	entries = f64_ceil(f64_mul(share, f64_from(min)));
	p->scale = f64_div(f64_from(entries), share);
	if (p->scale > f64_from(max))
		p->scale = f64_from(max);
	p->sum = sum;
	p->target = 0;
	p->count = 0;
}

u32 ring_plan_next(struct ring_plan *p, u32 weight)
{
	u32 before = p->count, target;

	p->target = f64_add(p->target,
			    f64_mul(p->scale, f64_ratio(weight, p->sum)));
	target = f64_ceil(p->target);
	if (target > before)
		p->count = target;
	return p->count - before;
}

/* Writes a number behind a key; returns the length of both. */
static u32 put_number(char *key, u32 len, u32 number)
{
	char digits[10];
	u32 n = 0;

	do {
		digits[n++] = '0' + number % 10;
		number /= 10;
	} while (number);
	while (n)
		key[len++] = digits[--n];
	return len;
}

void ring_add(struct ring *r, struct span key, u32 index, u32 n)
{
	char text[RING_KEY_MAX];
	u32 i, len;

	memcpy(text, key.p, key.len);
	text[key.len] = '_';
	for (i = 0; i < n; i++) {
		len = put_number(text, key.len + 1, i);
		r->entries[r->n].hash = xxh64(text, len, 0);
		r->entries[r->n++].index = index;
		cond_resched();
	}
}

static int compare(const void *a, const void *b)
{
	const struct ring_entry *x = a, *y = b;

	/* sort() itself never yields: eight million entries take seconds. */
	cond_resched();
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void ring_sort(struct ring *r)
{
	sort(r->entries, r->n, sizeof(*r->entries), compare, NULL);
}
