/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dns: the name whose addresses a cluster's endpoints are.
 *
 * Only kept here, so that a configuration is whole: "meshctl resolve" asks, and adds
 * and removes endpoints.
 */
#ifndef L7MESH_DNS_H
#define L7MESH_DNS_H

#include "lib/span.h"

struct dns {
	struct span name;		/* length 0: none */
	u32 refresh;			/* ms: no sooner is it asked for again */
	u16 port;			/* host order */
	u8 family;			/* enum l7mesh_dns_family */
	bool logical;			/* one address of the answer */
};

static inline bool dns_equal(const struct dns *a, const struct dns *b)
{
	return span_eq(a->name, b->name) && a->refresh == b->refresh &&
	       a->port == b->port && a->family == b->family &&
	       a->logical == b->logical;
}

#endif
