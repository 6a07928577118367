/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash_policy: what of a request says which endpoint it belongs to.
 *
 * Envoy's RouteAction.HashPolicy (HashPolicyImpl::generateHash()), but that a policy is
 * terminal unless it says otherwise: the first that yields a value is used. Values are
 * hashed by XXH64, seed 0: a header's value, or all of them, sorted; an address as text,
 * a cookie's value, a query parameter's, the path; of datagrams what hash_policy_flow() says.
 * Any context.
 */
#ifndef L7MESH_HASH_POLICY_H
#define L7MESH_HASH_POLICY_H

#include <linux/types.h>
#include "lib/span.h"

enum hash_policy_kind {
	HASH_POLICY_HEADER,
	HASH_POLICY_SOURCE_ADDRESS,
	HASH_POLICY_COOKIE,
	HASH_POLICY_QUERY,
	HASH_POLICY_PATH,
	HASH_POLICY_FIVE_TUPLE,
};

struct address;
struct packer;
struct pick;

struct hash_policy {
	u8 kind;			/* enum hash_policy_kind */
	bool combine;			/* not terminal: later ones have their say, too */
	bool has_ttl;			/* a client without the cookie is given one ... */
	u32 ttl;			/* ... for so many seconds; 0: for its session */
	struct span name;		/* of header, cookie, parameter */
	struct span cookie_path;
};

/* Those of a cluster, or of a route. */
struct hash_policies {
	const struct hash_policy *list;	/* in their order */
	u32 n;
};

/**
 * hash_policies_ask() - Ask the next policy for the hash of a request
 * @policies: policies
 * @pick: request, zeroed but for what it depends on; out: whether and how it hashes, as
 *	far as policies were asked, and the cookie that its client is to be given
 *
 * A policy takes as long as the head is.
 *
 * Return: whether there is another one to be asked.
 */
bool hash_policies_ask(const struct hash_policies *policies, struct pick *pick);

/**
 * hash_policy_cost() - What it costs to ask a policy
 * @hp: policy
 * @pick: request, with a head
 *
 * Return: about instructions, as in budget.h: what could be in the head of any request
 * as long, if this one has it.
 */
u32 hash_policy_cost(const struct hash_policy *hp, const struct pick *pick);

/* The same for any one of them, whatever it is and whatever is in the head. */
u32 hash_policy_most(const struct pick *pick);

/* What hash_policy_find_cookie() costs. */
u32 hash_policy_cookie_cost(const struct pick *pick);

bool hash_policy_equal(const struct hash_policy *a,
		       const struct hash_policy *b);
bool hash_policies_equal(const struct hash_policies *a,
			 const struct hash_policies *b);

/**
 * hash_policy_flow() - The hash of a flow of datagrams
 * @from: its sender
 * @to: the listener's address and port
 *
 * Of the text "10.2.0.10:4711 10.96.0.1:53"; IPv6 as in address_text().
 */
u64 hash_policy_flow(const struct address *from, const struct address *to);

/* See pack.h. */
void hash_policies_pack(struct packer *p, struct hash_policies *policies);

/* The value of a request's cookie, in its head; false if it has none of the name. */
bool hash_policy_find_cookie(const struct pick *pick, struct span name,
			     struct span *value);

#define COOKIE_VALUE_LEN	16

/* A cookie's value as text; without NUL. */
void hash_policy_cookie_text(u64 value, char text[COOKIE_VALUE_LEN]);

#endif
