// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maglev_table.h"

struct pair {
	struct maglev_key key;
	u32 weight;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key.text,
		      ((const struct pair *)b)->key.text);
}

void table_init(struct maglev_table *t, struct maglev_key *keys,
		const u32 *weights, u32 n, u32 size)
{
	struct pair *pairs = calloc(n, sizeof(*pairs));
	u32 i;

	for (i = 0; i < n; i++) {
		pairs[i].key = keys[i];
		pairs[i].weight = weights ? weights[i] : 1;
	}
	qsort(pairs, n, sizeof(*pairs), compare);

	t->n = n;
	t->keys = calloc(n, sizeof(*t->keys));
	t->weights = calloc(n, sizeof(u32));
	t->eps = calloc(n, sizeof(*t->eps));
	for (i = 0; i < n; i++) {
		t->keys[i] = pairs[i].key;
		t->weights[i] = pairs[i].weight;
	}
	free(pairs);
	t->m.size = size;
	t->m.width = maglev_width(n);
	t->m.entries = malloc((size_t)size * t->m.width);
}

void table_build(struct maglev_table *t, void (*relax)(void))
{
	struct span key;
	u32 i;

	for (i = 0; i < t->n; i++) {
		key.p = t->keys[i].text;
		key.len = strlen(key.p);
		t->eps[i].weight = t->weights[i];
		maglev_endpoint_init(&t->eps[i], key, t->m.size);
	}
	maglev_build(&t->m, t->eps, t->n, relax);
}

void table_free(struct maglev_table *t)
{
	free(t->keys);
	free(t->weights);
	free(t->eps);
	free(t->m.entries);
}

struct maglev_key *table_keys(u32 n)
{
	struct maglev_key *keys = calloc(n, sizeof(*keys));
	u32 i;

	for (i = 0; i < n; i++)
		snprintf(keys[i].text, MAGLEV_KEY_MAX, "10.%u.%u.%u:8080",
			 i >> 16 & 255, i >> 8 & 255, i & 255);
	return keys;
}

u32 *table_count(const struct maglev_table *t)
{
	u32 *count = calloc(t->n, sizeof(u32));
	u32 slot;

	for (slot = 0; slot < t->m.size; slot++)
		count[maglev_lookup(&t->m, slot)]++;
	return count;
}

u32 table_moved(const struct maglev_table *a, const struct maglev_table *b)
{
	u32 slot, moved = 0;

	for (slot = 0; slot < a->m.size; slot++)
		moved += strcmp(a->keys[maglev_lookup(&a->m, slot)].text,
				b->keys[maglev_lookup(&b->m, slot)].text) != 0;
	return moved;
}

void table_oracle(const struct maglev_table *t, u32 *entries)
{
	double *weights = calloc(t->n, sizeof(double));
	double *target = calloc(t->n, sizeof(double));
	u64 *next = calloc(t->n, sizeof(u64));
	double sum = 0, heaviest = 0;
	u32 i, k, filled = 0;
	u64 c;

	for (k = 0; k < t->n; k++)
		sum += t->weights[k];
	for (k = 0; k < t->n; k++) {
		weights[k] = t->weights[k] / sum;
		heaviest = weights[k] > heaviest ? weights[k] : heaviest;
	}
	memset(entries, 0xff, t->m.size * sizeof(u32));
	for (i = 1; filled < t->m.size; i++) {
		for (k = 0; k < t->n && filled < t->m.size; k++) {
			if (i * weights[k] < target[k])
				continue;
			target[k] += heaviest;
			do {
				c = (t->eps[k].offset +
				     t->eps[k].skip * next[k]++) % t->m.size;
			} while (entries[c] != UINT32_MAX);
			entries[c] = k;
			filled++;
		}
	}
	free(weights);
	free(target);
	free(next);
}
