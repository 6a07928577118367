// SPDX-License-Identifier: GPL-2.0
#include "stream/body.h"

#include <linux/skbuff.h>
#include "lib/budget.h"
#include "lib/compat.h"

void body_init(struct body *b, const struct message *m, bool unframe,
	       u64 max)
{
	b->framing = m->framing;
	b->unframe = unframe;
	b->left = m->framing == BODY_CHUNKED ? max : m->content_length;
	b->pass = 0;
	b->done = message_bodiless(m);
	b->filter = NULL;
	b->trailer = 0;
	if (m->framing == BODY_CHUNKED)
		http1_chunk_init(&b->chunk, m->response);
}

/* Bytes of a chunk that are copied, to go with the lines around them. */
#define FEW		512U

static int append(struct out *out, struct span s)
{
	return s.len ? out_append(out, s.p, s.len) : 0;
}

static noinline int filter_trailer(struct body *b, const char *data, u32 len,
				   struct out *out)
{
	struct span held, pass;
	int err = 0;
	u32 n;

	for (; len && !err; data += n, len -= n) {
		n = trailer_filter_next(b->filter, data, len, &held, &pass);
		if (!n)
			return -EILSEQ;
		err = append(out, held) ?: append(out, pass);
	}
	return err;
}

static int pass_trailer(struct body *b, const char *data, u32 len,
			struct out *out)
{
	b->trailer += len;
	if (b->filter)
		return filter_trailer(b, data, len, out);
	return b->unframe ? 0 : out_append(out, data, len);
}

/*
 * Act on an event that consumed @used bytes at @data. Returns 0 or a negative
 * errno.
 */
static int chunk_event(struct body *b, enum http1_chunk_event event,
		       const char *data, u32 used, struct link *to,
		       struct out *out)
{
	char line[HTTP1_CHUNK_WRITTEN_MAX];
	u32 n;

	switch (event) {
	case HTTP1_CHUNK_ERROR:
		return -EBADMSG;
	case HTTP1_CHUNK_DATA:
		b->pass = used;
		return 0;
	case HTTP1_CHUNK_TRAILER:
		return pass_trailer(b, data, used, out);
	case HTTP1_CHUNK_SIZE:
		if (b->chunk.size > b->left)
			return -EMSGSIZE;
		b->left -= b->chunk.size;
		break;
	case HTTP1_CHUNK_DONE:
		b->done = true;
		break;
	default:
		break;
	}
	n = b->unframe ? 0 : http1_chunk_write(&b->chunk, event, line);
	if (!n || out_gather(out, line, n))
		return 0;
	/* Without memory nothing is kept, either. */
	return out_send(out, to, (struct span){ line, n });
}

/*
 * Send what is decoded of a chunk's data. A short segment may wait for what follows
 * if that is sure to be sent: its line end.
 *
 * Returns bytes of it consumed, or a negative errno.
 */
static int chunk_pass(struct body *b, struct sk_buff *skb, u32 off, u32 len,
		      struct link *to, struct out *out)
{
	bool more = !b->unframe && len >= b->pass + 2;
	u32 n = min(b->pass, len);
	int sent;

	sent = out_flush(out, to, true);
	if (!sent)
		sent = out_send_skb(to, skb, off, n, more);
	if (sent > 0)
		b->pass -= sent;
	return sent;
}

/* The few that are decoded and in one place. Returns whether they are done with. */
static bool gather_few(struct body *b, const u8 *data, struct out *out)
{
	if (b->pass && (b->pass > FEW || !out_gather(out, data, b->pass)))
		return false;
	b->pass = 0;
	return true;
}

/*
 * Data bytes are not examined; a line may have an extension, or be a trailer field,
 * whose name may be compared with others.
 */
static int cost_of_chunk(const struct body *b, enum http1_chunk_event event,
			 u32 used)
{
	int cost = COST_CHUNK;

	if (event != HTTP1_CHUNK_DATA)
		cost += used * COST_HEAD_BYTE;
	if (event == HTTP1_CHUNK_TRAILER && b->filter)
		cost += used * b->filter->n;
	return cost;
}

/*
 * Feed one contiguous piece to the decoder until it yields bytes to pass by
 * reference. Lines, and bytes that are few, are gathered: as many small chunks as
 * are there are one message.
 *
 * Returns bytes consumed; not those to be passed.
 */
