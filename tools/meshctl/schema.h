/* SPDX-License-Identifier: GPL-2.0 */
/*
 * schema: the nine kinds of objects, described once.
 *
 * Files, the command line, netlink messages, JSON and error messages all follow
 * these tables: a field has the same name everywhere, one type, one range and
 * one check. An object's body is a JSON object whose keys are the fields' names,
 * in the tables' order.
 */
#ifndef MESHCTL_SCHEMA_H
#define MESHCTL_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/l7mesh.h>

struct scope;

enum field_type {
	FIELD_STRING,		/* checked by @check */
	FIELD_BODY,		/* binary that is text */
	FIELD_BASE64,		/* binary that is not */
	FIELD_U8_BOOL,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,		/* up to INT64_MAX, as JSON's integers */
	FIELD_S64,
	FIELD_PERCENT,		/* u32: of a million; "12.5%" */
	FIELD_DURATION,		/* u32 of ms; "500ms", "5s", "2m" */
	FIELD_ADDRESS,
	FIELD_NETWORK,		/* binary: address and a byte; "10.0.0.0/8" */
	FIELD_ENUM,		/* u32; one of @names */
	FIELD_FLAG,		/* true or not there */
	FIELD_FLAGS,		/* u32 of bits; of @names, "a,b" */
	FIELD_U16S,		/* binary, u16 each; "404,409" */
	FIELD_LIST,		/* of @sub, or of @item if there is none */
	FIELD_NEST,		/* @sub, nested in the message too */
	FIELD_GROUP,		/* @sub, its attributes among the parent's */
	FIELD_CHILDREN,		/* in files: a list of objects of kind @sub */
	FIELD_CHILD,		/* in files: the one object of kind @sub */
	FIELD_ANY,		/* in files: not looked at */
	FIELD_MAP,		/* in files: texts by keys of its own */
};

enum {
	FIELD_REQUIRED = 1 << 0,
	FIELD_KEY = 1 << 1,	/* part of what identifies the object */
	FIELD_PARENT = 1 << 2,	/* in files it follows from the position */
	FIELD_LOWER = 1 << 3,	/* case does not matter: kept in lower case */
	FIELD_DEFAULTS = 1 << 5, /* a group of fields that all have defaults */
	FIELD_EMPTY = 1 << 4,	/* may be empty, which is the same as not there */
	FIELD_NUMBERS = 1 << 6,	/* in files: a list of numbers, kept as text */
	FIELD_NULL = 1 << 7,	/* in files: null is the same as not there */
	FIELD_NOCASE = 1 << 8,	/* a name's case does not matter: kept as it is listed */
	FIELD_NUMERIC = 1 << 9,	/* in files: texts, of which numbers need no quotes */
};

struct field {
	const char *name;
	uint16_t attr;
	enum field_type type;
	enum field_type item;	/* of a list: strings, addresses or networks */
	unsigned int flags;
	const char *word;	/* on the command line, if not @name */
	const char *nothing;	/* there, if the field is empty */
	const char *fallback;	/* the default, as on the command line */
	uint32_t min, max;	/* of a list: how many, 0 being any number */
	const char *const *names;
	const char *const *not_yet;	/* names that others have, for a message */
	const char *(*check)(const char *s, size_t len);
	const struct schema *sub;
	enum l7mesh_kind refers;	/* names an object of this kind */
};

/* For a static list of names. */
#define NAMES(...)	((const char *const []){ __VA_ARGS__, NULL })

/* No schema has more fields. */
#define SCHEMA_FIELDS_MAX 56

struct schema {
	const char *name;
	enum l7mesh_kind kind;	/* of objects only */
	uint16_t attr;		/* of objects: the top-level attribute */
	const struct field *fields;
	size_t nfields;

	const char *single;	/* the field that a single value in a file is */
	bool open;		/* in files: other keys are not looked at */
	const char *const *not_yet;	/* keys that others have, for a message */

	/* What fields must or must not go together; complains to the scope. */
	void (*rule)(const struct scope *scope, const json_t *body);

	/* Lists' items and groups that are one word on the command line. */
	json_t *(*from_word)(const struct schema *schema, const char *word,
			     char **why);
	char *(*to_word)(const json_t *value);
};

/* A whole file: its fields are the top-level keys. */
extern const struct schema schema_file;

/* The schema of a kind; NULL if there is no such kind. */
const struct schema *schema_of(enum l7mesh_kind kind);

/* By name, singular or plural; NULL if there is none. */
const struct schema *schema_named(const char *name);

/* Is it, in any case, one of a NULL-ended list (which may be NULL)? */
bool schema_listed(const char *const *names, const char *name, size_t len);

/* The field of that name; NULL if there is none. */
const struct field *schema_field(const struct schema *schema, const char *name);

/*
 * The field of that attribute, those of groups included; NULL if there is none.
 * *@group is the group that it is in, or NULL.
 */
const struct field *schema_attr(const struct schema *schema, uint16_t attr,
				const struct field **group);

/* Sets the fields that are not there and have a default, nested ones included. */
void schema_fill(const struct schema *schema, json_t *body);

/* Removes the fields that have their default. */
void schema_strip(const struct schema *schema, json_t *body);

/* "name, lb, ...": the keys that a file may give, for a message. Freed by the caller. */
char *schema_keys(const struct schema *schema);

#endif
