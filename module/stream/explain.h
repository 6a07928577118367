/* SPDX-License-Identifier: GPL-2.0 */
/*
 * explain: what would become of a request, or of a connection on which there is none,
 * without sending anything.
 *
 * Made of the pieces that serve them (routing.h, route.h, cluster_pick(), the
 * writers of heads), in the stream's order. Nothing is counted, no token and no
 * turn is taken; what is decided by lot is drawn anew each time.
 *
 * Context: process. An explanation borrows from the snapshot, and owns the heads.
 */
#ifndef L7MESH_EXPLAIN_H
#define L7MESH_EXPLAIN_H

#include "authz/guard.h"
#include "lib/address.h"
#include "lib/out_buffer.h"
#include "mesh/snapshot.h"
#include "stream/routing.h"

struct hello;

/*
 * Who asks whom for what: by the head of a request, by a hello, where the listener tells
 * TLS from other bytes, or else by bytes that nobody reads.
 */
struct question {
	struct listener_slot slot;
	struct address original;	/* what the client connects to */
	struct address source;		/* the client */
	bool source_unsaid;		/* it is not known by that: any program of ... */
	u64 netns;			/* ... its namespace, by its cookie */
	struct span head;		/* ->p NULL: none */
	const struct hello *hello;	/* NULL: none */
};

/* Of the workload that it leads to, which has a guard; or all is NULL. */
struct explained_authz {
	const struct workload *workload, *source;
	struct guard_decision decision;
	bool request;			/* it is of the request; else of a connection */
};

struct explanation {
	const struct question *question;
	struct address client;		/* the one that trusted proxies name, if any */
	struct message *head;		/* as it was understood; or NULL */
	struct route_request request;
	const struct route_table *table;	/* that it is routed by; or NULL */
	const struct virtual_host *vhost;
	const struct route *route;
	const struct weighted_cluster *chosen;	/* of the route; or NULL */
	u32 position;			/* of the route, in the order of trial */
	struct routing_refusal own;	/* the mesh answers: why, with what status, if it
					 * is a request
					 */
	struct policy_edits edits;	/* what policies want of the response */
	u32 policies;			/* bits, enum l7mesh_explain_policy */
	const struct cluster *cluster;
	const struct endpoint *ep;
	bool hashed;
	u64 hash;
	struct explained_authz authz;
	struct out forwarded;		/* the head that the endpoint gets, ... */
	struct out reply;		/* ... or what the client gets from the mesh */
};

/**
 * explain() - Say what would become of a request
 * @e: out: to be released with explain_release(), even if this fails
 * @s: snapshot, held as long as @e
 * @q: what is asked, as long as @e
 *
 * Return: 0; -EINVAL: the head has no end, or more bytes behind it; -ENOMEM.
 */
int explain(struct explanation *e, const struct snapshot *s,
	    const struct question *q);

void explain_release(struct explanation *e);

/*
 * explain_authz.c, for explain(): ->authz, where the listener, or the endpoint, is a
 * workload's own address. 0 or -ENOMEM.
 */
int explain_authz_listener(struct explanation *e, const struct snapshot *s);
int explain_authz_endpoint(struct explanation *e, const struct snapshot *s);

/**
 * explain_mismatch() - Why a route was not the one
 * @e: explanation that has a virtual host
 * @position: in the order of trial, below the position of the one that matched (or
 *	the number of routes)
 * @index: out: the route's index
 */
struct route_mismatch explain_mismatch(struct explanation *e, u32 position,
				       u32 *index);

#endif
