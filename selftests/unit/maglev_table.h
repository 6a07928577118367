/* SPDX-License-Identifier: GPL-2.0 */
/* maglev_table: a cluster's table with its memory, for tests and the benchmark. */
#ifndef UNIT_MAGLEV_TABLE_H
#define UNIT_MAGLEV_TABLE_H

#include "upstream/maglev.h"

struct maglev_key {
	char text[MAGLEV_KEY_MAX];
};

struct maglev_table {
	struct maglev m;
	u32 n;
	struct maglev_key *keys;	/* ascending */
	u32 *weights;
	struct maglev_endpoint *eps;
};

/* @keys and @weights are sorted by key and copied; @weights may be NULL: all 1. */
void table_init(struct maglev_table *t, struct maglev_key *keys,
		const u32 *weights, u32 n, u32 size);
void table_build(struct maglev_table *t, void (*relax)(void));
void table_free(struct maglev_table *t);

/* Keys 10.0.0.0:8080, 10.0.0.1:8080 and so on; the caller frees them. */
struct maglev_key *table_keys(u32 n);

/* Return: slots of every endpoint; the caller frees it. */
u32 *table_count(const struct maglev_table *t);

/* Return: slots whose endpoint's key is not the same in both. */
u32 table_moved(const struct maglev_table *a, const struct maglev_table *b);

/*
 * The oracle: 3.4 of the paper, with Envoy's weights in doubles, word for word.
 * @entries has a place for every slot.
 */
void table_oracle(const struct maglev_table *t, u32 *entries);

#endif
