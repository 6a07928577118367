/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay: what a client has sent of a request's body, kept to be sent again.
 *
 * Bytes are kept as they were received, with their framing, in skbs, so that who
 * reads the client's socket can read them in the same way, before it. A mirror gets
 * them as they are: nothing may be kept but what was looked at, see replay_copy().
 *
 * Owner: a stream, under its connection's lock; or a call. Zeroed memory is an empty one.
 * Any context; nothing sleeps.
 */
#ifndef L7MESH_REPLAY_H
#define L7MESH_REPLAY_H

#include <linux/skbuff.h>

struct replay {
	struct sk_buff *first, *last;	/* by ->next */
	struct sk_buff *next;		/* where reading again goes on; NULL: behind all */
	u32 off;			/* in ->next */
	u32 bytes;			/* of memory */
	bool lost;			/* not everything was kept */
};

/**
 * replay_keep() - Remember bytes that were consumed
 * @r: replay, read to its end
 * @skb: received
 * @off: first byte
 * @len: how many
 * @limit: of memory; 0: none are to be kept
 * @gfp: how to allocate
 *
 * If there are too many, or no memory, the request cannot be sent again from here
 * on, and all is freed.
 */
void replay_keep(struct replay *r, const struct sk_buff *skb, u32 off, u32 len,
		 u32 limit, gfp_t gfp);

/**
 * replay_copy() - A copy to be looked at, and then given to replay_keep()
 * @skb: received; the sender may write into its pages
 * @off: first byte
 * @len: how many; as many of them are copied as fit
 * @gfp: how to allocate
 *
 * Return: a linear skb of at least 1 byte, of the caller's, or NULL without memory.
 */
struct sk_buff *replay_copy(const struct sk_buff *skb, u32 off, u32 len,
			    gfp_t gfp);

/* From here on the request cannot be sent again. */
void replay_give_up(struct replay *r);

/* Read from the beginning again. */
static inline void replay_rewind(struct replay *r)
{
	r->next = r->first;
	r->off = 0;
}

/* Are there bytes to be read again? */
static inline bool replay_pending(const struct replay *r)
{
	return r->next;
}

/* So many of those were consumed. */
void replay_consume(struct replay *r, u32 n);

/**
 * replay_clone() - All that is kept, once more
 * @to: empty; gets it, to be read from the beginning
 * @r: replay
 * @gfp: how to allocate
 *
 * Return: 0, or -ENOMEM with @to holding a part.
 */
int replay_clone(struct replay *to, const struct replay *r, gfp_t gfp);

/**
 * replay_cut() - Take the end off
 * @r: replay, not being read, whose skbs nobody else has; others may have their bytes
 * @n: how many bytes; no more than there are
 * @to: gets them
 */
void replay_cut(struct replay *r, u32 n, void *to);

/* Put bytes at the end; the skb is the replay's from here on. */
void replay_append(struct replay *r, struct sk_buff *skb);

void replay_clear(struct replay *r);

#endif
