/* SPDX-License-Identifier: GPL-2.0 */
/*
 * body: passes a message's body from the link where it is received to the one
 * where it is sent, and knows where it ends. RFC 9112 6 and 7.
 *
 * Payload goes by reference to the skb's pages. A chunked body is decoded and
 * framed anew: sizes in plain hex, extensions dropped, trailers kept, but for those
 * that a filter takes out. Towards an
 * HTTP/1.0 client it loses its framing and ends with the connection.
 *
 * The sender may write into those pages while they are on their way. So what frames a
 * body, trailers too, is always a copy: the bytes that are sent are those that were
 * looked at.
 *
 * The caller holds both links' locks, in softirq or process context; nothing
 * here sleeps.
 */
#ifndef L7MESH_BODY_H
#define L7MESH_BODY_H

#include "http1/http1.h"
#include "http1/trailer_filter.h"
#include "link/out.h"

struct body {
	u8 framing;		/* enum message_framing */
	bool unframe;		/* chunked, to somebody who does not know chunks */
	bool done;
	u32 pass;		/* chunked: bytes of data that are decoded and yet to be
				 * sent
				 */
	u64 left;		/* BODY_LENGTH: bytes to come; chunked: bytes that
				 * may yet be announced
				 */
	struct http1_chunk chunk;
	struct trailer_filter *filter;	/* the owner's, set after body_init(); or NULL */
	u32 trailer;		/* bytes of trailer fields that were consumed */
};

/**
 * body_init() - Begin a body
 * @b: body
 * @m: the message, whose head is whole
 * @unframe: the receiver does not understand chunks
 * @max: how many bytes it may have if it is chunked; a length is checked by who
 *	knows it
 */
void body_init(struct body *b, const struct message *m, bool unframe,
	       u64 max);

/*
 * Whether body_pass() sends what is pending (a head) along with the body's first
 * bytes.
 */
static inline bool body_follows(const struct body *b)
{
	return b->framing == BODY_LENGTH && !b->done;
}

/* Whether who reads the same bytes a second time may find another end in them. */
static inline bool body_may_change(const struct body *b,
				   const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) && b->framing == BODY_CHUNKED;
}

/**
 * body_pass() - Pass on body bytes of a received skb
 * @b: body that is not done
 * @skb: received
 * @off: first byte
 * @len: bytes there, at least 1
 * @to: link to send on, locked
 * @out: pending bytes of ours for @to; empty unless body_follows()
 * @left: of the run's budget, at least 1; what it costs is taken off
 *
 * Return: bytes consumed, which may be fewer than @len because the body is done,
 * @to has no room or nothing is left of the budget; -EAGAIN when none for want of
 * room, -EBADMSG for a framing error, -EILSEQ for a trailer that its filter refuses,
 * -EMSGSIZE when it is too long, -ENOMEM, or the error of @to.
 */
int body_pass(struct body *b, struct sk_buff *skb, u32 off, u32 len,
	      struct link *to, struct out *out, int *left);

#endif
