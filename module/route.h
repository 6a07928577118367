/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route: which route of a table serves a request.
 *
 * Objects are immutable once their table is compiled, and are shared by
 * snapshots: a table is an array of counted virtual hosts, each an array of
 * counted routes, so that a change copies pointers. Clusters are named, not
 * pointed to: the snapshot resolves the name. Domain search and path prefix
 * follow Envoy (route_components.proto: exact, longest suffix wildcard, longest
 * prefix wildcard, "*") except that a prefix matches whole path segments, as in
 * Gateway API (HTTPRoute, PathPrefix).
 *
 * The matching half (route.c) is plain C: no kernel call, no allocation; any
 * context. The objects are made and put by config code in process context.
 */
#ifndef L7MESH_ROUTE_H
#define L7MESH_ROUTE_H

#include <linux/types.h>
#include <linux/refcount.h>
#include "span.h"
#include "http1.h"

enum value_match_kind {
	VALUE_MATCH_EXACT,
	VALUE_MATCH_PREFIX,
	VALUE_MATCH_PRESENT,
	VALUE_MATCH_ABSENT,
};

/*
 * On a header field or a query parameter. Spans point into the route's own text.
 *
 * Field names ignore case. A repeated field matches if any of its values does
 * (ABSENT: if there is none). Query parameters are the parts of the query between
 * '&', name and value parted by the first '='; nothing is percent-decoded; of a
 * repeated parameter the first counts; one without '=' has an empty value.
 */
struct value_match {
	struct span name;
	struct span value;
	u8 kind;			/* enum value_match_kind */
};

enum path_match_kind {
	PATH_MATCH_ANY,			/* "*" of OPTIONS as well, which no other matches */
	PATH_MATCH_EXACT,
	PATH_MATCH_PREFIX,		/* "/abc" and "/abc/": /abc, /abc/, /abc/d, not /abcd */
};

enum route_action_kind {
	ROUTE_CLUSTER,
	ROUTE_WEIGHTED_CLUSTERS,
	ROUTE_REDIRECT,
	ROUTE_DIRECT_RESPONSE,
};

/* The name of another object, with the hash that objset looks it up by. */
struct name_ref {
	struct span name;
	u32 hash;
};

struct weighted_cluster {
	struct name_ref cluster;
	u32 weight;
};

/* One allocation: the arrays and all text follow the struct. */
struct route {
	refcount_t ref;
	size_t bytes;			/* of the allocation, for the mesh's account */

	struct span path;
	struct span method;		/* length 0: any */
	const struct value_match *headers;
	const struct value_match *query;
	u16 nheaders;
	u16 nquery;
	u8 path_kind;			/* enum path_match_kind */

	u8 action;			/* enum route_action_kind */
	u16 status;			/* redirect, direct response */
	u32 nclusters;
	u32 total_weight;		/* of clusters */
	const struct weighted_cluster *clusters;	/* ROUTE_CLUSTER: one */
	struct span redirect_host;	/* length 0: the request's */
	struct span redirect_path;	/* length 0: the request's */
	struct span body;		/* direct response */
};

/* One allocation for name and domains; the array of routes is its own. */
struct virtual_host {
	refcount_t ref;
	size_t bytes;
	struct span name;
	const struct span *domains;	/* lower case */
	u32 ndomains;
	u32 nroutes;
	struct route **routes;
};

/* An entry of the compiled domain index. */
struct domain_slot {
	u32 hash;
	u32 vhost;			/* index + 1; 0: empty slot */
	struct span text;		/* without the asterisk */
};

struct domain_index {
	struct domain_slot *slots;	/* open addressing, power of two, or NULL */
	u32 mask;
	u32 max_len;			/* longest text, to bound the search */
	u32 min_len;
};

struct route_table {
	refcount_t ref;
	size_t bytes;
	struct name_ref name;
	u32 nvhosts;
	struct virtual_host **vhosts;
	u64 seed;			/* random, set before compiling: of the hash of
					 * domains, lest a configuration be all collisions
					 */

	/* filled by route_table_compile() */
	struct domain_index exact;
	struct domain_index suffix;	/* "*.example.com", "*-x.example.com" */
	struct domain_index prefix;	/* "www.example.*" */
	u32 any;			/* index + 1 of the host with "*", or 0 */
};

/* What of a request is matched. The spans point into the request's head. */
struct route_request {
	struct span host;		/* without port, any case */
	struct span method;
	struct span path;
	struct span query;
	const struct http1_parser *parser;	/* for the fields */
	const char *head;
};

/**
 * route_request_init() - View a parsed head as a routable request
 * @req: out
 * @p: parser at HTTP1_DONE
 * @head: the head's bytes
 */
void route_request_init(struct route_request *req,
			const struct http1_parser *p, const char *head);

/**
 * route_domain_valid() - May this be a domain of a virtual host?
 * @domain: "example.com", "*.example.com", "example.*", "*", an IP address
 * (IPv6 in brackets); lower case; no port
 *
 * The asterisk stands for at least one character.
 *
 * Return: true if so.
 */
bool route_domain_valid(struct span domain);

/**
 * route_path_valid() - May this be the path of a match or of a redirect?
 * @path: starts with '/'; visible ASCII without '?' and '#'
 *
 * Return: true if so.
 */
bool route_path_valid(struct span path);

/**
 * route_table_slots() - How many domain slots compiling needs
 * @t: table with vhosts set; every domain is route_domain_valid()
 *
 * Return: total for the three indexes; below 4 * number of domains.
 */
u32 route_table_slots(const struct route_table *t);

/**
 * route_table_compile() - Build the domain index
 * @t: table with vhosts and seed set
 * @slots: zeroed array of route_table_slots() entries, which the caller owns and
 * frees with the table
 * @dup: out: the domain that is there twice, in two virtual hosts or in one
 *
 * Return: 0, or -EEXIST with *@dup set.
 */
int route_table_compile(struct route_table *t, struct domain_slot *slots,
			struct span *dup);

/**
 * route_table_match() - The route that serves a request
 * @t: compiled table
 * @req: request
 *
 * Return: the first route that matches in the virtual host that the request's
 * host belongs to, or NULL. Borrowed from @t.
 */
const struct route *route_table_match(const struct route_table *t,
				      const struct route_request *req);

/**
 * route_pick_cluster() - The cluster of a ROUTE_CLUSTER or ROUTE_WEIGHTED_CLUSTERS
 * @r: route
 * @random: 32 random bits
 *
 * Return: the name; never NULL for these two actions.
 */
const struct name_ref *route_pick_cluster(const struct route *r, u32 random);

#endif
