/* SPDX-License-Identifier: GPL-2.0 */
/*
 * opening: is what a client says first a request of HTTP/1? RFC 9112 3.
 *
 * Other protocols begin with words as well, and some with the same ones (SIP, RTSP), so
 * it is one if its first line is that of a request, up to the version at its end; the
 * parser has to say whether it is a good one. HTTP/2's preface (RFC 9113 3.4) is none.
 *
 * Plain C: no allocation; any context. Time is linear in the text.
 */
#ifndef L7MESH_OPENING_H
#define L7MESH_OPENING_H

#include <linux/types.h>

/* Longer methods are none. */
#define OPENING_METHOD_MAX	32

enum opening {
	OPENING_MORE,		/* there has to be more text */
	OPENING_REQUEST,
	OPENING_OTHER,
};

/**
 * opening_scan() - What does a text begin with?
 * @pos: 0 before the first call of a text; how far it is looked at
 * @text: from the connection's first byte on
 * @len: at least as long as before
 *
 * Return: of OPENING_REQUEST @pos is behind its first line, which is part of a head.
 */
enum opening opening_scan(u32 *pos, const char *text, u32 len);

#endif
