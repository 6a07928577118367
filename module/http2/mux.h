/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mux: one connection of HTTP/2, of either side: what comes is taken apart into streams,
 * and frames are made of what is to go. RFC 9113.
 *
 * Reading: mux_next() says what comes next, and the owner does what its event asks for
 * before it calls again. Every stream that was accepted is the owner's, until
 * mux_forget(). Writing: each function writes into the owner's buffer; what it wrote has
 * to leave in that order, whatever is written later.
 *
 * Nothing waits in here to be written. What a peer makes us answer (SETTINGS, PING,
 * errors) is an event, after which nothing is read until the owner has written the
 * answer. So an owner that does not read while its buffer is full holds one answer more
 * than that at most.
 *
 * Plain C: no kernel call, no allocation; any context. Whoever has the connection owns it
 * and all of its streams: under one lock.
 */
#ifndef L7MESH_MUX_H
#define L7MESH_MUX_H

#include <linux/types.h>
#include "http2/frame.h"
#include "http2/glitches.h"
#include "http2/hpack.h"
#include "http2/section.h"
#include "http2/stream_state.h"
#include "http2/window.h"

struct mux_options {
	u64 number;		/* of the connection: no other has ever had it; not 0 */
	u32 max_streams;	/* of the peer's that may be at once */
	u32 stream_window;	/* bytes of a stream that may come before any are taken */
	u32 window;		/* the same of all, FRAME_WINDOW_DEFAULT at least */
	u32 head_limit;		/* what the fields of a head may count, less than 64 KiB */
	bool extended;		/* extended CONNECT may come, RFC 8441 */
	struct glitch_limits glitches;
};

struct mux_stream {
	/* private */
	struct mux_stream *next;	/* in its bucket */
	u32 id;
	u8 state;			/* enum stream_state */
	bool headed;			/* its (final) head has come */
	bool interim;			/* a head with 1xx has */
	bool spoilt;			/* a head or trailers were malformed: no more is told of it
					 * but that it ends
					 */
	struct window send;
	struct window_in receive;
	u64 expected;			/* bytes of DATA that are to come; U64_MAX: any */
};

enum mux_event {
	MUX_MORE,	/* all of the input is used */
	MUX_BEGUN,	/* the peer's first SETTINGS are known */
	MUX_OPEN,	/* ->id begins: mux_accept(), or mux_refuse() */
	MUX_BLOCK,	/* a head or trailers: mux_take_block() */
	MUX_ROOM,	/* its message has to have room for mux_need() more bytes */
	MUX_HEAD,	/* ->stream has one: its message is whole */
	MUX_TRAILERS,	/* likewise */
	MUX_MALFORMED,	/* ->stream has one that is not, see message.error: it is to be reset,
			 * perhaps behind an answer. No more of it is told but its end
			 */
	MUX_DATA,	/* of ->stream: mux->data, which was used; mux_taken() later */
	MUX_END,	/* ->stream has ended: nothing of it comes any more */
	MUX_RESET,	/* so it has, and it was to go on: ->code */
	MUX_WRONG,	/* ->id is to be reset: mux_write_reset() with ->code; ->stream is the one
			 * that it was, or NULL
			 */
	MUX_WINDOW,	/* more of ->stream may go; NULL: of any */
	MUX_PRIORITY,	/* mux->priority is what ->stream is to have, RFC 9218 */
	MUX_ANSWER,	/* mux_write_answer() */
	MUX_PONG,	/* the answer to mux_write_ping() */
	MUX_GOAWAY,	/* the peer begins none, or has not looked at those above ->last: ->code
			 * says why
			 */
	MUX_ERROR,	/* the connection's: mux_write_goaway() with ->code; final */
};

/* What SETTINGS say; the last of a kind holds. */
struct mux_settings {
	u32 table_lowest, table;	/* SETTINGS_HEADER_TABLE_SIZE */
	u32 streams;
	u32 window;
	u32 frame;
	u32 head;
	bool extended;
	bool has_table;
};

struct mux {
	/* of the event */
	struct mux_stream *stream;
	u32 id;
	u32 code;		/* enum frame_code, or what else the peer says */
	u32 last;
	struct span data;
	struct span priority;
	struct message *message;	/* of the block */
	bool flooded;		/* MUX_ERROR: too many glitches */

