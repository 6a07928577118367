/* SPDX-License-Identifier: GPL-2.0 */
/*
 * envoy, as its own files see it:
 *
 *	envoy.c			the file, listeners
 *	envoy_route.c		routes
 *	envoy_headers.c		what is done to headers, and in which order
 *	envoy_cluster.c		clusters
 *	envoy_subset.c		subsets of clusters, and who matches them
 *	envoy_schema.c		what a bootstrap is, and what of it cannot be
 *				carried over
 */
#ifndef MESHCTL_ENVOY_PRIV_H
#define MESHCTL_ENVOY_PRIV_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "envoy.h"
#include "tree.h"
#include "util.h"

#define ENVOY_TYPE	"type.googleapis.com/envoy.extensions.filters."
#define ENVOY_HCM	ENVOY_TYPE "network.http_connection_manager.v3." \
			"HttpConnectionManager"
#define ENVOY_TCP_PROXY	ENVOY_TYPE "network.tcp_proxy.v3.TcpProxy"
#define ENVOY_ROUTER	ENVOY_TYPE "http.router.v3.Router"
#define ENVOY_CORS	ENVOY_TYPE "http.cors.v3.Cors"
#define ENVOY_PREVIOUS_HOSTS	"envoy.retry_host_predicates.previous_hosts"

extern const struct schema envoy_bootstrap;

struct envoy {
	const char *file;
	const char *address;	/* instead of every one, or NULL */
	const json_t *clusters;	/* Envoy's */
	json_t *hash;		/* of each cluster's name: the first hash policies, ... */
	json_t *without;	/* ... and a route that has none, if one has not */
	json_t *edited;		/* of a route configuration: requests' fields, ... */
	json_t *reads;		/* ... and which of them responses' fields repeat */
	json_t *subsets;	/* of each cluster's name: metadata by subset's name */
	bool high;		/* a route has priority HIGH */
	bool failed;
};

/* An error that only the whole file shows. */
void envoy_fail(struct envoy *e, const struct path *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "0.25s" as milliseconds; false if it is none. @ms may be NULL. */
bool envoy_milliseconds(const char *s, size_t len, uint32_t *ms);

/* The exact value of a header match; "" if it is none. */
const char *envoy_exact(const json_t *match);

/*
 * "gateway-error,reset" as "gateway_error,reset"; NULL if there are conditions that
 * nothing can be made of. Freed by the caller.
 */
char *envoy_retry_on(const char *conditions);

/* Virtual hosts of a route configuration, @path. */
json_t *envoy_virtual_hosts(struct envoy *e, const json_t *config,
			    const struct path *path);

/* Who has request_headers_to_add and its like, and where it stands. */
struct header_level {
	const json_t *from;
	const struct path *path;
};

#define HEADER_LEVELS_MAX 3

/* Names of fields, in small letters, that were changed so far. */
struct header_changes {
	json_t *request;
	json_t *response;
};

struct header_changes envoy_changes(void);
void envoy_changes_add(struct header_changes *to, const struct header_changes *from);
void envoy_changes_free(struct header_changes *changes);

/*
 * One list of operations for each head, in @to, of what several levels do one after the
 * other. What they change is added to @changes, which has what was changed before.
 */
void envoy_set_headers(struct envoy *e, json_t *to,
		       const struct header_level *levels, size_t n,
		       struct header_changes *changes);

/* When all levels of a route configuration, @path, are known. */
void envoy_check_reads(struct envoy *e, const struct path *path);

/* Does a cluster's policy depend on hashes? */
bool envoy_is_hashed(const struct envoy *e, const char *cluster);

json_t *envoy_cluster(struct envoy *e, const json_t *cluster,
		      const struct path *path);

/*
 * The subset of @cluster that a route, and its entry of a weighted cluster if that is
 * not NULL, asks for: in @to.
 */
void envoy_set_subset(struct envoy *e, json_t *to, const char *cluster,
		      const json_t *route, const json_t *entry,
		      const struct path *path);
/* A cluster's, when all routes are known. */
void envoy_set_subsets(struct envoy *e, json_t *to, const json_t *from);
/* Of an endpoint of a cluster that has subsets. */
void envoy_set_metadata(struct envoy *e, json_t *to, const json_t *endpoint,
			const struct path *path);

/* The same as copy() of a duration; @fallback if it is not there, unless that is NULL. */
void envoy_copy_time(json_t *to, const char *key, const json_t *from,
		     const char *name, const char *fallback);

#endif
