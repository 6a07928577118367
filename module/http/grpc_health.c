// SPDX-License-Identifier: GPL-2.0
#include "http/grpc_health.h"

#include <linux/minmax.h>
#include "http/grpc.h"

/* Of protobuf: a field's number and how its value is written. */
#define TAG(number, type)	((number) << 3 | (type))

enum wire_type {
	WIRE_VARINT,
	WIRE_8_BYTES,
	WIRE_BYTES,
	WIRE_4_BYTES = 5,
};

static char *write_varint(char *to, u32 n)
{
	for (; n >= 0x80; n >>= 7)
		*to++ = 0x80 | n;
	*to++ = n;
	return to;
}

/* proto3: what is empty is not written. */
char *grpc_health_write(char *to, struct span service)
{
	char *prefix = to;

	to += GRPC_PREFIX_LEN;
	if (service.len) {
		*to++ = TAG(1, WIRE_BYTES);
		to = write_varint(to, service.len);
		to = span_copy(to, service);
	}
	grpc_prefix_write(prefix, to - prefix - GRPC_PREFIX_LEN);
	return to;
}

/* At most ten bytes; those of numbers that are larger than 64 bits are lost. */
static bool take_varint(struct span *s, u64 *n)
{
	u32 i;

	*n = 0;
	for (i = 0; i < 10 && i < s->len; i++) {
		*n |= (u64)(s->p[i] & 0x7f) << 7 * i;
		if (!(s->p[i] & 0x80)) {
			*s = span_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool skip(struct span *s, u64 len)
{
	if (len > s->len)
		return false;
	*s = span_from(*s, len);
	return true;
}

/* A field that nobody here knows. Groups are of a time before proto3. */
static bool skip_value(struct span *s, u64 tag)
{
	u64 n;

	switch (tag & 7) {
	case WIRE_VARINT:
		return take_varint(s, &n);
	case WIRE_8_BYTES:
		return skip(s, 8);
	case WIRE_BYTES:
		return take_varint(s, &n) && skip(s, n);
	case WIRE_4_BYTES:
		return skip(s, 4);
	default:
		return false;
	}
}

static u8 parse_message(struct span s)
{
	u64 tag, status = GRPC_HEALTH_UNKNOWN;

	while (s.len) {
		if (!take_varint(&s, &tag) || !(tag >> 3))
			return GRPC_HEALTH_MALFORMED;
		if (tag == TAG(1, WIRE_VARINT) ? !take_varint(&s, &status) :
						 !skip_value(&s, tag))
			return GRPC_HEALTH_MALFORMED;
	}
	return status <= GRPC_HEALTH_SERVICE_UNKNOWN ? status : GRPC_HEALTH_UNKNOWN;
}

/* One message, whole, and not compressed: nobody has asked for that. */
u8 grpc_health_parse(struct span body)
{
	struct grpc_messages m = { 0 };

	if (body.len < GRPC_PREFIX_LEN || body.p[0])
		return GRPC_HEALTH_MALFORMED;
	grpc_messages_next(&m, body.p, GRPC_PREFIX_LEN);
	if (m.left != body.len - GRPC_PREFIX_LEN)
		return GRPC_HEALTH_MALFORMED;
	return parse_message(span_from(body, GRPC_PREFIX_LEN));
}
