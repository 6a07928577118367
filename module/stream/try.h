/* SPDX-License-Identifier: GPL-2.0 */
/*
 * try: one attempt to have a request answered: at which endpoint, what counts it, and
 * where its response comes from.
 *
 * A stream has a current try, whose request is sent and whose response is read. A
 * retry makes it the next one. When a request is hedged, earlier tries are out beside
 * it, on stream->others: each has all of the request and not a byte of a response. Nobody
 * waits for the try that a copy is.
 *
 * Owner: the stream, under its connection's lock. The first try is a part of it;
 * those that hedge are allocated. A copy's is its call's.
 */
#ifndef L7MESH_TRY_H
#define L7MESH_TRY_H

#include <linux/list.h>
#include <linux/types.h>
#include "authz/guard.h"
#include "authz/workload.h"

struct address;
struct endpoint;
struct leg;

struct try {
	struct list_head list;	/* stream->others, when it is not the current one */
	struct leg *leg;	/* from where its response comes; NULL: not yet there */
	struct endpoint *ep;	/* of the snapshot, or held */
	/* Of the snapshot, see stream_hop.c; or NULL. */
	const struct guard *hop;	/* the endpoint's, ... */
	const struct address *hop_from;	/* ... to which the leg is from here */
	u64 sent_at;		/* ns: when the request was sent; 0: nobody wants to know */
	u32 leg_idle;		/* ms that the leg may be idle afterwards, ... */
	u32 leg_max_idle;	/* ... and how many may */
	bool ep_held;
	bool active;		/* counts as the endpoint's load, ... */
	bool connected;		/* ... and in the connections of stream->load */
	bool open_leg;		/* the work is to open a leg */
	bool reused_leg;
	bool fresh_leg;		/* another one than from the pool is wanted */
	bool leg_reusable;	/* as far as the response says */
	bool sent;		/* all of the request is */
	bool hedge;		/* it began while another was out */
	bool hedge_due;		/* another begins when its time is over */
	bool unawaited;		/* nobody waits for its response: a copy */
	bool shadow;		/* whose Host says so */
	u8 shut_down;		/* enum shut_down, of a tunnel's leg */
};

/* The cookie of the endpoint's namespace, if the leg is to begin there; or 0. */
static inline u64 try_hop(const struct try *t)
{
	return unlikely(t->hop) ? t->hop->workload->netns : 0;
}

#endif
