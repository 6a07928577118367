/* SPDX-License-Identifier: GPL-2.0 */
/* name_ref: the name of another object, with the hash that objset looks it up by. */
#ifndef L7MESH_NAME_REF_H
#define L7MESH_NAME_REF_H

#include "lib/span.h"

struct name_ref {
	struct span name;
	u32 hash;
};

static inline bool name_eq(const struct name_ref *a, const struct name_ref *b)
{
	return a->hash == b->hash && span_eq(a->name, b->name);
}

#endif
