// SPDX-License-Identifier: GPL-2.0
#include "http/grpc.h"

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

bool grpc_content_type(struct span value)
{
	const struct span type = SPAN("application/grpc");
	struct span begin = value;

	if (value.len < type.len)
		return false;
	begin.len = type.len;
	/* Types are the same in any case, RFC 9110 8.3.1. */
	if (!span_eq_nocase(begin, type))
		return false;
	value = span_from(value, type.len);
	return !value.len || value.p[0] == '+' || value.p[0] == ';' || value.p[0] == ' ' ||
	       value.p[0] == '\t';
}

bool grpc_path(struct span path, struct span *service, struct span *method)
{
	const char *slash;

	if (!path.len || path.p[0] != '/')
		return false;
	path = span_from(path, 1);
	slash = memchr(path.p, '/', path.len);
	if (!slash)
		return false;
	*service = (struct span){ path.p, slash - path.p };
	*method = span_from(path, service->len + 1);
	return service->len && method->len && !memchr(method->p, '/', method->len);
}

/* ---- statuses ---- */

/* The name, and what Envoy's grpcToHttpStatus() makes of it. */
static const struct {
	struct span name;
	u16 http;
} statuses[GRPC_STATUSES] = {
	[GRPC_OK] = { SPAN("ok"), 200 },
	[GRPC_CANCELLED] = { SPAN("cancelled"), 499 },
	[GRPC_UNKNOWN] = { SPAN("unknown"), 500 },
	[GRPC_INVALID_ARGUMENT] = { SPAN("invalid-argument"), 400 },
	[GRPC_DEADLINE_EXCEEDED] = { SPAN("deadline-exceeded"), 504 },
	[GRPC_NOT_FOUND] = { SPAN("not-found"), 404 },
	[GRPC_ALREADY_EXISTS] = { SPAN("already-exists"), 409 },
	[GRPC_PERMISSION_DENIED] = { SPAN("permission-denied"), 403 },
	[GRPC_RESOURCE_EXHAUSTED] = { SPAN("resource-exhausted"), 429 },
	[GRPC_FAILED_PRECONDITION] = { SPAN("failed-precondition"), 400 },
	[GRPC_ABORTED] = { SPAN("aborted"), 409 },
	[GRPC_OUT_OF_RANGE] = { SPAN("out-of-range"), 400 },
	[GRPC_UNIMPLEMENTED] = { SPAN("unimplemented"), 501 },
	[GRPC_INTERNAL] = { SPAN("internal"), 500 },
	[GRPC_UNAVAILABLE] = { SPAN("unavailable"), 503 },
	[GRPC_DATA_LOSS] = { SPAN("data-loss"), 500 },
	[GRPC_UNAUTHENTICATED] = { SPAN("unauthenticated"), 401 },
};

/* All digits, and no more of them than @most. */
static bool number(struct span s, u32 most, u32 *n)
{
	u32 i;

	*n = 0;
	for (i = 0; i < s.len && i < most; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*n = *n * 10 + (s.p[i] - '0');
	}
	return i && i == s.len;
}

u8 grpc_status_parse(struct span value)
{
	u32 n;

	if (!number(value, 9, &n))
		return GRPC_NO_STATUS;
	return n < GRPC_STATUSES ? n : GRPC_UNKNOWN;
}

struct span grpc_status_name(enum grpc_status status)
{
	return statuses[status].name;
}

u8 grpc_status_named(struct span name)
{
	u32 i;

	for (i = 0; i < GRPC_STATUSES; i++)
		if (span_eq_nocase(statuses[i].name, name))
			return i;
	return GRPC_NO_STATUS;
}

enum grpc_status grpc_status_of_http(u16 status)
{
	switch (status) {
	case 400:
		return GRPC_INTERNAL;
	case 401:
		return GRPC_UNAUTHENTICATED;
	case 403:
		return GRPC_PERMISSION_DENIED;
	case 404:
		return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_UNKNOWN;
	}
}

u16 grpc_http_of_status(enum grpc_status status)
{
	return statuses[status].http;
}

/* ---- grpc-timeout ---- */

/* Of units that are a millisecond or more: how many they have; 0: it is none. */
static u32 ms_of(char unit)
{
	switch (unit) {
	case 'H':
		return 3600000;
	case 'M':
		return 60000;
	case 'S':
		return 1000;
	case 'm':
		return 1;
	default:
		return 0;
	}
}

/* Of the others: how many a millisecond has; 0: it is none. */
static u32 per_ms(char unit)
{
	return unit == 'u' ? 1000 : unit == 'n' ? 1000000 : 0;
}

bool grpc_timeout_parse(struct span value, u32 *ms)
{
	u32 n, per;
	char unit;

	if (value.len < 2)
		return false;
	value.len--;
	unit = value.p[value.len];
	if (!number(value, 8, &n))
		return false;
	per = per_ms(unit);
	if (per)
		*ms = (n + per - 1) / per;
	else
		*ms = min_t(u64, (u64)n * ms_of(unit), U32_MAX);
	return per || ms_of(unit);
}

static char *write_number(char *to, u32 n)
{
	char digits[10];
	u32 len = 0;

	do {
		digits[len++] = '0' + n % 10;
		n /= 10;
	} while (n);
	while (len)
		*to++ = digits[--len];
	return to;
}

char *grpc_timeout_write(char *to, u32 ms)
{
	bool fits = ms <= 99999999;

	to = write_number(to, fits ? ms : ms / 1000);
	*to++ = fits ? 'm' : 'S';
	return to;
}

/* ---- grpc-message ---- */

static char *write_byte(char *to, u8 c)
{
	static const char digits[] = "0123456789ABCDEF";

	*to++ = '%';
	*to++ = digits[c >> 4];
	*to++ = digits[c & 15];
	return to;
}

char *grpc_message_write(char *to, struct span text)
{
	u32 i;

	for (i = 0; i < text.len; i++) {
		u8 c = text.p[i];

		if (c < 0x20 || c > 0x7e || c == '%')
			to = write_byte(to, c);
		else
			*to++ = c;
	}
	return to;
}

/* ---- messages ---- */

static u32 message_len(const u8 *prefix)
{
	return (u32)prefix[1] << 24 | prefix[2] << 16 | prefix[3] << 8 | prefix[4];
}

void grpc_messages_next(struct grpc_messages *m, const char *data, u32 len)
{
	u32 n;

	while (len) {
		if (m->left) {
			n = min(m->left, len);
			m->left -= n;
		} else {
			n = min_t(u32, GRPC_PREFIX_LEN - m->had, len);
			memcpy(m->prefix + m->had, data, n);
			m->had += n;
			if (m->had == GRPC_PREFIX_LEN) {
				m->had = 0;
				m->left = message_len(m->prefix);
				m->n++;
			}
		}
		data += n;
		len -= n;
	}
}

char *grpc_prefix_write(char *to, u32 len)
{
	*to++ = 0;
	*to++ = len >> 24;
	*to++ = len >> 16;
	*to++ = len >> 8;
	*to++ = len;
	return to;
}
