/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of splice share. See splice.h for what it is.
 *
 * A pair has an end for each of its two sockets. An end carries the struct proto
 * that its socket's sk_prot points to while it is attached: that is how it is
 * found. The end is attached and detached under the socket's lock.
 *
 * A pair is alive until either socket is closed or wants to be alone (kTLS, a
 * sockmap, repair, the policy), or their numbers disagree. Then it is marked dead,
 * and its pointers to the sockets are cleared, once; each end detaches when its
 * socket is next released or destroyed. A sender that has found such a pointer before
 * looks at the mark once it has the peer's slock. An end is detached with that held,
 * and with nothing of ours in the backlog: so nothing of ours gets there afterwards,
 * where TCP would take it for a packet.
 *
 * References: a pair holds both sockets while it is alive, and for a grace period
 * longer. The pair itself is held by each attached end, by a timer that runs, by a walk
 * that looks at it, and by that grace period; it is freed once nobody can still read
 * through a proto that he found in sk_prot: after a grace period of RCU tasks, and one
 * of RCU.
 *
 * Locks: a sender owns its socket (lock_sock) and takes the slock of its peer,
 * nested. The peer may be the HTTP engine's: it runs then and there, tries for the
 * slock of its other leg, and takes, nested deeper, that of an application's
 * socket to which it sends. So slocks of the engine's sockets are outside those of
 * applications', and no application's slock is held while another is waited for.
 * Two sockets of the engine's are never a pair. Pairs' list locks are inside all
 * of these.
 */
#ifndef L7MESH_SPLICE_PRIV_H
#define L7MESH_SPLICE_PRIV_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/tcp.h>
#include "lib/compat.h"
#include "lib/stats.h"
#include "splice/splice.h"

struct splice_end {
	struct sock *sk;	/* while attached; under the list's lock */
	struct proto prot;	/* what the socket's sk_prot is while attached */
	struct proto *orig;	/* what it was */
	struct splice_pair *pair;
	struct splice_end *other;
	u8 side;		/* index in pair->ends and pair->sks */
	bool blocked;		/* a writer waits for room at the peer */
	bool tcp_only;		/* the peer does not read: TCP's buffers, too */
	bool ack_wanted;	/* TCP here needs to know what the peer has got */
	bool engine;		/* the socket is the HTTP engine's */
	u32 packet_due;		/* tcp_jiffies32: see be_seen() */
	atomic_t backlogged;	/* buffers of ours in the socket's backlog */
	void *backlog_memcg;	/* to whom they are charged; compared only */
	struct splice_count count;
	struct timer_list patience;
	struct work_struct room;	/* tells the engine of room */
};

/* In a list of pairs. */
struct pair_link {
	struct list_head list;
	struct splice_pair *pair;	/* NULL: this is how far a walk has come */
};

struct splice_pair {
	refcount_t ref;
	unsigned long state;	/* bits PAIR_x */
	struct sock *sks[2];	/* RCU; NULL once dead */
	struct sock *held[2];
	struct splice_end ends[2];
	struct splice_owner owner;	/* held */
	u32 packet_every;	/* jiffies: see be_seen() */
	struct splice_subject subject;
	struct pair_link link;
	struct rcu_head rcu;	/* of the sockets' references */
	struct rcu_head free_rcu;
};

enum {
	PAIR_LIVE,		/* both ends are attached */
	PAIR_DEAD,
};

void splice_release_cb(struct sock *sk);

/* The socket's end if it has one. Locked, or under RCU, or in a probe. */
static inline struct splice_end *splice_end_of(const struct sock *sk)
{
	struct proto *prot = READ_ONCE(sk->sk_prot);

	return prot->release_cb == splice_release_cb ?
		container_of(prot, struct splice_end, prot) : NULL;
}

/* The peer's socket; NULL if the pair is not alive. Context: rcu_read_lock(). */
static inline struct sock *splice_peer(const struct splice_end *e)
{
	struct splice_pair *p = e->pair;

	if (!test_bit(PAIR_LIVE, &p->state))
		return NULL;
	return READ_ONCE(p->sks[!e->side]);
}

void splice_pair_put(struct splice_pair *p);

/* Any context but hard interrupts; slocks may be held, sk_callback_locks not. */
void splice_kill(struct splice_pair *p);

static inline bool splice_is_dead(const struct splice_pair *p)
{
	return test_bit(PAIR_DEAD, &p->state);
}

/*
 * The socket's end; NULL if it has none, or had one whose pair is dead, from which
 * it is detached now. Its slock is held, its backlog empty.
 */
struct splice_end *splice_settle(struct sock *sk);

/**
 * splice_leave_owned() - Detach a socket's end at once, if it has one
 * @sk: owned by the caller, its slock not held, and not within release_sock()
 *
 * Context: process; does not sleep.
 */
void splice_leave_owned(struct sock *sk);

void splice_acknowledge(struct sock *sk, const struct splice_end *e);

/**
 * splice_catch_up() - What the peer has received is acknowledged
 * @sk: the sender: its slock is held, and nobody else owns it
 * @e: its end
 *
 * Bytes in the peer's backlog are not acknowledged when they are sent.
 */
static inline void splice_catch_up(struct sock *sk, const struct splice_end *e)
{
	if (unlikely(tcp_sk(sk)->snd_una != tcp_sk(sk)->snd_nxt))
		splice_acknowledge(sk, e);
}

/*
 * Counts calls that may sleep; splice_disable() waits for them. They notice soon
 * that splicing is not enabled any more, and leave.
 */
void splice_enter(void);
void splice_leave(void);
bool splice_is_enabled(void);

/* ---- splice_send.c: the overridden functions of struct proto ---- */

int splice_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
#ifdef MESH_HAVE_SENDPAGE
int splice_sendpage(struct sock *sk, struct page *page, int offset, size_t size,
		    int flags);
