// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "lib/account.h"
#include "lib/refusal.h"

unsigned long config_bytes_max = 256UL << 20;
module_param(config_bytes_max, ulong, 0644);
MODULE_PARM_DESC(config_bytes_max,
		 "Memory that the configuration of one mesh may hold, in bytes (default 268435456)");

struct account *account_alloc(void)
{
	struct account *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (a)
		refcount_set(&a->ref, 1);
	return a;
}

void account_put(struct account *a)
{
	if (!refcount_dec_and_test(&a->ref))
		return;
	WARN_ON_ONCE(atomic_long_read(&a->bytes));
	kfree(a);
}

int account_charge(struct account *a, size_t bytes)
{
	unsigned long max = READ_ONCE(config_bytes_max);

	if (bytes > max)
		return -ENOSPC;
	if ((unsigned long)atomic_long_add_return(bytes, &a->bytes) <= max)
		return 0;
	atomic_long_sub(bytes, &a->bytes);
	return -ENOSPC;
}

void account_uncharge(struct account *a, size_t bytes)
{
	atomic_long_sub(bytes, &a->bytes);
}

void *account_new(struct account *a, size_t bytes)
{
	int err = account_charge(a, bytes);
	void *p;

	if (err)
		return ERR_PTR(err);
	/* A configuration that is too large must not get others killed. */
	p = kvzalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
			    __GFP_RETRY_MAYFAIL);
	if (p)
		return p;
	account_uncharge(a, bytes);
	return ERR_PTR(-ENOMEM);
}

void account_free(struct account *a, const void *p, size_t bytes)
{
	if (!p)
		return;
	kvfree(p);
	account_uncharge(a, bytes);
}

int account_refuse(const struct account *a, struct refusal *r, int err)
{
	if (err == -ENOSPC)
		return refusal_set(r, err,
				   "configuration exceeds the limit of %lu bytes (module parameter config_bytes_max): the one in force, what there is of the new one, and %d replaced ones still in use hold %ld",
				   READ_ONCE(config_bytes_max),
				   atomic_read(&a->retired),
				   atomic_long_read(&a->bytes));
	return refusal_set(r, err, "out of memory");
}
