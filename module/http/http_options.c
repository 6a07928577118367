// SPDX-License-Identifier: GPL-2.0
#include "http/http_options.h"

#include <linux/string.h>

#include "http1/http1.h"

const struct http_options http_options_default = {
	.headers_timeout = 10000,
	.idle_timeout = 300000,
	.stream_idle_timeout = 300000,
	.max_header_bytes = HTTP1_HEAD_MAX,
	.max_headers = HTTP1_FIELDS_MAX,
	.max_uri_bytes = HTTP1_TARGET_MAX,
	.upgrade = L7MESH_UPGRADE_WEBSOCKET,
	.x_request_id = true,
	.x_forwarded_for = true,
	.x_forwarded_proto = true,
};

/* With its padding: if that were not equal somebody would make an object anew. */
bool http_options_equal(const struct http_options *a,
			const struct http_options *b)
{
	return !memcmp(a, b, sizeof(*a));
}
