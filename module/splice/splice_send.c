// SPDX-License-Identifier: GPL-2.0
/*
 * Splice, the sender's side.
 *
 * A sender waits for room as TCP's would, but not for long: if the peer reads
 * nothing for PATIENCE, bytes go by TCP, until it has read everything. So as much
 * can be written ahead as with TCP, and TCP_USER_TIMEOUT and the like are TCP's.
 *
 * sk_stream_wait_memory() is not used: it sleeps for up to HZ/5 where there is
 * room by the time that it is called.
 */
#include <linux/bpf-cgroup.h>
#include "lib/inside.h"
#include "splice/splice_priv.h"

#define PATIENCE	max(HZ / 100, 2)

/* Smaller receive buffers are never filled directly. */
#define RCVBUF_MIN	(16 << 10)

/* Flags and options of a message that only packets can fulfil. */
#define TCP_FLAGS	(MSG_OOB | MSG_FASTOPEN | MSG_ZEROCOPY | MSG_SPLICE_PAGES)

enum way { WAY_DIRECT, WAY_WAIT, WAY_TCP };

/*
 * Whether TCP has nothing of this socket's under way. If snd_una lags, it is for
 * bytes in the peer's backlog.
 */
static bool is_drained(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return !tp->packets_out && tcp_write_queue_empty(sk) &&
	       tp->snd_nxt == tp->write_seq;
}

static bool sends_packets(const struct sock *sk)
{
	return sk->sk_tsflags || tcp_sk(sk)->repair ||
	       sk->sk_max_pacing_rate != ~0UL ||
	       (cgroup_bpf_enabled(CGROUP_INET_EGRESS) &&
		cgroup_bpf_sock_enabled((struct sock *)sk, CGROUP_INET_EGRESS));
}

static bool may_send(const struct sock *sk)
{
	return (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT) &&
	       !(sk->sk_shutdown & SEND_SHUTDOWN) && !sk->sk_err &&
	       is_drained(sk) && !sends_packets(sk);
}

static bool is_full(const struct sock *sk)
{
	return splice_used(sk) >= splice_limit(sk);
}

static bool is_small(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvbuf) < RCVBUF_MIN;
}

static bool takes_directly(const struct sock *sk)
{
	return !is_small(sk) && !is_full(sk);
}

static bool is_patient(const struct sock *sk, const struct splice_end *e)
{
	return !READ_ONCE(e->tcp_only) && !inet_csk(sk)->icsk_user_timeout;
}

/* rcu_read_lock() held. If it is TCP, says why. */
static enum way choose_way(struct sock *sk, struct splice_end *e,
			   struct sock *peer, enum splice_reason *why)
{
	if (!peer) {
		*why = SPLICE_ENDED;
		return WAY_TCP;
	}
	if (!may_send(sk)) {
		*why = sends_packets(sk) ? SPLICE_SENDER_OPTION :
					   SPLICE_UNDER_WAY;
		return WAY_TCP;
	}
	if (is_small(peer)) {
		*why = SPLICE_SMALL_BUFFER;
		return WAY_TCP;
	}
	if (is_full(peer)) {
		*why = SPLICE_SLOW_RECEIVER;
		return is_patient(sk, e) ? WAY_WAIT : WAY_TCP;
	}
	WRITE_ONCE(e->tcp_only, false);
	return WAY_DIRECT;
}

/* ---- waiting for room ---- */

static void arm(struct splice_end *e)
{
	struct splice_pair *p = e->pair;

	if (timer_pending(&e->patience))
		return;
	refcount_inc(&p->ref);
	if (mod_timer(&e->patience, jiffies + PATIENCE))
		splice_pair_put(p);
}

void splice_patience(struct timer_list *t)
{
	struct splice_end *e = compat_timer_container_of(e, t, patience);
	struct splice_pair *p = e->pair;
	struct sock *sk;

	rcu_read_lock();
	sk = READ_ONCE(p->sks[e->side]);
	if (sk && READ_ONCE(e->blocked)) {
		WRITE_ONCE(e->tcp_only, true);
		splice_wake(sk, e);
	}
	rcu_read_unlock();
	splice_pair_put(p);
}

