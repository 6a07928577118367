/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame: frames of HTTP/2, read and written. RFC 9113 4.1 and 6, RFC 9218 7.1.
 *
 * Plain C: no kernel call, no allocation, no recursion; any context. The reader reads
 * untrusted bytes, in any pieces, and says the same in all of them: what a frame's head
 * and its payload say, never what a stream may have now (stream_state.h). Payload of DATA,
 * and blocks of fields, are not looked at: it says where they are. Whoever has a
 * connection owns its reader.
 */
#ifndef L7MESH_FRAME_H
#define L7MESH_FRAME_H

#include <linux/types.h>
#include "lib/span.h"

/* What a client says first. RFC 9113 3.4. */
#define FRAME_PREFACE	SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

#define FRAME_HEAD_LEN		9
#define FRAME_SIZE_MIN		16384		/* of SETTINGS_MAX_FRAME_SIZE, and its default */
#define FRAME_SIZE_MAX		0xffffff
#define FRAME_STREAM_MAX	0x7fffffff	/* and the largest window */
#define FRAME_WINDOW_DEFAULT	65535

enum frame_type {
	FRAME_DATA,
	FRAME_HEADERS,
	FRAME_PRIORITY,
	FRAME_RST_STREAM,
	FRAME_SETTINGS,
	FRAME_PUSH_PROMISE,
	FRAME_PING,
	FRAME_GOAWAY,
	FRAME_WINDOW_UPDATE,
	FRAME_CONTINUATION,
	FRAME_PRIORITY_UPDATE = 0x10,	/* RFC 9218 7.1 */
};

enum frame_flag {
	FRAME_ACK = 0x01,		/* of SETTINGS and PING */
	FRAME_END_STREAM = 0x01,
	FRAME_END_HEADERS = 0x04,
	FRAME_PADDED = 0x08,
	FRAME_HAS_PRIORITY = 0x20,
};

/* RFC 9113 7. */
enum frame_code {
	FRAME_NO_ERROR,
	FRAME_PROTOCOL_ERROR,
	FRAME_INTERNAL_ERROR,
	FRAME_FLOW_CONTROL_ERROR,
	FRAME_SETTINGS_TIMEOUT,
	FRAME_STREAM_CLOSED,
	FRAME_SIZE_ERROR,
	FRAME_REFUSED_STREAM,
	FRAME_CANCEL,
	FRAME_COMPRESSION_ERROR,
	FRAME_CONNECT_ERROR,
	FRAME_ENHANCE_YOUR_CALM,
	FRAME_INADEQUATE_SECURITY,
	FRAME_HTTP_1_1_REQUIRED,
};

/* RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1. Others are ignored. */
enum frame_setting_id {
	FRAME_HEADER_TABLE_SIZE = 1,
	FRAME_ENABLE_PUSH,
	FRAME_MAX_CONCURRENT_STREAMS,
	FRAME_INITIAL_WINDOW_SIZE,
	FRAME_MAX_FRAME_SIZE,
	FRAME_MAX_HEADER_LIST_SIZE,
	FRAME_ENABLE_CONNECT_PROTOCOL = 8,
	FRAME_NO_RFC7540_PRIORITIES,
};

struct frame_setting {
	u16 id;
	u32 value;
};

/*
 * FRAME_STREAM_ERROR comes of a frame that may not even be there, which the reader does not
 * know. So it is put to stream_state_received() first: if that says STREAM_FATAL it is the
 * connection's error (of WINDOW_UPDATE on an idle stream). If the stream is idle or closed
 * it is a glitch and no more, as PRIORITY may come then, and RST_STREAM must not be sent.
 * Else the stream is reset with ->code.
 */

/* What frame_next() found. Which frame it is: ->type, ->flags, ->stream. */
enum frame_event {
	FRAME_MORE,		/* all of the input is used */
	FRAME_BEGUN,		/* DATA, HEADERS, CONTINUATION: ->left bytes follow */
	FRAME_PIECE,		/* so many of them: the bytes that were used */
	FRAME_DONE,		/* of such a frame, its padding as well; or of SETTINGS: to
				 * be acknowledged
				 */
	FRAME_SETTING,		/* ->setting; its value is one that it may have */
	FRAME_WHOLE,		/* any other frame: see ->number, ->code, ->ping, ->text */
	FRAME_IGNORED,		/* a frame of another type has begun; it is passed over */
	FRAME_STREAM_ERROR,	/* ->code, of ->stream; the frame is passed over; see above */
	FRAME_ERROR,		/* ->code, of the connection; final */
};

