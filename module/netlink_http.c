// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_http: see netlink.h. The HTTP options of a listener, both ways.
 */
#include "config.h"
#include "netlink.h"

enum option_type { OPTION_FLAG, OPTION_ENUM, OPTION_U32, OPTION_U64 };

#define OPTION(type, attr, member) \
	{ L7MESH_LISTENER_A_##attr, OPTION_##type, \
	  offsetof(struct http_options, member) }

/* In memory a flag is a bool and an enum a u8; in messages they are u8 and u32. */
static const struct {
	u16 attr;
	u8 type;		/* enum option_type */
	u16 offset;
} options[] = {
	OPTION(U32, HEADERS_TIMEOUT, headers_timeout),
	OPTION(U32, REQUEST_TIMEOUT, request_timeout),
	OPTION(U32, IDLE_TIMEOUT, idle_timeout),
	OPTION(U32, STREAM_IDLE_TIMEOUT, stream_idle_timeout),
	OPTION(U32, MAX_CONNECTION_DURATION, max_connection_duration),
	OPTION(U32, MAX_REQUESTS_PER_CONNECTION, max_requests_per_connection),
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
	OPTION(FLAG, X_REQUEST_ID, x_request_id),
	OPTION(FLAG, X_FORWARDED_FOR, x_forwarded_for),
	OPTION(FLAG, X_FORWARDED_PROTO, x_forwarded_proto),
	OPTION(FLAG, X_FORWARDED_HOST, x_forwarded_host),
	OPTION(FLAG, FORWARDED, forwarded),
	OPTION(FLAG, VIA, via),
	OPTION(FLAG, TRACEPARENT, traceparent),
	OPTION(U32, TRUSTED_HOPS, trusted_hops),
};

static_assert((int)L7MESH_ESCAPED_SLASHES_KEEP == HTTP1_SLASHES_KEEP);
static_assert((int)L7MESH_ESCAPED_SLASHES_REJECT == HTTP1_SLASHES_REJECT);
static_assert((int)L7MESH_ESCAPED_SLASHES_DECODE == HTTP1_SLASHES_DECODE);

void netlink_take_http(struct http_options *o, struct nlattr **tb)
{
	const struct nlattr *nla;
	void *to;
	int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		nla = tb[options[i].attr];
		to = (void *)o + options[i].offset;
		if (!nla)
			continue;
		if (options[i].type == OPTION_U64)
			*(u64 *)to = nla_get_u64(nla);
		else if (options[i].type == OPTION_U32)
			*(u32 *)to = nla_get_u32(nla);
		else if (options[i].type == OPTION_ENUM)
			*(u8 *)to = nla_get_u32(nla);
		else
			*(bool *)to = nla_get_u8(nla);
	}
}

static int put_option(struct sk_buff *skb, u16 attr, u8 type, const void *from)
{
	switch (type) {
	case OPTION_U64:
		return nla_put_u64_64bit(skb, attr, *(const u64 *)from,
					 L7MESH_LISTENER_A_PAD);
	case OPTION_U32:
		return nla_put_u32(skb, attr, *(const u32 *)from);
	case OPTION_ENUM:
		return nla_put_u32(skb, attr, *(const u8 *)from);
	default:
		return nla_put_u8(skb, attr, *(const bool *)from);
	}
}

int netlink_put_http(struct sk_buff *skb, const struct http_options *o)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(options) && !err; i++)
		err = put_option(skb, options[i].attr, options[i].type,
				 (const void *)o + options[i].offset);
	return err;
}
