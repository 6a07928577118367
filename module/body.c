// SPDX-License-Identifier: GPL-2.0
#include "body.h"

#include <linux/skbuff.h>

void body_init(struct body *b, const struct http1_parser *p, bool unframe,
	       u64 max)
{
	b->framing = p->framing;
	b->unframe = unframe;
	b->left = p->framing == HTTP1_BODY_CHUNKED ? max : p->content_length;
	b->pass = 0;
	b->done = http1_bodiless(p);
	if (p->framing == HTTP1_BODY_CHUNKED)
		http1_chunk_init(&b->chunk, p->response);
}

/* The line that the receiver gets for what the decoder has found. */
static int frame_line(const struct body *b, enum http1_chunk_event event,
		      char *line, size_t size)
{
	switch (event) {
	case HTTP1_CHUNK_SIZE:
		return scnprintf(line, size, "%llx\r\n",
				 (unsigned long long)b->chunk.size);
	case HTTP1_CHUNK_LAST:
		return scnprintf(line, size, "0\r\n");
	case HTTP1_CHUNK_END:
	case HTTP1_CHUNK_DONE:
		return scnprintf(line, size, "\r\n");
	default:
		return 0;
	}
}

/* Act on an event that consumed @used bytes. Returns 0 or a negative errno. */
static int chunk_event(struct body *b, enum http1_chunk_event event, u32 used,
		       struct sock *to, struct out *out, bool more)
{
	char line[24];
	int n;

	switch (event) {
	case HTTP1_CHUNK_ERROR:
		return -EBADMSG;
	case HTTP1_CHUNK_DATA:
	case HTTP1_CHUNK_TRAILER:
		b->pass = used;
		b->trailer = event == HTTP1_CHUNK_TRAILER;
		return 0;
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
	if (b->unframe)
		return 0;
	n = frame_line(b, event, line, sizeof(line));
	/* Only a size is sure to be followed by something to send at once. */
	more &= event == HTTP1_CHUNK_SIZE;
	return n ? out_send(out, to, line, n, more) : 0;
}

/*
 * Send what is decoded. A short segment may wait for what follows if that is
 * sure to be sent: behind a chunk's data its line end.
 *
 * Returns bytes of it consumed, or a negative errno.
 */
static int chunk_pass(struct body *b, struct sk_buff *skb, u32 off, u32 len,
		      struct sock *to)
{
	bool more = !b->trailer && !b->unframe && len >= b->pass + 2;
	u32 n = min(b->pass, len);
	int sent = n;

	if (!b->trailer || !b->unframe)
		sent = out_send_skb(to, skb, off, n, more);
	if (sent > 0)
		b->pass -= sent;
	return sent;
}

/* Feed one contiguous piece to the decoder until it yields bytes to pass. */
static int chunk_decode(struct body *b, const u8 *data, u32 len,
			struct sock *to, struct out *out, bool more)
{
	enum http1_chunk_event event;
	u32 used, at = 0;
	int err;

	while (at < len && !b->done && out_empty(out)) {
		event = http1_chunk_next(&b->chunk, (const char *)data + at,
					 len - at, &used);
		err = chunk_event(b, event, used, to, out,
				  more || at + used < len);
		if (err)
			return err;
		if (b->pass)
			break;		/* not consumed until they are sent */
		at += used;
	}
	return at;
}

static int pass_chunked(struct body *b, struct sk_buff *skb, u32 off, u32 len,
			struct sock *to, struct out *out)
{
	struct skb_seq_state seq;
	const u8 *data;
	u32 at = 0, n;
	int ret = 0;

	while (at < len && !b->done && out_empty(out)) {
		if (b->pass) {
			ret = chunk_pass(b, skb, off + at, len - at, to);
			if (ret <= 0)
				break;
			at += ret;
			if (b->pass)
				break;		/* no room, or no more bytes */
			continue;
		}
		skb_prepare_seq_read(skb, off + at, off + len, &seq);
		n = skb_seq_read(0, &data, &seq);
		if (!n) {
			skb_abort_seq_read(&seq);
			break;
		}
		ret = chunk_decode(b, data, n, to, out, at + n < len);
		skb_abort_seq_read(&seq);
		if (ret < 0)
			return ret;
		at += ret;
	}
	if (at)
		return at;
	return ret < 0 ? ret : -EAGAIN;
}

static int pass_length(struct body *b, struct sk_buff *skb, u32 off, u32 len,
		       struct sock *to, struct out *out)
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
	      struct sock *to, struct out *out)
{
	switch (b->framing) {
	case HTTP1_BODY_LENGTH:
		return pass_length(b, skb, off, len, to, out);
	case HTTP1_BODY_CHUNKED:
		return pass_chunked(b, skb, off, len, to, out);
	default:
		return out_send_skb(to, skb, off, len, false);
	}
}
