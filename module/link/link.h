/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link: one end of a connection of the engine's, whatever carries its bytes.
 *
 * Above this folder, splice/ and intercept/ nobody sees a socket: who has a
 * connection, a leg or a call has a link in it, and asks that. A link's bytes go by
 * TCP, or past it if splice has paired the socket; each operation finds out by
 * itself which. Reading and sending are the same for both, steering wants splice.
 *
 * Cost: what runs for each message is inline and calls TCP or splice directly.
 *
 * Owner: whoever has it as a part of something larger. It owns the socket, from
 * link_open() or from its acceptor to link_close().
 *
 * Locks. The link's is the socket's: held by a task (link_lock()), in which case
 * packets wait in its backlog and are processed when it is unlocked; or for a moment
 * in softirq (link_trylock()), for which no task may have it. "Locked" means either.
 * Nobody waits for the locks of two links, except in the order connection > leg. See
 * ARCHITECTURE.md for where they stand among others.
 *
 * Context: any but hard interrupts, with the link locked, where nothing else is said.
 */
#ifndef L7MESH_LINK_H
#define L7MESH_LINK_H

#include <linux/net.h>
#include <net/tcp.h>
#include "lib/compat.h"
#include "lib/payer.h"
#include "link/callbacks.h"
#include "link/identity.h"
#include "splice/splice.h"

struct link {
	struct socket *sock;	/* NULL: not opened */
	struct sock *sk;	/* its own */
	struct callbacks callbacks;	/* the socket's own while an owner's are set */
};

/* ---- life ---- */

/* Of a socket that was accepted, which is the link's now. Unlocked. */
static inline void link_init(struct link *l, struct socket *sock)
{
	l->sock = sock;
	l->sk = sock->sk;
}

static inline bool link_is_open(const struct link *l)
{
	return l->sock;
}

/**
 * link_open() - Make a link that is to be connected
 * @l: zeroed
 * @id: for whom, see identity_sock_create(); or NULL
 * @net: namespace
 * @family: AF_INET or AF_INET6
 *
 * Context: process, may sleep. Return: 0 or a negative errno.
 */
int link_open(struct link *l, const struct identity *id, struct net *net,
	      int family);

/**
 * link_connect() - Begin to connect
 * @l: opened with the same identity, unlocked
 * @id: as for link_open()
 * @to: where
 *
 * Context: process, may sleep. Return: as identity_connect().
 */
static inline int link_connect(struct link *l, const struct identity *id,
			       const struct address *to)
{
	return identity_connect(id, l->sock, to);
}

/**
 * link_close() - End a link
 * @l: open, unlocked, without an owner's callbacks
 * @reset: with RST; else what is left to be sent is sent
 *
 * Context: process.
 */
void link_close(struct link *l, bool reset);

/* The same for one that nobody has used: with RST. */
void link_refuse(struct link *l);

/* What both ends of the engine's connections have in common. Context: process, unlocked. */
void link_tune(struct link *l);

/* Whole messages are sent, so never wait for more. Context: process, unlocked. */
static inline void link_set_nodelay(struct link *l)
{
	tcp_sock_set_nodelay(l->sk);
}

/**
 * link_limit() - How much a link may buffer, each way
 * @l: link
 * @bytes: of payload; 0: what TCP thinks best
 */
void link_limit(struct link *l, u32 bytes);

/* Let it send where nobody may sleep. Locked, or not yet known to anybody else. */
static inline void link_send_anywhere(struct link *l)
{
	compat_sock_softirq_send(l->sk);
}

/* See payer_take(). */
static inline bool link_charge(struct link *l, struct mem_cgroup *payer)
{
	return payer_take(payer, l->sk);
}

/* ---- events ---- */

/* There may be room to send. Returns whether there is: else this comes again. */
static inline bool link_room_made(const struct link *l)
{
	l->callbacks.write_space(l->sk);
	return !test_bit(SOCK_NOSPACE, &l->sk->sk_socket->flags);
}

/**
 * LINK_EVENTS() - Define what TCP calls when something happens to a link
 * @name: what the functions' names begin with
 * @event: void (struct link *): bytes, a FIN or an error came, or it is connected
 * @room: void (struct link *): there is room to send again
 *
 * Functions of each kind of owner's own, so that there is no pointer to go through.
 * Both are called with the link locked, in any context but hard interrupts, also
 * within calls that send on this very link.
 */
