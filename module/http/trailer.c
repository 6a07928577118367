// SPDX-License-Identifier: GPL-2.0
#include "http/trailer.h"

#include <linux/kernel.h>

bool trailer_forbidden(struct span name)
{
	static const struct span names[] = {
		SPAN("age"), SPAN("authorization"), SPAN("cache-control"),
		SPAN("connection"), SPAN("content-encoding"),
		SPAN("content-length"), SPAN("content-range"),
		SPAN("content-type"), SPAN("cookie"), SPAN("date"),
		SPAN("expect"), SPAN("expires"), SPAN("forwarded"),
		SPAN("host"), SPAN("if-match"), SPAN("if-modified-since"),
		SPAN("if-none-match"), SPAN("if-range"),
		SPAN("if-unmodified-since"), SPAN("keep-alive"),
		SPAN("location"), SPAN("max-forwards"), SPAN("pragma"),
		SPAN("proxy-authenticate"), SPAN("proxy-authorization"),
		SPAN("proxy-connection"), SPAN("range"), SPAN("retry-after"),
		SPAN("set-cookie"), SPAN("te"), SPAN("traceparent"),
		SPAN("tracestate"), SPAN("trailer"),
		SPAN("transfer-encoding"), SPAN("upgrade"), SPAN("vary"),
		SPAN("via"),
		SPAN("www-authenticate"), SPAN("x-forwarded-for"),
		SPAN("x-forwarded-host"), SPAN("x-forwarded-proto"),
		SPAN("x-request-id"),
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (span_eq_nocase(names[i], name))
			return true;
	return false;
}
