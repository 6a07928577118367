/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config: a configuration as a list of objects, parents before their children.
 *
 * The order is that of a dump: each cluster followed by its endpoints, each
 * route table by its virtual hosts, each of those by its routes, then the
 * listeners, then the splice object, the workloads and the authorization policies.
 * Bodies are complete: they name their parents and have all defaults.
 */
#ifndef MESHCTL_CONFIG_H
#define MESHCTL_CONFIG_H

#include <jansson.h>

#include "schema.h"
#include "scope.h"

struct object {
	enum l7mesh_kind kind;
	json_t *body;
	struct mark mark;	/* where in the file; none if from the kernel */
};

struct config {
	struct object *objects;
	size_t count;
	size_t room;
};

/* Takes over @body. */
void config_add(struct config *config, enum l7mesh_kind kind, json_t *body,
		struct mark mark);

void config_free(struct config *config);

/* A string of a body; "" if it is not there. */
const char *object_get(const json_t *body, const char *name);

/*
 * What identifies an object of its kind: "shop/shop 3"; "" if there is one only.
 * Freed by the caller.
 */
char *object_key(enum l7mesh_kind kind, const json_t *body);

/* Kind and key: "route shop/shop 3". Freed by the caller. */
char *object_label(enum l7mesh_kind kind, const json_t *body);

/* The configuration as a file has it, without (or with) what is default. */
json_t *config_tree(const struct config *config, bool defaults);

/* The same for the objects of one kind that @wanted accepts, as a list. */
typedef bool (*object_filter)(const struct object *o, const void *arg);
json_t *config_list(const struct config *config, enum l7mesh_kind kind,
		    object_filter wanted, const void *arg);

#endif
