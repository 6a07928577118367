/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hashmap: a chained hash table that grows, for what a draft looks up.
 *
 * No lock and no RCU of its own: the owner serialises. Growing moves every node,
 * so inserting n nodes costs O(n); when there is no memory to grow the chains
 * only get longer. Nodes are the caller's.
 */
#ifndef L7MESH_HASHMAP_H
#define L7MESH_HASHMAP_H

#include <linux/list.h>
#include <linux/types.h>

struct account;

struct hashmap {
	struct hlist_head *heads;	/* NULL until the first insertion */
	u32 mask;
	u32 n;
};

struct hashmap_node {
	struct hlist_node link;
	u32 hash;
};

/**
 * hashmap_insert() - Insert a node
 * @map: zeroed, or inserted into before
 * @account: charged for growth
 * @node: in no map
 * @hash: what it will be looked up by
 *
 * Return: 0, or what account_new() says if the map could not even begin.
 */
int hashmap_insert(struct hashmap *map, struct account *account,
		   struct hashmap_node *node, u32 hash);

static inline void hashmap_remove(struct hashmap *map, struct hashmap_node *node)
{
	hlist_del(&node->link);
	map->n--;
}

/* Free the buckets; the nodes are the caller's and must not be removed after. */
void hashmap_free(struct hashmap *map, struct account *account);

/* The nodes that may have a hash, one after the other: the caller compares. */
static inline struct hashmap_node *hashmap_first(const struct hashmap *map,
						 u32 hash)
{
	if (!map->heads)
		return NULL;
	return hlist_entry_safe(map->heads[hash & map->mask].first,
				struct hashmap_node, link);
}

static inline struct hashmap_node *hashmap_next(struct hashmap_node *node)
{
	return hlist_entry_safe(node->link.next, struct hashmap_node, link);
}

#endif
