// SPDX-License-Identifier: GPL-2.0
#include "stream/reply.h"

#include <linux/kernel.h>
#include <linux/time.h>
#include <linux/timekeeping.h>

#include "http1/head.h"

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

static u32 location_len(const struct location *l)
{
	u32 i, len = 0;

	for (i = 0; i < l->n; i++)
		len += l->pieces[i].len;
	return len;
}

static int add_location(const struct location *l, struct edit *e)
{
	u32 i, len = location_len(l);
	char *text = edit_text(e, len), *at = text;

	if (!text)
		return -ENOMEM;
	for (i = 0; i < l->n; i++)
		at = span_copy(at, l->pieces[i]);
	edit_add(e, SPAN("location"), (struct span){ text, len });
	return 0;
}

#define DATE_LEN	29

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
static int add_date(struct edit *e)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char *text = edit_text(e, DATE_LEN + 1);
	struct tm tm;
	u32 len;

	if (!text)
		return -ENOMEM;
	time64_to_tm(ktime_get_real_seconds(), 0, &tm);
	len = scnprintf(text, DATE_LEN + 1, "%.3s, %02d %.3s %04ld %02d:%02d:%02d GMT",
			days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
			tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	edit_add(e, SPAN("date"), (struct span){ text, len });
	return 0;
}

static int add_list(const struct field_list *l, struct edit *e)
{
	u32 i;

	if (edit_reserve(e, l->n))
		return -ENOMEM;
	for (i = 0; i < l->n; i++)
		edit_add(e, l->fields[i].name, l->fields[i].value);
	return 0;
}

static int add_fields(const struct reply *r, struct edit *e)
{
	int err = add_date(e);

	if (!err && r->location)
		err = add_location(r->location, e);
	if (!err && r->fields)
		err = add_list(r->fields, e);
	if (!err)
		err = edit_reserve(e, 1);
	if (!err && !bodiless(r->status))
		edit_add(e, SPAN("content-type"), SPAN("text/plain"));
	return err;
}

static int write_whole(const struct reply *r, const struct edit *e,
		       struct out *out)
{
	struct head_reply reply = {
		.status = r->status,
		.reason = reason_phrase(r->status),
		.connection = r->connection,
	};
	u32 reason_len = strlen(reply.reason);
	struct span body = r->body.p ? r->body :
			   (struct span){ reply.reason, reason_len };

	if (!bodiless(r->status)) {
		reply.framing = BODY_LENGTH;
		reply.content_length = body.len + !r->body.p;
		reply.line = !r->body.p && !r->head_request;
		if (!r->head_request)
			reply.body = body;
	}
	return head_write_reply(e, &reply, e->gfp, out);
}

static int make(const struct reply *r, reply_editor edit, void *who, gfp_t gfp,
		struct out *out)
{
	struct edit e;
	int err;

	edit_init(&e, &message_none, gfp);
	err = add_fields(r, &e);
	if (!err && edit)
		err = edit(who, r->status, &e);
	if (!err)
		err = write_whole(r, &e, out);
	edit_free(&e);
	return err;
}

int reply_make(struct reply *r, reply_editor edit, void *who, gfp_t gfp,
	       struct out *out)
{
	int err = make(r, edit, who, gfp, out);

	if (err != -EMSGSIZE)
		return err;
	*r = (struct reply){
		.status = 500,
		.connection = r->connection,
		.head_request = r->head_request,
		.bare = true,
	};
	return make(r, NULL, NULL, gfp, out);
}
