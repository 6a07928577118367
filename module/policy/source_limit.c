// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include "lib/stats.h"
#include "policy/source_limit.h"

static const struct rhashtable_params params = {
	.key_len = sizeof(struct source_key),
	.key_offset = offsetof(struct source, key),
	.head_offset = offsetof(struct source, node),
	.automatic_shrinking = true,
};

/* No padding: keys are compared as bytes. */
static_assert(sizeof(struct source_key) ==
	      sizeof(void *) + 2 * sizeof(struct address));

static struct rhashtable sources;

int source_limit_init(void)
{
	return rhashtable_init(&sources, &params);
}

void source_limit_exit(void)
{
	rhashtable_destroy(&sources);
}

static struct source *source_alloc(const struct source_key *key, gfp_t gfp)
{
	struct source *s = kzalloc(sizeof(*s), gfp | __GFP_NOWARN);

	if (!s)
		return NULL;
	s->key = *key;
	refcount_set(&s->ref, 1);
	stats_object_created(OBJECT_SOURCE);
	return s;
}

static void source_free(struct source *s)
{
	stats_object_destroyed(OBJECT_SOURCE);
	kfree(s);
}

/*
 * The source of this key: @mine, if none was there. NULL: there is one, but it is
 * on its way out.
 */
static struct source *insert(struct source *mine)
{
	struct source *s;

	rcu_read_lock();
	s = rhashtable_lookup_get_insert_fast(&sources, &mine->node, params);
	if (!s)
		s = mine;
	else if (!IS_ERR(s) && !refcount_inc_not_zero(&s->ref))
		s = NULL;
	rcu_read_unlock();
	return s;
}

static struct source *find(const struct source_key *key)
{
	struct source *s;

	rcu_read_lock();
	s = rhashtable_lookup_fast(&sources, key, params);
	if (s && !refcount_inc_not_zero(&s->ref))
		s = NULL;
	rcu_read_unlock();
	return s;
}

struct source *source_get(const struct mesh *mesh, const struct address *client,
			  const struct address *listener, gfp_t gfp)
{
	struct source_key key = {
		.mesh = mesh, .client = *client, .listener = *listener,
	};
	struct source *mine, *s;

	key.client.port = 0;
	s = find(&key);
	if (s)
		return s;
	mine = source_alloc(&key, gfp);
	if (!mine)
		return NULL;
	/* Whoever dropped the last reference is about to remove it from the table. */
	while (!(s = insert(mine)))
		cpu_relax();
	if (s != mine)
		source_free(mine);
	return IS_ERR(s) ? NULL : s;
}

static void free_rcu(struct rcu_head *rcu)
{
	source_free(container_of(rcu, struct source, rcu));
}

void source_put(struct source *s)
{
	bool last;

	if (!s)
		return;
	/*
	 * BH is off, so nobody on this CPU spins in source_get() until it is out of
	 * the table.
	 */
	local_bh_disable();
	last = refcount_dec_and_test(&s->ref);
	if (last)
		rhashtable_remove_fast(&sources, &s->node, params);
	local_bh_enable();
	if (last)
		call_rcu(&s->rcu, free_rcu);
}
