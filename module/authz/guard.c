// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/l7mesh.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "authz/authorization.h"
#include "authz/authz_count.h"
#include "authz/guard.h"
#include "authz/workload.h"
#include "lib/account.h"
#include "lib/objset.h"
#include "lib/refusal.h"

/* ---- what rules are found by ---- */

static u32 hash_name(enum authz_key key, u32 hash)
{
	return jhash_2words(key, hash, 0);
}

static u32 hash_port(u16 port)
{
	return jhash_2words(AUTHZ_DESTINATION_PORT, port, 0);
}

static u32 hash_value(u8 key, const struct authz_value *v)
{
	return key == AUTHZ_DESTINATION_PORT ? hash_port(v->port) :
					       hash_name(key, v->text.hash);
}

/* Is it equal to one of its values if it matches? */
static bool is_exact(const struct authz_rules *set, const struct authz_term *t)
{
	u32 i;

	if (t->negated || (t->key != AUTHZ_SOURCE_PRINCIPAL &&
			   t->key != AUTHZ_SOURCE_NAMESPACE &&
			   t->key != AUTHZ_DESTINATION_PORT))
		return false;
	for (i = t->first; i < t->first + t->n; i++)
		if (t->key != AUTHZ_DESTINATION_PORT &&
		    set->values[i].kind != AUTHZ_EXACT)
			return false;
	return true;
}

/* The term of a group that the group is found by: the first key's; or NULL. */
static const struct authz_term *term_of(const struct authz_rules *set, u32 group)
{
	const struct authz_term *t = set->terms + set->groups[group].first;
	const struct authz_term *end = t + set->groups[group].n, *best = NULL;

	for (; t < end; t++)
		if (is_exact(set, t) && (!best || t->key < best->key))
			best = t;
	return best;
}

/* All of them are found by some term. */
static bool all_found(const struct authz_rules *set, u32 first, u32 n)
{
	u32 i;

	for (i = first; i < first + n; i++)
		if (!term_of(set, i))
			return false;
	return n;
}

/* Groups, one of which matches if the rule does, that are all found by a term. */
static bool groups_of(const struct authz_rules *set, const struct authz_rule *rule,
		      u32 *first, u32 *n)
{
	*first = rule->when;
	*n = 1;
	if (all_found(set, *first, *n))
		return true;
	*first = rule->from;
	*n = rule->nfrom;
	if (all_found(set, *first, *n))
		return true;
	*first = rule->to;
	*n = rule->nto;
	return all_found(set, *first, *n);
}

/* ---- making ---- */

static enum guard_list_kind kind_of(const struct authorization *a)
{
	switch ((enum l7mesh_authorization_action)a->action) {
	case L7MESH_AUTHORIZATION_AUDIT:
		return GUARD_AUDIT;
	case L7MESH_AUTHORIZATION_DENY:
		return a->audit ? GUARD_DRY_DENY : GUARD_DENY;
	default:
		return a->audit ? GUARD_DRY_ALLOW : GUARD_ALLOW;
	}
}

/* A rule goes to its list: @add is called for each entry. */
static void add_rule(struct guard_list *l, const struct authorization *a, u32 rule,
		     void (*add)(struct guard_list *l, const struct guard_entry *e,
				 bool rest))
{
	const struct authz_rules *set = &a->rules;
	struct guard_entry e = { .policy = a, .rule = rule };
	const struct authz_term *t;
	u32 first, n, i, k;

	if (!groups_of(set, &set->rules[rule], &first, &n)) {
		add(l, &e, true);
		return;
	}
	for (i = first; i < first + n; i++) {
		t = term_of(set, i);
		for (k = t->first; k < t->first + t->n; k++) {
			e.hash = hash_value(t->key, &set->values[k]);
			add(l, &e, false);
		}
	}
}

static void count_entry(struct guard_list *l, const struct guard_entry *e, bool rest)
{
	l->n++;
	l->nrest += rest;
}