/*
 * The engine must be told with its socket locked, which the one who made room
 * cannot do.
 */
static void tell_engine(struct sock *sk, struct splice_end *e)
{
	struct splice_pair *p = e->pair;

	sock_hold(sk);
	refcount_inc(&p->ref);
	if (queue_work(splice_wq, &e->room))
		return;
	splice_pair_put(p);
	sock_put(sk);
}

void splice_room(struct work_struct *work)
{
	struct splice_end *e = container_of(work, struct splice_end, room);
	struct splice_pair *p = e->pair;
	struct sock *sk = p->held[e->side];

	lock_sock(sk);
	sk->sk_write_space(sk);
	release_sock(sk);
	sock_put(sk);
	splice_pair_put(p);
}

void splice_wake(struct sock *sk, struct splice_end *e)
{
	if (!xchg(&e->blocked, false))
		return;
	if (e->engine) {
		tell_engine(sk, e);
		return;
	}
	read_lock_bh(&sk->sk_callback_lock);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_write_space(sk);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* rcu_read_lock() held. If not, the peer wakes us when it has read, or the timer. */
static bool has_room(struct splice_end *e, const struct sock *peer)
{
	if (!is_full(peer))
		return true;
	WRITE_ONCE(e->blocked, true);
	/* Pairs with those in splice_released() and splice_kill(). */
	smp_mb();
	if (!is_full(peer) || !splice_peer(e))
		return true;
	arm(e);
	return false;
}

bool splice_stream_memory_free(const struct sock *sk, int wake)
{
	const struct sock *peer;
	struct splice_end *e;
	bool room = true;

	if (!tcp_stream_memory_free(sk, wake))
		return false;
	rcu_read_lock();
	e = splice_end_of(sk);
	peer = e ? splice_peer(e) : NULL;
	if (peer && is_drained(sk) && is_patient(sk, e))
		room = has_room(e, peer);
	rcu_read_unlock();
	return room;
}

static bool must_wait(struct sock *sk)
{
	return !sk->sk_err && !(sk->sk_shutdown & SEND_SHUTDOWN) &&
	       !splice_stream_memory_free(sk, 0);
}

/* The socket is unlocked meanwhile: its end may be gone on return. */
static int wait_for_room(struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err;

	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	/*
	 * Whoever makes room from now on sees the bit; if it was made before, we
	 * see the room.
	 */
	smp_mb__after_atomic();
	if (!must_wait(sk))
		return 0;
	if (!*timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(*timeo);
	add_wait_queue(sk_sleep(sk), &wait);
	sk->sk_write_pending++;
	err = sk_wait_event(sk, timeo, !must_wait(sk), &wait);
	sk->sk_write_pending--;
	remove_wait_queue(sk_sleep(sk), &wait);
	return err < 0 ? -EPIPE : 0;
}

/* ---- sending ---- */

/* BH is disabled. See splice_priv.h for the order of locks. */
static void lock_peer(const struct splice_end *e, struct sock *peer)
	__acquires(&peer->sk_lock.slock)
{
	spin_lock_nested(&peer->sk_lock.slock, e->engine ? 2 : 1);
}

static void unlock_peer(struct sock *peer)
	__releases(&peer->sk_lock.slock)
{
	spin_unlock(&peer->sk_lock.slock);
}

static void commit(struct sock *sk, u32 len)
{
	struct tcp_sock *tp = tcp_sk(sk);

	WRITE_ONCE(tp->write_seq, tp->write_seq + len);
	WRITE_ONCE(tp->snd_nxt, tp->write_seq);
	tp->pushed_seq = tp->write_seq;
	tp->bytes_sent += len;
	tp->bytes_acked += len;
	tp->segs_out++;
	tp->data_segs_out++;
	tp->lsndtime = tcp_jiffies32;
}

/*
 * Acknowledge what the peer has received, but not what is in its backlog: TCP would
 * then discard the peer's FIN as one with an old ACK.
 */
static void acknowledge(struct tcp_sock *tp, const struct sock *peer)
{
	u32 received = READ_ONCE(tcp_sk(peer)->rcv_nxt);

	if (after(received, tp->snd_una) && !after(received, tp->snd_nxt)) {
		tp->snd_una = received;
		tp->snd_up = received;
	}
}

void splice_acknowledge(struct sock *sk, const struct splice_end *e)
{
	const struct sock *peer;

	if (!is_drained(sk))
		return;
	rcu_read_lock();
	peer = splice_peer(e);
	if (peer)
		acknowledge(tcp_sk(sk), peer);
	rcu_read_unlock();
}

/* The control block of a new buffer is all zeroes. */
static void set_numbers(const struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	cb->seq = tcp_sk(sk)->write_seq;
	cb->end_seq = cb->seq + skb->len;
	/* Not ACK: TCP would take what is in the backlog for a packet, and look
	 * at its header for whether the next can be joined to it.
	 */
	cb->tcp_flags = TCPHDR_PSH;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

/* If not, somebody else has sent to one of them: see take_in(). */
static bool numbers_agree(const struct sock *sk, struct splice_end *e,
			  const struct sock *peer)
{
	if (likely(tcp_sk(peer)->rcv_nxt == tcp_sk(sk)->write_seq))
		return true;
	splice_kill(e->pair);
	return false;
}

/* Only with the peer's slock is it certain that the pair is alive. */
static bool takes(const struct sock *sk, struct splice_end *e,
		  const struct sock *peer)
{
	return !splice_is_dead(e->pair) &&
	       READ_ONCE(peer->sk_prot) == &e->other->prot &&
	       splice_may_receive(peer) &&
	       (sock_owned_by_user(peer) || numbers_agree(sk, e, peer));
}

/* The peer's slock is held, and it has admitted the buffer. */
static void put(struct sock *sk, struct sock *peer, struct sk_buff *skb)
{
	set_numbers(sk, skb);
	/* First, as the peer may acknowledge it at once. */
	commit(sk, skb->len);
	splice_deliver(peer, skb);
	acknowledge(tcp_sk(sk), peer);
}

/* BH is disabled. Takes the buffer if it returns true; else says why not. */
static bool hand_over_bh(struct sock *sk, struct splice_end *e,
			 struct sock *peer, struct sk_buff *skb,
			 enum splice_reason *why)
{
	bool ok;

	lock_peer(e, peer);
	*why = SPLICE_RECEIVER_OPTION;
	ok = takes(sk, e, peer);
	if (ok) {
		*why = SPLICE_NO_MEMORY;
		ok = splice_admit(peer, skb);
	}
	if (ok)
		put(sk, peer, skb);
	unlock_peer(peer);
	return ok;
}

/* Takes the buffer if it returns true; else says why not. May be preempted before. */
static bool hand_over(struct sock *sk, struct splice_end *e,
		      struct sk_buff *skb, enum splice_reason *why)
{
	struct sock *peer;
	bool ok = false;

	*why = SPLICE_ENDED;
	rcu_read_lock();
	peer = splice_peer(e);
	if (peer) {
		local_bh_disable();
		ok = hand_over_bh(sk, e, peer, skb, why);
		local_bh_enable();
	}
	rcu_read_unlock();
	return ok;
}

/* ---- small messages ---- */

static bool may_append(const struct sock *sk, struct sock *peer,
		       const struct sk_buff *skb, u32 len)
{
	return skb && !skb_cloned(skb) && skb_tailroom(skb) >= len &&
	       TCP_SKB_CB(skb)->end_seq == tcp_sk(sk)->write_seq &&
	       tcp_sk(peer)->rcv_nxt == tcp_sk(sk)->write_seq &&
	       !TCP_SKB_CB(skb)->eor;
}

/* The reader has not read yet: append the message to the last buffer. */
static bool append_to(struct sock *sk, struct sock *peer, struct sk_buff *skb,
		      struct msghdr *msg, u32 len)
{
	struct tcp_sock *ptp = tcp_sk(peer);

	if (!may_append(sk, peer, skb, len) || !splice_copy(skb, msg, len))
		return false;
	TCP_SKB_CB(skb)->end_seq += len;
	commit(sk, len);
	ptp->bytes_received += len;
	ptp->rcv_wup += len;
	ptp->snd_wl1 += len;
	WRITE_ONCE(ptp->rcv_nxt, ptp->rcv_nxt + len);
	acknowledge(tcp_sk(sk), peer);
	sk_incoming_cpu_update(peer);
	splice_data_ready(peer);
	return true;
}

static bool append(struct sock *sk, struct splice_end *e, struct sock *peer,
		   struct msghdr *msg, u32 len)
{
	bool ok;

	lock_peer(e, peer);
	ok = !sock_owned_by_user(peer) && takes(sk, e, peer) &&
	     append_to(sk, peer, skb_peek_tail(&peer->sk_receive_queue), msg,
		       len);
	unlock_peer(peer);
	return ok;
}

static bool send_in_new(struct sock *sk, struct splice_end *e,
			struct sock *peer, struct msghdr *msg, u32 len,
			u32 room)
{
	struct sk_buff *skb = splice_small_skb(msg, len, room);
	enum splice_reason why;

	if (!skb)
		return false;
	if (hand_over_bh(sk, e, peer, skb, &why))
		return true;
	iov_iter_revert(&msg->msg_iter, len);
	splice_small_drop(skb);
	return false;
}

/* A delayed ACK must leave before the bytes that follow it. */
static void flush_ack(struct sock *sk)
{
	if (inet_csk_ack_scheduled(sk))
		compat_send_ack(sk);
}

/* Leave room behind a request, for what the engine appends. */
#define ENGINE_ROOM	256

static u32 room_for(const struct splice_end *e, const struct sock *peer,
		    bool queued)
{
	if (queued || sock_owned_by_user_nocheck(peer))
		return PAGE_SIZE;
	return e->other->engine ? ENGINE_ROOM : 0;
}

/*
 * The cheapest way for a small message: nothing sleeps, and nothing is checked
 * twice. False if anything stands against it; another function finds out what.
 */
static bool send_small(struct sock *sk, struct splice_end *e, struct msghdr *msg,
		       u32 len)
{
	struct sock *peer;
	bool ok = false, queued;

	/* So far it only matters that there is a peer. */
	if (!may_send(sk) || !splice_peer(e))
		return false;
	flush_ack(sk);
	/* This also keeps a grace period from ending. */
	local_bh_disable();
	peer = splice_peer(e);
	if (peer && takes_directly(peer)) {
		queued = !skb_queue_empty_lockless(&peer->sk_receive_queue);
		ok = (queued && append(sk, e, peer, msg, len)) ||
		     send_in_new(sk, e, peer, msg, len,
				 room_for(e, peer, queued));
	}
	local_bh_enable();
	if (ok)
		WRITE_ONCE(e->tcp_only, false);
	return ok;
}

/* ---- any message ---- */

/*
 * Send one buffer of a message. Returns the number of bytes, or 0 and the reason
 * why they have to go by TCP. May sleep, so the peer is looked up again.
 */
static u32 send_some(struct sock *sk, struct splice_end *e, struct msghdr *msg,
		     u32 rcvbuf, enum splice_reason *why)
{
	u32 most = min(SPLICE_CHUNK, rcvbuf / 4);
	u32 len = min_t(size_t, msg_data_left(msg), most);
	struct sk_buff *skb;

	skb = splice_skb(sk, msg, len);
	if (IS_ERR(skb)) {
		*why = SPLICE_NO_MEMORY;
		return 0;
	}
	if (hand_over(sk, e, skb, why))
		return len;
	iov_iter_revert(&msg->msg_iter, len);
	splice_skb_drop(skb);
	return 0;
}

static u32 send_direct(struct sock *sk, struct splice_end *e, struct msghdr *msg,
		       enum splice_reason *why)
{
	struct sock *peer;
	u32 rcvbuf = 0;

	rcu_read_lock();
	peer = splice_peer(e);
	if (peer)
		rcvbuf = READ_ONCE(peer->sk_rcvbuf);
	rcu_read_unlock();
	if (!rcvbuf) {
		*why = SPLICE_ENDED;
		return 0;
	}
	flush_ack(sk);
	return send_some(sk, e, msg, rcvbuf, why);
}

/*
 * The peer has promised TCP a window of a buffer that was filled by splicing since.
 * Nothing is under way, so the window can be set at both sides.
 */
static void shrink_window(struct sock *sk, const struct splice_end *e,
			  struct sock *peer)
{
	struct tcp_sock *tp = tcp_sk(sk), *ptp = tcp_sk(peer);
	u32 space;

	local_bh_disable();
	lock_peer(e, peer);
	if (!splice_is_dead(e->pair) && !sock_owned_by_user(peer) &&
	    ptp->rcv_nxt == tp->write_seq) {
		space = max(tcp_space(peer), 0);
		if (tcp_receive_window(ptp) > space) {
			ptp->rcv_wup = ptp->rcv_nxt;
			ptp->rcv_wnd = space;
			tp->snd_wnd = min(tp->snd_wnd, space);
		}
	}
	unlock_peer(peer);
	local_bh_enable();
}

/* rcu_read_lock() held. */
static void synchronize(struct sock *sk, struct splice_end *e,
			const struct sock *peer)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool wanted = READ_ONCE(e->ack_wanted);

	WRITE_ONCE(e->ack_wanted, true);
	/* Pairs with the one in answer(). */
	smp_mb();
	acknowledge(tp, peer);
	/* Else the peer sends an ACK when it has got its backlog: TCP counts those
	 * bytes then, as commit() has already.
	 */
	if (tp->snd_una == tp->snd_nxt)
		WRITE_ONCE(e->ack_wanted, false);
	else if (!wanted)
		tp->bytes_acked -= tp->snd_nxt - tp->snd_una;
}

void splice_before_fin(struct sock *sk, struct splice_end *e)
{
	struct sock *peer;

	if (!is_drained(sk))
		return;
	rcu_read_lock();
	peer = splice_peer(e);
	if (peer)
		synchronize(sk, e, peer);
	rcu_read_unlock();
}

/* Bytes are about to be sent by TCP. */
static void before_tcp(struct sock *sk)
{
	struct splice_end *e = splice_end_of(sk);
	struct sock *peer;

	if (!e || !is_drained(sk))
		return;
	WRITE_ONCE(e->tcp_only, true);
	rcu_read_lock();
	peer = splice_peer(e);
	if (peer) {
		synchronize(sk, e, peer);
		if (splice_used(peer))
			shrink_window(sk, e, peer);
	}
	rcu_read_unlock();
}

static struct mesh_stats __percpu *stats_of(const struct splice_end *e)
{
	return e->pair->owner.stats;
}

static void count_tcp(struct sock *sk, ssize_t n, enum splice_reason why)
{
	struct splice_end *e = splice_end_of(sk);

	if (!e || n <= 0)
		return;
	e->count.tcp_bytes += n;
	e->count.tcp_messages++;
	e->count.fallbacks[why]++;
	stat_add(stats_of(e), STAT_SPLICE_TCP_BYTES, n);
	stat_inc(stats_of(e), STAT_SPLICE_TCP_MESSAGES);
	stat_inc(stats_of(e), STAT_SPLICE_SLOW_RECEIVER + why);
}

/* Has the peer send an ACK. False if it is in a system call just now. */
static bool show_peer(struct sock *sk, struct splice_end *e)
{
	struct sock *peer;
	bool ok = true;

	rcu_read_lock();
	local_bh_disable();
	peer = splice_peer(e);
	if (peer) {
		lock_peer(e, peer);
		ok = !sock_owned_by_user(peer);
		if (ok && !splice_is_dead(e->pair)) {
			/* Otherwise TCP would count again what commit() has counted. */
			acknowledge(tcp_sk(sk), peer);
			compat_send_ack(peer);
		}
		unlock_peer(peer);
	}
	local_bh_enable();
	rcu_read_unlock();
	return ok;
}

/*
 * Send a packet in each direction now and then, so that NAT, firewalls and IPVS on
 * the way see that a busy connection is alive.
 */
static noinline void be_seen(struct sock *sk, struct splice_end *e)
{
	u32 every = e->pair->packet_every;

	compat_send_ack(sk);
	if (!show_peer(sk, e))
		every /= 4;
	e->packet_due = tcp_jiffies32 + every;
}

/* A message that went partly by TCP counts as one of TCP's. */
static void count_direct(struct sock *sk, size_t n, bool whole)
{
	struct splice_end *e = splice_end_of(sk);

	if (!e || !n)
		return;
	if (unlikely(time_after32(tcp_jiffies32, e->packet_due)))
		be_seen(sk, e);
	e->count.direct_bytes += n;
	e->count.direct_messages += whole;
	stat_add(stats_of(e), STAT_SPLICE_DIRECT_BYTES, n);
	if (whole)
		stat_inc(stats_of(e), STAT_SPLICE_DIRECT_MESSAGES);
}

/*
 * Returns what tcp_sendmsg_locked() does for the rest of the message. Does not wait
 * for room.
 */
static int send_some_by_tcp(struct sock *sk, struct msghdr *msg,
			    unsigned int more_flags)
{
	unsigned int flags = msg->msg_flags;
	int n;

	msg->msg_flags |= MSG_DONTWAIT | more_flags;
	n = tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
	msg->msg_flags = flags;
	return n;
}

/*
 * Not an errno: the whole message is left to TCP, which may sleep as long as it
 * likes.
 */
#define LEAVE	(-MAX_ERRNO - 1)

/*
 * A sender that waits for room does so inside TCP, with nothing of ours on its
 * stack, as the module must be able to go meanwhile. So the message is counted
 * beforehand.
 */
static int leave_to_tcp(struct sock *sk, size_t size, enum splice_reason why)
{
	before_tcp(sk);
	count_tcp(sk, size, why);
	return LEAVE;
}

static bool may_sleep(struct sock *sk, int flags)
{
	return sock_sndtimeo(sk, flags & MSG_DONTWAIT);
}

/* All of a message by TCP, or LEAVE. */
static int send_by_tcp(struct sock *sk, struct msghdr *msg,
		       enum splice_reason why)
{
	int n;

	if (may_sleep(sk, msg->msg_flags))
		return leave_to_tcp(sk, msg_data_left(msg), why);
	before_tcp(sk);
	n = send_some_by_tcp(sk, msg, 0);
	count_tcp(sk, n, why);
	return n;
}

/* How soon a sleeper sees that the module is going. */
#define LOOK	(HZ / 4)

/* As sk_stream_wait_memory(), but ends when the module is to go. */
static int wait_in_tcp(struct sock *sk, long *timeo)
{
	long look = min_t(long, *timeo, LOOK), left = look;
	int err;

	if (!look || !splice_is_enabled())
		return -EAGAIN;
	err = sk_stream_wait_memory(sk, &left);
	if (*timeo != MAX_SCHEDULE_TIMEOUT)
		*timeo -= look - left;
	return err == -EAGAIN ? 0 : err;
}

/*
 * Sends the rest of a message whose beginning went directly. The sender must learn
 * the sum, so we have to stay on its stack. If the module is to go meanwhile, it
 * learns what was sent by then, as if a signal had come.
 */
static size_t send_rest_by_tcp(struct sock *sk, struct msghdr *msg,
			       enum splice_reason why)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	size_t sent = 0;
	int n, err = 0;

	before_tcp(sk);
	/*
	 * After some bytes were sent, the next call reports an error, without a
	 * signal.
	 */
	while (!err && msg_data_left(msg) && !sk->sk_err &&
	       !(sk->sk_shutdown & SEND_SHUTDOWN)) {
		n = send_some_by_tcp(sk, msg, MSG_NOSIGNAL);
		if (n > 0)
			sent += n;
		else
			err = n == -EAGAIN ? wait_in_tcp(sk, &timeo) : -EPIPE;
	}
	count_tcp(sk, sent, why);
	return sent;
}

static enum way way_now(struct sock *sk, enum splice_reason *why)
{
	struct splice_end *e = splice_end_of(sk);
	enum way way = WAY_TCP;

	if (e) {
		rcu_read_lock();
		way = choose_way(sk, e, splice_peer(e), why);
		rcu_read_unlock();
	}
	return way;
}

/* What is left of a message, of which @copied bytes went directly. */
static int finish_by_tcp(struct sock *sk, struct msghdr *msg, size_t copied,
			 enum splice_reason why)
{
	if (!copied)
		return send_by_tcp(sk, msg, why);
	count_direct(sk, copied, false);
	return copied + send_rest_by_tcp(sk, msg, why);
}

/* Returns LEAVE if it has not sent anything, and may sleep. */
static int send_any(struct sock *sk, struct msghdr *msg)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	enum splice_reason why = SPLICE_ENDED;
	size_t copied = 0;
	enum way way;
	int err = 0;
	u32 n;

	while (msg_data_left(msg)) {
		way = way_now(sk, &why);
		if (way == WAY_WAIT) {
			err = wait_for_room(sk, &timeo);
			if (err)
				break;
			continue;
		}
		n = way == WAY_DIRECT ?
		    send_direct(sk, splice_end_of(sk), msg, &why) : 0;
		if (!n)
			return finish_by_tcp(sk, msg, copied, why);
		copied += n;
	}
	count_direct(sk, copied, true);
	if (err && !copied)
		return sk_stream_error(sk, msg->msg_flags, err);
	return copied;
}