static int chunk_decode(struct body *b, const u8 *data, u32 len,
			struct link *to, struct out *out, int *left)
{
	enum http1_chunk_event event;
	u32 used, at = 0;
	int err;

	while (at < len && !b->done && (*left > 0 || !at)) {
		/* The decoder reports each event once only. */
		if (!out_has_room(out, HTTP1_CHUNK_WRITTEN_MAX)) {
			*left -= COST_BUFFER;
			err = out_flush(out, to, false);
			if (err)
				return at ? at : err;
		}
		event = http1_chunk_next(&b->chunk, (const char *)data + at,
					 len - at, &used);
		*left -= cost_of_chunk(b, event, used);
		err = chunk_event(b, event, (const char *)data + at, used, to,
				  out);
		if (err)
			return err;
		if (!gather_few(b, data + at, out))
			break;
		at += used;
	}
	return at;
}

/*
 * The same for what lies in pages, behind the skb's head. They may be the sender's, by
 * sendfile() or vmsplice(), who can write into them at any time: so what frames the
 * body is copied, and the copy is looked at. Of a chunk's data only the number counts,
 * which is known.
 */
static noinline int chunk_read_pages(struct body *b, struct sk_buff *skb,
				     u32 off, u32 len, struct link *to,
				     struct out *out, int *left)
{
	struct skb_seq_state seq;
	const u8 *data;
	u8 copy[FEW];
	int ret = 0;
	u32 n;

	if (!http1_chunk_in_data(&b->chunk)) {
		n = min(len, FEW);
		/* Cannot fail: the range is inside the skb. */
		skb_copy_bits(skb, off, copy, n);
		return chunk_decode(b, copy, n, to, out, left);
	}
	skb_prepare_seq_read(skb, off, off + len, &seq);
	n = skb_seq_read(0, &data, &seq);
	if (n)
		ret = chunk_decode(b, data, min_t(u64, n, b->chunk.left), to,
				   out, left);
	skb_abort_seq_read(&seq);
	return ret;
}

/* The same for what lies at @off, as far as it is in one place. */
static int chunk_read(struct body *b, struct sk_buff *skb, u32 off, u32 len,
		      struct link *to, struct out *out, int *left)
{
	u32 n = skb_headlen(skb);

	if (unlikely(off >= n))
		return chunk_read_pages(b, skb, off, len, to, out, left);
	return chunk_decode(b, skb->data + off, min(len, n - off), to, out,
			    left);
}

/* At least one step is made, whatever is left. */
static int pass_chunked(struct body *b, struct sk_buff *skb, u32 off, u32 len,
			struct link *to, struct out *out, int *left)
{
	int ret = 0, err;
	u32 at = 0;

	while (at < len && !b->done && (*left > 0 || !at)) {
		if (b->pass) {
			*left -= cost_of_bytes(min(b->pass, len - at));
			ret = chunk_pass(b, skb, off + at, len - at, to, out);
		} else {
			ret = chunk_read(b, skb, off + at, len - at, to, out,
					 left);
		}
		if (ret < 0 || (!ret && !b->pass))
			break;
		at += ret;
	}
	err = out_flush(out, to, false);
	if (ret < 0 && ret != -EAGAIN)
		return ret;
	if (err && err != -EAGAIN)
		return err;
	return at ? at : -EAGAIN;
}

static int pass_length(struct body *b, struct sk_buff *skb, u32 off, u32 len,
		       struct link *to, struct out *out)
{
	u32 n = min_t(u64, len, b->left);
	int sent;

	if (out_empty(out))
		sent = out_send_skb(to, skb, off, n, false);
	else
		sent = out_send_behind(out, to, skb, off, n);
	if (sent > 0) {
		b->left -= sent;
		b->done = !b->left;
	}
	return sent;
}

int body_pass(struct body *b, struct sk_buff *skb, u32 off, u32 len,
	      struct link *to, struct out *out, int *left)
{
	if (b->framing == BODY_CHUNKED)
		return pass_chunked(b, skb, off, len, to, out, left);
	*left -= cost_of_bytes(len);
	return b->framing == BODY_LENGTH ?
	       pass_length(b, skb, off, len, to, out) :
	       out_send_skb(to, skb, off, len, false);
}
