// SPDX-License-Identifier: GPL-2.0
/*
 * Splice, the receiver's side.
 *
 * A sender in its own process's context holds the receiver's slock. If the receiver
 * is in a system call just then, bytes go to its backlog, as packets do, and are
 * queued when it releases the socket. Packets of TCP's that are there already have
 * come before them, and those that come afterwards follow them.
 *
 * Bytes that wait in the backlog carry mark() as their destructor: they have no
 * header, and nothing of TCP's may see them.
 */
#include <linux/bpf-cgroup.h>
#include "splice/splice_priv.h"

static void mark(struct sk_buff *skb)
{
}

static bool reads_packets(const struct sock *sk)
{
	/* Filters and timestamps need packets, and spliced bytes come without. */
	return rcu_access_pointer(sk->sk_filter) || sk->sk_tsflags ||
	       sock_flag(sk, SOCK_RCVTSTAMP) ||
	       (cgroup_bpf_enabled(CGROUP_INET_INGRESS) &&
		cgroup_bpf_sock_enabled((struct sock *)sk,
					CGROUP_INET_INGRESS));
}

/* Where TCP queues bytes that come: tcp_rcv_state_process(). */
static bool is_open(const struct sock *sk)
{
	if (sk->sk_state == TCP_ESTABLISHED)
		return true;
	return (1 << sk->sk_state) & (TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2) &&
	       !(sk->sk_shutdown & RCV_SHUTDOWN);
}

bool splice_may_receive(const struct sock *sk)
{
	return is_open(sk) && !(sk->sk_shutdown & RCV_SHUTDOWN) &&
	       !sock_flag(sk, SOCK_DEAD) && !tcp_sk(sk)->repair &&
	       !reads_packets(sk);
}

void splice_data_ready(struct sock *sk)
{
	if (tcp_epollin_ready(sk, READ_ONCE(sk->sk_rcvlowat)))
		sk->sk_data_ready(sk);
}

/* ---- who pays ---- */

/*
 * While the receiver is in a system call, its sk_forward_alloc belongs to that
 * call. Bytes that wait in the backlog meanwhile are charged to the same control
 * group by way of a copy of the socket, and become the receiver's own in take_in().
 */
struct likeness {
	struct sock sk;
	spinlock_t lock;	/* innermost */
};

static DEFINE_PER_CPU(struct likeness, likenesses);

void splice_receive_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(&likenesses, cpu)->lock);
}

/* In whole pages. */
static int charge_of(const struct sk_buff *skb)
{
	return sk_mem_pages(skb->truesize) << PAGE_SHIFT;
}

/* BH is disabled. */
static struct likeness *get_likeness(const struct sock *sk, void *memcg)
	__acquires(&l->lock)
{
	struct likeness *l = raw_cpu_ptr(&likenesses);

	spin_lock(&l->lock);
	compat_charge_as(&l->sk, sk, memcg);
	return l;
}

static void put_likeness(struct likeness *l)
	__releases(&l->lock)
{
	spin_unlock(&l->lock);
}

static bool charge_backlog(const struct sock *sk, const struct sk_buff *skb,
			   void *memcg)
{
	struct likeness *l = get_likeness(sk, memcg);
	bool ok = __sk_mem_schedule(&l->sk, skb->truesize, SK_MEM_RECV);

	put_likeness(l);
	return ok;
}

/*
 * Gives back a charge that was made before the receiver got its present control
 * group.
 */
static void discharge_backlog(const struct sock *sk, const struct sk_buff *skb,
			      void *memcg)
{
	struct likeness *l;

	local_bh_disable();
	l = get_likeness(sk, memcg);
	l->sk.sk_forward_alloc = charge_of(skb);
	__sk_mem_reclaim(&l->sk, charge_of(skb));
	put_likeness(l);
	local_bh_enable();
}

/*
 * The receiver needs more than it has been granted. If TCP is short of memory, it
 * shrinks windows and decides itself what a socket gets beyond its first buffer.
 */
static bool may_charge(const struct sock *sk)
{
	return !splice_used(sk) || !(tcp_under_memory_pressure(sk) ||
				     compat_memcg_is_overcharged(sk));
}

