/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* http_options: see http/http_options.h, which is to be included. */
#ifndef L7MESH_GENERATED_HTTP_OPTIONS_H
#define L7MESH_GENERATED_HTTP_OPTIONS_H

#include <linux/l7mesh.h>
#include <linux/types.h>
#include "http/path.h"

struct http_options {
	u64 max_body_bytes;	/* of a request; 0: any */
	/* ms, for a request, head and body, once begun; 0: any */
	u32 request_timeout;
	u32 idle_timeout;	/* ms, between requests */
	u32 headers_timeout;	/* ms, for a request's head, once begun */
	u32 stream_idle_timeout;	/* ms, of a stalled body or tunnel; 0: any */
	/* ms, after which a connection takes no more requests; 0: any */
	u32 max_connection_duration;
	u32 max_requests_per_connection;	/* 0: any */
	u32 max_header_bytes;	/* of a request's head, with the request line */
	u32 max_headers;	/* of a request */
	u32 max_uri_bytes;	/* of a request's target */
	/*
	 * bytes that each socket of a connection may buffer, each way; 0: what TCP
	 * thinks best
	 */
	u32 buffer_limit;
	/*
	 * how many proxies before this one are believed: with N > 0 the client is the
	 * Nth of x-forwarded-for from its end
	 */
	u32 trusted_hops;
	u32 max_connections_per_source;	/* of an address, at one time; 0: any */
	u32 max_requests_per_source;	/* the same */
	/*
	 * ms, auto: within which a client says what it speaks, before the server is to
	 */
	u32 detect_timeout;
	struct path_rules path;
	u8 expect_continue;	/* enum l7mesh_expect_continue */
	u8 upgrade;	/* enum l7mesh_upgrade */
	u8 connect;	/* enum l7mesh_connect */
	u8 host_port;	/* enum l7mesh_host_port */
	u8 headers_with_underscores;	/* enum l7mesh_headers_with_underscores */
	u8 source;	/* enum l7mesh_source */
	bool x_request_id;	/* added to a request if absent */
	bool x_forwarded_for;	/* the client's address is appended to it */
	bool x_forwarded_proto;	/* added if absent */
	bool x_forwarded_host;	/* added if absent */
	bool forwarded;	/* appended to it, RFC 7239 */
	bool via;	/* appended to it, RFC 9110 7.6.3 */
	bool traceparent;	/* added if absent or malformed, W3C Trace Context */
	/* a client that shuts down its half is taken for one that closes */
	bool abort_on_close;
	bool packets;	/* connections that arrive as packets are taken as well */
	/* connections from TRUSTED_SOURCES begin with a PROXY header */
	bool proxy_protocol;
	/*
	 * only where packets arrive at a namespace that has the address itself; with
	 * PACKETS
	 */
	bool inbound;
};

#define HTTP_OPTIONS_DEFAULT { \
	.idle_timeout = 300000, \
	.headers_timeout = 10000, \
	.stream_idle_timeout = 300000, \
	.max_header_bytes = L7MESH_HEADER_BYTES_MAX, \
	.max_headers = L7MESH_HEADERS_MAX, \
	.max_uri_bytes = L7MESH_URI_BYTES_MAX, \
	.upgrade = L7MESH_UPGRADE_WEBSOCKET, \
	.x_request_id = true, \
	.x_forwarded_for = true, \
	.x_forwarded_proto = true, \
	.detect_timeout = 1000, \
}

static inline bool http_options_equal(const struct http_options *a,
				      const struct http_options *b)
{
	return a->request_timeout == b->request_timeout &&
	       a->idle_timeout == b->idle_timeout &&
	       a->headers_timeout == b->headers_timeout &&
	       a->stream_idle_timeout == b->stream_idle_timeout &&
	       a->max_connection_duration == b->max_connection_duration &&
	       a->max_requests_per_connection == b->max_requests_per_connection &&
	       a->max_header_bytes == b->max_header_bytes &&
	       a->max_headers == b->max_headers &&
	       a->max_uri_bytes == b->max_uri_bytes &&
	       a->max_body_bytes == b->max_body_bytes &&
	       a->buffer_limit == b->buffer_limit &&
	       a->path.normalize == b->path.normalize &&
	       a->path.merge_slashes == b->path.merge_slashes &&
	       a->path.escaped_slashes == b->path.escaped_slashes &&
	       a->expect_continue == b->expect_continue &&
	       a->upgrade == b->upgrade &&
	       a->connect == b->connect &&
	       a->x_request_id == b->x_request_id &&
	       a->x_forwarded_for == b->x_forwarded_for &&
	       a->x_forwarded_proto == b->x_forwarded_proto &&
	       a->x_forwarded_host == b->x_forwarded_host &&
	       a->forwarded == b->forwarded &&
	       a->via == b->via &&
	       a->traceparent == b->traceparent &&
	       a->trusted_hops == b->trusted_hops &&
	       a->max_connections_per_source == b->max_connections_per_source &&
	       a->max_requests_per_source == b->max_requests_per_source &&
	       a->host_port == b->host_port &&
	       a->abort_on_close == b->abort_on_close &&
	       a->headers_with_underscores == b->headers_with_underscores &&
	       a->packets == b->packets &&
	       a->source == b->source &&
	       a->proxy_protocol == b->proxy_protocol &&
	       a->detect_timeout == b->detect_timeout &&
	       a->inbound == b->inbound;
}

#endif
