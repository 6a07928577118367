// SPDX-License-Identifier: GPL-2.0
/* http1_chunk: reads and frames chunked bodies, see http1.h. RFC 9112 7.1. */
#include <linux/minmax.h>

#include "http/chars.h"
#include "http/trailer.h"
#include "http1/http1.h"

enum {
	CH_SIZE,		/* first digit */
	CH_SIZE_MORE,
	CH_SIZE_BLANK,		/* lenient: white space behind the size */
	CH_EXT,			/* lenient: whatever it is */
	CH_EXT_NAME,		/* its first character, perhaps behind white space */
	CH_EXT_NAME_MORE,
	CH_EXT_NAME_BLANK,
	CH_EXT_VALUE,		/* as of the name, or a quote */
	CH_EXT_VALUE_MORE,
	CH_EXT_QUOTED,
	CH_EXT_ESCAPED,		/* behind a backslash in quotes */
	CH_EXT_QUOTED_END,
	CH_EXT_VALUE_BLANK,
	CH_SIZE_LF,
	CH_DATA,
	CH_DATA_CR,
	CH_DATA_LF,
	CH_LINE,		/* start of a trailer line, or of the blank line */
	CH_NAME,
	CH_VALUE,
	CH_VALUE_LF,
	CH_BLANK_LF,
	CH_DONE,
	CH_ERROR,
};

/* Sizes of 2^60 and above are refused. */
#define SIZE_BITS	60

static enum http1_chunk_event chunk_refuse(struct http1_chunk *c)
{
	c->state = CH_ERROR;
	return HTTP1_CHUNK_ERROR;
}

