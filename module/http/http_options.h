/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http_options: what a listener's HTTP connections may do, and what is done to
 * their requests. Names and meanings are those of Envoy's HttpConnectionManager,
 * where it has them.
 *
 * A part of the immutable listener. A connection has a copy, which is that of the
 * moment at which its latest request was understood.
 */
#ifndef L7MESH_HTTP_OPTIONS_H
#define L7MESH_HTTP_OPTIONS_H

#include <linux/l7mesh.h>
#include <linux/types.h>
#include "http/path.h"

struct http_options {
	u64 max_body_bytes;		/* of a request; 0: any number */
	u32 headers_timeout;		/* ms, of a head that has begun */
	u32 request_timeout;		/* ms, of a whole request; 0: none */
	u32 idle_timeout;		/* ms, between requests */
	u32 stream_idle_timeout;	/* ms, in which not a byte moves; 0: none */
	u32 max_connection_duration;	/* ms; 0: none */
	u32 max_requests_per_connection; /* 0: any number */
	u32 max_connections_per_source;	/* at one time; 0: any number */
	u32 max_requests_per_source;	/* the same */
	u32 max_header_bytes;		/* with the request line */
	u32 max_headers;
	u32 max_uri_bytes;
	u32 buffer_limit;		/* bytes a socket, each way; 0: TCP's own */
	u32 trusted_hops;
	struct path_rules path;
	u8 expect_continue;		/* enum l7mesh_expect_continue */
	u8 upgrade;			/* enum l7mesh_upgrade */
	u8 connect;			/* enum l7mesh_connect */
	u8 host_port;			/* enum l7mesh_host_port */
	bool x_request_id;		/* of these, which are added */
	bool x_forwarded_for;
	bool x_forwarded_proto;
	bool x_forwarded_host;
	bool forwarded;
	bool via;
	bool traceparent;
	bool abort_on_close;		/* a FIN ends the request that is under way */
};

extern const struct http_options http_options_default;

bool http_options_equal(const struct http_options *a,
			const struct http_options *b);

#endif
