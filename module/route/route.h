/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route: which route of a table serves a request.
 *
 *	route_match	does a route match a request?
 *	route_index	the routes of a virtual host that can match, soon
 *	route		tables: domains, virtual hosts, what becomes of a request
 *	route_object	makes, compares and frees the objects
 *
 * Objects are immutable once their table is compiled, and are shared by
 * snapshots: a table is an array of counted virtual hosts, each an array of
 * counted routes, so that a change copies pointers. Clusters are named, not
 * pointed to: the snapshot resolves the name. Domain search and path prefix
 * follow Envoy (route_components.proto: exact, longest suffix wildcard, longest
 * prefix wildcard, "*").
 *
 * The matching half (route.c) is plain C: no kernel call, no allocation; any
 * context. The objects are made and put by config code in process context.
 */
#ifndef L7MESH_ROUTE_H
#define L7MESH_ROUTE_H

#include <linux/types.h>
#include <linux/refcount.h>
#include "http/header_op.h"
#include "lib/parts.h"
#include "lib/span.h"
#include "route/route_index.h"
#include "route/route_match.h"
#include "upstream/hash_policy.h"

enum route_action_kind {
	ROUTE_CLUSTER,
	ROUTE_WEIGHTED_CLUSTERS,
	ROUTE_CLUSTER_HEADER,		/* a field of the request names it */
	ROUTE_REDIRECT,
	ROUTE_DIRECT_RESPONSE,
};

struct weighted_cluster {
	struct name_ref cluster;
	struct span subset;		/* of the cluster; empty: all of it */
	u32 weight;
	struct header_edit edit;	/* of those requests that it gets */
};

enum rewrite_path_kind {
	REWRITE_PATH_NONE,
	REWRITE_PATH_WHOLE,
	REWRITE_PATH_PREFIX,		/* what the route's prefix matched; all of
					 * an exact path
					 */
	REWRITE_PATH_TEMPLATE,		/* of a route with a template */
};

/* What of a request is changed, towards the endpoint or in a redirect. */
struct rewrite {
	struct span host;		/* length 0: it stays */
	struct span path;
	u8 path_kind;			/* enum rewrite_path_kind */
};

enum redirect_scheme {
	REDIRECT_SCHEME_SAME,
	REDIRECT_SCHEME_HTTP,
	REDIRECT_SCHEME_HTTPS,
};

struct redirect_url {
	u16 port;			/* 0: see rewrite_location() */
	u8 scheme;			/* enum redirect_scheme */
	bool strip_query;
};

/*
 * One allocation: the arrays, policies and all text follow the struct; what a match
 * prepares (expressions, fallbacks) and what policies make have their own.
 */
struct route {
	refcount_t ref;
	size_t bytes;			/* of the allocation, for the mesh's account */

	struct route_match match;
	u8 action;			/* enum route_action_kind */
	u8 priority;			/* enum l7mesh_routing_priority */
	u16 status;			/* redirect, direct response */
	u32 nclusters;
	u32 total_weight;		/* of clusters */
	const struct weighted_cluster *clusters;	/* ROUTE_CLUSTER: one */
	struct span cluster_header;
	struct rewrite rewrite;
	struct redirect_url redirect;
	struct span body;		/* direct response */
	struct header_edit edit;
	u32 edit_cost;			/* of these, a cluster's, and the rewrite */
	u32 timeout;			/* ms, for the response when all of the request
					 * is there; 0: none
					 */
	struct hash_policies hash;	/* instead of the cluster's, if there are any */
	struct parts policies;		/* see policy/policy.h */
};

/* To a cluster, instead of answering itself. */
static inline bool route_forwards(const struct route *r)
{
	return r->action != ROUTE_REDIRECT && r->action != ROUTE_DIRECT_RESPONSE;
}

/* One allocation for all but the array of routes and the index. */
struct virtual_host {
	refcount_t ref;
	size_t bytes;
	struct span name;
	const struct span *domains;	/* lower case */
	u32 ndomains;
	u32 nroutes;
	u32 capacity;			/* of routes, as allocated */
	struct route **routes;		/* in the order that the configuration has */
	u8 order;			/* enum l7mesh_route_order */
	struct route_index index;
	struct header_edit edit;
	u32 edit_cost;
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

/**
 * route_domain_valid() - May this be a domain of a virtual host?
 * @domain: "example.com", "*.example.com", "example.*", "*", an IP address
 * (IPv6 in brackets), of which those without an asterisk at their end may have a
 * port; lower case. A dot at the end of a name counts for nothing, and there is none
 * before a port.
 *
 * The asterisk stands for at least one character.
 *
 * Return: true if so.
 */
bool route_domain_valid(struct span domain);

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
 * route_table_host() - The virtual host that a request's host belongs to
 * @t: compiled table
 * @host: host, with its port if that is to be compared; any case; no dot at the end of
 *	its name
 *
 * Return: borrowed from @t, or NULL.
 */
const struct virtual_host *route_table_host(const struct route_table *t,
					    struct span host);

/**
 * route_table_match() - The route that serves a request
 * @t: compiled table
 * @req: request
 * @vhost: out: the virtual host that has it, or NULL
 * @route: out: the first route that matches, in the virtual host's order, or NULL;
 *	borrowed from @t
 *
 * Return: false if @req->left was used up first. Then it is to be called again, with
 * the same table and request, and the search as it was left: it goes on there. A call
 * with a fresh budget does something of it, however little may be spent. Only if a head is
 * longer than ROUTE_HEAD_INLINE does a call spend more than 100,000 beyond what it may.
 */
bool route_table_match(const struct route_table *t, struct route_request *req,
		       const struct virtual_host **vhost,
		       const struct route **route);

/**
 * route_pick_cluster() - The cluster of a ROUTE_CLUSTER or ROUTE_WEIGHTED_CLUSTERS
 * @r: route
 * @random: 32 random bits
 *
 * Return: one of the route's; never NULL for these two actions.
 */
const struct weighted_cluster *route_pick_cluster(const struct route *r,
						  u32 random);

#endif
