/* SPDX-License-Identifier: GPL-2.0 */
/*
 * splice: two TCP sockets of this node that are each other's peers pass bytes
 * without TCP/IP.
 *
 * What the sender writes is queued on the peer's sk_receive_queue, and both
 * sockets' sequence numbers move as if it had been sent and acknowledged. So TCP
 * stays consistent at every moment: each send decides for itself whether it goes
 * directly, there is no switching over, and everything but the sending of bytes is
 * the kernel's own code: reading, polling, closing, urgent data, timers.
 *
 *	sendmsg()	directly if nothing is under way in TCP, else by TCP
 *	FIN, RST	by TCP, always: splice only sees to it that TCP's numbers are
 *			right by then
 *
 * splice.c	pairs: their life, and how a socket gets and loses its end
 * splice_send.c	the sender's side
 * splice_receive.c	the receiver's side
 * splice_skb.c	buffers
 * pairing.c	who is whose peer
 * conntrack.c	what connection tracking has to know
 */
#ifndef L7MESH_SPLICE_H
#define L7MESH_SPLICE_H

#include <linux/types.h>
#include "lib/address.h"

struct mesh;
struct mesh_stats;
struct msghdr;
struct net;
struct page;
struct sock;

/* What a connection is judged by. */
struct splice_subject {
	struct net *client, *server;	/* the namespaces, as long as the sockets */
	u16 ports[3];			/* asked for, connected to, listened at */
	bool meshed;			/* a listener took it */
	bool looped;			/* over the loopback device */
};

/* On whose behalf a connection is spliced. */
struct splice_owner {
	struct mesh *mesh;
	struct mesh_stats __percpu *stats;	/* its counters, which count */
};

/*
 * Who decides what is spliced. Any context but hard interrupts.
 */
struct splice_judge {
	/* Is it a socket of the HTTP engine's that is connected? */
	bool (*is_engines)(const struct sock *sk);

	/* Might the connection of a socket that has just connected be spliced at all? */
	bool (*concerns)(const struct sock *client);

	/*
	 * What it is judged by. Both sockets are locked, either way, or cannot be
	 * disconnected.
	 */
	void (*describe)(struct splice_subject *s, struct sock *client,
			 const struct sock *server);

	/* The mesh that wants it spliced, held for put(). False: none does. */
	bool (*get)(const struct splice_subject *s, struct splice_owner *owner);
	void (*put)(struct mesh *m);

	/* Does @m want it spliced still? */
	bool (*wants)(const struct splice_subject *s, const struct mesh *m);
};

/*
 * Module-wide. Context: process. splice_exit() when it is disabled.
 * @judge: constant
 */
int splice_init(const struct splice_judge *judge);
void splice_exit(void);

/**
 * splice_enable() - Begin to pair sockets that get connected
 *
 * Context: process; the caller serialises this with splice_disable().
 *
 * Return: 0, or a negative errno and nothing has changed.
 */
int splice_enable(void);

/**
 * splice_disable() - Stop pairing; every pair goes on as plain TCP
 *
 * Waits for senders that are in our code. One that is blocked sleeps in TCP's, with
 * nothing of ours beneath; if a part of its message has gone directly it returns
 * what it has sent, within a fraction of a second. On return no code of ours runs in
 * a system call.
 *
 * Context: process.
 */
void splice_disable(void);

/**
 * splice_send_locked() - Send on a socket of the HTTP engine's
 * @sk: socket, locked either way
 * @msg: message, MSG_DONTWAIT; from memory of the kernel's
 *
 * Directly if it is spliced, else as tcp_sendmsg_locked(). Any context but hard
 * interrupts; no application's socket is locked.
 *
 * Return: as tcp_sendmsg_locked().
 */
int splice_send_locked(struct sock *sk, struct msghdr *msg);

/**
 * splice_send_page() - The same for bytes of a page, which is not copied
 * @sk: socket, locked either way
 * @page: page
 * @off: first byte; may lie beyond the first page of a compound one
 * @len: how many
 * @flags: MSG_DONTWAIT and others
 *
 * Return: bytes sent, or a negative errno.
 */
int splice_send_page(struct sock *sk, struct page *page, u32 off, u32 len,
		     int flags);