#endif
bool splice_stream_memory_free(const struct sock *sk, int wake);
void splice_patience(struct timer_list *t);
void splice_room(struct work_struct *work);
extern struct workqueue_struct *splice_wq;

/**
 * splice_before_fin() - TCP is about to send a FIN
 * @sk: locked socket, its slock not held
 * @e: its end
 *
 * Brings TCP's view of what the peer has received up to date.
 */
void splice_before_fin(struct sock *sk, struct splice_end *e);

/**
 * splice_wake() - Tell a blocked writer to look again
 * @sk: writer
 * @e: its end
 *
 * Context: rcu_read_lock(), or @sk held.
 */
void splice_wake(struct sock *sk, struct splice_end *e);

/* ---- splice_receive.c ---- */

/* Module-wide. */
void splice_receive_init(void);

/* How much of a receive buffer is filled directly: TCP needs some for a FIN. */
static inline int splice_limit(const struct sock *sk)
{
	int size = READ_ONCE(sk->sk_rcvbuf);

	return size / 2 + size / 8;
}

static inline int splice_used(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) + READ_ONCE(sk->sk_backlog.len);
}

/**
 * splice_may_receive() - Whether bytes may be queued on a socket directly
 * @sk: receiver, its slock held
 */
bool splice_may_receive(const struct sock *sk);

/**
 * splice_admit() - Whether a socket gets the memory for a buffer
 * @sk: receiver, its slock held, for which splice_may_receive() holds
 * @skb: buffer; its truesize is charged, to the socket and its control group
 *
 * If it returns true splice_deliver() has to follow under the same lock. Else TCP is
 * to be asked, which may prune, drop, or force.
 */
bool splice_admit(struct sock *sk, struct sk_buff *skb);

/**
 * splice_deliver() - Queue bytes on a socket
 * @sk: receiver, its slock held
 * @skb: admitted, without an owner, with TCP_SKB_CB()'s seq and end_seq; taken
 */
void splice_deliver(struct sock *sk, struct sk_buff *skb);

/* Whether a queued buffer is of splice_deliver()'s: a segment of TCP's has ACK. */
static inline bool splice_is_ours(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_flags == TCPHDR_PSH;
}

/* Tell the reader, as TCP does when bytes have come. The slock is held. */
void splice_data_ready(struct sock *sk);

/* There is room at a receiver, and a writer may wait for it. */
void splice_made_room(struct sock *sk, struct splice_end *e);

/**
 * splice_released() - The receiver may have read something
 * @sk: receiver, locked
 * @e: its end
 */
static inline void splice_released(struct sock *sk, struct splice_end *e)
{
	/* Pairs with the one in has_room(): what has been read, then this. */
	smp_mb();
	if (READ_ONCE(e->other->blocked))
		splice_made_room(sk, e);
}

/**
 * splice_take_out() - Take what is ours out of a socket's backlog
 * @sk: receiver, its slock held
 * @e: its end, whose pair is dead
 * @ours: out: for splice_take_in()
 *
 * Return: false, and nothing has happened, if some of it is being worked on
 * beneath us.
 */
bool splice_take_out(struct sock *sk, struct splice_end *e,
		     struct sk_buff_head *ours);

/**
 * splice_take_in() - Queue that
 * @sk: receiver, owned or its slock held
 * @e: its end, which may have been detached, but is not freed
 * @ours: from splice_take_out()
 */
void splice_take_in(struct sock *sk, struct splice_end *e,
		    struct sk_buff_head *ours);

int splice_backlog_rcv(struct sock *sk, struct sk_buff *skb);

/* ---- splice_skb.c ---- */

/* Module-wide. Context: process; splice_skb_exit() when no sender runs any more. */
int splice_skb_init(void);
void splice_skb_exit(void);

/**
 * splice_skb() - A buffer with the next bytes of a message
 * @sk: sender
 * @msg: message, from whose iterator @len bytes are taken
 * @len: at most SPLICE_CHUNK
 *
 * Context: process, may sleep and fault.
 *
 * Return: a buffer, or ERR_PTR(-ENOMEM), ERR_PTR(-EFAULT) with the iterator where
 * it was.
 */
struct sk_buff *splice_skb(struct sock *sk, struct msghdr *msg, u32 len);

/* Frees a buffer of splice_skb()'s that was not sent. Context: as above. */
void splice_skb_drop(struct sk_buff *skb);

/**
 * splice_small_skb() - The same without sleeping
 * @msg: message, from whose iterator @len bytes are taken
 * @len: at most SPLICE_SMALL
 * @room: bytes that there should be room for behind it, up to a page
 *
 * Context: BH is disabled.
 *
 * Return: a buffer, or NULL with the iterator where it was: there is no memory, or
 * the bytes are to be faulted in.
 */
struct sk_buff *splice_small_skb(struct msghdr *msg, u32 len, u32 room);

/* Frees a buffer of splice_small_skb()'s that was not sent. Context: as above. */
void splice_small_drop(struct sk_buff *skb);

/*
 * All or nothing, without faulting in pages. The buffer's tail has room: checking
 * that in copy_from_iter() would cost more than the copy.
 */
static inline bool splice_copy(struct sk_buff *skb, struct msghdr *msg, u32 len)
{
	size_t n;

	pagefault_disable();
	n = _copy_from_iter(skb_tail_pointer(skb), len, &msg->msg_iter);
	pagefault_enable();
	if (n != len) {
		iov_iter_revert(&msg->msg_iter, n);
		return false;
	}
	__skb_put(skb, len);
	return true;
}

#define SPLICE_CHUNK	65536U

/* Up to this many bytes are in the buffer's linear part. */
#define SPLICE_SMALL	3000U

#endif