static bool admit_backlog(const struct sock *sk, const struct sk_buff *skb)
{
	struct splice_end *e = splice_end_of(sk);
	void *memcg = compat_sk_memcg(sk);

	/* One of each is enough to tell them apart in own_backlog(). */
	if (e->backlog_memcg != memcg) {
		if (atomic_read(&e->backlogged))
			return false;
		e->backlog_memcg = memcg;
	}
	return may_charge(sk) && charge_backlog(sk, skb, memcg);
}

bool splice_admit(struct sock *sk, struct sk_buff *skb)
{
	if (sock_owned_by_user(sk))
		return admit_backlog(sk, skb);
	return ((int)skb->truesize <= sk->sk_forward_alloc || may_charge(sk)) &&
	       sk_rmem_schedule(sk, skb, skb->truesize);
}

/*
 * The receiver is owned. If its control group has changed meanwhile, as accept()
 * does, the new group may refuse what the old one admitted. The socket is then in
 * debt, and the next request for memory has to cover that, too.
 */
static void own_backlog(struct sock *sk, const struct splice_end *e,
			struct sk_buff *skb)
{
	int charge = charge_of(skb);

	if (unlikely(e->backlog_memcg != compat_sk_memcg(sk))) {
		discharge_backlog(sk, skb, e->backlog_memcg);
		sk_rmem_schedule(sk, skb, skb->truesize);
		charge = 0;
	}
	skb_set_owner_r(skb, sk);
	sk_mem_uncharge(sk, charge);
}

static void queue(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	/* Less than its length if it overlaps: see take_in(). */
	u32 len = TCP_SKB_CB(skb)->end_seq - tp->rcv_nxt;

	__skb_queue_tail(&sk->sk_receive_queue, skb);
	tp->bytes_received += len;
	tp->segs_in++;
	tp->data_segs_in++;
	/* The window that TCP has promised moves along with rcv_nxt. */
	tp->rcv_wup += len;
	/*
	 * As a packet would do: it must not fall behind by half of the sequence
	 * space.
	 */
	tp->snd_wl1 = TCP_SKB_CB(skb)->end_seq;
	inet_csk(sk)->icsk_ack.lrcvtime = tcp_jiffies32;
	tp->rcv_tstamp = tcp_jiffies32;
	WRITE_ONCE(tp->rcv_nxt, TCP_SKB_CB(skb)->end_seq);
	splice_data_ready(sk);
}

void splice_deliver(struct sock *sk, struct sk_buff *skb)
{
	sk_incoming_cpu_update(sk);
	if (!sock_owned_by_user(sk)) {
		skb_set_owner_r(skb, sk);
		queue(sk, skb);
		return;
	}
	skb->destructor = mark;
	atomic_inc(&splice_end_of(sk)->backlogged);
	__sk_add_backlog(sk, skb);
	sk->sk_backlog.len += skb->truesize;
}

/* Whoever owns it does that when he lets go: see splice_release_cb(). */
static void tell_sender(const struct splice_end *e)
{
	struct sock *peer;

	rcu_read_lock();
	peer = splice_peer(e);
	if (peer) {
		spin_lock_bh(&peer->sk_lock.slock);
		if (!sock_owned_by_user(peer))
			splice_catch_up(peer, e->other);
		spin_unlock_bh(&peer->sk_lock.slock);
	}
	rcu_read_unlock();
}

/*
 * What was in the backlog has arrived, and the sender asks (SIOCOUTQ, ss) what has not.
 * TCP there may be waiting for it as well: see synchronize().
 */
static void answer(struct sock *sk, struct splice_end *e)
{
	/* Pairs with the one in synchronize(). */
	smp_mb();
	if (xchg(&e->other->ack_wanted, false))
		compat_send_ack(sk);
	else
		tell_sender(e);
}

void splice_made_room(struct sock *sk, struct splice_end *e)
{
	struct splice_end *writer = e->other;
	struct sock *peer;

	if (splice_used(sk) > splice_limit(sk) / 2)
		return;
	rcu_read_lock();
	peer = splice_peer(e);
	if (peer)
		splice_wake(peer, writer);
	rcu_read_unlock();
}

/*
 * Bytes arrive at a socket that was closed meanwhile: TCP would send RST. For an
 * orphan, whose FIN is under way, TCP does that itself when the FIN is
 * acknowledged, if FIN_WAIT2 is not to last.
 */
