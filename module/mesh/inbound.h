/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inbound: whether what comes to a workload from outside of its namespace may be, for TCP
 * connections and for HTTP requests alike: who it is from, what its guard says, and what is
 * counted.
 *
 * A client is known by the address that the connection is from: which workload has it is
 * the configuration's word. Kernel knowledge of who that is ends where packets begin.
 */
#ifndef L7MESH_INBOUND_H
#define L7MESH_INBOUND_H

#include <linux/types.h>
#include "authz/guard.h"

struct authz_table;
struct mesh;
struct message;
struct net;

/* Does a program of a namespace have this connection? client_has_program(). */
typedef bool (inbound_has_program)(struct net *net, const struct address *from,
				   const struct address *to);

/* Has a namespace this address itself? Any context but hard interrupts. */
bool inbound_is_here(struct net *net, const struct address *a);

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
 * inbound_allows() - May this be?
 * @m: mesh, which counts it
 * @t: its table
 * @g: the workload's guard, of @t
 * @req: ->peer, ->client, ->to and what is known of HTTP and TLS; ->source becomes who is
 *	known to be at ->peer; ->cost grows
 * @has_program: as for inbound_exempt()
 *
 * Any context but hard interrupts. Who refuses counts that, but for policies and workloads.
 */
bool inbound_allows(struct mesh *m, const struct authz_table *t, const struct guard *g,
		    struct authz_request *req, inbound_has_program *has_program);

/**
 * inbound_denies() - Does the guard deny it, whoever it is from?
 * @d: out: what it decided
 *
 * As inbound_allows(), but for what inbound_exempt() lets pass; and that a policy refused
 * it is for the caller to count: guard_count_refused(). Takes no lock and no reference, not
 * even of what frees when it is given back: for ftrace callbacks.
 */
bool inbound_denies(struct mesh *m, const struct authz_table *t, const struct guard *g,
		    struct authz_request *req, struct guard_decision *d);

/**
 * inbound_cuts() - Is a connection to end that is there?
 *
 * As inbound_allows(), but nothing is counted except for what is exempt.
 *
 * Return: the policy that ends it, of @g; or NULL.
 */
const struct authorization *inbound_cuts(struct mesh *m, const struct authz_table *t,
					 const struct guard *g, struct authz_request *req,
					 inbound_has_program *has_program);

/**
 * inbound_exempt() - Does what is denied pass, as the node itself sends it?
 * @m: mesh
 * @g: the workload's guard
 * @peer: from where, with its port
 * @to: to where
 * @has_program: client_has_program(), as sockets are seen above
 *
 * The node is the namespace that owns the mesh: a program there has a socket with just these
 * addresses. What the node only forwards has none, whatever address it puts there; nor have
 * what the mesh connects for others, or a connection to a Service that is translated on its
 * way.
 *
 * Any context but hard interrupts. Counts what is exempt.
 */
bool inbound_exempt(struct mesh *m, const struct guard *g, const struct address *peer,
		    const struct address *to, inbound_has_program *has_program);

#endif
