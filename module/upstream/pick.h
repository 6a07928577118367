/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pick: one choice of an endpoint: what it may depend on, and what comes of it.
 *
 * On the stack of whoever asks cluster_pick().
 */
#ifndef L7MESH_PICK_H
#define L7MESH_PICK_H

#include "http/message.h"
#include "lib/address.h"

struct endpoint;
struct hash_policies;
struct hash_policy;

struct pick {
	struct address source;		/* the client; port ignored */
	const struct message *message;	/* the request; NULL for L4 */
	struct span subset;		/* of the cluster; empty: all endpoints */
	const struct hash_policies *policies;	/* the route's; NULL, or none: the cluster's */
	/* endpoints that were tried, so that others are better; @navoid may be 0 */
	struct endpoint *const *avoid;
	u32 navoid;
	bool peek;			/* only to see: no turn is taken */
	bool has_flow;			/* it is of datagrams, from these addresses and ports ... */
	u64 flow;			/* ... to those: their hash */
	bool unobserved;		/* nobody tells the endpoint's detectors how it ends */
	u8 asked;			/* so many hash policies were, see hash_policies_ask() */
	bool hashed;			/* out: by which hash it was picked, if by one */
	u64 hash;
	const struct hash_policy *cookie;	/* out: to be given, or NULL ... */
	u64 cookie_value;		/* ... and its value, as hexadecimal text */
};

#endif
