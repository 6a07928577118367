/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session_affinity: a cookie names the endpoint that serves a client, as long as that
 * one is well; others do not move when endpoints come and go, as those of a hash do.
 *
 * Envoy's stateful session with a cookie, Gateway API's session persistence. The
 * cookie's value is an identity made of the endpoint's address, the same on each node:
 * the address itself is not told to clients. Who sends what names nobody has another.
 */
#ifndef L7MESH_SESSION_AFFINITY_H
#define L7MESH_SESSION_AFFINITY_H

#include "upstream/hash_policy.h"

struct account;
struct address;
struct endpoint;
struct pick;
struct roster;

struct session_affinity {
	struct hash_policy cookie;	/* that is given; name of length 0: no affinity */
};

static inline bool session_affinity_enabled(const struct session_affinity *s)
{
	return s->cookie.name.len;
}

/* An endpoint by its identity; in their order. */
struct session_endpoint {
	u64 id;
	struct endpoint *ep;		/* of the cluster */
};

/* Any context. */
u64 session_affinity_id(const struct address *address);

/**
 * session_affinity_index() - Let the endpoints of a roster be found by identity
 * @account: charged
 * @roster: with its sets; @roster->sessions is from account_new() afterwards
 *
 * Return: 0 or what account_new() says.
 */
int session_affinity_index(struct account *account, struct roster *roster);
void session_affinity_free(struct account *account, struct roster *roster);

/**
 * session_affinity_find() - The endpoint that a request's cookie names
 * @s: affinity
 * @roster: that has an index
 * @pick: the request
 *
 * Any context. Return: borrowed from the cluster, or NULL.
 */
struct endpoint *session_affinity_find(const struct session_affinity *s,
				       const struct roster *roster,
				       const struct pick *pick);

#endif