#define LINK_EVENTS(name, event, room)					\
static void name##_data_ready(struct sock *sk)				\
{									\
	struct link *l = sk->sk_user_data;				\
									\
	if (l)								\
		event(l);						\
}									\
									\
static void name##_write_space(struct sock *sk)				\
{									\
	struct link *l = sk->sk_user_data;				\
									\
	if (l && link_room_made(l))					\
		room(l);						\
}

/* An initialiser for struct callbacks, of what LINK_EVENTS() has defined. */
#define LINK_CALLBACKS(name) {						\
	.data_ready = name##_data_ready,				\
	.state_change = name##_data_ready,				\
	.write_space = name##_write_space,				\
	.error_report = name##_data_ready,				\
}

/* From here on @ours are called. Locked, or not yet known to anybody else. */
static inline void link_hook(struct link *l, const struct callbacks *ours)
{
	l->callbacks = *ours;
	callbacks_swap(l->sk, &l->callbacks, l);
}

/* From here on they are not; none is running. Locked by a task. */
static inline void link_unhook(struct link *l)
{
	callbacks_swap(l->sk, &l->callbacks, NULL);
}

/**
 * link_know() - These are an owner's callbacks
 * @ours: constant
 *
 * Context: process, module init. For link_owns().
 */
void link_know(const struct callbacks *ours);

/**
 * link_owns() - Is it a socket of the engine's that is connected?
 * @sk: any socket
 *
 * Any context. False in the moment in which a socket that was accepted is taken
 * over, and for calls, which are short.
 */
bool link_owns(const struct sock *sk);

/* ---- locks ---- */

/* Context: process, no other link locked. */
static inline void link_lock(struct link *l)
{
	lock_sock(l->sk);
}

static inline void link_unlock(struct link *l)
{
	release_sock(l->sk);
}

/* Within the lock of a connection's; link_unlock() follows. */
static inline void link_lock_nested(struct link *l)
{
	lock_sock_nested(l->sk, SINGLE_DEPTH_NESTING);
}

/* The same for one that others may close as soon as it is unlocked. */
static inline void link_lock_kept(struct link *l)
{
	sock_hold(l->sk);
	link_lock_nested(l);
}

static inline void link_unlock_kept(struct link *l)
{
	struct sock *sk = l->sk;

	release_sock(sk);
	sock_put(sk);
}

/**
 * link_trylock() - Lock a link if that is possible at once
 * @l: link
 *
 * Context: bottom halves disabled. link_unlock_tried() follows.
 *
 * Return: false if somebody has it.
 */
static inline bool link_trylock(struct link *l)
{
	struct sock *sk = l->sk;

	if (!spin_trylock(&sk->sk_lock.slock))
		return false;
	if (sock_owned_by_user_nocheck(sk)) {
		spin_unlock(&sk->sk_lock.slock);
		return false;
	}
	__release(&sk->sk_lock.slock);	/* for sparse: the caller knows */
	return true;
}

static inline void link_unlock_tried(struct link *l)
{
	struct sock *sk = l->sk;

	__acquire(&sk->sk_lock.slock);
	spin_unlock(&sk->sk_lock.slock);
}

/* In an event: has a task locked it? */
static inline bool link_is_owned(const struct link *l)
{
	return sock_owned_by_user_nocheck(l->sk);
}

/* ---- state ---- */

/* Is anything to be read, if only a FIN? Also without the lock, as a hint. */
static inline bool link_pending(const struct link *l)
{
	return !skb_queue_empty(&l->sk->sk_receive_queue);
}

/* Bytes that are to be read. */
static inline int link_readable(const struct link *l)
{
	return tcp_inq(l->sk);
}

/* The other end sends no more; what it has sent may still be to be read. */
static inline bool link_is_shut(const struct link *l)
{
	return l->sk->sk_shutdown & RCV_SHUTDOWN;
}

/* An error has ended it, which nobody has asked for yet. */
static inline bool link_has_failed(const struct link *l)
{
	return l->sk->sk_err;
}

/* It has ended, both ways; what came before may still be to be read. */
static inline bool link_is_broken(const struct link *l)
{
	return l->sk->sk_err || l->sk->sk_state == TCP_CLOSE;
}