/* What is not hashed from the first on, what is hashed from the last on. */
static void put_entry(struct guard_list *l, const struct guard_entry *e, bool rest)
{
	u32 *bucket = &l->buckets[e->hash & l->mask];
	struct guard_entry *to;

	if (rest) {
		l->entries[l->nrest++] = *e;
		return;
	}
	to = &l->entries[--l->n];
	*to = *e;
	to->next = *bucket;
	*bucket = l->n + 1;
}

typedef void (add_entry)(struct guard_list *l, const struct guard_entry *e, bool rest);

static void walk_rules(struct guard *g, add_entry *add)
{
	u32 i, k;

	for (i = 0; i < g->npolicies; i++) {
		const struct authorization *a = g->policies[i];

		for (k = 0; k < a->rules.nrules; k++)
			add_rule(&g->lists[kind_of(a)], a, k, add);
		cond_resched();
	}
}

static int make_list(struct account *account, struct guard_list *l)
{
	u32 buckets = roundup_pow_of_two(l->n + 1);
	void *p;

	p = account_new(account, l->n * sizeof(*l->entries));
	if (IS_ERR(p))
		return PTR_ERR(p);
	l->entries = p;
	p = account_new(account, buckets * sizeof(*l->buckets));
	if (IS_ERR(p))
		return PTR_ERR(p);
	l->buckets = p;
	l->mask = buckets - 1;
	return 0;
}

static int make_lists(struct account *account, struct guard *g)
{
	u32 counts[GUARD_LISTS], i;
	int err;

	walk_rules(g, count_entry);
	for (i = 0; i < GUARD_LISTS; i++) {
		counts[i] = g->lists[i].n;
		err = counts[i] ? make_list(account, &g->lists[i]) : 0;
		if (err)
			return err;
		g->lists[i].nrest = 0;
	}
	walk_rules(g, put_entry);
	for (i = 0; i < GUARD_LISTS; i++)
		g->lists[i].n = counts[i];
	return 0;
}

static u32 cost_of(const struct guard_entry *e)
{
	return e->policy->rules.rules[e->rule].cost;
}

/* Of the bucket that costs most; three of them are looked at. */
static u64 dearest_bucket(const struct guard_list *l)
{
	u64 most = 0, cost;
	u32 i, at;

	for (i = 0; l->n && i <= l->mask; i++) {
		cost = 0;
		for (at = l->buckets[i]; at; at = l->entries[at - 1].next)
			cost += cost_of(&l->entries[at - 1]);
		most = max(most, cost);
		cond_resched();
	}
	return most;
}

static int check_cost(const struct guard *g, struct refusal *r)
{
	u64 cost = 0;
	u32 i, k;

	for (i = 0; i < GUARD_LISTS; i++) {
		for (k = 0; k < g->lists[i].nrest; k++)
			cost += cost_of(&g->lists[i].entries[k]);
		cost += 3 * dearest_bucket(&g->lists[i]);
	}
	if (cost <= GUARD_COST_MAX)
		return 0;
	return refusal_set(r, -E2BIG,
			   "the authorization of workload \"%.*s\" may have to compare %llu values for one connection, or as much text; %u are the most",
			   g->workload->name.name.len, g->workload->name.name.p, cost,
			   GUARD_COST_MAX);
}

static void note_questions(struct guard *g, const struct authorization *a)
{
	u32 i;

	for (i = 0; i < a->rules.nterms; i++) {
		g->asks_request |= a->rules.terms[i].key >= AUTHZ_HOST;
		g->asks_more |= a->rules.terms[i].key == AUTHZ_HEADER ||
				a->rules.terms[i].key == AUTHZ_SNI;
	}
}

static void note_cut(struct guard *g, const struct authorization *a)
{
	enum guard_list_kind kind = kind_of(a);

	if (!a->cut || (kind != GUARD_DENY && kind != GUARD_ALLOW))
		return;
	g->cuts = true;
	if (kind == GUARD_ALLOW && !g->cutter)
		g->cutter = a;
}

