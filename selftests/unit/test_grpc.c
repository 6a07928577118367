// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http/grpc.c and grpc_health.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>

#include "http/grpc.h"
#include "http/grpc_health.h"
#include "tap.h"
#include "unit.h"

static struct span span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static void test_content_types(void)
{
	static const struct {
		const char *value;
		bool is;
	} types[] = {
		{ "application/grpc", true }, { "application/grpc+proto", true },
		{ "application/grpc; charset=x", true }, { "Application/GRPC", true },
		{ "application/grpc ;a=b", true }, { "application/grpc-web", false },
		{ "application/grpc-web+proto", false }, { "application/grpcx", false },
		{ "application/grp", false }, { "", false }, { "text/plain", false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		tap_ok(grpc_content_type(span_of(types[i].value)) == types[i].is,
		       "content-type: %s", types[i].value);
}

static void test_paths(void)
{
	static const struct {
		const char *path, *said;
	} paths[] = {
		{ "/a.B/C", "a.B C" }, { "/a/b", "a b" }, { "/a/", "-" }, { "//b", "-" },
		{ "/a", "-" }, { "a/b", "-" }, { "/", "-" }, { "", "-" }, { "/a/b/c", "-" },
	};
	struct span service, method;
	char said[40];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(said, sizeof(said), "-");
		if (grpc_path(span_of(paths[i].path), &service, &method))
			snprintf(said, sizeof(said), "%.*s %.*s", (int)service.len,
				 service.p, (int)method.len, method.p);
		tap_is(said, paths[i].said, "path: %s", paths[i].path);
	}
}

static void test_statuses(void)
{
	static const struct {
		const char *value;
		u8 status;
	} values[] = {
		{ "0", GRPC_OK }, { "14", GRPC_UNAVAILABLE }, { "16", GRPC_UNAUTHENTICATED },
		{ "017", GRPC_UNKNOWN }, { "99", GRPC_UNKNOWN }, { "", GRPC_NO_STATUS },
		{ "-1", GRPC_NO_STATUS }, { "1 ", GRPC_NO_STATUS }, { "x", GRPC_NO_STATUS },
		{ "4294967297", GRPC_NO_STATUS },
	};
	/* Envoy's httpToGrpcStatus() and grpcToHttpStatus(). */
	static const u16 of_http[][2] = {
		{ 400, GRPC_INTERNAL }, { 401, GRPC_UNAUTHENTICATED },
		{ 403, GRPC_PERMISSION_DENIED }, { 404, GRPC_UNIMPLEMENTED },
		{ 429, GRPC_UNAVAILABLE }, { 502, GRPC_UNAVAILABLE },
		{ 503, GRPC_UNAVAILABLE }, { 504, GRPC_UNAVAILABLE }, { 500, GRPC_UNKNOWN },
		{ 408, GRPC_UNKNOWN }, { 302, GRPC_UNKNOWN }, { 200, GRPC_UNKNOWN },
	};
	static const u16 to_http[GRPC_STATUSES] = {
		200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503,
		500, 401,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		tap_ok(grpc_status_parse(span_of(values[i].value)) == values[i].status,
		       "grpc-status: \"%s\"", values[i].value);
	for (i = 0; i < ARRAY_SIZE(of_http); i++)
		tap_ok(grpc_status_of_http(of_http[i][0]) == of_http[i][1], "of HTTP's %u",
		       of_http[i][0]);
	for (i = 0; i < GRPC_STATUSES; i++) {
		tap_ok(grpc_http_of_status(i) == to_http[i], "as HTTP's: %u", i);
		tap_ok(grpc_status_named(grpc_status_name(i)) == i, "by its name: %u", i);
	}
	tap_ok(grpc_status_named(SPAN("Deadline-Exceeded")) == GRPC_DEADLINE_EXCEEDED &&
	       grpc_status_named(SPAN("deadline")) == GRPC_NO_STATUS, "in any case");
}

static void test_timeouts(void)
{
	static const struct {
		const char *value;
		s64 ms;
	} values[] = {
		{ "1S", 1000 }, { "0m", 0 }, { "1n", 1 }, { "1000000n", 1 }, { "1000001n", 2 },
		{ "0u", 0 }, { "999u", 1 }, { "1001u", 2 }, { "2M", 120000 }, { "1H", 3600000 },
		{ "99999999H", U32_MAX }, { "99999999m", 99999999 }, { "99999999n", 100 },
		{ "00000001S", 1000 }, { "100000000m", -1 }, { "1", -1 }, { "m", -1 },
		{ "", -1 }, { "1s", -1 }, { " 1m", -1 }, { "1 m", -1 }, { "-1m", -1 },
		{ "1h", -1 }, { "1.5S", -1 },
	};
	static const struct {
		u32 ms;
		const char *value;
	} written[] = {
		{ 0, "0m" }, { 1500, "1500m" }, { 99999999, "99999999m" },
		{ 100000000, "100000S" }, { U32_MAX, "4294967S" },
	};
	char text[GRPC_TIMEOUT_LEN + 1];
	bool good;
	u32 i, ms;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		good = grpc_timeout_parse(span_of(values[i].value), &ms);
		tap_ok(good ? ms == values[i].ms : values[i].ms < 0, "grpc-timeout: \"%s\"",
		       values[i].value);
	}
	for (i = 0; i < ARRAY_SIZE(written); i++) {
		*grpc_timeout_write(text, written[i].ms) = '\0';
		tap_is(text, written[i].value, "grpc-timeout of %u ms", written[i].ms);
	}
}

static void test_messages(void)
{
	static const char body[] = "\0\0\0\0\3abc\1\0\0\0\0\0\0\0\1\1";
	static const u32 steps[] = { 100, 1, 2, 7 };
	struct grpc_messages m;
	char text[40];
	u32 i, at, n;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		m = (struct grpc_messages){ 0 };
		for (at = 0; at < sizeof(body) - 1; at += n) {
			n = sizeof(body) - 1 - at;
			n = n < steps[i] ? n : steps[i];
			grpc_messages_next(&m, body + at, n);
		}
		tap_ok(m.n == 3 && m.left == 257 && !m.had, "messages in pieces of %u",
		       steps[i]);
	}
	grpc_messages_passed(&m, 257);
	tap_ok(!m.left, "what passes unseen");
	*grpc_message_write(text, SPAN("a b%\n\xc3\xa9~\x7f")) = '\0';
	tap_is(text, "a b%25%0A%C3%A9~%7F", "grpc-message");
}

