/* SPDX-License-Identifier: GPL-2.0 */
/*
 * splice_policy: what a configuration says of which connections are spliced.
 */
#ifndef L7MESH_SPLICE_POLICY_H
#define L7MESH_SPLICE_POLICY_H

#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/l7mesh.h>

/* The splice object of a configuration. All zero is the default. */
struct splice_policy {
	bool exists;			/* else it has the default's values */
	u8 policy;			/* enum l7mesh_splice_policy */
	bool bypass_shaping;
	u8 nexcept;
	u16 except[L7MESH_SPLICE_EXCEPT_MAX];	/* ports */
};

static inline bool splice_policy_equal(const struct splice_policy *a,
				       const struct splice_policy *b)
{
	return a->exists == b->exists && a->policy == b->policy &&
	       a->bypass_shaping == b->bypass_shaping &&
	       a->nexcept == b->nexcept &&
	       !memcmp(a->except, b->except, a->nexcept * sizeof(a->except[0]));
}

#endif