static int select_policies(struct account *account, struct guard *g,
			   const struct objset *policies)
{
	u32 i, n = 0;
	void *p;

	for (i = 0; i < policies->n; i++) {
		n += authorization_selects(policies->objects[i], g->workload);
		cond_resched();
	}
	if (!n)
		return 0;
	p = account_new(account, n * sizeof(*g->policies));
	if (IS_ERR(p))
		return PTR_ERR(p);
	g->policies = p;
	for (i = 0; i < policies->n && g->npolicies < n; i++) {
		struct authorization *a = policies->objects[i];

		if (!authorization_selects(a, g->workload))
			continue;
		g->policies[g->npolicies++] = authorization_get(a);
		g->lists[kind_of(a)].npolicies++;
		note_questions(g, a);
		note_cut(g, a);
		cond_resched();
	}
	return 0;
}

static void free_list(struct account *account, struct guard_list *l)
{
	account_free(account, l->entries, l->n * sizeof(*l->entries));
	account_free(account, l->buckets, (l->mask + 1ULL) * sizeof(*l->buckets));
}

void guard_put(struct account *account, struct guard *g)
{
	u32 i;

	if (!refcount_dec_and_test(&g->ref))
		return;
	for (i = 0; i < GUARD_LISTS; i++)
		free_list(account, &g->lists[i]);
	for (i = 0; i < g->npolicies; i++)
		authorization_put(account, g->policies[i]);
	account_free(account, g->policies, g->npolicies * sizeof(*g->policies));
	workload_put(account, (struct workload *)g->workload);
	account_free(account, g, sizeof(*g));
}

/* Was it made of the same? */
static bool is_same(const struct guard *a, const struct guard *b)
{
	return a->workload == b->workload && a->npolicies == b->npolicies &&
	       !memcmp(a->policies, b->policies, a->npolicies * sizeof(*a->policies));
}

struct guard *guard_make(struct account *account, struct workload *w,
			 const struct objset *policies, struct guard *before,
			 struct refusal *r)
{
	struct guard *g = account_new(account, sizeof(*g));
	int err;

	if (IS_ERR(g)) {
		account_refuse(account, r, PTR_ERR(g));
		return g;
	}
	refcount_set(&g->ref, 1);
	g->workload = workload_get(w);
	err = select_policies(account, g, policies);
	if (!err && before && is_same(g, before)) {
		guard_put(account, g);
		refcount_inc(&before->ref);
		return before;
	}
	err = err ?: make_lists(account, g);
	err = err ? account_refuse(account, r, err) : check_cost(g, r);
	if (!err)
		return g;
	guard_put(account, g);
	return ERR_PTR(err);
}

/* ---- deciding ---- */

static bool matches(const struct guard_entry *e, struct authz_request *req,
		    bool strict)
{
	const struct authz_rules *set = &e->policy->rules;

	if (req->cut && !e->policy->cut)
		return false;
	return authz_rule_matches(set, &set->rules[e->rule], req, strict);
}

static const struct authorization *find_hashed(const struct guard_list *l, u32 hash,
					       struct authz_request *req,
					       bool strict)
{
	const struct guard_entry *e;
	u32 at;

	for (at = l->buckets[hash & l->mask]; at; at = e->next) {
		e = &l->entries[at - 1];
		if (e->hash == hash && matches(e, req, strict))
			return e->policy;
	}
	return NULL;
}

/* Of those that ask for who it is from. */
static const struct authorization *find_by_source(const struct guard_list *l,
						  struct authz_request *req,
						  bool strict)
{
	const struct workload *w = req->source;

	return find_hashed(l, hash_name(AUTHZ_SOURCE_PRINCIPAL, w->principal.hash), req,
			   strict) ?:
	       find_hashed(l, hash_name(AUTHZ_SOURCE_NAMESPACE, w->namespace.hash), req,
			   strict);
}

/* The policy of a rule that matches, or NULL. */
static const struct authorization *find(const struct guard_list *l,
					struct authz_request *req, bool strict)
{
	const struct authorization *found = NULL;
	u32 i;

	for (i = 0; i < l->nrest; i++)
		if (matches(&l->entries[i], req, strict))
			return l->entries[i].policy;
	if (l->nrest == l->n)
		return NULL;
	if (req->source)
		found = find_by_source(l, req, strict);
	return found ?: find_hashed(l, hash_port(ntohs(req->to->port)), req, strict);
}

