// SPDX-License-Identifier: GPL-2.0
#include "reply.h"

#include <linux/kernel.h>

static const struct {
	u16 status;
	const char *reason;
} reasons[] = {
	/* RFC 9110 15, RFC 6585 */
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 204, "No Content" },
	{ 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" },
	{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 410, "Gone" },
	{ 414, "URI Too Long" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
};

static const char *reason_phrase(u16 status)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}

/* A response that must not have a body (RFC 9110 15.3.5, 15.4.5). */
static bool bodiless(u16 status)
{
	return status == 204 || status == 304;
}

#define REPLY_HEAD_MAX	512

static int write_location(const struct reply *r, char *at, size_t size)
{
	if (!r->location.len && !r->location_path.len)
		return 0;
	return scnprintf(at, size, "location: %s%.*s%.*s%s%.*s\r\n",
			 r->location.len ? "http://" : "",
			 r->location.len, r->location.p ?: "",
			 r->location_path.len, r->location_path.p ?: "",
			 r->location_query.len ? "?" : "",
			 r->location_query.len, r->location_query.p ?: "");
}

int reply_write(const struct reply *r, struct out *out)
{
	const char *reason = reason_phrase(r->status);
	size_t size = REPLY_HEAD_MAX + r->body.len + r->location.len +
		      r->location_path.len + r->location_query.len;
	u32 body_len = r->body.p ? r->body.len : strlen(reason) + 1;
	char *text = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	u32 n;

	if (!text)
		return -ENOMEM;
	n = scnprintf(text, size, "HTTP/1.1 %u %s\r\n", r->status, reason);
	n += write_location(r, text + n, size - n);
	if (r->connection)
		n += scnprintf(text + n, size - n, "connection: %s\r\n",
			       r->connection);
	if (bodiless(r->status)) {
		n += scnprintf(text + n, size - n, "\r\n");
	} else {
		n += scnprintf(text + n, size - n,
			       "content-type: text/plain\r\n"
			       "content-length: %u\r\n\r\n", body_len);
		if (r->head_request)
			goto done;
		if (r->body.p) {
			memcpy(text + n, r->body.p, r->body.len);
			n += r->body.len;
		} else {
			n += scnprintf(text + n, size - n, "%s\n", reason);
		}
	}
done:
	out_take(out, text, n);
	return 0;
}
