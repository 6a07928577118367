/* SPDX-License-Identifier: GPL-2.0 */
/*
 * manifest: the Kubernetes manifests that a mesh can be made of.
 *
 * Described as schemas, so that a key that nobody knows what to do with is an error
 * that names it. What a cluster writes into manifests (status, most of metadata) and
 * manifests of other kinds are not looked at; those of Gateway API, and of Istio's
 * security, that nothing can be made of are an error. An error is one of its manifest,
 * see load_manifests().
 */
#ifndef MESHCTL_MANIFEST_H
#define MESHCTL_MANIFEST_H

#include "config.h"

/* The label that every namespace has: its name. */
#define MANIFEST_NAMESPACE	"kubernetes.io/metadata.name"

/* How many ports a range of a NetworkPolicy may be. */
#define MANIFEST_RANGE_MAX	64

/* The annotation of a policy that only counts. */
#define MANIFEST_DRY_RUN	"istio.io/dry-run"

enum manifest_kind {
	MANIFEST_GATEWAY = L7MESH_KIND_MAX + 1,
	MANIFEST_HTTP_ROUTE,
	MANIFEST_TLS_ROUTE,
	MANIFEST_TCP_ROUTE,
	MANIFEST_SERVICE,
	MANIFEST_ENDPOINT_SLICE,
	MANIFEST_REFERENCE_GRANT,
	MANIFEST_AUTHORIZATION_POLICY,
	MANIFEST_PEER_AUTHENTICATION,
	MANIFEST_NETWORK_POLICY,
	MANIFEST_POD,
	MANIFEST_WORKLOAD_ENTRY,
	MANIFEST_OTHER,
};

struct manifest {
	const char *file;	/* as given */
	struct mark mark;
	enum manifest_kind kind;
	json_t *body;		/* with all defaults */
	struct problems *problems;	/* NULL: none */
	bool broken;		/* they are not all of listeners, or of rules */
};

struct manifests {
	struct manifest *list;
	size_t count;
	json_t *index;		/* see manifests_of() */
};

/*
 * Reads files; false if one is no stream of manifests, or with @strict one of those has
 * an error: they are printed.
 */
bool manifests_load(struct manifests *m, char *const *files, size_t n, bool strict);
void manifests_free(struct manifests *m);

/* "Gateway"; freed by nobody. */
const char *manifest_kind(const struct manifest *m);

/* How many things are wrong within a mapping of a manifest. */
size_t manifest_wrong(const json_t *mapping);

/* Where they may be read more than once: "Gateway infra/edge". Freed by the caller. */
char *manifest_label(const struct manifest *m);

/* "" if it is not there. */
const char *manifest_name(const json_t *body);
const char *manifest_namespace(const json_t *body);

/*
 * Those of a kind that are not broken, in their order: EndpointSlices by the Service
 * that they are of, all ReferenceGrants of a namespace as "", others by their name.
 * Positions in the list; NULL if there is none.
 */
const json_t *manifests_of(const struct manifests *m, enum manifest_kind kind,
			   const char *namespace, const char *name);

/* The first of that name that is not broken; NULL if there is none. */
const json_t *manifest_find(const struct manifests *m, enum manifest_kind kind,
			    const char *namespace, const char *name);

#endif