static void is_health(const char *body, u32 len, u8 health, const char *what)
{
	/* Of its size, for what looks after memory. */
	char *copy = malloc(len);

	memcpy(copy, body, len);
	tap_ok(grpc_health_parse((struct span){ copy, len }) == health, "health: %s", what);
	free(copy);
}

#define HEALTH(body, health, what)	is_health(body, sizeof(body) - 1, health, what)

static void test_health(void)
{
	static const char request[] = "\0\0\0\0\5\n\3a.b";
	char text[GRPC_HEALTH_REQUEST_MAX], name[GRPC_HEALTH_SERVICE_MAX];
	char *end;

	end = grpc_health_write(text, SPAN("a.b"));
	tap_ok(end - text == sizeof(request) - 1 && !memcmp(text, request, end - text),
	       "how a service is");
	end = grpc_health_write(text, SPAN(""));
	tap_ok(end - text == 5 && !memcmp(text, "\0\0\0\0\0", 5), "how the server is");
	memset(name, 'x', sizeof(name));
	end = grpc_health_write(text, (struct span){ name, sizeof(name) });
	tap_ok(end - text == GRPC_HEALTH_REQUEST_MAX && !memcmp(text, "\0\0\0\1\2\n\xff\1x", 9),
	       "with the longest name");
	HEALTH("\0\0\0\0\2\10\1", GRPC_HEALTH_SERVING, "it serves");
	HEALTH("\0\0\0\0\2\10\2", GRPC_HEALTH_NOT_SERVING, "it does not");
	HEALTH("\0\0\0\0\2\10\3", GRPC_HEALTH_SERVICE_UNKNOWN, "nobody knows it");
	HEALTH("\0\0\0\0\0", GRPC_HEALTH_UNKNOWN, "it does not say");
	HEALTH("\0\0\0\0\2\10\x9", GRPC_HEALTH_UNKNOWN, "it says what nobody knows");
	HEALTH("\0\0\0\0\4\10\1\10\2", GRPC_HEALTH_NOT_SERVING, "the last holds");
	HEALTH("\0\0\0\0\23\22\2ab\31\1\2\3\4\5\6\7\10\10\1\45\1\2\3",
	       GRPC_HEALTH_MALFORMED, "a field that is not whole");
	HEALTH("\0\0\0\0\24\22\2ab\31\1\2\3\4\5\6\7\10\10\1\45\1\2\3\4", GRPC_HEALTH_SERVING,
	       "other fields");
	HEALTH("\0\0\0\0\1\10", GRPC_HEALTH_MALFORMED, "no number");
	HEALTH("\0\0\0\0\2\13\1", GRPC_HEALTH_MALFORMED, "a group");
	HEALTH("\0\0\0\0\2\0\1", GRPC_HEALTH_MALFORMED, "field 0");
	HEALTH("\0\0\0\0\3\22\5a", GRPC_HEALTH_MALFORMED, "a length that is too large");
	HEALTH("\0\0\0\0\14\22\xff\xff\xff\xff\xff\xff\xff\xff\xff\1a", GRPC_HEALTH_MALFORMED,
	       "one of 64 bits");
	HEALTH("\0\0\0\0\13\10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", GRPC_HEALTH_MALFORMED,
	       "a number without an end");
	HEALTH("\1\0\0\0\2\10\1", GRPC_HEALTH_MALFORMED, "a compressed message");
	HEALTH("\0\0\0\0\2\10\1\0\0\0\0\0", GRPC_HEALTH_MALFORMED, "two messages");
	HEALTH("\0\0\0\0\3\10\1", GRPC_HEALTH_MALFORMED, "a message that is not whole");
	HEALTH("\0\0\0", GRPC_HEALTH_MALFORMED, "no prefix");
}

void test_grpc(void)
{
	test_content_types();
	test_paths();
	test_statuses();
	test_timeouts();
	test_messages();
	test_health();
}
