/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mirror: where else a route sends a copy of its requests, whose answers nobody
 * waits for.
 *
 * Envoy's RouteAction.RequestMirrorPolicy. A part of the immutable route.
 */
#ifndef L7MESH_MIRROR_H
#define L7MESH_MIRROR_H

#include <linux/types.h>
#include "lib/name_ref.h"

struct mirror {
	struct name_ref cluster;
	u32 fraction;		/* of a million requests */
	bool shadow;		/* "-shadow" is appended to the host */
};

#endif
