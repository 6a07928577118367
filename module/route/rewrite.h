/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rewrite: the URL that a route makes of a request's: Envoy's RedirectAction. Its path
 * is path_rewrite.h's. Any context.
 */
#ifndef L7MESH_REWRITE_H
#define L7MESH_REWRITE_H

#include "lib/address.h"
#include "route/route.h"

struct http_options;

#define LOCATION_PIECES	8

/* What a redirect says, in pieces. */
struct location {
	struct span pieces[LOCATION_PIECES];
	u32 n;
	char port[8];
	char host[ADDRESS_HOST_MAX + 2];
};

/**
 * rewrite_location() - Where a route with a redirect sends a request
 * @l: out; points to itself, the route and the request
 * @r: route
 * @req: request
 * @original: what the client connected to
 * @o: the listener's options
 *
 * Always a URL: a path that begins with "//" would lead to another host (RFC 3986
 * 4.2). What the route does not give of it is the request's: the scheme is http, or
 * what trusted proxies say that it was; the host is Host's. The port is the one of the
 * configuration; else, if the scheme is given, that scheme's; else, if the host is the
 * request's, what Host says (Envoy); else the listener's (Gateway API,
 * HTTPRequestRedirectFilter, port). It is left out where it is the scheme's own.
 */
void rewrite_location(struct location *l, const struct route *r,
		      const struct route_request *req,
		      const struct address *original,
		      const struct http_options *o);

#endif
