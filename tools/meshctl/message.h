/* SPDX-License-Identifier: GPL-2.0 */
/*
 * message: objects as netlink attributes, by the schema.
 */
#ifndef MESHCTL_MESSAGE_H
#define MESHCTL_MESSAGE_H

#include <libmnl/libmnl.h>

#include "config.h"

/* What an object's attributes may take: the length of a nest has 16 bits. */
#define MESSAGE_OBJECT_MAX 65000
#define MESSAGE_MAX (MESSAGE_OBJECT_MAX + 64)

/* Appends an object's attribute; false if the message would exceed MESSAGE_MAX. */
bool message_put(struct nlmsghdr *nlh, enum l7mesh_kind kind,
		 const json_t *body);

/* Would message_put() succeed? */
bool message_fits(const struct object *o);

/* The body that an object's attribute carries, without defaults. */
json_t *message_get(const struct nlattr *attr, const struct schema *schema);

/* The object in a message: its schema and attribute; NULL if there is none. */
const struct schema *message_object(const struct nlmsghdr *nlh,
				    const struct nlattr **attr);

/*
 * The name of the attribute at an offset of a request: "endpoint.weight". With
 * @missing, that of an attribute of this type that is missing in the nest there
 * (@offset 0: at the top level). NULL if there is none. Freed by the caller.
 */
char *message_name(const struct nlmsghdr *nlh, size_t offset, int missing);

#endif