static int send_locked(struct sock *sk, struct msghdr *msg)
{
	struct splice_end *e = splice_end_of(sk);
	size_t len = msg_data_left(msg);

	if (!e || !len || len > SPLICE_SMALL || !send_small(sk, e, msg, len))
		return send_any(sk, msg);
	count_direct(sk, len, true);
	return len;
}

static noinline int send_inside(struct sock *sk, struct msghdr *msg,
				size_t size)
{
	int n;

	splice_enter();
	lock_sock(sk);
	if (!size || msg->msg_controllen || msg->msg_flags & TCP_FLAGS)
		n = send_by_tcp(sk, msg, SPLICE_SPECIAL_MESSAGE);
	else
		n = send_locked(sk, msg);
	release_sock(sk);
	splice_leave();
	return n;
}

__ends_in_jump
int splice_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	int n = send_inside(sk, msg, size);

	return n == LEAVE ? tcp_sendmsg(sk, msg, size) : n;
}

/* ---- the HTTP engine's sends ---- */

int splice_send_locked(struct sock *sk, struct msghdr *msg)
{
	/* In a softirq there is no release_sock() after it. */
	if (!(sock_owned_by_user(sk) ? splice_end_of(sk) : splice_settle(sk)))
		return tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
	return send_locked(sk, msg);
}

