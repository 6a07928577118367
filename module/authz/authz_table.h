/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authz_table: what a configuration says of workloads, made ready to be asked: which
 * workload an address is, and which guard a network namespace has.
 *
 * Immutable and counted: snapshots share it as long as neither workloads nor policies
 * change. Reading: any context, with the snapshot held or under RCU.
 */
#ifndef L7MESH_AUTHZ_TABLE_H
#define L7MESH_AUTHZ_TABLE_H

#include <linux/refcount.h>
#include <linux/types.h>

struct account;
struct address;
struct guard;
struct objset;
struct refusal;
struct workload;

/* One address of a workload; NULL: none. */
struct authz_address {
	const struct workload *workload;
	u32 i;
};

struct authz_table {
	refcount_t ref;
	struct authz_address *addresses;	/* open addressing */
	u32 address_mask;
	u32 seed;
	struct guard **guards;		/* open addressing by namespace; NULL: empty */
	u32 guard_mask;
	u32 nguards, naddresses;
	bool has_paths;			/* some policy asks for paths */
	bool cuts;			/* some guard does */
};

/**
 * authz_table_make() - Make it
 * @account: charged
 * @workloads: of struct workload, which live as long as the table
 * @policies: of struct authorization
 * @before: the one that it replaces, whose guards it shares as far as it can; or NULL
 * @r: refusal
 *
 * Two workloads with one address, or in one namespace, are refused. Context: process.
 *
 * Return: one with one reference; NULL if there are no workloads; or an error pointer.
 */
struct authz_table *authz_table_make(struct account *account,
				     const struct objset *workloads,
				     const struct objset *policies,
				     const struct authz_table *before,
				     struct refusal *r);

static inline struct authz_table *authz_table_get(struct authz_table *t)
{
	if (t)
		refcount_inc(&t->ref);
	return t;
}

/* When no reader can see it any more; NULL is nothing. Context: process. */
void authz_table_put(struct account *account, struct authz_table *t);

/* The workload that has an address, whatever its port; NULL: none, or no table. */
const struct workload *authz_table_workload(const struct authz_table *t,
					    const struct address *a);

/* The guard of a namespace, by its cookie; NULL: it has none, or no table. */
const struct guard *authz_table_guard(const struct authz_table *t, u64 netns);

#endif