	/* what the peer has said */
	u32 peer_streams;	/* how many may be at once */
	u32 peer_window;	/* SETTINGS_INITIAL_WINDOW_SIZE */
	u32 peer_frame;		/* SETTINGS_MAX_FRAME_SIZE */
	u32 peer_head;		/* SETTINGS_MAX_HEADER_LIST_SIZE */
	bool peer_extended;	/* SETTINGS_ENABLE_CONNECT_PROTOCOL */
	bool peer_goes;		/* GOAWAY has come: it wants no more streams */
	u32 peer_last;		/* of GOAWAY; FRAME_STREAM_MAX */

	u64 now;		/* ms: the owner's to set before it reads */
	struct hpack_encoder encoder;	/* for the blocks that go, one after the other */
	u32 nstreams;		/* that there are */

	/* private */
	bool server;		/* we are */
	bool begun;
	bool acknowledged;	/* our SETTINGS were */
	bool pinged;
	u8 answer;		/* enum frame_type to be answered; 0: none */
	u8 due;			/* an event that comes next, without any byte */
	u8 preface;		/* bytes of it that have come */
	char ping[8];
	u32 opened;		/* the last number of a stream that was, by whoever opens any */
	u32 accepted;		/* of GOAWAY of ours: none above that is looked at */
	u64 ended, reset;	/* of the last streams that are gone, see history_of() */
	bool in_block;
	bool unwanted;		/* the block */
	bool wrong;		/* when it is read, its stream is, by ->code */
	bool in_settings;
	bool block_whole;	/* but for room that its message has to have */
	u8 blame;		/* enum glitch that it is, if so; or GLITCH_KINDS */
	struct mux_settings settings;	/* to be obeyed from the answer on */
	bool ends;		/* the stream does, with it */
	struct mux_options options;
	struct mux_stream **buckets;
	u32 mask;
	u32 seed;
	struct window send;
	struct window_in receive;
	struct glitches glitches;
	struct frame_reader reader;
	struct section section;
	struct hpack_decoder decoder;
};

/* How much memory a connection needs besides, for its tables and at most @max_streams. */
u32 mux_bytes(u32 max_streams, u32 encoder_limit);

/**
 * mux_init() - Begin a connection
 * @m: mux
 * @server: whether we are
 * @options: copied
 * @max_streams: how many there will be at once, at most
 * @encoder_limit: bytes of the table that we write with
 * @memory: mux_bytes() of the two, aligned to 8; it lasts as long as the mux is used
 * @seed: random, which nobody else is told
 *
 * mux_write_begin() is to follow.
 */
void mux_init(struct mux *m, bool server, const struct mux_options *options,
	      u32 max_streams, u32 encoder_limit, void *memory, u64 seed);

/**
 * mux_next() - Read up to the next event
 * @m: mux
 * @in: the next bytes of the connection; those that were used are taken off
 *
 * Return: the event. It may come without any byte used.
 */
enum mux_event mux_next(struct mux *m, struct span *in);

/**
 * mux_accept() - After MUX_OPEN: it is this stream
 * @m: mux
 * @st: becomes that, whatever it was
 */
void mux_accept(struct mux *m, struct mux_stream *st);

/* After MUX_OPEN: it is none. MUX_WRONG follows, with REFUSED_STREAM. */
void mux_refuse(struct mux *m);

/* After MUX_BLOCK: is it m->stream's? Else it is read because what follows needs it. */
static inline bool mux_wants_block(const struct mux *m)
{
	return !m->unwanted && m->stream;
}

/**
 * mux_take_block() - After MUX_BLOCK: read it into this
 * @m: mux
 * @message: after message_init(), with its limits. It is the connection's, not the
 *	stream's, until the event that it is whole: the stream may be gone earlier. One
 *	of which no event tells may be given for the next block
 */
void mux_take_block(struct mux *m, struct message *message);

/* Is a message being read into? Not between the event that it is whole and the next block. */
static inline bool mux_in_block(const struct mux *m)
{
	return m->in_block;
}

