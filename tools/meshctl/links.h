/* SPDX-License-Identifier: GPL-2.0 */
/*
 * links: what must be unique in a file, and who refers to whom.
 *
 * Objects and references are noted while the file is read; references are
 * checked once all of it is known.
 */
#ifndef MESHCTL_LINKS_H
#define MESHCTL_LINKS_H

#include "config.h"

struct link {
	enum l7mesh_kind kind;
	char *name;
	struct mark mark;
	char *path;
	bool ipv4;		/* a TCP or UDP listener with an IPv4 address */
	bool ipv6;		/* a UDP listener with an IPv6 address */
};

struct links {
	json_t *seen;		/* what is unique: the line that has it */
	struct link *list;
	size_t count;
	size_t room;
};

void links_init(struct links *links);
void links_free(struct links *links);

/* Notes an object; complains if it, or its address or domain, is there already. */
void links_define(struct links *links, const struct scope *scope,
		  const json_t *body);

/* Notes that the field of @body at @mark names an object. */
void links_refer(struct links *links, const struct field *f,
		 const json_t *body, struct mark mark, const struct path *path);

/* The line that has what is unique, such as a "cluster" of that name; 0: none has. */
size_t links_line(const struct links *links, const char *what, const char *name);

/* Complains about references to what is not there, or does not fit. */
void links_resolve(struct links *links, struct problems *problems);

#endif
