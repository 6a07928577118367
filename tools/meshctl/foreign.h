/* SPDX-License-Identifier: GPL-2.0 */
/*
 * foreign: words for the schemas of files that others have defined, of which a mesh
 * file is made: a table "x_fields" and then SCHEMA(x, "what messages call it").
 */
#ifndef MESHCTL_FOREIGN_H
#define MESHCTL_FOREIGN_H

#include "schema.h"
#include "text.h"

#define FIELDS(table) \
	.fields = (table), .nfields = sizeof(table) / sizeof((table)[0])

#define ANY(n)		{ .name = (n), .type = FIELD_ANY }
#define TEXT(n)		{ .name = (n), .type = FIELD_STRING,		\
			  .check = text_check_value }
#define NAME(n)		{ .name = (n), .type = FIELD_STRING,		\
			  .flags = FIELD_REQUIRED, .check = text_check_name }
#define PORT(n)		{ .name = (n), .type = FIELD_U16, .min = 1,	\
			  .max = UINT16_MAX }
#define NUMBER(n, most)	{ .name = (n), .type = FIELD_U32, .max = (most) }
#define ENUM(n, of, d)	{ .name = (n), .type = FIELD_ENUM,		\
			  .names = (of), .fallback = (d) }
/* As protocol buffers' JSON is read by Envoy. */
#define PROTO_ENUM(n, of, d) { .name = (n), .type = FIELD_ENUM,		\
			  .flags = FIELD_NOCASE, .names = (of), .fallback = (d) }
#define BOOLEAN(n, d)	{ .name = (n), .type = FIELD_U8_BOOL, .fallback = (d) }
#define NUMBERS(n)	{ .name = (n), .type = FIELD_LIST,		\
			  .flags = FIELD_EMPTY | FIELD_NUMBERS,	\
			  .check = text_check_value }
#define TEXTS(n)	{ .name = (n), .type = FIELD_LIST,		\
			  .flags = FIELD_EMPTY, .check = text_check_value }
#define LIST(n, of)	{ .name = (n), .type = FIELD_LIST,		\
			  .flags = FIELD_EMPTY, .sub = &(of) }
#define MAP(n)		{ .name = (n), .type = FIELD_MAP }
#define NEST(n, of)	{ .name = (n), .type = FIELD_NEST, .sub = &(of) }

#define SCHEMA(s, n)	static const struct schema s = {		\
				.name = (n), FIELDS(s##_fields) }
/* Of which a cluster, or another controller, may have more. */
#define OPEN(s, n)	static const struct schema s = {		\
				.name = (n), .open = true, FIELDS(s##_fields) }

#endif
