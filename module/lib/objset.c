// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/net.h>
#include "lib/account.h"
#include "lib/objset.h"

u32 objset_hash(struct span name)
{
	static u32 seed __read_mostly;

	net_get_random_once(&seed, sizeof(seed));
	return jhash(name.p, name.len, seed);
}

static struct name_ref *object_name(const struct objset *set, void *object)
{
	return object + set->name_at;
}

int objset_alloc(struct objset *set, struct account *account, u32 capacity,
		 size_t name_at)
{
	u32 slots = roundup_pow_of_two((u64)capacity * 2 + 1);
	void *p;

	memset(set, 0, sizeof(*set));
	set->name_at = name_at;
	if (!capacity)
		return 0;
	p = account_new(account, (size_t)capacity * sizeof(*set->objects));
	if (IS_ERR(p))
		return PTR_ERR(p);
	set->objects = p;
	set->capacity = capacity;
	p = account_new(account, (size_t)slots * sizeof(*set->index));
	if (IS_ERR(p))
		return PTR_ERR(p);
	set->index = p;
	set->mask = slots - 1;
	return 0;
}

void objset_free(struct objset *set, struct account *account)
{
	account_free(account, set->index,
		     ((size_t)set->mask + 1) * sizeof(*set->index));
	account_free(account, set->objects,
		     (size_t)set->capacity * sizeof(*set->objects));
	memset(set, 0, sizeof(*set));
}

void objset_add(struct objset *set, void *object)
{
	u32 slot = object_name(set, object)->hash & set->mask;

	if (WARN_ON_ONCE(set->n == set->capacity))
		return;
	while (set->index[slot])
		slot = (slot + 1) & set->mask;
	set->objects[set->n++] = object;
	set->index[slot] = set->n;
}

void *objset_find(const struct objset *set, const struct name_ref *name)
{
	u32 slot = name->hash & set->mask;
	u32 at;

	if (!set->n)
		return NULL;
	while ((at = set->index[slot])) {
		void *object = set->objects[at - 1];

		if (name_eq(object_name(set, object), name))
			return object;
		slot = (slot + 1) & set->mask;
	}
	return NULL;
}

void *objset_find_by(const struct objset *set, u32 hash,
		     bool (*is)(const void *object, const void *what),
		     const void *what)
{
	u32 slot = hash & set->mask;
	u32 at;

	if (!set->n)
		return NULL;
	while ((at = set->index[slot])) {
		void *object = set->objects[at - 1];

		if (object_name(set, object)->hash == hash && is(object, what))
			return object;
		slot = (slot + 1) & set->mask;
	}
	return NULL;
}
