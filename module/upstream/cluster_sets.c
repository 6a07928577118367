// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/gcd.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "upstream/balancer.h"
#include "upstream/cluster.h"
#include "upstream/cluster_sets.h"
#include "lib/metadata.h"

static size_t placed_bytes(const struct roster *r)
{
	return (size_t)r->n * sizeof(struct member);
}

static size_t cumulative_bytes(const struct roster *r)
{
	return (size_t)r->n * sizeof(u64);
}

static size_t sets_bytes(const struct roster *r)
{
	return (size_t)r->nsets * sizeof(struct member_set);
}

static size_t levels_bytes(const struct roster *r)
{
	return (size_t)r->nlevels * sizeof(struct priority_level);
}

/* ---- which members are in which set ---- */

static u16 place_of(const struct member *m)
{
	return m->priority << 8 | m->locality;
}

static bool all_in_one_place(const struct cluster *c)
{
	u32 i;

	for (i = 1; i < c->nmembers; i++)
		if (place_of(&c->members[i]) != place_of(&c->members[0]))
			return false;
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	u64 ka = *(const u64 *)a, kb = *(const u64 *)b;

	return ka < kb ? -1 : ka > kb;
}

/* By place, then by index: in each place members keep their order. */
static u32 list_keys(const struct cluster *c, struct span metadata, u64 *keys)
{
	u32 i, n = 0;

	for (i = 0; i < c->nmembers; i++)
		if (metadata_has(c->members[i].metadata, metadata))
			keys[n++] = (u64)place_of(&c->members[i]) << 32 | i;
	sort(keys, n, sizeof(*keys), compare_keys, NULL);
	return n;
}

static int copy_members(struct account *account, const struct cluster *c,
			struct roster *r, const u64 *keys, u32 n)
{
	struct member *placed;
	u32 i;

	r->n = n;
	if (!n)
		return 0;
	placed = account_new(account, placed_bytes(r));
	if (IS_ERR(placed))
		return PTR_ERR(placed);
	for (i = 0; i < n; i++)
		placed[i] = c->members[(u32)keys[i]];
	r->placed = placed;
	return 0;
}

/* Those that have the metadata, in the order of sets. */
static int place_members(struct account *account, const struct cluster *c,
			 struct roster *r, struct span metadata)
{
	size_t bytes = (size_t)c->nmembers * sizeof(u64);
	u64 *keys = account_new(account, bytes);
	int err;

	if (IS_ERR(keys))
		return PTR_ERR(keys);
	err = copy_members(account, c, r, keys, list_keys(c, metadata, keys));
	account_free(account, keys, bytes);
	return err;
}

static bool begins_set(const struct member *m, u32 i)
{
	return !i || place_of(&m[i]) != place_of(&m[i - 1]);
}

static bool begins_level(const struct member *m, u32 i)
{
	return !i || m[i].priority != m[i - 1].priority;
}

/* About the golden section of the total weight, and coprime to it. */
static void set_stride(struct member_set *set)
{
	u64 total = set->total_weight;

	if (total > U32_MAX || total == (u64)set->n * set->members[0].weight)
		return;
	set->stride = div_u64(total * 618, 1000) + 1;
	while (gcd(set->stride, total) != 1)
		set->stride++;
}

static void sum_weights(struct member_set *set)
{
	u32 i;

	for (i = 0; i < set->n; i++) {
		set->total_weight += set->members[i].weight;
		set->cumulative[i] = set->total_weight;
	}
	set_stride(set);
}

static void divide(struct roster *r, struct member *members)
{
	struct member_set *set = r->sets - 1;
	u32 i, level = U32_MAX;

	for (i = 0; i < r->n; i++) {
		level += begins_level(members, i);
		r->levels[level].members++;
		if (begins_set(members, i)) {
			set++;
			set->members = &members[i];
			set->cumulative = &r->cumulative[i];
			set->level = level;
			set->locality = members[i].locality;
		}
		set->n++;
	}
	for (i = 0; i < r->nsets; i++)
		sum_weights(&r->sets[i]);
}

