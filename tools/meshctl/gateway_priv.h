/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gateway_api, as its own files see it:
 *
 *	gateway_api.c		what is attached where, and the file
 *	gateway_rule.c		rules: matches, filters, backends
 *	gateway_time.c		rules: timeouts, retries, session persistence
 *	gateway_backend.c	backends: clusters of Services and EndpointSlices
 */
#ifndef MESHCTL_GATEWAY_PRIV_H
#define MESHCTL_GATEWAY_PRIV_H

#include <string.h>

#include "gateway_api.h"
#include "tree.h"
#include "util.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

struct import {
	const struct manifests *m;
	const struct manifest *at;	/* whose errors are found */
	json_t *clusters;		/* by name: endpoints */
	json_t *sessions;		/* by cluster's name: its affinity, or null */
	json_t *tables;			/* by name: virtual hosts by hostname */
	json_t *listeners;		/* by name */
	bool failed;
};

/* An error of a field of the manifest that is being imported. */
void gateway_fail(struct import *imp, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The name of the cluster that a reference is to, which is made if need be; or NULL
 * with an error. Freed by the caller.
 */
char *gateway_cluster(struct import *imp, const json_t *ref, const char *field);

/* What a rule says of times, tries and sessions, for a route that has its action. */
void gateway_times(struct import *imp, json_t *route, const json_t *rule,
		   size_t index);

/* The routes of the HTTPRoute that is being imported: one for each match of each rule. */
json_t *gateway_routes(struct import *imp);

/* A value at a path of keys. */
static inline json_t *get2(const json_t *object, const char *key, const char *inner)
{
	return get(get(object, key), inner);
}

/* What a reference is to: of a group and kind that may be left out. */
static inline bool refers_to(const json_t *ref, const char *group, const char *kind)
{
	return !strcmp(get(ref, "group") ? object_get(ref, "group") : group,
		       group) &&
	       !strcmp(get(ref, "kind") ? object_get(ref, "kind") : kind, kind);
}

static inline const char *namespace_of(const struct import *imp, const json_t *ref)
{
	return get(ref, "namespace") ? object_get(ref, "namespace") :
				       manifest_namespace(imp->at->body);
}

#endif
