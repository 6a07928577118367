/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hpack_static: the fields that HPACK's indexes name from the beginning (RFC 7541
 * appendix A), and what HTTP/2 treats by name besides what field_id.h knows.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_HPACK_STATIC_H
#define L7MESH_HPACK_STATIC_H

#include <linux/types.h>
#include "http/field_id.h"
#include "lib/span.h"

#define HPACK_STATIC_MAX	61		/* the last index */

/* In the place of an enum field_id, behind all of those. */
enum hpack_id {
	HPACK_PSEUDO = 64,	/* from here on: with a colon; this one is unknown */
	HPACK_AUTHORITY,
	HPACK_METHOD,
	HPACK_PATH,
	HPACK_PROTOCOL,		/* RFC 8441 */
	HPACK_SCHEME,
	HPACK_STATUS,
	HPACK_COOKIE = 96,	/* may come in pieces, RFC 9113 8.2.3 */
};

static inline bool hpack_is_pseudo(u8 id)
{
	return id >= HPACK_PSEUDO && id < HPACK_COOKIE;
}

struct hpack_static {
	struct span text;	/* name, and at once the value */
	u8 name_len;
	u8 id;			/* enum field_id or hpack_id */
};

/* By index; 0 is none. */
extern const struct hpack_static hpack_static[HPACK_STATIC_MAX + 1];

/* The first index that has this name, which is in lower case and not empty; or 0. */
u32 hpack_static_find(struct span name);

/* The id of a name in lower case that is not empty, with its colon if it has one. */
u8 hpack_static_id(struct span name);

#endif