static int allocate(struct account *account, struct roster *r,
		    const struct member *members)
{
	void *sets, *levels, *cumulative;
	u32 i;

	for (i = 0; i < r->n; i++) {
		r->nsets += begins_set(members, i);
		r->nlevels += begins_level(members, i);
	}
	sets = account_new(account, sets_bytes(r));
	levels = account_new(account, levels_bytes(r));
	cumulative = account_new(account, cumulative_bytes(r));
	r->sets = IS_ERR(sets) ? NULL : sets;
	r->levels = IS_ERR(levels) ? NULL : levels;
	r->cumulative = IS_ERR(cumulative) ? NULL : cumulative;
	return PTR_ERR_OR_ZERO(sets) ?: PTR_ERR_OR_ZERO(levels) ?:
	       PTR_ERR_OR_ZERO(cumulative);
}

/* ---- tables of a set ---- */

/* A table is of no use without a hash, or with a single member. */
static bool needs_table(const struct cluster *c, const struct member_set *set)
{
	return c->hash.n && set->n > 1;
}

static int build_table(struct account *account, const struct cluster *c,
		       struct member_set *set)
{
	if (!balancer_of(c)->build || !needs_table(c, set))
		return 0;
	return balancer_of(c)->build(account, c, set);
}

/* ---- rosters ---- */

static int fill_roster(struct account *account, const struct cluster *c,
		       struct roster *r)
{
	struct member *members = r->placed ?: c->members;
	int err;
	u32 i;

	if (!r->n)
		return 0;
	err = allocate(account, r, members);
	if (err)
		return err;
	divide(r, members);
	for (i = 0; i < r->nsets && !err; i++)
		err = build_table(account, c, &r->sets[i]);
	if (!err && session_affinity_enabled(&c->session))
		err = session_affinity_index(account, r);
	if (!err)
		cluster_survey(c, r);
	return err;
}

static int make_all(struct account *account, struct cluster *c)
{
	int err;

	c->all.n = c->nmembers;
	if (!all_in_one_place(c)) {
		err = place_members(account, c, &c->all, SPAN(""));
		if (err)
			return err;
	}
	return fill_roster(account, c, &c->all);
}

static size_t rosters_bytes(const struct cluster *c)
{
	return c->nsubsets * sizeof(struct roster);
}

static int make_subsets(struct account *account, struct cluster *c)
{
	struct roster *rosters;
	int err = 0;
	u32 i;

	if (!c->nsubsets)
		return 0;
	rosters = account_new(account, rosters_bytes(c));
	if (IS_ERR(rosters))
		return PTR_ERR(rosters);
	c->rosters = rosters;
	for (i = 0; i < c->nsubsets && !err; i++) {
		err = place_members(account, c, &rosters[i],
				    c->subsets[i].metadata);
		if (!err)
			err = fill_roster(account, c, &rosters[i]);
		cond_resched();
	}
	return err;
}

int cluster_sets_make(struct account *account, struct cluster *c)
{
	return make_all(account, c) ?: make_subsets(account, c);
}

static void empty_roster(struct account *account, struct roster *r)
{
	u32 i;

	for (i = 0; r->sets && i < r->nsets; i++)
		balancer_hash_free(account, &r->sets[i]);
	account_free(account, r->sets, sets_bytes(r));
	account_free(account, r->levels, levels_bytes(r));
	account_free(account, r->cumulative, cumulative_bytes(r));
	account_free(account, r->placed, placed_bytes(r));
	session_affinity_free(account, r);
}

void cluster_sets_free(struct account *account, struct cluster *c)
{
	u32 i;

	empty_roster(account, &c->all);
	for (i = 0; c->rosters && i < c->nsubsets; i++)
		empty_roster(account, &c->rosters[i]);
	account_free(account, c->rosters, rosters_bytes(c));
}
