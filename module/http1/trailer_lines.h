/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trailer_lines: trailers as HTTP/1 has them behind a chunked body, and as a message, which
 * other versions write.
 *
 * Plain C: no kernel call, no allocation; any context. RFC 9112 7.1.2, RFC 9110 6.5.
 */
#ifndef L7MESH_TRAILER_LINES_H
#define L7MESH_TRAILER_LINES_H

#include "http/message.h"

/**
 * trailer_lines_read() - Make a message of lines
 * @m: after message_init(); its text is whole lines, as HTTP1_CHUNK_TRAILER events tell of
 *	them, without the empty one
 *
 * Fields that may not be there are marked as those for one hop are.
 *
 * Return: false if there are more fields than its limit, or what is no line.
 */
bool trailer_lines_read(struct message *m);

/* How many bytes trailer_lines_write() may write. */
u32 trailer_lines_max(const struct message *m);

/**
 * trailer_lines_write() - Write lines
 * @m: trailers of any version
 * @to: trailer_lines_max() bytes
 *
 * But for fields that may not be there, or are for one hop.
 *
 * Return: what is behind them; the empty line is not written.
 */
char *trailer_lines_write(const struct message *m, char *to);

#endif