/* After MUX_ROOM: for so many bytes, by message_reserve(). */
static inline u32 mux_need(const struct mux *m)
{
	return m->section.need;
}

/* After MUX_HEAD of a request: it came by extended CONNECT, see section.h. */
static inline bool mux_is_extended(const struct mux *m)
{
	return m->section.extended;
}

/* The stream of a number, or NULL. */
struct mux_stream *mux_find(const struct mux *m, u32 id);

/**
 * mux_forget() - There is nothing more to be done for a stream
 * @m: mux
 * @st: stream, which is the owner's alone again
 *
 * If its peer has not ended it, it is to be reset first.
 */
void mux_forget(struct mux *m, struct mux_stream *st);

/* Has the peer ended it, or either side reset it: nothing more comes? */
static inline bool mux_receives(const struct mux_stream *st)
{
	return stream_state_receives(st->state);
}

/* May we still send of it? */
static inline bool mux_sends(const struct mux_stream *st)
{
	return stream_state_sends(st->state);
}

/* ---- windows ---- */

/*
 * Bytes of MUX_DATA have found a place of their own, for which somebody pays: the peer may
 * send as many more, of any stream. What is done with them is mux_taken()'s.
 */
static inline void mux_admitted(struct mux *m, u32 n)
{
	m->receive.taken += n;
}

/* They have gone on: as many more of this stream may come. */
static inline void mux_taken(struct mux_stream *st, u32 n)
{
	st->receive.taken += n;
}

/**
 * mux_allows() - How many bytes of a stream may go now
 * @m: mux
 * @st: stream
 * @len: there are
 *
 * Return: for one frame of DATA; 0 if it has to wait for MUX_WINDOW.
 */
u32 mux_allows(const struct mux *m, const struct mux_stream *st, u32 len);

/* ---- frames ---- */

/* Each writer returns what is behind it. So much is written at most: */
#define MUX_BEGIN_MAX	(FRAME_PREFACE.len + FRAME_SETTINGS_LEN(6) + FRAME_WINDOW_UPDATE_LEN)
#define MUX_ANSWER_MAX	FRAME_PING_LEN
#define MUX_UPDATE_MAX	(2 * FRAME_WINDOW_UPDATE_LEN)

/* What is said first. */
char *mux_write_begin(struct mux *m, char *to);

/* After MUX_ANSWER. */
char *mux_write_answer(struct mux *m, char *to);

/* One that is answered by MUX_PONG; not while another is. */
char *mux_write_ping(struct mux *m, char *to);

/* Can mux_write_ping() be called? */
static inline bool mux_may_ping(const struct mux *m)
{
	return !m->pinged;
}

/* What the peer is to know of the connection's window, and of the stream's, if not NULL. */
char *mux_write_update(struct mux *m, struct mux_stream *st, char *to);

/**
 * mux_write_block() - Make a head, or trailers, of a block that was just encoded
 * @m: mux
 * @st: stream; a client's, which is zeroed, begins by its first head, if mux_may_open()
 * @at: as of frame_write_block()
 * @len: of the block
 * @end: nothing follows
 *
 * frame_block_len() of @len and m->peer_frame is what it takes. What mux_sends() denies is
 * not to be written.
 */
char *mux_write_block(struct mux *m, struct mux_stream *st, char *at, u32 len, bool end);

/* A client: can there be one more stream? */
bool mux_may_open(const struct mux *m);

/* FRAME_HEAD_LEN bytes: @len bytes of DATA follow, as many as mux_allows() at most. */
char *mux_write_data(struct mux *m, struct mux_stream *st, char *to, u32 len, bool end);

/*
 * FRAME_RST_STREAM_LEN bytes; @st: the stream of this number, or NULL: it is none. Nothing
 * is written if it is closed.
 */
char *mux_write_reset(struct mux *m, struct mux_stream *st, u32 id, enum frame_code code,
		      char *to);

/**
 * mux_write_goaway() - None is begun from now on
 * @m: mux
 * @code: why
 * @soon: those that the peer begins before it knows are still looked at; call again
 * @to: FRAME_GOAWAY_LEN bytes
 */
char *mux_write_goaway(struct mux *m, enum frame_code code, bool soon, char *to);

#endif