/* The buffer is alone and unread, and no FIN is in it. */
static bool may_take(const struct sock *from, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return tcp_sk(from)->copied_seq == cb->seq &&
	       !(cb->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)) &&
	       skb_queue_is_last(&from->sk_receive_queue, skb);
}

static void take(struct sock *from, struct sk_buff *skb)
{
	__skb_unlink(skb, &from->sk_receive_queue);
	skb_orphan(skb);
	memset(TCP_SKB_CB(skb), 0, sizeof(struct tcp_skb_cb));
}

bool splice_is_spliced(const struct sock *sk)
{
	return splice_end_of(sk);
}

struct sk_buff *splice_take(struct sock *from, struct sk_buff *skb)
{
	if (!splice_is_ours(skb) || skb_is_nonlinear(skb) || skb_cloned(skb) ||
	    !may_take(from, skb))
		return NULL;
	take(from, skb);
	return skb;
}

/* BH is disabled. @from: whose receive queue the buffer is in, or NULL. */
static bool pass_bh(struct sock *sk, struct splice_end *e, struct sk_buff *skb,
		    struct sock *from)
{
	struct sock *peer = splice_peer(e);
	bool ok;

	if (!peer || !takes_directly(peer))
		return false;
	lock_peer(e, peer);
	ok = takes(sk, e, peer) && splice_admit(peer, skb);
	if (ok && from)
		take(from, skb);
	if (ok)
		put(sk, peer, skb);
	unlock_peer(peer);
	return ok;
}

