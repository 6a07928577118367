// SPDX-License-Identifier: GPL-2.0
#include "stream/reply.h"

#include <linux/kernel.h>
#include <linux/time.h>
#include <linux/timekeeping.h>

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
	{ 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 429, "Too Many Requests" },
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

static u32 location_len(const struct location *l)
{
	u32 i, len = 0;

	for (i = 0; l && i < l->n; i++)
		len += l->pieces[i].len;
	return len;
}

static int write_location(const struct location *l, char *at)
{
	char *text = at;
	u32 i;

	if (!l)
		return 0;
	text += sprintf(text, "location: ");
	for (i = 0; i < l->n; i++) {
		memcpy(text, l->pieces[i].p, l->pieces[i].len);
		text += l->pieces[i].len;
	}
	text += sprintf(text, "\r\n");
	return text - at;
}

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
static int write_date(char *at, size_t size)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	time64_to_tm(ktime_get_real_seconds(), 0, &tm);
	return scnprintf(at, size,
			 "date: %.3s, %02d %.3s %04ld %02d:%02d:%02d GMT\r\n",
			 days + 3 * tm.tm_wday, tm.tm_mday,
			 months + 3 * tm.tm_mon, tm.tm_year + 1900,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int reply_write(const struct reply *r, gfp_t gfp, struct out *out)
{
	const char *reason = reason_phrase(r->status);
	size_t size = REPLY_HEAD_MAX + REPLY_FIELDS_MAX + r->body.len + location_len(r->location);
	u32 body_len = r->body.p ? r->body.len : strlen(reason) + 1;
	char *text = out_alloc(size, gfp);
	u32 n;

	if (!text)
		return -ENOMEM;
	n = scnprintf(text, size, "HTTP/1.1 %u %s\r\n", r->status, reason);
	n += write_date(text + n, size - n);
	n += write_location(r->location, text + n);
	if (r->fields)
		n += scnprintf(text + n, size - n, "%s", r->fields);
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
	out_take(out, text, size, n);
	return 0;
}
