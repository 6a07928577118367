/* SPDX-License-Identifier: GPL-2.0 */
/*
 * head: one message's head, gathered from a socket, understood, and written anew
 * for the other side.
 *
 * A head is allocated when a message's first byte arrives and freed when its
 * exchange no longer needs it, so an idle connection holds none. Small heads fit
 * in the allocation itself; the buffer grows up to HTTP1_HEAD_MAX. Whoever holds
 * the lock of the connection owns it; any context.
 */
#ifndef L7MESH_HEAD_H
#define L7MESH_HEAD_H

#include <linux/random.h>
#include <linux/skbuff.h>
#include "http1/field_index.h"
#include "http1/http1.h"
#include "lib/out_buffer.h"

#define HEAD_INLINE	1536

struct forward;
struct route;
struct writer;

struct head {
	struct http1_parser parser;
	struct mem_cgroup *payer;	/* of this memory; compared only */
	u32 len;		/* bytes gathered */
	u32 cap;
	char *data;		/* inline_data, or kvmalloc'ed */
	char inline_data[HEAD_INLINE];
};

int head_cache_init(void);
void head_cache_exit(void);

/**
 * head_alloc() - Start gathering a head
 * @response: false for a request
 * @gfp: how to allocate
 *
 * Return: a head to be freed with head_free(), or NULL.
 */
struct head *head_alloc(bool response, gfp_t gfp);
void head_free(struct head *h);

/* How much memory it is; of NULL none. */
static inline u32 head_bytes(const struct head *h)
{
	if (!h)
		return 0;
	return sizeof(*h) + (h->data == h->inline_data ? 0 : h->cap);
}

/* Will it have to grow for another byte? */
static inline bool head_full(const struct head *h)
{
	return h->len == h->cap;
}

/**
 * head_gather() - Take bytes of a received skb and parse
 * @h: head
 * @skb: received
 * @off: first byte
 * @len: bytes there
 * @gfp: how to grow
 * @result: out: what the parser says
 *
 * Return: bytes that belong to the head and are consumed, or -ENOMEM with nothing
 * consumed: try again where one may sleep.
 */
int head_gather(struct head *h, struct sk_buff *skb, u32 off, u32 len,
		gfp_t gfp, enum http1_result *result);

/**
 * head_take() - The same of bytes that are not in an skb
 * @h: head
 * @data: bytes
 * @len: how many, at least 1
 * @gfp: how to grow
 * @result: out: what the parser says
 *
 * Return: as head_gather().
 */
int head_take(struct head *h, const char *data, u32 len, gfp_t gfp,
	      enum http1_result *result);

/**
 * head_write_request() - Write the head that the endpoint gets
 * @h: understood request
 * @fw: what it is to say besides
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Hop-by-hop fields are left out, framing is generated.
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_request(const struct head *h, const struct forward *fw,
		       gfp_t gfp, struct out *out);

/**
 * head_extend_request() - Make the head that the endpoint gets of the one received
 * @h: understood request
 * @fw: as for head_write_request()
 * @text: the head, and nothing else, as it was received
 * @size: of the buffer that it begins
 *
 * Return: its length now; 0 if it has to be written, or there is no room: what is
 * behind the head has changed then, and nothing else.
 */
u32 head_extend_request(const struct head *h, const struct forward *fw,
			char *text, u32 size);

/**
 * head_write_response() - Write the head that the client gets
 * @h: understood response
 * @framing: enum http1_framing, how the body is framed towards the client
 * @connection: value of the Connection field, or NULL for none; of a 101 it is
 *	"upgrade" in any case
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int head_write_response(const struct head *h, u8 framing,
			const char *connection, gfp_t gfp, struct out *out);

/**
 * head_stays_response() - Whether a head would be written as it was received
 * @h: understood final response
 *
 * With the framing that it has, and without a Connection field.
 */
bool head_stays_response(const struct head *h);

/* A received field as it is, but for white space around it. */
void head_put_field(struct writer *w, const struct head *h,
		    const struct http1_field *f);

/**
 * head_field() - The value of a field
 * @h: understood head
 * @name: its name, any case
 *
 * Return: of the first one; length 0 if there is none.
 */
struct span head_field(const struct head *h, struct span name);

/* Prepare to find many fields of an understood head. */
static inline void head_index(const struct head *h, struct field_index *index)
{
	field_index_init(index, &h->parser, h->data);
	index->random = get_random_u32;
}

/**
 * head_idle_seconds() - How long the endpoint keeps an idle connection
 * @h: understood response
 *
 * Return: N of "Keep-Alive: timeout=N" (RFC 2068 19.7.1.1), or U32_MAX.
 */
u32 head_idle_seconds(const struct head *h);

static inline struct span head_span(const struct head *h, u16 off, u16 len)
{
	return http1_span(h->data, off, len);
}

/* A request's method. */
static inline struct span head_method(const struct head *h)
{
	return head_span(h, h->parser.method, h->parser.method_len);
}

/* Length 0 if it asks for none, or agrees to none. */
static inline struct span head_upgrade(const struct head *h)
{
	return head_span(h, h->parser.upgrade, h->parser.upgrade_len);
}

#endif
