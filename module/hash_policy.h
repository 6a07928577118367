/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash_policy: what of a request says which endpoint it belongs to.
 *
 * Envoy's RouteAction.HashPolicy, of which here the first that yields a value is
 * used. Values are hashed by XXH64, seed 0: a header's value, an address as text, a
 * cookie's value, a query parameter's, the path. Any context.
 */
#ifndef L7MESH_HASH_POLICY_H
#define L7MESH_HASH_POLICY_H

#include "address.h"
#include "http1.h"
#include "span.h"

enum hash_policy_kind {
	HASH_POLICY_HEADER,
	HASH_POLICY_SOURCE_ADDRESS,
	HASH_POLICY_COOKIE,
	HASH_POLICY_QUERY,
	HASH_POLICY_PATH,
};

struct endpoint;

struct hash_policy {
	u8 kind;			/* enum hash_policy_kind */
	bool has_ttl;			/* a client without the cookie is given one ... */
	u32 ttl;			/* ... for so many seconds; 0: for its session */
	struct span name;		/* of header, cookie, parameter */
	struct span cookie_path;
};

/* What a pick may depend on, and what comes of it. */
struct pick {
	struct address source;		/* the client; port ignored */
	const struct http1_parser *parser;	/* NULL for L4 */
	const char *head;
	/* endpoints that were tried, so that others are better; @navoid may be 0 */
	struct endpoint *const *avoid;
	u32 navoid;
	bool peek;			/* only to see: no turn is taken */
	bool hashed;			/* out: by which hash it was picked, if by one */
	u64 hash;
	const struct hash_policy *cookie;	/* out: to be given, or NULL ... */
	u64 cookie_value;		/* ... and its value, as hexadecimal text */
};

/**
 * hash_policy_value() - The hash of a request
 * @policies: in their order
 * @n: how many
 * @pick: request; out: the cookie that its client is to be given
 * @hash: out
 *
 * Return: true if a policy yields a value.
 */
bool hash_policy_value(const struct hash_policy *policies, u32 n,
		       struct pick *pick, u64 *hash);

#define COOKIE_VALUE_LEN	16

/* A cookie's value as text; without NUL. */
void hash_policy_cookie_text(u64 value, char text[COOKIE_VALUE_LEN]);

bool hash_policy_equal(const struct hash_policy *a, const struct hash_policy *b);

#endif