static bool pass(struct sock *sk, struct sk_buff *skb, struct sock *from)
{
	struct splice_end *e;
	u32 len = skb->len;
	bool ok;

	e = sock_owned_by_user(sk) ? splice_end_of(sk) : splice_settle(sk);
	if (!e || !may_send(sk))
		return false;
	flush_ack(sk);
	local_bh_disable();
	ok = pass_bh(sk, e, skb, from);
	local_bh_enable();
	if (ok) {
		WRITE_ONCE(e->tcp_only, false);
		count_direct(sk, len, true);
	}
	return ok;
}

/*
 * Of TCP's buffers only linear ones. That a page is somebody's is said by
 * SKBFL_SHARED_FRAG, but kernels that are in use lose it where fragments move from one
 * buffer to another: not only where GRO or TCP joins received ones (skb_gro_receive(),
 * skb_try_coalesce()), but also in the sender's queue, of what was acknowledged
 * selectively (skb_shift()). So one fragment and nothing else is no proof: when what was
 * in front of it is acknowledged, it is cut off (tcp_trim_head()), and a page of a file
 * is sent again alone and unmarked. Whoever loses packets of its own can have that. A
 * sockmap sends what it has corked without a mark as well (MSG_NO_SHARED_FRAGS). What a
 * driver has received from another node looks no different. Of a page pool it would
 * (skb->pp_recycle), as its pages are joined with their like only; but virtio's and many
 * other drivers have none.
 */
