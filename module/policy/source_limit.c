// SPDX-License-Identifier: GPL-2.0
/*
 * How many connections and requests a client has at a listener at this moment, and may
 * have.
 *
 * A client is an address, with all its ports, in any namespace that obeys the mesh. A
 * listener is identified by its first address, so that counts stay when the listener
 * changes, and those that share it count together.
 * Sources exist only for clients that are counted.
 *
 * References: each connection that is counted, or of which a request was. The last put
 * takes it out of the table and frees it after a grace period. Any context; the counts
 * are atomic, the table is an rhashtable.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/l7mesh.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include "http/http_options.h"
#include "lib/address.h"
#include "lib/admit.h"
#include "lib/stats.h"
#include "policy/order.h"

/* 0: any number. */
struct source_limit {
	u32 connections;
	u32 requests;
};

/* ---- configuration: plain options of a listener ---- */

static int source_limit_derive(void *data, const struct http_options *o)
{
	struct source_limit *limit = data;

	limit->connections = o->max_connections_per_source;
	limit->requests = o->max_requests_per_source;
	return limit->connections || limit->requests ? 0 : POLICY_NONE;
}

static bool source_limit_equal(const void *data_a, const void *data_b)
{
	const struct source_limit *a = data_a, *b = data_b;

	return a->connections == b->connections && a->requests == b->requests;
}

/* ---- sources ---- */

/* Compared as bytes. */
struct source_key {
	const struct mesh *mesh;	/* of a connection that is counted: it stays */
	struct address client;		/* port 0 */
	struct address listener;
};

struct source {
	struct rhash_head node;
	struct source_key key;
	refcount_t ref;
	atomic_t connections;
	atomic_t requests;
	struct rcu_head rcu;
};

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

static int source_limit_init(void)
{
	return rhashtable_init(&sources, &params);
}

static void source_limit_exit(void)
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

/* What a client has at a listener: counted, or NULL if there is no memory. */
static struct source *source_get(const struct policy_peer *peer)
{
	struct source_key key = {
		.mesh = peer->mesh,
		.client = *peer->address,
		.listener = *peer->listener,
	};
	struct source *mine, *s;

	key.client.port = 0;
	s = find(&key);
	if (s)
		return s;
	mine = source_alloc(&key, peer->gfp);
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

static void source_put(struct source *s)
{
	bool last;

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

/* ---- connections and requests: if there is no memory to count, none is let in ---- */

static struct source *source_of(struct policy_peer *peer)
{
	if (!peer->client->source)
		peer->client->source = source_get(peer);
	return peer->client->source;
}

static bool source_limit_connect(const void *data, struct policy_peer *peer)
{
	const struct source_limit *limit = data;
	struct source *s;

	if (!limit->connections)
		return true;
	s = source_of(peer);
	peer->counted = s && admit(&s->connections, limit->connections);
	peer->reason = STAT_DOWNSTREAM_SOURCE_LIMITED;
	return peer->counted;
}

static void source_limit_disconnect(struct policy_client *client, bool counted)
{
	if (counted)
		atomic_dec(&client->source->connections);
	if (client->source)
		source_put(client->source);
}

static enum policy_verdict source_limit_request(const void *data,
						struct policy_view *v)
{
	const struct source_limit *limit = data;
	struct source *s;

	if (!limit->requests || v->peek)
		return POLICY_GO;
	s = source_of(v->peer);
	v->peer->counted = s && admit(&s->requests, limit->requests);
	if (v->peer->counted)
		return POLICY_GO;
	v->reason = STAT_REPLY_SOURCE_LIMITED;
	v->status = 429;
	return POLICY_ANSWER;
}

static void source_limit_end(struct policy_client *client)
{
	atomic_dec(&client->source->requests);
}

static u32 source_limit_explain(const void *data, const struct policy_view *v)
{
	return BIT(L7MESH_EXPLAIN_SOURCE_LIMIT);
}

const struct policy_ops policy_source_limit = {
	.part = {
		.size = sizeof(struct source_limit),
		.equal = source_limit_equal,
	},
	.derive = source_limit_derive,
	.init = source_limit_init,
	.exit = source_limit_exit,
	.connect = source_limit_connect,
	.disconnect = source_limit_disconnect,
	.request = source_limit_request,
	.end = source_limit_end,
	.explain = source_limit_explain,
};
