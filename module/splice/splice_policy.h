/* SPDX-License-Identifier: GPL-2.0 */
/*
 * splice_policy: which connections between sockets of this node are spliced.
 *
 * A mesh decides about connections between two namespaces that obey it. That of
 * the node's first namespace, whose administrator may read and change every other
 * namespace anyway, also decides about those of namespaces that obey none. No
 * other mesh does: a packet that another namespace's filters were to see is not
 * for a mesh to hide.
 */
#ifndef L7MESH_SPLICE_POLICY_H
#define L7MESH_SPLICE_POLICY_H

#include <linux/types.h>
#include <uapi/linux/l7mesh.h>

struct mesh;
struct net;
struct sock;

/* The splice object of a configuration. All zero is the default. */
struct splice_policy {
	bool exists;			/* else it has the default's values */
	u8 policy;			/* enum l7mesh_splice_policy */
	bool bypass_shaping;
	u8 nexcept;
	u16 except[L7MESH_SPLICE_EXCEPT_MAX];	/* ports */
};

bool splice_policy_equal(const struct splice_policy *a,
			 const struct splice_policy *b);

/* What a policy looks at. */
struct splice_subject {
	struct net *client, *server;	/* the namespaces, as long as the sockets */
	u16 ports[3];			/* asked for, connected to, listened at */
	bool meshed;			/* a listener took it */
	bool looped;			/* over the loopback device */
};

/**
 * splice_policy_concerns() - Might a connection be spliced at all?
 * @client: socket that has just connected
 *
 * Any context.
 */
bool splice_policy_concerns(const struct sock *client);

/**
 * splice_policy_subject() - What a policy would look at
 * @s: out
 * @client: socket that has connected
 * @server: its peer
 *
 * Any context; both are locked, either way, or cannot be disconnected.
 */
void splice_policy_subject(struct splice_subject *s, struct sock *client,
			   const struct sock *server);

/**
 * splice_policy_mesh() - The mesh that wants a connection spliced
 * @s: connection
 *
 * Context: rcu_read_lock() held.
 *
 * Return: borrowed under RCU; NULL if it is not to be.
 */
struct mesh *splice_policy_mesh(const struct splice_subject *s);

#endif
