/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cors: which other origins' scripts may use what a route leads to.
 *
 * As Envoy's filter does it (Fetch standard, 3.2): a preflight of an origin that is
 * allowed is answered here; its other requests are passed on, and their responses
 * say that it may read them, whatever the endpoint said of that. Requests of other
 * origins are passed on as they are: it is the browser that keeps the answer from
 * them. "vary: origin" is added besides, for the sake of caches.
 *
 * Any context.
 */
#ifndef L7MESH_CORS_H
#define L7MESH_CORS_H

#include "http/header_op.h"
#include "lib/span.h"

struct message;

/* Nothing in it contains '%'. */
struct cors {
	const struct span *origins;	/* one '*' stands for any text */
	u32 norigins;			/* 0: there is no policy */
	/* As they stand in the fields, with "*" for any; length 0: none. */
	struct span methods;
	struct span headers;
	struct span expose;
	u32 max_age;			/* s */
	bool has_max_age;
	bool credentials;
};

enum cors_kind {
	CORS_NONE,		/* not allowed, or not asked for */
	CORS_ACTUAL,
	CORS_PREFLIGHT,
};

/* Is this an origin of a policy, with one '*' at most? */
bool cors_origin_valid(struct span origin);

/* What a request is in the eyes of a policy. */
enum cors_kind cors_kind_of(const struct cors *c, const struct message *request);

#define CORS_OPS	6

/* What is said in a response. */
struct cors_answer {
	struct header_op array[CORS_OPS];
	struct header_op_list ops;
	char max_age[12];
};

/**
 * cors_answer() - What to say in the response to a request
 * @c: policy
 * @kind: what cors_kind_of() said, not CORS_NONE
 * @a: out; points to the policy and itself
 */
void cors_answer(const struct cors *c, enum cors_kind kind,
		 struct cors_answer *a);

#endif
