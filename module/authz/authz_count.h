/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authz_count: how often a policy decided, or a workload refused what no policy allows.
 *
 * It outlives changes: a new version of the policy, or of the workload, takes over what the
 * old one has, by its name, as long as it does the same. References: each version. Per CPU,
 * so that counting takes no lock and shares no cache line.
 */
#ifndef L7MESH_AUTHZ_COUNT_H
#define L7MESH_AUTHZ_COUNT_H

#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct account;

enum authz_event {
	/* of a policy */
	AUTHZ_MATCHED = 0,		/* a rule of it decided, or was to be told of */
	AUTHZ_WOULD_MATCH,		/* it would have decided, but only counts */
	AUTHZ_CUT,			/* it ended a connection */
	/* of a workload: no policy that allows had a rule for ... */
	AUTHZ_CONNECTION_REFUSED = 0,
	AUTHZ_REQUEST_REFUSED,
	AUTHZ_WOULD_REFUSE,		/* ... either, if those that only count did more */
	AUTHZ_EVENTS
};

struct authz_cell {
	u64 v[AUTHZ_EVENTS];
};

struct authz_count {
	refcount_t ref;
	struct authz_cell __percpu *cells;
};

/**
 * authz_count_take() - The count of an object's new version
 * @account: charged, for all CPUs
 * @to: the new version's: authz_count_put() it in the end; NULL or not
 * @before: that of the old version; NULL: a new one, if there is none
 *
 * Context: process. Return: 0, or what account_new() says.
 */
int authz_count_take(struct account *account, struct authz_count **to,
		     struct authz_count *before);

/* NULL is nothing. Context: process. */
void authz_count_put(struct account *account, struct authz_count *c);

/* Any context. */
static inline void authz_count_inc(const struct authz_count *c, enum authz_event event)
{
	this_cpu_inc(c->cells->v[event]);
}

/* The sum over all CPUs, which is not atomic. NULL has counted nothing. */
u64 authz_count_read(const struct authz_count *c, enum authz_event event);

#endif
