// SPDX-License-Identifier: GPL-2.0
#include "authz/authz_count.h"

#include <linux/cpumask.h>
#include <linux/err.h>

#include "lib/account.h"
#include "lib/stats.h"

static size_t bytes_of_cells(void)
{
	return num_possible_cpus() * sizeof(struct authz_cell);
}

/* Charged as all that is configured is: there may be many policies, and many CPUs. */
static int make_cells(struct account *account, struct authz_count *c)
{
	int err = account_charge(account, bytes_of_cells());

	if (err)
		return err;
	c->cells = alloc_percpu_gfp(struct authz_cell, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (c->cells)
		return 0;
	account_uncharge(account, bytes_of_cells());
	return -ENOMEM;
}

static int make(struct account *account, struct authz_count **to)
{
	struct authz_count *c = account_new(account, sizeof(*c));
	int err;

	if (IS_ERR(c))
		return PTR_ERR(c);
	err = make_cells(account, c);
	if (err) {
		account_free(account, c, sizeof(*c));
		return err;
	}
	refcount_set(&c->ref, 1);
	stats_object_created(OBJECT_AUTHZ_COUNT);
	*to = c;
	return 0;
}

int authz_count_take(struct account *account, struct authz_count **to,
		     struct authz_count *before)
{
	if (!before)
		return *to ? 0 : make(account, to);
	refcount_inc(&before->ref);
	authz_count_put(account, *to);
	*to = before;
	return 0;
}

void authz_count_put(struct account *account, struct authz_count *c)
{
	if (!c || !refcount_dec_and_test(&c->ref))
		return;
	free_percpu(c->cells);
	account_uncharge(account, bytes_of_cells());
	account_free(account, c, sizeof(*c));
	stats_object_destroyed(OBJECT_AUTHZ_COUNT);
}

u64 authz_count_read(const struct authz_count *c, enum authz_event event)
{
	u64 sum = 0;
	int cpu;

	if (!c)
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(c->cells, cpu)->v[event]);
	return sum;
}
