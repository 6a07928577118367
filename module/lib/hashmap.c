// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include "lib/account.h"
#include "lib/hashmap.h"

#define HEADS_MIN	8U

static size_t heads_bytes(u32 mask)
{
	return ((size_t)mask + 1) * sizeof(struct hlist_head);
}

static int grow(struct hashmap *map, struct account *account)
{
	u32 mask = map->heads ? map->mask * 2 + 1 : HEADS_MIN - 1;
	struct hlist_head *heads = account_new(account, heads_bytes(mask));
	u32 i;

	if (IS_ERR(heads))
		return PTR_ERR(heads);
	for (i = 0; map->heads && i <= map->mask; i++) {
		struct hashmap_node *node;
		struct hlist_node *next;

		hlist_for_each_entry_safe(node, next, &map->heads[i], link)
			hlist_add_head(&node->link, &heads[node->hash & mask]);
	}
	hashmap_free(map, account);
	map->heads = heads;
	map->mask = mask;
	return 0;
}

int hashmap_insert(struct hashmap *map, struct account *account,
		   struct hashmap_node *node, u32 hash)
{
	if (!map->heads || map->n > map->mask) {
		int err = grow(map, account);

		if (err && !map->heads)
			return err;
	}
	node->hash = hash;
	hlist_add_head(&node->link, &map->heads[hash & map->mask]);
	map->n++;
	return 0;
}

void hashmap_free(struct hashmap *map, struct account *account)
{
	account_free(account, map->heads, heads_bytes(map->mask));
	map->heads = NULL;
	map->mask = 0;
}
