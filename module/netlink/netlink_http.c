// SPDX-License-Identifier: GPL-2.0
/* The HTTP options of a listener, both ways. */
#include "mesh/snapshot.h"
#include "netlink/netlink.h"
#include "netlink/netlink_option.h"

#define OPTION(type, attr, member) \
	NETLINK_OPTION(type, L7MESH_LISTENER_A_##attr, http_options, member)

static const struct netlink_option table[] = {
	OPTION(U32, HEADERS_TIMEOUT, headers_timeout),
	OPTION(U32, REQUEST_TIMEOUT, request_timeout),
	OPTION(U32, IDLE_TIMEOUT, idle_timeout),
	OPTION(U32, STREAM_IDLE_TIMEOUT, stream_idle_timeout),
	OPTION(U32, MAX_CONNECTION_DURATION, max_connection_duration),
	OPTION(U32, MAX_REQUESTS_PER_CONNECTION, max_requests_per_connection),
	OPTION(U32, MAX_CONNECTIONS_PER_SOURCE, max_connections_per_source),
	OPTION(U32, MAX_REQUESTS_PER_SOURCE, max_requests_per_source),
	OPTION(U32, MAX_HEADER_BYTES, max_header_bytes),
	OPTION(U32, MAX_HEADERS, max_headers),
	OPTION(U32, MAX_URI_BYTES, max_uri_bytes),
	OPTION(U64, MAX_BODY_BYTES, max_body_bytes),
	OPTION(U32, BUFFER_LIMIT, buffer_limit),
	OPTION(FLAG, NORMALIZE_PATH, path.normalize),
	OPTION(FLAG, MERGE_SLASHES, path.merge_slashes),
	OPTION(ENUM, ESCAPED_SLASHES, path.escaped_slashes),
	OPTION(ENUM, EXPECT_CONTINUE, expect_continue),
	OPTION(ENUM, UPGRADE, upgrade),
	OPTION(ENUM, CONNECT, connect),
	OPTION(ENUM, HOST_PORT, host_port),
	OPTION(FLAG, X_REQUEST_ID, x_request_id),
	OPTION(FLAG, X_FORWARDED_FOR, x_forwarded_for),
	OPTION(FLAG, X_FORWARDED_PROTO, x_forwarded_proto),
	OPTION(FLAG, X_FORWARDED_HOST, x_forwarded_host),
	OPTION(FLAG, FORWARDED, forwarded),
	OPTION(FLAG, VIA, via),
	OPTION(FLAG, TRACEPARENT, traceparent),
	OPTION(U32, TRUSTED_HOPS, trusted_hops),
	OPTION(FLAG, ABORT_ON_CLOSE, abort_on_close),
};

static const struct netlink_options options = {
	.table = table,
	.n = ARRAY_SIZE(table),
	.pad = L7MESH_LISTENER_A_PAD,
};

static_assert((int)L7MESH_ESCAPED_SLASHES_KEEP == PATH_SLASHES_KEEP);
static_assert((int)L7MESH_ESCAPED_SLASHES_REJECT == PATH_SLASHES_REJECT);
static_assert((int)L7MESH_ESCAPED_SLASHES_DECODE == PATH_SLASHES_DECODE);

void netlink_take_http(struct http_options *o, struct nlattr **tb)
{
	netlink_take_options(&options, o, tb);
}

int netlink_put_http(struct sk_buff *skb, const struct http_options *o)
{
	return netlink_put_options(skb, &options, o);
}
