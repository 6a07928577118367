// SPDX-License-Identifier: GPL-2.0
/*
 * cluster: see cluster.h.
 */
#include <linux/err.h>
#include <linux/gcd.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <uapi/linux/l7mesh.h>
#include "account.h"
#include "cluster.h"
#include "cluster_state.h"
#include "pack.h"
#include "stats.h"

/*
 * Each cluster is charged for its endpoints, those that it shares with another
 * version of itself included: an endpoint does not know its account.
 */
static size_t endpoints_bytes(u32 n)
{
	return (size_t)n * sizeof(struct endpoint);
}

static size_t members_bytes(u32 capacity)
{
	return (size_t)capacity * sizeof(struct member);
}

static size_t cumulative_bytes(u32 n)
{
	return (size_t)n * sizeof(u64);
}

static size_t maglev_bytes(const struct maglev *m)
{
	return (size_t)m->size * m->width;
}

static size_t ring_bytes(u32 n)
{
	return (size_t)n * sizeof(struct ring_entry);
}

static void pack_cluster(struct packer *p, void *object)
{
	struct cluster *c = object;
	struct hash_policy *hash;
	u32 i;

	hash = pack_array(p, c->hash, c->nhash * sizeof(*hash));
	c->hash = hash;
	c->health.status = pack_array(p, c->health.status, c->health.nstatus *
				      sizeof(*c->health.status));
	pack_span(p, &c->health.path);
	pack_span(p, &c->health.host);
	pack_span(p, &c->name.name);
	for (i = 0; i < c->nhash; i++) {
		pack_span(p, &hash[i].name);
		pack_span(p, &hash[i].cookie_path);
	}
}

struct cluster *cluster_clone(struct account *account,
			      const struct cluster *spec)
{
	/* Not what members, tables and turns of another version are. */
	struct cluster like = {
		.name = spec->name, .options = spec->options,
		.hash = spec->hash, .nhash = spec->nhash,
		.health = spec->health,
	};
	struct cluster *c;

	c = pack_clone(account, &like, sizeof(like), pack_cluster, SIZE_MAX,
		       &like.bytes);
	if (IS_ERR(c))
		return c;
	refcount_set(&c->ref, 1);
	object_created(OBJECT_CLUSTER);
	return c;
}

void cluster_put(struct account *account, struct cluster *c)
{
	u32 i;

	if (!c || !refcount_dec_and_test(&c->ref))
		return;
	for (i = 0; i < c->nmembers; i++)
		endpoint_put(c->members[i].ep);
	account_uncharge(account, endpoints_bytes(c->nmembers));
	account_free(account, c->members, members_bytes(c->capacity));
	account_free(account, c->cumulative, cumulative_bytes(c->nmembers));
	cluster_free_maglev(account, &c->maglev);
	account_free(account, c->ring.entries, ring_bytes(c->ring.n));
	cluster_state_put(c->state);
	object_destroyed(OBJECT_CLUSTER);
	account_free(account, c, c->bytes);
}

static void yield_to_others(void)
{
	cond_resched();
}

static struct maglev_endpoint *maglev_endpoints(struct account *account,
						const struct cluster *c)
{
	struct maglev_endpoint *eps;
	u32 i;

	eps = account_new(account, (size_t)c->nmembers * sizeof(*eps));
	if (IS_ERR(eps))
		return eps;
	for (i = 0; i < c->nmembers; i++) {
		char key[ADDRESS_TEXT_MAX];
		struct span span = { key };

		span.len = address_text(&c->members[i].ep->address, key);
		eps[i].weight = c->members[i].weight;
		maglev_endpoint_init(&eps[i], span, c->options.table_size);
		cond_resched();
	}
	return eps;
}

int cluster_build_maglev(struct account *account, const struct cluster *c,
			 struct maglev *m)
{
	struct maglev_endpoint *eps;
	void *entries;

	m->size = c->options.table_size;
	m->width = maglev_width(c->nmembers);
	m->entries = NULL;
	if (fatal_signal_pending(current))
		return -EINTR;
	eps = maglev_endpoints(account, c);
	if (IS_ERR(eps))
		return PTR_ERR(eps);
	entries = account_new(account, maglev_bytes(m));
	if (!IS_ERR(entries)) {
		m->entries = entries;
		maglev_build(m, eps, c->nmembers, yield_to_others);
	}
	account_free(account, eps, (size_t)c->nmembers * sizeof(*eps));
	return PTR_ERR_OR_ZERO(entries);
}

void cluster_free_maglev(struct account *account, struct maglev *m)
{
	account_free(account, m->entries, maglev_bytes(m));
	m->entries = NULL;
}

/* About the golden section of the total weight, and coprime to it. */
static void set_stride(struct cluster *c)
{
	u64 total = c->total_weight;

	if (total > U32_MAX || total == (u64)c->nmembers * c->members[0].weight)
		return;
	c->stride = div_u64(total * 618, 1000) + 1;
	while (gcd(c->stride, total) != 1)
		c->stride++;
}