/* No byte is left to be read, and none will come. */
static inline bool link_eof(const struct link *l)
{
	return !link_pending(l) && (link_is_broken(l) || link_is_shut(l));
}

/**
 * link_eof_unlocked() - The same for a link that is not locked
 * @l: link
 *
 * First whether it has ended, then its bytes: those that came before the end are
 * counted by then. Its queue does not tell: a FIN stands in it until somebody reads.
 */
static inline bool link_eof_unlocked(const struct link *l)
{
	const struct sock *sk = l->sk;
	bool ended = READ_ONCE(sk->sk_err) ||
		     READ_ONCE(sk->sk_state) == TCP_CLOSE ||
		     (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);

	/* TCP counts bytes before it signals the end. */
	smp_rmb();
	return ended && link_readable(l) <= 0;
}

/* At its end: did a FIN end it, not a reset? */
static inline bool link_ended_well(const struct link *l)
{
	return sock_flag(l->sk, SOCK_DONE);
}

static inline bool link_is_connecting(const struct link *l)
{
	return l->sk->sk_state == TCP_SYN_SENT;
}

/* Can it send? */
static inline bool link_is_connected(const struct link *l)
{
	return l->sk->sk_state == TCP_ESTABLISHED ||
	       l->sk->sk_state == TCP_CLOSE_WAIT;
}

/* Connected both ways, and nothing has come. */
static inline bool link_is_fresh(const struct link *l)
{
	return l->sk->sk_state == TCP_ESTABLISHED && !l->sk->sk_err &&
	       !link_is_shut(l) && !link_pending(l);
}

/* Why it ended, as a negative errno that is told once; or 0. */
static inline int link_error(struct link *l)
{
	return sock_error(l->sk);
}

/* The other end. */
void link_peer(const struct link *l, struct address *a);

/* The port of the other end. */
static inline __be16 link_peer_port(const struct link *l)
{
	return inet_sk(l->sk)->inet_dport;
}

/* Out-of-band bytes would stop the stream. */
static inline bool link_has_urgent(const struct link *l)
{
	return tcp_sk(l->sk)->urg_data;
}

/* Nothing that was sent is under way: so no event tells of room. */
static inline bool link_is_drained(const struct link *l)
{
	return tcp_rtx_and_write_queues_empty(l->sk);
}

/* ---- bytes ---- */

/**
 * link_read() - Read
 * @l: link, something pending
 * @desc: for the actor; its count is not 0
 * @actor: as of tcp_read_sock(); lets go of no lock, closes nothing
 *
 * Writers at the other end who wait for room are told.
 */
static inline void link_read(struct link *l, read_descriptor_t *desc,
			     sk_read_actor_t actor)
{
	splice_read_locked(l->sk, desc, actor);
	splice_consumed(l->sk);
}

/**
 * link_send() - Send from memory of the kernel's
 * @l: link
 * @msg: MSG_DONTWAIT
 *
 * Return: bytes sent, or a negative errno: -EAGAIN when there is no room.
 */
static inline int link_send(struct link *l, struct msghdr *msg)
{
	return splice_send_locked(l->sk, msg);
}

/* The same for bytes of a page, which is not copied, see splice_send_page(). */
static inline int link_send_page(struct link *l, struct page *page, u32 off,
				 u32 len, int flags)
{
	return splice_send_page(l->sk, page, off, len, flags);
}

/* Past TCP? */
static inline bool link_is_spliced(const struct link *l)
{
	return splice_is_spliced(l->sk);
}

/* An actor's: pass a whole buffer from one link to another, see splice_steer(). */
static inline bool link_steer(struct link *from, struct sk_buff *skb,
			      struct link *to)
{
	return splice_steer(from->sk, skb, to->sk);
}

/* An actor's: take a whole buffer, see splice_take(). */
static inline struct sk_buff *link_take(struct link *from, struct sk_buff *skb)
{
	return splice_take(from->sk, skb);
}

/* Send what was taken, see splice_send_skb(). */
static inline bool link_send_taken(struct link *l, struct sk_buff *skb)
{
	return splice_send_skb(l->sk, skb);
}

/* Send a FIN behind what was sent. Context: process, may sleep, unlocked. */
static inline void link_shut(struct link *l)
{
	kernel_sock_shutdown(l->sock, SHUT_WR);
}

#endif
