/* SPDX-License-Identifier: GPL-2.0 */
/*
 * transparent: legs that have their client's address towards an endpoint, and connections
 * to an address that is no namespace's.
 *
 * A client whose connection was intercepted at connect() has an address of the leg's
 * namespace. One whose connection has come as packets has not: its leg's socket is
 * transparent (IP_TRANSPARENT), and what the endpoint sends to it has to be caught by
 * who sees packets, which intercept/packet_in.c does. For that a namespace has a small
 * table of whose addresses such sockets may have. What it has accepted for a listener that
 * takes packets is in there, too: it goes on when that listener is gone.
 *
 * The client may connect to the endpoint without us, by way of this node. So that both
 * are told apart, the ports of such legs are those above the range from which Linux
 * gives its own by default (61000 to 65535, net.ipv4.ip_local_port_range): the odd ones
 * towards an endpoint in the leg's own namespace, the even ones towards others. Other
 * clients may have them, and lose connections of their own to an endpoint for that.
 */
#ifndef L7MESH_TRANSPARENT_H
#define L7MESH_TRANSPARENT_H

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include "lib/address.h"

struct http_net;
struct link;

#define TRANSPARENT_BITS	10

/*
 * For so long packets of a socket are seen to that nobody has any more: FIN_WAIT and
 * TIME_WAIT, or retries, as they are by default (net.ipv4.tcp_orphan_retries).
 */
#define TRANSPARENT_LINGER	(400u * HZ)

/* Addresses of some key. */
union transparent_keys {
	struct {
		atomic_t open;	/* sockets that have one of them */
		u32 until;	/* jiffies: TCP may go on with closed ones */
	};
	u64 both;		/* read at once */
};

struct transparent {
	bool caught;		/* what is sent to such sockets is */
	union transparent_keys keys[1 << TRANSPARENT_BITS];
};

/* A namespace's. */
struct transparent *transparent_of(struct http_net *hn);

/**
 * transparent_bind() - Give a leg's socket its client's address
 * @t: of the leg's namespace
 * @l: opened, not connected
 * @source: the address, port 0
 * @to: the endpoint
 * @foreign: the namespace may not have it: transparent_unbind() follows, even after
 *	an error
 *
 * Context: process, may sleep.
 *
 * Return: 0; -EAFNOSUPPORT if the endpoint cannot be reached from that address: it is of
 * the other family, is the client itself, or one of both is loopback; if there is no port,
 * nobody can have the address, or nobody would catch what comes back; -ENOMEM, -ENOBUFS;
 * -EPERM or -EACCES if a BPF program does not let it bind.
 */
int transparent_bind(struct transparent *t, struct link *l,
		     const struct address *source, const struct address *to,
		     bool foreign);

/* Somebody sees packets, and gives them to such sockets, from now on; or nobody does. */
static inline void transparent_catch(struct transparent *t, bool caught)
{
	WRITE_ONCE(t->caught, caught);
}

static inline bool transparent_is_caught(const struct transparent *t)
{
	return READ_ONCE(t->caught);
}

/* A connection was accepted at an address; transparent_unbind() follows. Any context. */
void transparent_accepted(struct transparent *t, const struct address *at);

/*
 * The socket that had an address is closed, and TCP may still send and receive for it.
 * Any context.
 */
void transparent_unbind(struct transparent *t, const struct address *address);

/* Is any socket open, or was a moment ago? Some thousands of instructions. Any context. */
bool transparent_is_used(const struct transparent *t);

/**
 * transparent_may_have() - Might some socket have an address?
 * @t: of its namespace
 * @key: address_key() of the address
 *
 * Some instructions. Any context.
 *
 * Return: false: none has.
 */
static inline bool transparent_may_have(const struct transparent *t, u32 key)
{
	union transparent_keys k = {
		.both = READ_ONCE(t->keys[hash_32(key, TRANSPARENT_BITS)].both),
	};

	u32 now;

	if (likely(!k.both))
		return false;
	now = jiffies;
	/* Unsigned: of a key that was not used for weeks, too. */
	return atomic_read(&k.open) || k.until - now <= TRANSPARENT_LINGER;
}

#endif