static void refuse(struct sock *sk)
{
	if (sock_flag(sk, SOCK_DEAD))
		WRITE_ONCE(tcp_sk(sk)->linger2, -1);
	else if (sk->sk_state != TCP_CLOSE)
		tcp_prot.disconnect(sk, 0);
}

/* Nobody will send the bytes in between. */
static bool leaves_gap(const struct sock *sk, const struct sk_buff *skb)
{
	return after(TCP_SKB_CB(skb)->seq, tcp_sk(sk)->rcv_nxt);
}

/*
 * A raw socket may have sent bytes with these numbers, or acknowledged what has not
 * arrived. The two sockets are no pair then, and it ends as in TCP: bytes that came
 * first are read, and nothing after a gap is.
 */
static void take_in(struct sock *sk, struct splice_end *e, struct sk_buff *skb)
{
	u32 next = tcp_sk(sk)->rcv_nxt;

	skb->destructor = NULL;
	own_backlog(sk, e, skb);
	atomic_dec(&e->backlogged);
	if (unlikely(TCP_SKB_CB(skb)->seq != next))
		splice_kill(e->pair);
	if (!is_open(sk) || leaves_gap(sk, skb)) {
		__kfree_skb(skb);
		refuse(sk);
	} else if (!after(TCP_SKB_CB(skb)->end_seq, next)) {
		__kfree_skb(skb);
	} else {
		queue(sk, skb);
		answer(sk, e);
	}
}

/* An end with something of ours in the backlog is not detached. */
int splice_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	if (skb->destructor != mark)
		return sk->sk_prot->backlog_rcv(sk, skb);
	take_in(sk, splice_end_of(sk), skb);
	return 0;
}

static int count_ours(const struct sock *sk)
{
	const struct sk_buff *skb;
	int n = 0;

	for (skb = sk->sk_backlog.head; skb; skb = skb->next)
		n += skb->destructor == mark;
	return n;
}

bool splice_take_out(struct sock *sk, struct splice_end *e,
		     struct sk_buff_head *ours)
{
	struct sk_buff **link = &sk->sk_backlog.head, *tail = NULL, *skb;

	__skb_queue_head_init(ours);
	/* Buffers that are being processed below us come first. */
	if (atomic_read(&e->backlogged) != count_ours(sk))
		return false;
	while ((skb = *link)) {
		if (skb->destructor == mark) {
			*link = skb->next;
			__skb_queue_tail(ours, skb);
		} else {
			tail = skb;
			link = &skb->next;
		}
	}
	sk->sk_backlog.tail = tail;
	/*
	 * Otherwise whoever owns the socket does it on release, after the rest of
	 * the backlog.
	 */
	if (!tail)
		sk->sk_backlog.len = 0;
	return true;
}

void splice_take_in(struct sock *sk, struct splice_end *e,
		    struct sk_buff_head *ours)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(ours)))
		take_in(sk, e, skb);
}

/* ---- the HTTP engine's reads ---- */

/* One buffer of a spliced message, small and alone: nothing of it is TCP's. */
static struct sk_buff *lone_message(struct sock *sk)
{
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	if (!skb || !skb_queue_is_last(&sk->sk_receive_queue, skb) ||
	    !splice_is_ours(skb) || skb_is_nonlinear(skb) ||
	    inet_csk_ack_scheduled(sk))
		return NULL;
	return skb;
}

/* Buffers are made of what NAPI keeps at hand; if we may, they are returned. */
static void free_message(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	if (in_softirq())
		napi_consume_skb(skb, 1);
	else
		__kfree_skb(skb);
}

int splice_read_locked(struct sock *sk, read_descriptor_t *desc,
		       sk_read_actor_t actor)
{
	struct sk_buff *skb = lone_message(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 off, len, total = 0;
	int used;

	if (!skb)
		return tcp_read_sock(sk, desc, actor);
	len = skb->len;
	for (off = tp->copied_seq - TCP_SKB_CB(skb)->seq; off < len;
	     off += used) {
		used = actor(desc, skb, off, len - off);
		if (used <= 0)
			return total ?: used;
		total += used;
		WRITE_ONCE(tp->copied_seq, tp->copied_seq + used);
	}
	/* Else it was steered. */
	if (skb_peek(&sk->sk_receive_queue) == skb)
		free_message(sk, skb);
	return total;
}
