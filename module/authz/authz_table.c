// SPDX-License-Identifier: GPL-2.0
#include "authz/authz_table.h"

#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <uapi/linux/l7mesh.h>

#include "authz/authorization.h"
#include "authz/guard.h"
#include "authz/workload.h"
#include "lib/account.h"
#include "lib/objset.h"
#include "lib/refusal.h"

/* At most half full. */
static u32 slots_for(u32 n)
{
	return roundup_pow_of_two((u64)n * 2 + 1);
}

/* The slot of an address, port 0, or the empty one where it would be. */
static struct authz_address *address_slot(const struct authz_table *t,
					  const struct address *a)
{
	u32 i = address_hash(a, t->seed) & t->address_mask;
	const struct authz_address *at;

	for (;; i = (i + 1) & t->address_mask) {
		at = &t->addresses[i];
		if (!at->workload ||
		    address_eq(&at->workload->addresses[at->i], a))
			return &t->addresses[i];
	}
}

static struct guard **guard_slot(const struct authz_table *t, u64 netns)
{
	u32 i = jhash_2words(netns, netns >> 32, t->seed) & t->guard_mask;

	while (t->guards[i] && t->guards[i]->workload->netns != netns)
		i = (i + 1) & t->guard_mask;
	return &t->guards[i];
}

static int add_addresses(struct authz_table *t, const struct workload *w,
			 struct refusal *r)
{
	char text[ADDRESS_HOST_MAX];
	struct authz_address *at;
	u32 i;

	for (i = 0; i < w->naddresses; i++) {
		at = address_slot(t, &w->addresses[i]);
		if (at->workload) {
			address_host_text(&w->addresses[i], text);
			return refusal_set(r, -EEXIST,
					   "workloads \"%.*s\" and \"%.*s\" have the same address, %s",
					   at->workload->name.name.len,
					   at->workload->name.name.p,
					   w->name.name.len, w->name.name.p, text);
		}
		*at = (struct authz_address){ w, i };
	}
	return 0;
}

static int add_guard(struct account *account, struct authz_table *t,
		     struct workload *w, const struct objset *policies,
		     const struct authz_table *before, struct refusal *r)
{
	const struct guard *old = authz_table_guard(before, w->netns);
	struct guard **at = guard_slot(t, w->netns), *g;

	if (*at)
		return refusal_set(r, -EEXIST,
				   "workloads \"%.*s\" and \"%.*s\" are in the same network namespace",
				   (*at)->workload->name.name.len,
				   (*at)->workload->name.name.p,
				   w->name.name.len, w->name.name.p);
	g = guard_make(account, w, policies, (struct guard *)old, r);
	if (IS_ERR(g))
		return PTR_ERR(g);
	*at = g;
	t->cuts |= g->cuts;
	return 0;
}

static bool asks_for_paths(const struct objset *policies)
{
	const struct authorization *a;
	u32 i, k;

	for (i = 0; i < policies->n; i++) {
		a = policies->objects[i];
		for (k = 0; k < a->rules.nterms; k++)
			if (a->rules.terms[k].key == AUTHZ_PATH)
				return true;
		cond_resched();
	}
	return false;
}

static int make_slots(struct account *account, struct authz_table *t)
{
	u32 addresses = slots_for(t->naddresses), guards = slots_for(t->nguards);
	void *p;

	p = account_new(account, addresses * sizeof(*t->addresses));
	if (IS_ERR(p))
		return PTR_ERR(p);
	t->addresses = p;
	t->address_mask = addresses - 1;
	p = account_new(account, guards * sizeof(*t->guards));
	if (IS_ERR(p))
		return PTR_ERR(p);
	t->guards = p;
	t->guard_mask = guards - 1;
	return 0;
}

static int fill(struct account *account, struct authz_table *t,
		const struct objset *workloads, const struct objset *policies,
		const struct authz_table *before, struct refusal *r)
{
	int err = 0;
	u32 i;

	for (i = 0; i < workloads->n && !err; i++) {
		struct workload *w = workloads->objects[i];

		err = add_addresses(t, w, r);
		if (!err && w->netns)
			err = add_guard(account, t, w, policies, before, r);
		if (!err && fatal_signal_pending(current))
			err = refusal_set(r, -EINTR, "interrupted");
		cond_resched();
	}
	return err;
}

struct authz_table *authz_table_make(struct account *account,
				     const struct objset *workloads,
				     const struct objset *policies,
				     const struct authz_table *before,
				     struct refusal *r)
{
	struct authz_table *t;
	int err;
	u32 i;

	if (!workloads->n)
		return NULL;
	t = account_new(account, sizeof(*t));
	if (IS_ERR(t)) {
		account_refuse(account, r, PTR_ERR(t));
		return t;
	}
	refcount_set(&t->ref, 1);
	t->seed = get_random_u32();
	t->has_paths = asks_for_paths(policies);
	for (i = 0; i < workloads->n; i++) {
		const struct workload *w = workloads->objects[i];

		t->naddresses += w->naddresses;
		t->nguards += !!w->netns;
	}
	err = make_slots(account, t);
	err = err ? account_refuse(account, r, err) :
		    fill(account, t, workloads, policies, before, r);
	if (!err)
		return t;
	authz_table_put(account, t);
	return ERR_PTR(err);
}

static void free_guards(struct account *account, struct authz_table *t)
{
	u32 i;

	if (!t->guards)
		return;
	for (i = 0; i <= t->guard_mask; i++) {
		if (t->guards[i])
			guard_put(account, t->guards[i]);
		cond_resched();
	}
	account_free(account, t->guards, (t->guard_mask + 1ULL) * sizeof(*t->guards));
}

void authz_table_put(struct account *account, struct authz_table *t)
{
	if (!t || !refcount_dec_and_test(&t->ref))
		return;
	free_guards(account, t);
	account_free(account, t->addresses,
		     (t->address_mask + 1ULL) * sizeof(*t->addresses));
	account_free(account, t, sizeof(*t));
}

const struct workload *authz_table_workload(const struct authz_table *t,
					    const struct address *a)
{
	struct address host = *a;

	if (!t)
		return NULL;
	host.port = 0;
	return address_slot(t, &host)->workload;
}

const struct guard *authz_table_guard(const struct authz_table *t, u64 netns)
{
	return t && t->nguards ? *guard_slot(t, netns) : NULL;
}
