// SPDX-License-Identifier: GPL-2.0
#include "http/message.h"

#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

const struct message message_none;

void message_init(struct message *m, bool response)
{
	const size_t start = offsetof(struct message, response);

	memset((u8 *)m + start, 0, offsetof(struct message, fields) - start);
	m->response = response;
	m->limits = (struct message_limits){
		.head = MESSAGE_HEAD_MAX,
		.target = MESSAGE_TARGET_MAX,
		.fields = MESSAGE_FIELDS_MAX,
	};
}

const struct message_field *message_find_from(const struct message *m,
					      struct span name,
					      const struct message_field *f)
{
	const struct message_field *end = message_end(m);

	for (; f < end; f++)
		if (f->name_len == name.len &&
		    span_eq_nocase(message_name(m, f), name))
			return f;
	return NULL;
}

const struct message_field *message_find(const struct message *m,
					 struct span name)
{
	return message_find_from(m, name, m->fields);
}

struct span message_get(const struct message *m, struct span name)
{
	const struct message_field *f = message_find(m, name);

	return f ? message_value(m, f) : SPAN("");
}

u16 message_status(enum message_error error)
{
	switch (error) {
	case MESSAGE_URI_TOO_LONG:
		return 414;
	case MESSAGE_HEAD_TOO_LARGE:
	case MESSAGE_TOO_MANY_FIELDS:
		return 431;
	case MESSAGE_NOT_IMPLEMENTED:
		return 501;
	case MESSAGE_VERSION:
		return 505;
	case MESSAGE_BAD_RESPONSE:
		return 502;
	default:
		return 400;
	}
}

bool message_method_idempotent(struct span method)
{
	static const struct span methods[] = {
		SPAN("GET"), SPAN("HEAD"), SPAN("OPTIONS"), SPAN("TRACE"),
		SPAN("PUT"), SPAN("DELETE"),
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (span_eq(method, methods[i]))
			return true;
	return false;
}
