// SPDX-License-Identifier: GPL-2.0
/* The writers. Sections are of RFC 9113. */
#include <linux/minmax.h>

#include "http2/frame.h"

static char *put(char *to, u32 number, u32 bytes)
{
	while (bytes--)
		*to++ = number >> 8 * bytes;
	return to;
}

/* 4.1 */
static char *put_head(char *to, u32 len, u8 type, u8 flags, u32 stream)
{
	to = put(to, len, 3);
	*to++ = type;
	*to++ = flags;
	return put(to, stream, 4);
}

char *frame_write_settings(char *to, const struct frame_setting *settings, u32 n)
{
	u32 i;

	to = put_head(to, FRAME_SETTINGS_LEN(n) - FRAME_HEAD_LEN, FRAME_SETTINGS, 0, 0);
	for (i = 0; i < n; i++) {
		to = put(to, settings[i].id, 2);
		to = put(to, settings[i].value, 4);
	}
	return to;
}

char *frame_write_settings_ack(char *to)
{
	return put_head(to, 0, FRAME_SETTINGS, FRAME_ACK, 0);
}

char *frame_write_ping(char *to, const char *data, bool ack)
{
	to = put_head(to, 8, FRAME_PING, ack ? FRAME_ACK : 0, 0);
	return span_copy(to, (struct span){ data, 8 });
}

char *frame_write_window_update(char *to, u32 stream, u32 increment)
{
	return put(put_head(to, 4, FRAME_WINDOW_UPDATE, 0, stream), increment, 4);
}

char *frame_write_rst_stream(char *to, u32 stream, enum frame_code code)
{
	return put(put_head(to, 4, FRAME_RST_STREAM, 0, stream), code, 4);
}

char *frame_write_goaway(char *to, u32 last_stream, enum frame_code code)
{
	to = put_head(to, 8, FRAME_GOAWAY, 0, 0);
	return put(put(to, last_stream, 4), code, 4);
}

char *frame_write_data(char *to, u32 stream, u32 len, bool end_stream)
{
	return put_head(to, len, FRAME_DATA, end_stream ? FRAME_END_STREAM : 0, stream);
}

/* From the last frame to the first: each is moved behind those before it. */
char *frame_write_block(char *at, u32 len, u32 stream, bool end_stream, u32 size_max)
{
	u32 n = len ? (len - 1) / size_max : 0, size;
	char *end = at + frame_block_len(len, size_max), *block = at + FRAME_HEAD_LEN;
	u8 flags = FRAME_END_HEADERS;

	for (; n; n--) {
		size = len - n * size_max;
		memmove(block + n * (size_max + FRAME_HEAD_LEN), block + n * size_max, size);
		put_head(block + n * (size_max + FRAME_HEAD_LEN) - FRAME_HEAD_LEN, size,
			 FRAME_CONTINUATION, flags, stream);
		flags = 0;
		len -= size;
	}
	put_head(at, len, FRAME_HEADERS, flags | (end_stream ? FRAME_END_STREAM : 0), stream);
	return end;
}
