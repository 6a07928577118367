/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trailer: which fields may come after a body.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_TRAILER_H
#define L7MESH_TRAILER_H

#include <linux/types.h>
#include "lib/span.h"

/*
 * Fields that must not come after the body: framing, routing, connection,
 * request modifiers, authentication, how to read the content. RFC 9110 6.5.1.
 * Whoever merges trailers into the head would obey them. @name: in any case.
 */
bool trailer_forbidden(struct span name);

#endif