bool splice_is_fixed(const struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) ||
	       (splice_is_ours(skb) && !skb_has_shared_frag(skb));
}

bool splice_steer(struct sock *from, struct sk_buff *skb, struct sock *to)
{
	return splice_is_fixed(skb) && may_take(from, skb) && pass(to, skb, from);
}

bool splice_send_skb(struct sock *sk, struct sk_buff *skb)
{
	return pass(sk, skb, NULL);
}

/* What a driver gives a packet, at least: bytes of one may hold as much of a page. */
#define PAGE_SHARE	((u32)PAGE_SIZE / 2)

static struct sk_buff *page_skb(struct sock *sk, struct page *page, u32 off,
				u32 len)
{
	struct sk_buff *skb = alloc_skb(0, sk->sk_allocation | __GFP_NOWARN);

	if (!skb)
		return NULL;
	get_page(page);
	skb_add_rx_frag(skb, 0, page, off, len, max(len, PAGE_SHARE));
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	return skb;
}

static bool hand_over_page(struct sock *sk, struct splice_end *e,
			   struct page *page, u32 off, u32 len,
			   enum splice_reason *why)
{
	struct sk_buff *skb = page_skb(sk, page, off, len);

	*why = SPLICE_NO_MEMORY;
	if (!skb)
		return false;
	flush_ack(sk);
	if (hand_over(sk, e, skb, why))
		return true;
	__kfree_skb(skb);
	return false;
}

