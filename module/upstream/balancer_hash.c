// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include "lib/account.h"
#include "lib/refusal.h"
#include "upstream/balancer.h"

static int check_table_size(const struct cluster *c, struct refusal *r)
{
	if (c->nmembers <= c->options.table_size)
		return 0;
	return refusal_set(r, -EINVAL,
			   "cluster \"%.*s\" has %u endpoints, more than its table_size of %u",
			   c->name.name.len, c->name.name.p, c->nmembers,
			   c->options.table_size);
}

static size_t maglev_bytes(const struct maglev *m)
{
	return (size_t)m->size * m->width;
}

static size_t ring_bytes(u32 n)
{
	return (size_t)n * sizeof(struct ring_entry);
}

/* Yields to other tasks. It is a quiescent state for RCU tasks as well. */
static void yield_to_others(void)
{
	cond_resched_tasks_rcu_qs();
}

static struct maglev_endpoint *maglev_endpoints(struct account *account,
						const struct cluster *c,
						const struct member_set *set)
{
	struct maglev_endpoint *eps;
	u32 i;

	eps = account_new(account, (size_t)set->n * sizeof(*eps));
	if (IS_ERR(eps))
		return eps;
	for (i = 0; i < set->n; i++) {
		char key[ADDRESS_TEXT_MAX];
		struct span span = { key };

		span.len = address_text(&set->members[i].ep->address, key);
		eps[i].weight = set->members[i].weight;
		maglev_endpoint_init(&eps[i], span, c->options.table_size);
		cond_resched();
	}
	return eps;
}

static int maglev_of(struct account *account, const struct cluster *c,
		     const struct member_set *set, struct maglev *m)
{
	struct maglev_endpoint *eps;
	void *entries;

	m->size = c->options.table_size;
	m->width = maglev_width(set->n);
	m->entries = NULL;
	if (fatal_signal_pending(current))
		return -EINTR;
	eps = maglev_endpoints(account, c, set);
	if (IS_ERR(eps))
		return PTR_ERR(eps);
	entries = account_new(account, maglev_bytes(m));
	if (!IS_ERR(entries)) {
		m->entries = entries;
		maglev_build(m, eps, set->n, yield_to_others);
	}
	account_free(account, eps, (size_t)set->n * sizeof(*eps));
	return PTR_ERR_OR_ZERO(entries);
}

void balancer_hash_free_maglev(struct account *account, struct maglev *m)
{
	account_free(account, m->entries, maglev_bytes(m));
	m->entries = NULL;
}

static u32 lightest(const struct member_set *set)
{
	u32 i, weight = set->members[0].weight;

	for (i = 1; i < set->n; i++)
		weight = min(weight, set->members[i].weight);
	return weight;
}

static void plan_ring(const struct cluster *c, const struct member_set *set,
		      struct ring_plan *plan)
{
	ring_plan_init(plan, lightest(set), set->total_weight,
		       c->options.ring_min, c->options.ring_max);
}

static u32 count_ring(const struct cluster *c, const struct member_set *set)
{
	struct ring_plan plan;
	u32 i;

	plan_ring(c, set, &plan);
	for (i = 0; i < set->n; i++)
		ring_plan_next(&plan, set->members[i].weight);
	return plan.count;
}

static int build_ring(struct account *account, const struct cluster *c,
		      struct member_set *set)
{
	u32 i, n = count_ring(c, set);
	struct ring_plan plan;
	void *entries;

	if (fatal_signal_pending(current))
		return -EINTR;
	entries = account_new(account, ring_bytes(n));
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	set->ring.entries = entries;
	plan_ring(c, set, &plan);
	for (i = 0; i < set->n; i++) {
		char text[ADDRESS_TEXT_MAX];
		struct span key = { text };

		key.len = address_text(&set->members[i].ep->address, text);
		ring_add(&set->ring, key, i,
			 ring_plan_next(&plan, set->members[i].weight));
		cond_resched();
	}
	ring_sort(&set->ring);
	return 0;
}

static int build_maglev(struct account *account, const struct cluster *c,
			struct member_set *set)
{
	return maglev_of(account, c, set, &set->maglev);
}

void balancer_hash_free(struct account *account, struct member_set *set)
{
	balancer_hash_free_maglev(account, &set->maglev);
	account_free(account, set->ring.entries, ring_bytes(set->ring.n));
}

/*
 * The member that owns the client's hash. With a single endpoint the hash is
 * computed, too, as the client may have to be given a cookie. If the owner is not
 * usable, another hash derived from this one finds a substitute: always the same
 * one for this client, but not the same one for all clients.
 */
static struct member *hash_pick(const struct cluster *c, struct member_set *set,
				struct pick *pick, u32 attempt)
{
	u64 hash;

	if (!cluster_pick_has_hash(c, pick))
		return balancer_draw(set);
	hash = pick->hash + attempt * BALANCER_NEXT_HASH;
	if (set->ring.n)
		return &set->members[ring_lookup(&set->ring, hash)];
	if (set->maglev.entries)
		return &set->members[maglev_lookup(&set->maglev, hash)];
	/* Of one member, or of a flow's where nobody has asked for a table. */
	return balancer_draw_by(set, hash);
}

const struct balancer_ops balancer_maglev = {
	.hashed = true,
	.check = check_table_size,
	.build = build_maglev,
	.maglev = maglev_of,
	.pick = hash_pick,
};

const struct balancer_ops balancer_ring_hash = {
	.hashed = true,
	.build = build_ring,
	.pick = hash_pick,
};
