// SPDX-License-Identifier: GPL-2.0
#include "http1/head.h"

#include <linux/ctype.h>

/* Parses @n more bytes, and returns how many of them are the head's. */
static int extend(struct message *m, u32 n, enum http1_result *result)
{
	u32 before = m->len;

	m->len += n;
	*result = http1_parse(m);
	return m->len - before;
}

int head_gather(struct message *m, struct sk_buff *skb, u32 off, u32 len,
		gfp_t gfp, enum http1_result *result)
{
	int n = message_room(m, len, gfp);

	if (n < 0)
		return n;
	/* Cannot fail: the range is inside the skb. */
	skb_copy_bits(skb, off, m->text + m->len, n);
	return extend(m, n, result);
}

int head_take(struct message *m, const char *data, u32 len, gfp_t gfp,
	      enum http1_result *result)
{
	int n = message_room(m, len, gfp);

	if (n < 0)
		return n;
	memcpy(m->text + m->len, data, n);
	return extend(m, n, result);
}

static u32 leading_number(struct span s)
{
	u32 n = 0, i;

	for (i = 0; i < s.len && isdigit(s.p[i]) && n < 1000000; i++)
		n = n * 10 + s.p[i] - '0';
	return i ? n : U32_MAX;
}

u32 head_idle_seconds(const struct message *m)
{
	const struct span timeout = SPAN("timeout=");
	struct span s;
	int i;

	for (i = 0; i < m->nfields; i++) {
		if (m->fields[i].id != FIELD_KEEP_ALIVE)
			continue;
		s = message_value(m, &m->fields[i]);
		for (; s.len > timeout.len; s.p++, s.len--)
			if (span_eq_nocase((struct span){ s.p, timeout.len },
					   timeout))
				return leading_number((struct span){
					s.p + timeout.len,
					s.len - timeout.len });
	}
	return U32_MAX;
}
