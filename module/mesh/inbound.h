/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inbound: whether what comes to a workload from outside of its namespace may be, for TCP
 * connections and for HTTP requests alike: who it is from, what its guard says, and what is
 * counted.
 *
 * A client is known by the address that its connection is from: which workload has it is
 * the configuration's word. Of a workload that has a namespace on this node the kernel
 * knows more: it only proves to be it if that namespace is attached, and has the client's
 * socket.
 */
#ifndef L7MESH_INBOUND_H
#define L7MESH_INBOUND_H

#include <linux/l7mesh.h>
#include <linux/types.h>
#include "authz/guard.h"

struct authz_table;
struct client_end;
struct mesh;
struct message;
struct net;

/* What is seen of sockets by who may: client_has_program(), client_is_in(). */
struct inbound_sight {
	bool (*has_program)(struct net *net, const struct address *from,
			    const struct address *to);
	bool (*is_in)(struct net *net, struct net *node, const struct client_end *end);
};

/* Context: module init. @sight: constant. */
void inbound_sees_by(const struct inbound_sight *sight);

/**
 * inbound_guard() - What guards a port of a namespace
 * @t: the mesh's table, or NULL
 * @netns: its cookie
 * @port: port
 *
 * Return: a guard of @t; NULL: nobody asks.
 */
const struct guard *inbound_guard(const struct authz_table *t, u64 netns, __be16 port);

/**
 * inbound_path() - A request's path, as policies see it
 * @m: understood, and its path normalised by path_rules_strict()
 * @gfp: how to allocate, if something is escaped
 * @memory: out: to be freed with kfree()
 *
 * Return: the path; ->p NULL: no memory.
 */
struct span inbound_path(const struct message *m, gfp_t gfp, char **memory);

/**
 * inbound_source() - Who is it from, as its address has it?
 * @t: the mesh's table
 * @req: ->peer; out: ->source, ->source_kind
 *
 * Takes no lock and no reference.
 */
void inbound_source(const struct authz_table *t, struct authz_request *req);

/* Is more to be asked for than its address? Nobody looks who it is if no policy asks. */
static inline bool inbound_wants_proof(const struct guard *g,
				       const struct authz_request *req)
{
	return req->source_kind == L7MESH_IDENTITY_KIND_KERNEL && g->npolicies;
}

/**
 * inbound_prove() - Is it really from who it is said to be?
 * @m: mesh, which counts if not
 * @req: after inbound_source(); out: ->source_kind is none, if not
 * @end: what is known of the client's end
 * @proven: in, out: cookie of a namespace of which that is known of this connection; 0:
 *	of none
 *
 * Any context but hard interrupts.
 */
void inbound_prove(struct mesh *m, struct authz_request *req,
		   const struct client_end *end, u64 *proven);

/**
 * inbound_denies() - Does the guard deny it?
 * @m: mesh, which counts it
 * @g: the workload's guard
 * @req: ->peer, ->client, ->to, ->source and what is known of HTTP and TLS; ->cost grows
 * @d: out: what it decided
 *
 * Who refuses counts that, with guard_count_refused(). Takes no lock and no reference, not
 * even of what frees when it is given back: for ftrace callbacks.
 */
bool inbound_denies(struct mesh *m, const struct guard *g, struct authz_request *req,
		    struct guard_decision *d);

/* The same, the other way round; and only if it is allowed is anything counted. */
bool inbound_would_allow(struct mesh *m, const struct guard *g, struct authz_request *req);

/**
 * inbound_cuts() - Is a connection to end that is there?
 * @m: mesh
 * @t: its table
 * @g: the workload's guard, of @t
 * @req: ->peer, ->client, ->to; its source is who has that address
 *
 * Nothing is counted except for what is exempt. Any context but hard interrupts.
 *
 * Return: the policy that ends it, of @g; or NULL.
 */
const struct authorization *inbound_cuts(struct mesh *m, const struct authz_table *t,
					 const struct guard *g, struct authz_request *req);

/**
 * inbound_exempt() - Does what is denied pass, as the node itself sends it?
 * @m: mesh
 * @g: the workload's guard
 * @peer: from where, with its port
 * @to: to where
 *
 * The node is the namespace that owns the mesh: a program there has a socket with just these
 * addresses. What the node only forwards has none, whatever address it puts there; nor have
 * what the mesh connects for others, or a connection to a Service that is translated on its
 * way.
 *
 * Any context but hard interrupts. Counts what is exempt.
 */
bool inbound_exempt(struct mesh *m, const struct guard *g, const struct address *peer,
		    const struct address *to);

#endif
