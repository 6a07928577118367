// SPDX-License-Identifier: GPL-2.0
/*
 * endpoint: the part of a cluster's member that outlives a change; see cluster.h.
 */
#include <linux/slab.h>
#include "cluster.h"
#include "stats.h"

struct endpoint *endpoint_alloc(const struct address *address, gfp_t gfp)
{
	struct endpoint *ep = kzalloc(sizeof(*ep), gfp);

	if (!ep)
		return NULL;
	ep->address = *address;
	refcount_set(&ep->ref, 1);
	object_created(OBJECT_ENDPOINT);
	return ep;
}

void endpoint_put(struct endpoint *ep)
{
	if (!refcount_dec_and_test(&ep->ref))
		return;
	object_destroyed(OBJECT_ENDPOINT);
	kfree_rcu(ep, rcu);
}