/* The beginning of a PRIORITY_UPDATE's value is enough: "u=0, i" and the like. */
#define FRAME_TEXT_MAX	32

struct frame_reader {
	u32 size_max;		/* SETTINGS_MAX_FRAME_SIZE of ours; FRAME_SIZE_MIN at first */

	/* of the frame */
	u32 length;		/* of its payload, padding as well: what DATA takes of windows */
	u32 stream;
	u8 type;
	u8 flags;
	bool self_dependent;	/* HEADERS: an error of the stream, when its block was read */
	u32 left;		/* of DATA or of a block: bytes that are to come */
	u32 code;		/* enum frame_code: of an error, RST_STREAM, GOAWAY */
	u32 number;		/* the last stream of GOAWAY, an increment, the stream of
				 * PRIORITY_UPDATE
				 */
	struct frame_setting setting;
	char ping[8];
	u8 text_len;		/* FRAME_TEXT_MAX: perhaps not all of it */
	char text[FRAME_TEXT_MAX];

	/* private */
	bool of_server;		/* whose frames are read */
	bool begun;
	u8 state;
	u8 had;			/* bytes of what is gathered */
	u8 due;
	u32 block;		/* stream of a block that is not whole, or 0 */
	u32 payload;		/* bytes of the payload that are to come, but for padding */
	u32 padding;
	u8 bytes[FRAME_HEAD_LEN];
};

/**
 * frame_reader_init() - Begin a connection, behind the preface
 * @r: reader
 * @of_server: whether a server sends what is read
 */
void frame_reader_init(struct frame_reader *r, bool of_server);

/**
 * frame_next() - Read up to the next event
 * @r: reader
 * @in: the next bytes; what was used is taken off
 *
 * After FRAME_BEGUN, and until r->left is 0, each piece is all that there is of them in
 * the input. Whoever has their number alone may say frame_passed() instead.
 *
 * Return: the event. It may come without any byte used.
 */
enum frame_event frame_next(struct frame_reader *r, struct span *in);

/* The next @n bytes of the connection, at most r->left of a frame, were taken elsewhere. */
static inline void frame_passed(struct frame_reader *r, u32 n)
{
	r->left -= n;
}

/**
 * frame_preface() - Is this how a client begins?
 * @had: bytes of the preface that were there before
 * @in: what follows them; what belongs to it is taken off
 *
 * Return: how many bytes of it have been there, FRAME_PREFACE.len if all; or -1.
 */
int frame_preface(u32 had, struct span *in);

/* Writers. Each returns what is behind the frame; its name says how long that is. */

#define FRAME_SETTINGS_LEN(n)	(FRAME_HEAD_LEN + 6 * (n))
#define FRAME_PING_LEN		(FRAME_HEAD_LEN + 8)
#define FRAME_WINDOW_UPDATE_LEN	(FRAME_HEAD_LEN + 4)
#define FRAME_RST_STREAM_LEN	(FRAME_HEAD_LEN + 4)
#define FRAME_GOAWAY_LEN	(FRAME_HEAD_LEN + 8)

char *frame_write_settings(char *to, const struct frame_setting *settings, u32 n);

/* FRAME_HEAD_LEN bytes. */
char *frame_write_settings_ack(char *to);

char *frame_write_ping(char *to, const char *data, bool ack);

/* @stream: 0 is the connection. @increment: 1 to FRAME_STREAM_MAX. */
char *frame_write_window_update(char *to, u32 stream, u32 increment);

char *frame_write_rst_stream(char *to, u32 stream, enum frame_code code);

char *frame_write_goaway(char *to, u32 last_stream, enum frame_code code);

/* FRAME_HEAD_LEN bytes; @len bytes of data are to follow. */
char *frame_write_data(char *to, u32 stream, u32 len, bool end_stream);

/* What a block takes in frames of at most @size_max bytes: one at least. */
static inline u32 frame_block_len(u32 len, u32 size_max)
{
	u32 frames = len ? (len + size_max - 1) / size_max : 1;

	return len + frames * FRAME_HEAD_LEN;
}

/**
 * frame_write_block() - Make HEADERS of a block, and CONTINUATION if it is long
 * @at: FRAME_HEAD_LEN bytes, and behind them the block, which is moved if it is long;
 *	frame_block_len() bytes in all
 * @len: of the block
 * @stream: whose it is
 * @end_stream: whether nothing follows
 * @size_max: SETTINGS_MAX_FRAME_SIZE of the peer
 *
 * Return: what is behind it.
 */
char *frame_write_block(char *at, u32 len, u32 stream, bool end_stream, u32 size_max);

#endif
