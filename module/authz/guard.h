/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guard: the authorization policies of one workload, made ready to decide: who may reach
 * it, and for what. Istio's order: what a policy that denies matches is denied; else, if
 * policies that allow are for the workload, what none of them matches is denied, too.
 *
 * Rules stand in lists by what their policy does. A list is indexed: a rule is looked at only
 * if it asks for the request's principal, its namespace or its port, or for none of these. So
 * a decision takes as long as the rules that may match, however many others there are.
 * How long that is at most is bounded when the guard is made (GUARD_COST_MAX), as it decides
 * with BHs disabled.
 *
 * Immutable and counted: tables (authz_table.h) share it as long as nothing changes that it
 * was made of, which it holds.
 */
#ifndef L7MESH_GUARD_H
#define L7MESH_GUARD_H

#include <linux/l7mesh.h>
#include <linux/refcount.h>
#include "authz/authz_rule.h"

struct account;
struct authorization;
struct objset;
struct refusal;
struct workload;

/* What a decision may take, in values that it compares with: some 80,000 instructions. */
#define GUARD_COST_MAX	8192

/* What a policy does, and whether it only counts. */
enum guard_list_kind {
	GUARD_AUDIT,
	GUARD_DENY,
	GUARD_ALLOW,
	GUARD_DRY_DENY,
	GUARD_DRY_ALLOW,
	GUARD_LISTS
};

struct guard_entry {
	u32 hash;		/* of what it asks for */
	u32 next;		/* in its bucket: position + 1; 0: none */
	u32 rule;
	const struct authorization *policy;
};

struct guard_list {
	struct guard_entry *entries;	/* the first @nrest ask for nothing that is hashed */
	u32 *buckets;			/* position + 1; 0: none */
	u32 n, nrest, mask;
	u32 npolicies;
};

struct guard {
	refcount_t ref;
	const struct workload *workload;	/* counted */
	struct authorization **policies;	/* counted: those for the workload */
	u32 npolicies;
	bool asks_request;	/* some rule asks for what is in a request, ... */
	bool asks_more;		/* ... and for more than its method, host and path */
	struct guard_list lists[GUARD_LISTS];
	bool cuts;			/* some policy that does more than count has ->cut */
	const struct authorization *cutter;	/* the first of those that allow; or NULL */
};

/* What has been decided. */
struct guard_decision {
	u8 verdict;			/* enum l7mesh_verdict */
	const struct authorization *policy;	/* whose rule it was; or NULL */
	const struct authorization *audited;	/* whose rule is to be told of; or NULL */
	const struct authorization *dry;	/* of what only counts: the same; or NULL */
	bool dry_denied;		/* with what only counts it would be denied */
};

/**
 * guard_make() - Make a workload's guard
 * @account: charged
 * @w: workload
 * @policies: of struct authorization: all that there are
 * @before: one that is used again if it is equal; or NULL
 * @r: refusal
 *
 * Context: process. Return: a guard to guard_put(), or an error pointer.
 */
struct guard *guard_make(struct account *account, struct workload *w,
			 const struct objset *policies, struct guard *before,
			 struct refusal *r);

/* When no reader can see it any more. */
void guard_put(struct account *account, struct guard *g);

/**
 * guard_decide() - May this be?
 * @g: guard, held
 * @req: connection or request to its workload
 *
 * Any context; GUARD_COST_MAX at most is added to @req->cost, or a little more.
 */
struct guard_decision guard_decide(const struct guard *g, struct authz_request *req);

/**
 * guard_cuts() - Which policy ends a connection that is there?
 * @g: guard, held
 * @req: connection
 *
 * One with ->cut that denies it; or if none of those that allow does, the first of these
 * with ->cut. As long as guard_decide().
 *
 * Return: the policy, or NULL.
 */
const struct authorization *guard_cuts(const struct guard *g, struct authz_request *req);

/**
 * guard_count() - Count a decision by policy, and for the workload
 * @g: guard of a snapshot, held
 * @d: what it decided
 *
 * But for what it denied: whether that is refused is up to others, who call
 * guard_count_refused() then. Any context.
 */
void guard_count(const struct guard *g, const struct guard_decision *d);

/* @request: of HTTP; else a connection. */
void guard_count_refused(const struct guard *g, const struct guard_decision *d,
			 bool request);

static inline bool guard_denies(const struct guard_decision *d)
{
	return d->verdict >= L7MESH_VERDICT_DENIED;
}

#endif