/* A table decides nothing without a hash to look up, or among one. */
static bool needs_table(const struct cluster *c)
{
	return c->nhash && c->nmembers > 1;
}

static u32 lightest(const struct cluster *c)
{
	u32 i, weight = c->members[0].weight;

	for (i = 1; i < c->nmembers; i++)
		weight = min(weight, c->members[i].weight);
	return weight;
}

static void plan_ring(const struct cluster *c, struct ring_plan *plan)
{
	ring_plan_init(plan, lightest(c), c->total_weight, c->options.ring_min,
		       c->options.ring_max);
}

static u32 count_ring(const struct cluster *c)
{
	struct ring_plan plan;
	u32 i;

	plan_ring(c, &plan);
	for (i = 0; i < c->nmembers; i++)
		ring_plan_next(&plan, c->members[i].weight);
	return plan.count;
}

static int build_ring(struct account *account, struct cluster *c)
{
	u32 i, n = count_ring(c);
	struct ring_plan plan;
	void *entries;

	if (fatal_signal_pending(current))
		return -EINTR;
	entries = account_new(account, ring_bytes(n));
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	c->ring.entries = entries;
	plan_ring(c, &plan);
	for (i = 0; i < c->nmembers; i++) {
		char text[ADDRESS_TEXT_MAX];
		struct span key = { text };

		key.len = address_text(&c->members[i].ep->address, text);
		ring_add(&c->ring, key, i,
			 ring_plan_next(&plan, c->members[i].weight));
		cond_resched();
	}
	ring_sort(&c->ring);
	return 0;
}

static int own_members(struct account *account, struct cluster *c, u32 n)
{
	u64 *cumulative;
	int err;

	err = account_charge(account, endpoints_bytes(n));
	if (err)
		return err;
	cumulative = account_new(account, cumulative_bytes(n));
	if (IS_ERR(cumulative)) {
		account_uncharge(account, endpoints_bytes(n));
		return PTR_ERR(cumulative);
	}
	c->nmembers = n;
	c->cumulative = cumulative;
	return 0;
}

static void sum_weights(struct cluster *c)
{
	u32 i;

	for (i = 0; i < c->nmembers; i++) {
		c->total_weight += c->members[i].weight;
		c->cumulative[i] = c->total_weight;
		c->has_v6 |= c->members[i].ep->address.family == AF_INET6;
	}
	set_stride(c);
}

int cluster_set_members(struct account *account, struct cluster *c,
			struct member *members, u32 n, u32 capacity)
{
	u32 i;
	int err;

	c->members = members;
	c->capacity = capacity;
	if (!n)
		return 0;
	err = own_members(account, c, n);
	if (err) {
		for (i = 0; i < n; i++)
			endpoint_put(members[i].ep);
		return err;
	}
	sum_weights(c);
	return 0;
}

static int take_state(struct account *account, struct cluster *c,
		      const struct cluster *prev)
{
	struct cluster_state *s;

	if (prev)
		s = cluster_state_get(prev->state);
	else
		s = cluster_state_alloc(account);
	if (IS_ERR(s))
		return PTR_ERR(s);
	c->state = s;
	return 0;
}

int cluster_finish(struct account *account, struct cluster *c,
		   const struct cluster *prev)
{
	int err = take_state(account, c, prev);

	if (err)
		return err;
	if (!needs_table(c))
		return 0;
	if (c->options.lb == L7MESH_LB_MAGLEV)
		return cluster_build_maglev(account, c, &c->maglev);
	if (c->options.lb == L7MESH_LB_RING_HASH)
		return build_ring(account, c);
	return 0;
}

static bool settings_equal(const struct cluster *a, const struct cluster *b)
{
	u32 i;

	if (!cluster_options_equal(&a->options, &b->options) ||
	    !health_check_equal(&a->health, &b->health) ||
	    a->nhash != b->nhash)
		return false;
	for (i = 0; i < a->nhash; i++)
		if (!hash_policy_equal(&a->hash[i], &b->hash[i]))
			return false;
	return true;
}

bool cluster_equal(const struct cluster *a, const struct cluster *b)
{
	u32 i;

	if (!settings_equal(a, b) || a->nmembers != b->nmembers)
		return false;
	for (i = 0; i < a->nmembers; i++)
		if (a->members[i].weight != b->members[i].weight ||
		    !address_eq(&a->members[i].ep->address,
				&b->members[i].ep->address))
			return false;
	return true;
}

struct member *cluster_member(const struct cluster *c,
			      const struct address *address)
{
	char key[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX];
	u32 low = 0, high = c->nmembers;

	address_text(address, key);
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order;

		address_text(&c->members[middle].ep->address, text);
		order = strcmp(key, text);
		if (!order)
			return &c->members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