int splice_send_page(struct sock *sk, struct page *page, u32 off, u32 len,
		     int flags)
{
	enum splice_reason why = SPLICE_ENDED;
	long timeo = 0;
	enum way way;
	int n, err;

	if (!splice_end_of(sk))
		return compat_send_page(sk, page, off, len, flags);
	while ((way = way_now(sk, &why)) == WAY_WAIT) {
		err = wait_for_room(sk, &timeo);
		if (err)
			return err;
	}
	if (way == WAY_DIRECT &&
	    hand_over_page(sk, splice_end_of(sk), page, off, len, &why)) {
		count_direct(sk, len, true);
		return len;
	}
	before_tcp(sk);
	n = compat_send_page(sk, page, off, len, flags);
	count_tcp(sk, n, why);
	return n;
}

void splice_consumed(struct sock *sk)
{
	struct splice_end *e = splice_end_of(sk);

	if (e)
		splice_released(sk, e);
}

#ifdef MESH_HAVE_SENDPAGE
static noinline int sendpage_inside(struct sock *sk, struct page *page,
				    int offset, size_t size, int flags)
{
	int n;

	splice_enter();
	lock_sock(sk);
	if (may_sleep(sk, flags)) {
		n = leave_to_tcp(sk, size, SPLICE_SPECIAL_MESSAGE);
	} else {
		before_tcp(sk);
		n = tcp_sendpage_locked(sk, page, offset, size, flags);
		count_tcp(sk, n, SPLICE_SPECIAL_MESSAGE);
	}
	release_sock(sk);
	splice_leave();
	return n;
}

__ends_in_jump
int splice_sendpage(struct sock *sk, struct page *page, int offset, size_t size,
		    int flags)
{
	int n = sendpage_inside(sk, page, offset, size, flags);

	return n == LEAVE ? tcp_sendpage(sk, page, offset, size, flags) : n;
}
#endif
