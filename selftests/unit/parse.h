/* SPDX-License-Identifier: GPL-2.0 */
/* parse: HTTP/1's parser on bytes that somebody else owns. */
#ifndef UNIT_PARSE_H
#define UNIT_PARSE_H

#include "http1/http1.h"

/* All that there is of a head by now, after http1_init(). The parser writes nothing. */
static inline enum http1_result parse_bytes(struct message *m, const char *p, u32 len)
{
	m->text = (char *)p;
	m->len = len;
	return http1_parse(m);
}

#endif