/* Who says who it is, but does not prove it, is allowed what anybody is, ... */
static inline const struct authorization *find_allowing(const struct guard_list *l,
							struct authz_request *req)
{
	const struct workload *claimed = req->source;
	const struct authorization *found;

	if (!l->n)
		return NULL;
	if (req->source_kind == L7MESH_IDENTITY_KIND_NONE)
		req->source = NULL;
	found = find(l, req, true);
	req->source = claimed;
	return found;
}

/* ... and denied what either is, lest it be of use not to prove it. */
static inline const struct authorization *find_denying(const struct guard_list *l,
						       struct authz_request *req)
{
	const struct workload *claimed = req->source;
	const struct authorization *found;

	if (!l->n)
		return NULL;
	found = find(l, req, false);
	if (found || !claimed || req->source_kind != L7MESH_IDENTITY_KIND_NONE)
		return found;
	req->source = NULL;
	found = find(l, req, false);
	req->source = claimed;
	return found;
}

static void decide(const struct guard *g, struct authz_request *req,
		   struct guard_decision *d)
{
	const struct guard_list *allow = &g->lists[GUARD_ALLOW];

	d->policy = find_denying(&g->lists[GUARD_DENY], req);
	if (d->policy) {
		d->verdict = L7MESH_VERDICT_DENIED;
		return;
	}
	if (!allow->npolicies) {
		d->verdict = L7MESH_VERDICT_UNASKED;
		return;
	}
	d->policy = find_allowing(allow, req);
	d->verdict = d->policy ? L7MESH_VERDICT_ALLOWED : L7MESH_VERDICT_NOT_ALLOWED;
}

/*
 * What policies that only count would do: to what a policy denies, nothing; with what none
 * allows, they can do no more than allow it.
 */
static void decide_dry(const struct guard *g, struct authz_request *req,
		       struct guard_decision *d)
{
	const struct guard_list *allow = &g->lists[GUARD_DRY_ALLOW];

	if (d->verdict == L7MESH_VERDICT_DENIED)
		return;
	if (!guard_denies(d)) {
		d->dry = find_denying(&g->lists[GUARD_DRY_DENY], req);
		d->dry_denied = d->dry;
	}
	if (d->dry)
		return;
	d->dry = find_allowing(allow, req);
	d->dry_denied = allow->npolicies && !d->dry &&
			d->verdict == L7MESH_VERDICT_UNASKED;
}

struct guard_decision guard_decide(const struct guard *g,
				   struct authz_request *req)
{
	struct guard_decision d = {};

	decide(g, req, &d);
	d.audited = find_denying(&g->lists[GUARD_AUDIT], req);
	decide_dry(g, req, &d);
	return d;
}

const struct authorization *guard_cuts(const struct guard *g, struct authz_request *req)
{
	const struct authorization *by;

	if (!g->cuts)
		return NULL;
	req->cut = true;
	by = find_denying(&g->lists[GUARD_DENY], req);
	req->cut = false;
	if (by || !g->cutter)
		return by;
	return find_allowing(&g->lists[GUARD_ALLOW], req) ? NULL : g->cutter;
}

/* ---- counting ---- */

void guard_count(const struct guard *g, const struct guard_decision *d)
{
	if (d->verdict == L7MESH_VERDICT_ALLOWED)
		authz_count_inc(d->policy->count, AUTHZ_MATCHED);
	if (d->audited)
		authz_count_inc(d->audited->count, AUTHZ_MATCHED);
	if (d->dry)
		authz_count_inc(d->dry->count, AUTHZ_WOULD_MATCH);
	else if (d->dry_denied)
		authz_count_inc(g->workload->count, AUTHZ_WOULD_REFUSE);
}

void guard_count_refused(const struct guard *g, const struct guard_decision *d,
			 bool request)
{
	if (d->verdict == L7MESH_VERDICT_DENIED)
		authz_count_inc(d->policy->count, AUTHZ_MATCHED);
	else if (d->verdict == L7MESH_VERDICT_NOT_ALLOWED)
		authz_count_inc(g->workload->count, request ? AUTHZ_REQUEST_REFUSED :
							      AUTHZ_CONNECTION_REFUSED);
}
