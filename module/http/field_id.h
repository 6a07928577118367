/* SPDX-License-Identifier: GPL-2.0 */
/*
 * field_id: fields that the engine knows by name, in any version of HTTP.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_FIELD_ID_H
#define L7MESH_FIELD_ID_H

#include <linux/string.h>
#include <linux/types.h>
#include "http/chars.h"

/* Fields that the engine treats by name. */
enum field_id {
	FIELD_OTHER,
	FIELD_HOST,
	FIELD_CONNECTION,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_KEEP_ALIVE,
	FIELD_PROXY_CONNECTION,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_UPGRADE,
	FIELD_EXPECT,
	FIELD_X_REQUEST_ID,	/* from here on: see forward.h */
	FIELD_FORWARDING = FIELD_X_REQUEST_ID,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_FORWARDED_HOST,
	FIELD_X_FORWARDED_PROTO,
	FIELD_FORWARDED,
	FIELD_VIA,
	FIELD_TRACEPARENT,
	FIELD_TRACESTATE,
};

/* Names of fields that are for one hop only. RFC 9110 7.6.1. */
#define FIELDS_OF_HOP \
	(1u << FIELD_CONNECTION | 1u << FIELD_KEEP_ALIVE | \
	 1u << FIELD_PROXY_CONNECTION | 1u << FIELD_TE | \
	 1u << FIELD_TRANSFER_ENCODING | 1u << FIELD_UPGRADE)

struct field_id_name {
	char text[18];		/* in lower case */
	u8 id;			/* enum field_id */
};

/* By their length: few have the same, and most lengths have none. */
#define FIELD_ID_LENGTH	17
#define FIELD_ID_SAME	3

extern const struct field_id_name field_id_names[FIELD_ID_LENGTH + 1][FIELD_ID_SAME];

/*
 * Known names have letters and "-", to which 0x20 can be added: in a token
 * nothing else becomes one of them thereby.
 */
static inline bool field_id_same_word(const char *known, const char *name)
{
	u64 a, b;

	memcpy(&a, known, sizeof(a));
	memcpy(&b, name, sizeof(b));
	return a == (b | EACH_BYTE(0x20));
}

/* Both are @len bytes. The last word may begin in the one before it. */
static inline bool field_id_is(const char *known, const char *name, u32 len)
{
	u32 i;

	if (len >= 8)
		return field_id_same_word(known, name) &&
		       (len <= 16 || field_id_same_word(known + 8, name + 8)) &&
		       field_id_same_word(known + len - 8, name + len - 8);
	for (i = 0; i < len; i++)
		if ((name[i] | 0x20) != known[i])
			return false;
	return true;
}

/* The id of a name, which is a token of @len bytes, and not empty; in any case. */
static inline enum field_id field_id_of(const char *name, u32 len)
{
	const struct field_id_name *k;
	char first = name[0] | 0x20;

	if (len > FIELD_ID_LENGTH)
		return FIELD_OTHER;
	for (k = field_id_names[len];
	     k < field_id_names[len] + FIELD_ID_SAME && k->id; k++)
		if (k->text[0] == first && field_id_is(k->text, name, len))
			return k->id;
	return FIELD_OTHER;
}

#endif
