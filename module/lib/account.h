/* SPDX-License-Identifier: GPL-2.0 */
/*
 * account: the memory that one mesh's configuration holds, and its limit.
 *
 * Every allocation of a configuration is charged when it is made and given back
 * when it is freed: the published snapshot, replaced ones that requests still
 * hold, Maglev tables, and transactions being built. So an update needs as much room
 * again as what it builds anew: the old version is there until the new one is. The
 * limit is the module parameter config_bytes_max, read at each charge. The pages are charged to the
 * memory cgroup of whoever configures as well (GFP_KERNEL_ACCOUNT).
 *
 * References: held by the mesh and by each of its snapshots; the last put frees.
 * Charging takes no lock.
 */
#ifndef L7MESH_ACCOUNT_H
#define L7MESH_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct refusal;

struct account {
	refcount_t ref;
	atomic_long_t bytes;
	atomic_t retired;	/* snapshots that were replaced and still live */
};

extern unsigned long config_bytes_max;

struct account *account_alloc(void);
void account_put(struct account *a);

static inline struct account *account_get(struct account *a)
{
	refcount_inc(&a->ref);
	return a;
}

/**
 * account_new() - Allocate zeroed memory and charge it
 * @a: account
 * @bytes: size
 *
 * Context: process, may sleep.
 * Return: the memory, for account_free(); ERR_PTR(-ENOSPC) over the limit,
 * ERR_PTR(-ENOMEM) if there is none. Silent either way.
 */
void *account_new(struct account *a, size_t bytes);

/**
 * account_free() - Free what account_new() gave
 * @a: account
 * @p: memory, or NULL
 * @bytes: the size that was asked for
 */
void account_free(struct account *a, const void *p, size_t bytes);

/**
 * account_charge() - Charge memory that is allocated elsewhere
 * @a: account
 * @bytes: size
 *
 * Return: 0 or -ENOSPC.
 */
int account_charge(struct account *a, size_t bytes);
void account_uncharge(struct account *a, size_t bytes);

/**
 * account_refuse() - Put a failed allocation in words
 * @a: account, or NULL if it cannot have been that
 * @r: refusal to fill
 * @err: what account_new() failed with
 *
 * Return: @err.
 */
int account_refuse(const struct account *a, struct refusal *r, int err);

#endif