/* The end of a chunk's size line. */
static enum http1_chunk_event size_line_end(struct http1_chunk *c)
{
	c->line = 0;
	c->state = c->size ? CH_DATA : CH_LINE;
	c->left = c->size;
	return c->size ? HTTP1_CHUNK_SIZE : HTTP1_CHUNK_LAST;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What may follow a name, a value, or the white space behind them. CH_ERROR: not that. */
static u8 behind_extension(char byte, u8 end, u8 equals)
{
	switch (byte) {
	case ';':
		return CH_EXT_NAME;
	case '=':
		return equals;
	case '\r':
		return end;
	default:
		return CH_ERROR;
	}
}

/*
 * The state behind a byte of chunk-ext, 7.1.1:
 *	*( ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] BWS )
 * but that no white space comes before the first ";" and the line's end.
 */
static u8 next_of_extension(u8 state, char byte)
{
	switch (state) {
	case CH_EXT_NAME:
		if (is_blank(byte))
			return state;
		return char_is(byte, C_TOKEN) ? CH_EXT_NAME_MORE : CH_ERROR;
	case CH_EXT_NAME_MORE:
		if (char_is(byte, C_TOKEN))
			return state;
		return is_blank(byte) ? CH_EXT_NAME_BLANK :
		       behind_extension(byte, CH_SIZE_LF, CH_EXT_VALUE);
	case CH_EXT_NAME_BLANK:
		return is_blank(byte) ? state :
		       behind_extension(byte, CH_ERROR, CH_EXT_VALUE);
	case CH_EXT_VALUE:
		if (is_blank(byte))
			return state;
		if (byte == '"')
			return CH_EXT_QUOTED;
		return char_is(byte, C_TOKEN) ? CH_EXT_VALUE_MORE : CH_ERROR;
	case CH_EXT_VALUE_MORE:
	case CH_EXT_QUOTED_END:
		if (state == CH_EXT_VALUE_MORE && char_is(byte, C_TOKEN))
			return state;
		return is_blank(byte) ? CH_EXT_VALUE_BLANK :
		       behind_extension(byte, CH_SIZE_LF, CH_ERROR);
	case CH_EXT_QUOTED:
		if (byte == '"')
			return CH_EXT_QUOTED_END;
		if (byte == '\\')
			return CH_EXT_ESCAPED;
		return char_is(byte, C_VALUE) ? state : CH_ERROR;
	case CH_EXT_ESCAPED:
		return char_is(byte, C_VALUE) ? CH_EXT_QUOTED : CH_ERROR;
	default:	/* CH_EXT_VALUE_BLANK */
		return is_blank(byte) ? state :
		       behind_extension(byte, CH_ERROR, CH_ERROR);
	}
}

/*
 * The state behind a byte that follows the size. Of a request white space is refused
 * there, though 7.1.1 lets it pass: others read it as another size.
 */
static u8 next_of_size(const struct http1_chunk *c, char byte)
{
	switch (c->state) {
	case CH_SIZE_MORE:
	case CH_SIZE_BLANK:
		if (byte == '\r')
			return CH_SIZE_LF;
		if (byte == ';')
			return c->lenient ? CH_EXT : CH_EXT_NAME;
		return is_blank(byte) && c->lenient ? CH_SIZE_BLANK : CH_ERROR;
	case CH_EXT:
		if (byte == '\r')
			return CH_SIZE_LF;
		return char_is(byte, C_VALUE) ? CH_EXT : CH_ERROR;
	default:
		return next_of_extension(c->state, byte);
	}
}

/* One byte of a size line: 1*HEXDIG, perhaps extensions, CRLF. */
static enum http1_chunk_event size_line_byte(struct http1_chunk *c, char byte)
{
	if (++c->line > HTTP1_CHUNK_LINE_MAX)
		return chunk_refuse(c);
	if (c->state == CH_SIZE_LF)
		return byte == '\n' ? size_line_end(c) : chunk_refuse(c);
	if (c->state <= CH_SIZE_MORE && char_is(byte, C_HEX)) {
		if (c->size >> (SIZE_BITS - 4))
			return chunk_refuse(c);
		c->size = c->size << 4 | hex_digit(byte);
		c->state = CH_SIZE_MORE;
		return HTTP1_CHUNK_MORE;
	}
	c->state = c->state == CH_SIZE ? CH_ERROR : next_of_size(c, byte);
	return c->state == CH_ERROR ? HTTP1_CHUNK_ERROR : HTTP1_CHUNK_MORE;
}

static enum http1_chunk_event chunk_size(struct http1_chunk *c, const char *buf,
					 u32 len, u32 *used)
{
	enum http1_chunk_event event = HTTP1_CHUNK_MORE;

	while (*used < len && event == HTTP1_CHUNK_MORE)
		event = size_line_byte(c, buf[(*used)++]);
	return event;
}

static enum http1_chunk_event chunk_data(struct http1_chunk *c, u32 len,
					 u32 *used)
{
	*used = min_t(u64, len, c->left);
	c->left -= *used;
	if (!c->left)
		c->state = CH_DATA_CR;
	return HTTP1_CHUNK_DATA;
}

static enum http1_chunk_event chunk_data_end(struct http1_chunk *c,
					     const char *buf, u32 len,
					     u32 *used)
{
	if (c->state == CH_DATA_CR) {
		if (buf[(*used)++] != '\r')
			return chunk_refuse(c);
		c->state = CH_DATA_LF;
		if (*used == len)
			return HTTP1_CHUNK_MORE;
	}
	if (buf[(*used)++] != '\n')
		return chunk_refuse(c);
	c->state = CH_SIZE;
	c->size = 0;
	c->line = 0;
	return HTTP1_CHUNK_END;
}

/* Remembers as much of a trailer's name as it takes to tell it is forbidden. */
static bool trailer_name_byte(struct http1_chunk *c, char byte)
{
	if (!char_is(byte, C_TOKEN)) {
		c->state = CH_VALUE;
		return byte == ':' && c->name_len &&
		       !trailer_forbidden((struct span){ c->name, c->name_len });
	}
	/* longer than any forbidden name: stays so */
	if (c->name_len < sizeof(c->name))
		c->name[c->name_len++] = byte;
	return true;
}

static bool trailer_value_byte(struct http1_chunk *c, char byte)
{
	if (byte != '\r')
		return char_is(byte, C_VALUE);
	c->state = CH_VALUE_LF;
	return true;
}

static bool trailer_byte(struct http1_chunk *c, char byte)
{
	if (++c->line > HTTP1_TRAILER_MAX)
		return false;
	switch (c->state) {
	case CH_LINE:
		c->name_len = 0;
		c->state = CH_NAME;
		return trailer_name_byte(c, byte);
	case CH_NAME:
		return trailer_name_byte(c, byte);
	case CH_VALUE:
		return trailer_value_byte(c, byte);
	default:
		c->state = CH_LINE;
		return byte == '\n';
	}
}

/* Trailer lines as far as they go: up to the blank line, or all there is. */
static enum http1_chunk_event chunk_trailer(struct http1_chunk *c,
					    const char *buf, u32 len, u32 *used)
{
	while (*used < len) {
		if (c->state == CH_LINE && buf[*used] == '\r')
			break;
		if (!trailer_byte(c, buf[(*used)++]))
			return chunk_refuse(c);
	}
	return HTTP1_CHUNK_TRAILER;
}

static enum http1_chunk_event chunk_blank_line(struct http1_chunk *c,
					       const char *buf, u32 len,
					       u32 *used)
{
	if (c->state == CH_LINE) {
		c->state = CH_BLANK_LF;
		if (++*used == len)
			return HTTP1_CHUNK_MORE;
	}
	if (buf[(*used)++] != '\n')
		return chunk_refuse(c);
	c->state = CH_DONE;
	return HTTP1_CHUNK_DONE;
}

void http1_chunk_init(struct http1_chunk *c, bool lenient)
{
	memset(c, 0, sizeof(*c));
	c->lenient = lenient;
}

enum http1_chunk_event http1_chunk_next(struct http1_chunk *c, const char *buf,
					u32 len, u32 *used)
{
	*used = 0;
	switch (c->state) {
	case CH_SIZE ... CH_SIZE_LF:
		return chunk_size(c, buf, len, used);
	case CH_DATA:
		return chunk_data(c, len, used);
	case CH_DATA_CR:
	case CH_DATA_LF:
		return chunk_data_end(c, buf, len, used);
	case CH_LINE:
		if (buf[0] == '\r')
			return chunk_blank_line(c, buf, len, used);
		return chunk_trailer(c, buf, len, used);
	case CH_NAME:
	case CH_VALUE:
	case CH_VALUE_LF:
		return chunk_trailer(c, buf, len, used);
	case CH_BLANK_LF:
		return chunk_blank_line(c, buf, len, used);
	case CH_DONE:
		return HTTP1_CHUNK_DONE;
	default:
		return HTTP1_CHUNK_ERROR;
	}
}

/* Without scnprintf(), which would be most of what a small chunk costs. */
static u32 write_size(u64 size, char *line)
{
	static const char digits[] = "0123456789abcdef";
	u32 n = (fls64(size) + 3) / 4, i;

	for (i = n; i--; size >>= 4)
		line[i] = digits[size & 0xf];
	line[n++] = '\r';
	line[n++] = '\n';
	return n;
}

u32 http1_chunk_write(const struct http1_chunk *c, enum http1_chunk_event event,
		      char *line)
{
	switch (event) {
	case HTTP1_CHUNK_SIZE:
		return write_size(c->size, line);
	case HTTP1_CHUNK_LAST:
		memcpy(line, "0\r\n", 3);
		return 3;
	case HTTP1_CHUNK_END:
	case HTTP1_CHUNK_DONE:
		memcpy(line, "\r\n", 2);
		return 2;
	default:
		return 0;
	}
}