/**
 * splice_read_locked() - Read from a socket of the HTTP engine's
 * @sk: socket, locked either way
 * @desc: for the actor; its count is not 0
 * @actor: as of tcp_read_sock(); does not let go of the lock
 *
 * Return: as tcp_read_sock(). splice_consumed() is to follow.
 */
int splice_read_locked(struct sock *sk, read_descriptor_t *desc,
		       sk_read_actor_t actor);

/**
 * splice_steer() - Pass a buffer on that the HTTP engine reads
 * @from: locked socket of the engine's, whose only queued buffer it is
 * @skb: of which nothing has been read
 * @to: locked socket of the engine's to send it on
 *
 * Called by the actor of splice_read_locked(), which then returns @skb's length.
 *
 * Return: false, and nothing has happened, if it has to be copied, as one that is not
 * fixed, or sent by TCP.
 */
bool splice_steer(struct sock *from, struct sk_buff *skb, struct sock *to);

/**
 * splice_is_fixed() - Whether nobody can change the bytes of a buffer any more
 * @skb: received, in whichever way
 *
 * A buffer may refer to pages that its sender can still write to: sendfile(), vmsplice()
 * and MSG_ZEROCOPY do not copy. What has been read in one may be something else by the
 * time that it is passed on.
 */
bool splice_is_fixed(const struct sk_buff *skb);

/**
 * splice_is_spliced() - Whether bytes may go past TCP
 * @sk: locked socket
 */
bool splice_is_spliced(const struct sock *sk);

/**
 * splice_take() - Take a buffer that the HTTP engine reads
 * @from: locked socket of the engine's
 * @skb: as for splice_steer()
 *
 * Return: @skb, which is the caller's, has its bytes in one place, and room behind
 * them, if it was made by splice; else NULL, and it is where it was.
 */
struct sk_buff *splice_take(struct sock *from, struct sk_buff *skb);

/**
 * splice_send_skb() - Send what was taken
 * @sk: locked socket of the engine's
 * @skb: from splice_take()
 *
 * Return: whether it has been sent; else it is still the caller's.
 */
bool splice_send_skb(struct sock *sk, struct sk_buff *skb);

/**
 * splice_consumed() - The HTTP engine has read from a socket
 * @sk: socket, locked either way
 *
 * A writer that waits for room is told.
 */
void splice_consumed(struct sock *sk);

/**
 * splice_reconsider() - Policies have changed
 *
 * Connections that no mesh wants spliced any more go on as plain TCP: what is sent
 * after this returns is sent by TCP, but for a call that is under way. Those that
 * were not paired when they began are not paired now.
 *
 * Context: process, may sleep.
 */
void splice_reconsider(void);

/* Why a message goes by TCP; in the order of the counters in stats_list.h. */
enum splice_reason {
	SPLICE_SLOW_RECEIVER,	/* its buffer has been full for a while */
	SPLICE_SMALL_BUFFER,	/* the receiver's */
	SPLICE_UNDER_WAY,	/* earlier bytes are still being sent by TCP */
	SPLICE_SENDER_OPTION,	/* timestamps, pacing, repair, a cgroup's program */
	SPLICE_RECEIVER_OPTION,	/* timestamps, a filter, a program; or it is closed */
	SPLICE_SPECIAL_MESSAGE,	/* urgent, zero-copy, with ancillary data */
	SPLICE_NO_MEMORY,	/* or a fault: TCP says which */
	SPLICE_ENDED,		/* the sockets are not paired any more */
	SPLICE_REASONS
};

const char *splice_reason_name(enum splice_reason reason);

/* What a socket has sent. Under its lock; read without, for show. */
struct splice_count {
	u64 direct_bytes, direct_messages;
	u64 tcp_bytes, tcp_messages;
	u32 fallbacks[SPLICE_REASONS];
};

struct splice_end_info {
	struct address address;
	u64 netns;		/* inodes */
	u64 inode;
	struct splice_count count;
};

struct splice_info {
	struct splice_end_info ends[2];	/* client, server */
};

/**
 * splice_list() - The pairs that are alive under a mesh
 * @m: mesh
 * @list: out: array to kvfree(); NULL if there is none
 * @n: out: its length
 *
 * Context: process.
 *
 * Return: 0 or -ENOMEM.
 */
int splice_list(const struct mesh *m, struct splice_info **list, u32 *n);

#endif
