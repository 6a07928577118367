/* SPDX-License-Identifier: GPL-2.0 */
/*
 * call: a connection of the mesh's own to an endpoint, and perhaps one request on it.
 *
 * Used where nobody waits for the outcome: health checks, mirrored requests. A call has
 * a connection of its own and holds up nobody: events of the link queue its work,
 * which does everything.
 *
 * Ownership: whoever begins a call allocates it, as a part of something larger. From
 * call_begin() on the engine owns it, until the work calls done(), once, as the last
 * thing: done() may free it. A namespace that goes ends its calls and waits for them.
 *
 * Locks: http_net's calls_lock guards its list; the rest is the work's alone.
 */
#ifndef L7MESH_CALL_H
#define L7MESH_CALL_H

#include <linux/list.h>
#include <linux/workqueue.h>
#include "http/message.h"
#include "lib/address.h"
#include "link/link.h"
#include "link/out.h"
#include "link/replay.h"

struct endpoint;
struct http_net;
struct identity;

enum call_state {
	CALL_NEW,
	CALL_CONNECTING,
	CALL_SENDING,
	CALL_READING,		/* the response's head */
	CALL_DRAINING,		/* and its body, which nobody wants: lest the server be hurt */
};

struct call {
	/* set by who begins it */
	struct out header;	/* before all else, as soon as it is connected; or empty */
	struct out request;	/* a whole head; empty: only to connect */
	struct replay body;	/* what follows it, with its framing; may be empty */
	struct address to;
	struct identity *identity; /* for whom, counted; NULL: for the mesh itself, or a client
				    * without one
				    */
	struct mem_cgroup *payer;	/* who pays, held; or NULL */
	bool head_request;	/* the method is HEAD */
	void (*done)(struct call *call, int err, u16 status);

	/* private */
	u8 state;		/* enum call_state */
	bool killed;
	int err;
	struct http_net *hn;
	u32 bytes;		/* of it, in hn->quota */
	struct list_head list;	/* hn->calls */
	struct delayed_work work;
	unsigned long deadline;	/* jiffies */
	struct link link;	/* not open before the call connects */
	struct message *response;
	u64 left;		/* bytes of its body; U64_MAX: up to the end */
};

/**
 * call_begin() - Begin a call
 * @call: zeroed but for what is to be set
 * @hn: namespace in which it is made
 * @timeout: ms, until when it must be over
 *
 * Any context. done() gets 0 with the response's status (0 if none was asked for),
 * or a negative errno: -ETIMEDOUT, what connecting said, -ECONNRESET if the
 * connection ended too soon, -EBADMSG if the response is malformed.
 *
 * Return: false if the namespace is going; then the call is still the caller's.
 */
bool call_begin(struct call *call, struct http_net *hn, u32 timeout);

/* Free what a call was given, of one that could not be begun. */
void call_release(struct call *call);

/* Module-wide. Context: process. */
int call_init(void);
void call_exit(void);

/* End all calls of a namespace, and wait until they are over. Context: process. */
void call_end_all(struct http_net *hn);

#endif
