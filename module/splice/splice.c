// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs: their beginning and end.
 *
 * A socket's end is attached
 *	in the softirq that establishes the server, if nobody owns the client just
 *	then;
 *	else by the client's owner, when it processes its backlog. That is the usual
 *	case: over loopback the softirq runs within the client's own connect();
 *	else, if the server is owned by then, by a work, which tries again.
 * and detached
 *	when the socket is released, if the pair is dead by then: nothing is in its
 *	backlog, and nobody adds to it;
 *	when it is destroyed.
 *
 * Two tracepoints tell what happens to sockets: each runs with the socket locked,
 * either way. A socket that becomes TCP_CLOSE ends its pair, whoever did that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/skmsg.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <net/transp_v6.h>
#include "lib/inside.h"
#include "lib/payer.h"
#include "lib/stats.h"
#include "splice/conntrack.h"
#include "splice/pairing.h"
#include "splice/sock_address.h"
#include "splice/splice.h"
#include "splice/splice_priv.h"
#include "splice/ulp.h"

static const struct splice_judge *judge __ro_after_init;
static struct kmem_cache *pair_cache;
static struct tracepoint *set_state, *destroy_sock;
struct workqueue_struct *splice_wq;
static bool enabled;
static atomic_t npairs = ATOMIC_INIT(0);	/* that are not freed yet */

/*
 * Pairs that wait for nothing but a grace period of RCU tasks. Anyone who keeps a
 * CPU in the kernel can delay that. If they exceed a share of the machine's memory,
 * nothing is paired until the grace period ends.
 */
#define LEFT_SHARE	512
static atomic_t nleft = ATOMIC_INIT(0);
static int left_max;

/* ---- calls in flight ---- */

static DEFINE_PER_CPU(long, inside);

void splice_enter(void)
{
	this_cpu_inc(inside);
}

void splice_leave(void)
{
	this_cpu_dec(inside);
}

bool splice_is_enabled(void)
{
	return READ_ONCE(enabled);
}

/* ---- all pairs ---- */

#define LISTS_BITS	6

static struct pair_list {
	struct list_head links;
	spinlock_t lock;	/* BH; also of the sk of the pairs' ends */
} lists[1 << LISTS_BITS];

static struct pair_list *list_of(const struct splice_pair *p)
{
	return &lists[hash_ptr(p, LISTS_BITS)];
}

static void list_pair(struct splice_pair *p)
{
	struct pair_list *l = list_of(p);

	spin_lock_bh(&l->lock);
	p->link.pair = p;
	list_add(&p->link.list, &l->links);
	spin_unlock_bh(&l->lock);
}

static void unlist_pair(struct splice_pair *p)
{
	struct pair_list *l = list_of(p);

	spin_lock_bh(&l->lock);
	list_del(&p->link.list);
	spin_unlock_bh(&l->lock);
}

/* Pairs that a walk looks at with BH off at one time. */
#define WALK_BATCH	32

/*
 * The pairs that come next, held; the walk's own link moves behind them. A pair that is
 * listed later is not come by.
 */
static unsigned int walk_on(struct pair_list *l, struct pair_link *walk,
			    struct splice_pair **pairs)
{
	struct pair_link *next;
	unsigned int n = 0, i;

	spin_lock_bh(&l->lock);
	for (i = 0; i < WALK_BATCH && !list_is_last(&walk->list, &l->links); i++) {
		next = list_next_entry(walk, list);
		list_move(&walk->list, &next->list);
		if (next->pair && refcount_inc_not_zero(&next->pair->ref))
			pairs[n++] = next->pair;
	}
	spin_unlock_bh(&l->lock);
	return n;
}

static bool walk_ends(struct pair_list *l, struct pair_link *walk)
{
	bool ends;

	spin_lock_bh(&l->lock);
	ends = list_is_last(&walk->list, &l->links);
	if (ends)
		list_del(&walk->list);
	spin_unlock_bh(&l->lock);
	return ends;
}

typedef void (*look_fn)(struct splice_pair *p, void *arg);

static void walk_list(struct pair_list *l, look_fn look, void *arg)
{
	struct splice_pair *pairs[WALK_BATCH];
	struct pair_link walk = {};
	unsigned int n, i;

	spin_lock_bh(&l->lock);
	list_add(&walk.list, &l->links);
	spin_unlock_bh(&l->lock);
	do {
		n = walk_on(l, &walk, pairs);
		for (i = 0; i < n; i++) {
			look(pairs[i], arg);
			splice_pair_put(pairs[i]);
		}
		cond_resched();
	} while (!walk_ends(l, &walk));
}

/* Every pair that there is by now, once; without a lock, but held. */
static void walk(look_fn look, void *arg)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		walk_list(&lists[i], look, arg);
}

/* ---- a pair ---- */

static void free_pair(struct rcu_head *head)
{
	struct splice_pair *p = container_of(head, struct splice_pair, free_rcu);

	judge->put(p->owner.mesh);
	kmem_cache_free(pair_cache, p);
	atomic_dec(&nleft);
	stats_object_destroyed(OBJECT_SPLICE_PAIR);
	atomic_dec(&npairs);
}

static void free_pair_rcu(struct rcu_head *head)
{
	call_rcu(head, free_pair);
}

void splice_pair_put(struct splice_pair *p)
{
	if (!refcount_dec_and_test(&p->ref))
		return;
	unlist_pair(p);
	atomic_inc(&nleft);
	call_rcu_tasks(&p->free_rcu, free_pair_rcu);
}

static void put_sockets(struct rcu_head *head)
{
	struct splice_pair *p = container_of(head, struct splice_pair, rcu);

	sock_put(p->held[0]);
	sock_put(p->held[1]);
	splice_pair_put(p);
}

void splice_kill(struct splice_pair *p)
{
	int i;

	if (test_and_set_bit(PAIR_DEAD, &p->state))
		return;
	for (i = 0; i < 2; i++)
		WRITE_ONCE(p->sks[i], NULL);
	/* A writer that waits for room goes on in TCP. */
	smp_mb();
	for (i = 0; i < 2; i++)
		splice_wake(p->held[i], &p->ends[i]);
	call_rcu(&p->rcu, put_sockets);
}

/* The pair is dead; the slock is held, or the socket is being destroyed. */
static void detach(struct sock *sk, struct splice_end *e)
{
	struct pair_list *l = list_of(e->pair);

	spin_lock_bh(&l->lock);
	e->sk = NULL;
	spin_unlock_bh(&l->lock);
	sk->sk_backlog_rcv = e->orig->backlog_rcv;
	WRITE_ONCE(sk->sk_prot, e->orig);
}

/* The socket was detached. TCP at the peer may not know how much has arrived here. */
static void part(struct sock *sk, struct splice_end *e)
{
	splice_pair_put(e->pair);
	if ((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT |
				   TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2))
		compat_send_ack(sk);
}

struct splice_end *splice_settle(struct sock *sk)
{
	struct splice_end *e = splice_end_of(sk);

	if (!e || !splice_is_dead(e->pair))
		return e;
	detach(sk, e);
	part(sk, e);
	return NULL;
}

/* With the slock held, the socket still owned, its backlog empty. */
void splice_release_cb(struct sock *sk)
{
	struct splice_end *e = splice_settle(sk);

	if (e) {
		splice_released(sk, e);
		splice_catch_up(sk, e);
	}
	tcp_prot.release_cb(sk);
}

/* The socket is to be as if it had never been spliced. */
static void leave(struct sock *sk)
{
	struct splice_end *e;

	lock_sock(sk);
	e = splice_end_of(sk);
	if (e)
		splice_kill(e->pair);
	release_sock(sk);
}

static bool wants_to_be_alone(int level, int optname)
{
	if (level == SOL_TCP)
		return optname == TCP_REPAIR || optname == TCP_MD5SIG ||
		       optname == TCP_MD5SIG_EXT;
	return level == SOL_IPV6 && optname == IPV6_ADDRFORM;
}

__ends_in_jump
static int splice_setsockopt(struct sock *sk, int level, int optname,
			     sockptr_t optval, unsigned int optlen)
{
	if (wants_to_be_alone(level, optname)) {
		splice_enter();
		leave(sk);
		splice_leave();
	}
	/* Reading user memory may take long. */
	return tcp_prot.setsockopt(sk, level, optname, optval, optlen);
}

/* The slock is held. */
static bool cut(struct sock *sk, struct splice_end *e, struct sk_buff_head *ours)
{
	if (!splice_take_out(sk, e, ours))
		return false;
	detach(sk, e);
	return true;
}

/*
 * False if some of our buffers are in a backlog that is being processed below us, or if
 * the slock is held and not to be waited for.
 */
static bool cut_owned(struct sock *sk, struct splice_end *e,
		      struct sk_buff_head *ours, bool wait)
{
	bool ok;

	if (wait)
		spin_lock_bh(&sk->sk_lock.slock);
	else if (!spin_trylock_bh(&sk->sk_lock.slock))
		return false;
	ok = cut(sk, e, ours);
	spin_unlock_bh(&sk->sk_lock.slock);
	return ok;
}

/* The socket is locked, either way. */
static int leave_now(struct sock *sk, struct splice_end *e, bool wait)
{
	struct sk_buff_head ours;

	splice_kill(e->pair);
	if (!(sock_owned_by_user_nocheck(sk) ? cut_owned(sk, e, &ours, wait) :
					       cut(sk, e, &ours)))
		return -EBUSY;
	splice_take_in(sk, e, &ours);
	part(sk, e);
	return 0;
}

void splice_leave_owned(struct sock *sk)
{
	struct splice_end *e = splice_end_of(sk);

	if (!e)
		return;
	/* What TCP does in there may sleep only if it may. */
	local_bh_disable();
	WARN_ON_ONCE(leave_now(sk, e, true));
	local_bh_enable();
}

#ifdef CONFIG_BPF_SYSCALL
/*
 * A sockmap takes the socket: it replaces sk_prot, and later restores what was
 * there. If we refuse, it restores nothing; sk_callback_lock is held then.
 */
static int splice_psock_update(struct sock *sk, struct sk_psock *psock,
			       bool restore)
{
	struct splice_end *e = splice_end_of(sk);
	struct proto *orig = e ? e->orig : sk->sk_prot;
	int err;

	if (e && restore)
		return 0;
	/* The owner may be beneath us, in a BPF iterator that holds the slock as well. */
	err = e ? leave_now(sk, e, !in_softirq()) : 0;
	if (err)
		return err;
	psock->sk_proto = orig;
	psock->psock_update_sk_prot = orig->psock_update_sk_prot;
	return orig->psock_update_sk_prot(sk, psock, restore);
}
#endif

/* ---- pairing ---- */

/* Used by an application or by the engine, and by nobody else. */
static bool is_known(const struct sock *sk)
{
	return sk->sk_kern_sock ? judge->is_engines(sk) : !sk->sk_user_data;
}

static bool is_plain(const struct sock *sk)
{
	return (sk->sk_prot == &tcp_prot || sk->sk_prot == &tcpv6_prot) &&
	       is_known(sk) && !inet_csk(sk)->icsk_ulp_ops &&
	       !sk_is_mptcp(sk) && !tcp_sk(sk)->repair && !compat_is_smc(sk);
}

static void fill_end(struct splice_pair *p, u8 side, struct sock *sk)
{
	struct splice_end *e = &p->ends[side];

	e->pair = p;
	e->other = &p->ends[!side];
	e->side = side;
	e->sk = sk;
	e->engine = sk->sk_kern_sock;
	e->orig = sk->sk_prot;
	e->prot = *e->orig;
	e->prot.sendmsg = splice_sendmsg;
#ifdef MESH_HAVE_SENDPAGE
	e->prot.sendpage = splice_sendpage;
#endif
	e->prot.setsockopt = splice_setsockopt;
	e->prot.stream_memory_free = splice_stream_memory_free;
	e->prot.release_cb = splice_release_cb;
#ifdef CONFIG_BPF_SYSCALL
	e->prot.psock_update_sk_prot = splice_psock_update;
#endif
	timer_setup(&e->patience, splice_patience, 0);
	INIT_WORK(&e->room, splice_room);
}

/*
 * At the client's expense: the server's socket has no control group before accept(). A
 * group that is full of files' pages must not keep its connections from being spliced,
 * so the charge is forced upon it, within limits.
 */
static struct splice_pair *new_pair(const struct sock *client)
{
	struct mem_cgroup *payer = payer_of(client), *old;
	struct splice_pair *p;

	if (atomic_read(&nleft) >= left_max ||
	    compat_memcg_is_overcharged(client))
		return NULL;
	old = payer_enter(payer);
	p = kmem_cache_zalloc(pair_cache, GFP_ATOMIC | __GFP_NOWARN |
					  payer_gfp(payer));
	payer_leave(payer, old);
	return p;
}

static struct splice_pair *alloc_pair(struct sock *client, struct sock *server)
{
	struct splice_pair *p = new_pair(client);

	if (!p)
		return NULL;
	stats_object_created(OBJECT_SPLICE_PAIR);
	atomic_inc(&npairs);
	/* Pairs with the one in splice_reconsider(). */
	smp_mb__after_atomic();
	/* One for each end, and one for put_sockets(). */
	refcount_set(&p->ref, 3);
	fill_end(p, 0, client);
	fill_end(p, 1, server);
	p->sks[0] = client;
	p->sks[1] = server;
	p->held[0] = client;
	p->held[1] = server;
	sock_hold(client);
	sock_hold(server);
	return p;
}

static bool is_wanted(const struct splice_pair *p)
{
	return judge->wants(&p->subject, p->owner.mesh);
}

/*
 * TCP begins with the RTO of earlier connections to the address, until it has timed
 * an exchange. On a spliced connection it may never time one: use the handshake's
 * time.
 */
static void seed_rto(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->srtt_us)
		inet_csk(sk)->icsk_rto = min_t(u32, __tcp_set_rto(tp),
					       TCP_RTO_MAX);
}

static void attach(struct sock *sk, struct splice_end *e)
{
	seed_rto(sk);
	e->packet_due = tcp_jiffies32 + e->pair->packet_every;
	sk->sk_backlog_rcv = splice_backlog_rcv;
	/* Whoever finds the proto finds all of it. */
	smp_store_release(&sk->sk_prot, &e->prot);
}

/* Splice the connection on behalf of @owner, who is held. */
static bool pair_for(const struct splice_owner *owner,
		     const struct splice_subject *subject,
		     struct sock *client, struct sock *server)
{
	enum mesh_stat why = STAT_SPLICE_UNPAIRED_TRACKED;
	struct splice_pair *p = NULL;
	u32 every;

	if (conntrack_relax(client, server, &every)) {
		p = alloc_pair(client, server);
		why = STAT_SPLICE_UNPAIRED;
	}
	if (!p) {
		stat_inc(owner->stats, why);
		return false;
	}
	p->owner = *owner;
	p->packet_every = every;
	p->subject = *subject;
	list_pair(p);
	attach(client, &p->ends[0]);
	attach(server, &p->ends[1]);
	set_bit(PAIR_LIVE, &p->state);
	stat_inc(owner->stats, STAT_SPLICED);
	/* If the policy changed meanwhile, its walk may have missed the pair. */
	if (!is_wanted(p))
		splice_kill(p);
	return true;
}

/* The client may have been connected to somebody else since it was claimed. */
static bool are_peers(const struct sock *client, const struct sock *server)
{
	const struct tcp_sock *c = tcp_sk(client), *s = tcp_sk(server);

	return between(s->rcv_nxt, c->snd_una, c->write_seq) &&
	       between(c->rcv_nxt, s->snd_una, s->write_seq);
}

/* Both locked, either way. */
static void pair(struct sock *client, struct sock *server)
{
	struct splice_subject subject;
	struct splice_owner owner;

	if (client->sk_state != TCP_ESTABLISHED || !is_plain(client) ||
	    !is_plain(server) || !are_peers(client, server) ||
	    (client->sk_kern_sock && server->sk_kern_sock))
		return;
	judge->describe(&subject, client, server);
	if (judge->get(&subject, &owner) &&
	    !pair_for(&owner, &subject, client, server))
		judge->put(owner.mesh);
}

/* Pairings under way, in works or backlogs: splice_disable() waits for them. */
static atomic_t npairings = ATOMIC_INIT(0);

struct pair_work {
	struct delayed_work work;
	struct sock *client, *server;	/* held */
	unsigned int tries;
};

/* About two seconds in all. The first retry, at the next tick, usually succeeds. */
#define PAIR_TRIES	24

static unsigned long next_try(const struct pair_work *w)
{
	return min_t(unsigned long, 1UL << w->tries / 2, HZ / 8);
}

/* Both slocks are held. False if either socket is owned. */
static bool pair_if_free(struct sock *client, struct sock *server)
{
	if (!READ_ONCE(enabled) || server->sk_state != TCP_ESTABLISHED)
		return true;
	if (sock_owned_by_user(client) || sock_owned_by_user(server))
		return false;
	pair(client, server);
	return true;
}

/* The client's slock is held. */
static bool try_pair_bh(struct sock *client, struct sock *server)
{
	bool done;

	if (!spin_trylock(&server->sk_lock.slock))
		return false;
	done = pair_if_free(client, server);
	spin_unlock(&server->sk_lock.slock);
	return done;
}

/*
 * The owner of a socket may wait for a page of its memory as long as it likes. So
 * owners are not waited for, neither here nor with the other socket locked. False:
 * try again.
 */
static bool try_pair(struct sock *client, struct sock *server)
{
	bool done;

	spin_lock_bh(&client->sk_lock.slock);
	done = try_pair_bh(client, server);
	spin_unlock_bh(&client->sk_lock.slock);
	return done;
}

static void pair_later(struct work_struct *work)
{
	struct pair_work *w = container_of(to_delayed_work(work),
					   struct pair_work, work);

	if (!try_pair(w->client, w->server) && ++w->tries < PAIR_TRIES) {
		queue_delayed_work(splice_wq, &w->work, next_try(w));
		return;
	}
	sock_put(w->server);
	sock_put(w->client);
	kfree(w);
	atomic_dec(&npairings);
}

static void queue_pair(struct sock *client, struct sock *server)
{
	struct pair_work *w;

	w = payer_kmalloc(payer_of(client), sizeof(*w),
			  GFP_ATOMIC | __GFP_NOWARN);
	if (!w)
		return;
	INIT_DELAYED_WORK(&w->work, pair_later);
	w->client = client;
	w->server = server;
	w->tries = 0;
	sock_hold(client);
	sock_hold(server);
	atomic_inc(&npairings);
	queue_delayed_work(splice_wq, &w->work, 0);
}

/* ---- by way of the client's backlog ---- */

/* Destructor of a buffer without bytes, which asks to pair with a server. */
static void mark_pairing(struct sk_buff *skb)
{
}

/* In the backlog TCP looks at the flags alone, and there are none. */
struct pairing_cb {
	struct sock *server;	/* held */
};

#define PAIRING_CB(skb)	((struct pairing_cb *)(skb)->cb)

/* The client is owned, the server is not ours yet. */
static void pair_owned(struct sock *client, struct sock *server)
{
	bool is_free;

	local_bh_disable();
	spin_lock_nested(&server->sk_lock.slock, SINGLE_DEPTH_NESTING);
	is_free = !sock_owned_by_user(server);
	if (is_free && READ_ONCE(enabled) &&
	    server->sk_state == TCP_ESTABLISHED)
		pair(client, server);
	spin_unlock(&server->sk_lock.slock);
	if (!is_free && READ_ONCE(enabled))
		queue_pair(client, server);
	local_bh_enable();
}

static int pairing_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct sock *server;

	if (skb->destructor != mark_pairing)
		return sk->sk_prot->backlog_rcv(sk, skb);
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	server = PAIRING_CB(skb)->server;
	skb->destructor = NULL;
	__kfree_skb(skb);
	pair_owned(sk, server);
	sock_put(server);
	atomic_dec(&npairings);
	return 0;
}

/* The client's slock is held, and it is owned. */
static void leave_in_backlog(struct sock *client, struct sock *server)
{
	struct sk_buff *skb;

	if (!is_plain(client))
		return;
	skb = alloc_skb(0, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return;
	atomic_inc(&npairings);
	sock_hold(server);
	PAIRING_CB(skb)->server = server;
	skb->destructor = mark_pairing;
	WRITE_ONCE(client->sk_backlog_rcv, pairing_backlog_rcv);
	__sk_add_backlog(client, skb);
	client->sk_backlog.len += skb->truesize;
}

/* BH is disabled. */
static void pair_now_or_later(struct sock *client, struct sock *server)
{
	if (!spin_trylock(&client->sk_lock.slock)) {
		queue_pair(client, server);
		return;
	}
	if (sock_owned_by_user(client))
		leave_in_backlog(client, server);
	else
		pair(client, server);
	spin_unlock(&client->sk_lock.slock);
}

/* The server's slock is held, in softirq; or it is owned, in its backlog. */
static void server_established(struct sock *server)
{
	struct sock *client;

	if (!is_plain(server))
		return;
	client = pairing_claim(server);
	if (!client)
		return;
	local_bh_disable();
	pair_now_or_later(client, server);
	local_bh_enable();
	sock_put(client);
}

/* ---- what happens to sockets ---- */

static void end_changed(struct sock *sk, struct splice_end *e, int new)
{
	if (new == TCP_CLOSE)
		splice_kill(e->pair);
	else if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)
		splice_before_fin(sk, e);
}

static void probe_set_state(void *data, const struct sock *csk, int old, int new)
{
	struct sock *sk = (struct sock *)csk;
	struct splice_end *e;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	e = splice_end_of(sk);
	if (e) {
		end_changed(sk, e, new);
	} else if (new != TCP_ESTABLISHED) {
		if (old == TCP_ESTABLISHED)
			pairing_forget(sk);
	} else if (!READ_ONCE(enabled)) {
		return;
	} else if (old == TCP_SYN_SENT) {
		if (is_plain(sk) && judge->concerns(sk))
			pairing_add(sk);
	} else if (old == TCP_SYN_RECV) {
		server_established(sk);
	}
}

static void probe_destroy_sock(void *data, struct sock *sk)
{
	struct splice_end *e = splice_end_of(sk);

	if (!e)
		return;
	splice_kill(e->pair);
	detach(sk, e);
	splice_pair_put(e->pair);
}

/* ---- policies, and what there is ---- */

/* What a pair is judged by is there while it is not dead, and for a grace period. */
static void reconsider(struct splice_pair *p, void *unused)
{
	rcu_read_lock();
	if (!splice_is_dead(p) && !is_wanted(p))
		splice_kill(p);
	rcu_read_unlock();
}

void splice_reconsider(void)
{
	/* Pairs with the one in alloc_pair(): it sees the new policy, or we it. */
	smp_mb();
	if (atomic_read(&npairs))
		walk(reconsider, NULL);
}

const char *splice_reason_name(enum splice_reason reason)
{
	return mesh_stat_names[STAT_SPLICE_SLOW_RECEIVER + reason];
}

static void describe(struct splice_end_info *info, const struct splice_end *e,
		     struct sock *sk)
{
	sock_local_address(sk, &info->address);
	info->netns = sock_net(sk)->ns.inum;
	info->inode = sk->sk_kern_sock ? 0 : sock_i_ino(sk);
	info->count = e->count;
}

struct listing {
	const struct mesh *mesh;
	struct splice_info *list;
	u32 n, room;
};

/* And so are its sockets. */
static void list_one(struct splice_pair *p, void *arg)
{
	struct listing *l = arg;
	int i;

	rcu_read_lock();
	if (p->owner.mesh == l->mesh && !splice_is_dead(p) && l->n < l->room) {
		for (i = 0; i < 2; i++)
			describe(&l->list[l->n].ends[i], &p->ends[i],
				 p->held[i]);
		l->n++;
	}
	rcu_read_unlock();
}

int splice_list(const struct mesh *m, struct splice_info **list, u32 *n)
{
	struct listing l = { .mesh = m, .room = atomic_read(&npairs) };

	if (l.room) {
		l.list = kvcalloc(l.room, sizeof(*l.list), GFP_KERNEL_ACCOUNT);
		if (!l.list)
			return -ENOMEM;
		walk(list_one, &l);
	}
	*list = l.list;
	*n = l.n;
	return 0;
}

/* ---- on and off ---- */

static void find_tracepoint(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "inet_sock_set_state"))
		set_state = tp;
	else if (!strcmp(tp->name, "tcp_destroy_sock"))
		destroy_sock = tp;
}

int splice_enable(void)
{
	int err;

	err = ulp_watch();
	if (err)
		return err;
	err = tracepoint_probe_register(destroy_sock, probe_destroy_sock, NULL);
	if (err)
		goto unwatch;
	err = tracepoint_probe_register(set_state, probe_set_state, NULL);
	if (err)
		goto unregister;
	WRITE_ONCE(enabled, true);
	return 0;

unregister:
	tracepoint_probe_unregister(destroy_sock, probe_destroy_sock, NULL);
unwatch:
	ulp_unwatch();
	return err;
}

/* Whether a second has passed since @since; true once only. */
static bool is_late(unsigned long *since)
{
	if (!*since || time_before(jiffies, *since + HZ))
		return false;
	*since = 0;
	return true;
}

static void complain(struct sock *sk)
{
	pr_notice("unloading waits for who has locked the socket of inode %llu in network namespace %u\n",
		  (u64)sock_i_ino(sk), sock_net(sk)->ns.inum);
}

/* Its pair is dead. False if somebody owns it. */
static bool leave_free(struct sock *sk)
{
	bool is_free;

	spin_lock_bh(&sk->sk_lock.slock);
	is_free = !sock_owned_by_user(sk);
	if (is_free)
		splice_settle(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
	return is_free;
}

/* The end's socket, held; NULL if it has been detached. */
static struct sock *socket_of(const struct splice_end *e)
{
	struct pair_list *l = list_of(e->pair);
	struct sock *sk;

	spin_lock_bh(&l->lock);
	/* A socket is not destroyed before its end is detached. */
	sk = e->sk;
	if (sk)
		sock_hold(sk);
	spin_unlock_bh(&l->lock);
	return sk;
}

/* Both ends, unless somebody owns them: @arg is one who does, held, if there is any. */
static void end_pair(struct splice_pair *p, void *arg)
{
	struct sock **owned = arg, *sk;
	int i;

	splice_kill(p);
	for (i = 0; i < 2; i++) {
		sk = socket_of(&p->ends[i]);
		if (!sk)
			continue;
		if (!leave_free(sk) && !*owned)
			*owned = sk;
		else
			sock_put(sk);
	}
}

/*
 * The owner of a socket detaches it when it releases it. That is soon, unless it
 * waits for a page of its memory inside TCP. Other sockets are not delayed by that.
 */
static void leave_all(void)
{
	unsigned long since = jiffies | 1;
	struct sock *owned;

	for (;;) {
		owned = NULL;
		walk(end_pair, &owned);
		if (!owned)
			break;
		if (is_late(&since))
			complain(owned);
		sock_put(owned);
		schedule_timeout_idle(1);
	}
}

/*
 * A retry is never far off; a pairing in a backlog ends when the owner releases the
 * socket.
 */
static void wait_for_pairings(void)
{
	unsigned long since = jiffies | 1;

	while (atomic_read(&npairings)) {
		if (is_late(&since))
			pr_notice("unloading waits for a client in a system call\n");
		schedule_timeout_idle(1);
	}
}

void splice_disable(void)
{
	WRITE_ONCE(enabled, false);
	/* No probe sees it enabled any more, or queues a work. */
	tracepoint_synchronize_unregister();
	wait_for_pairings();
	flush_workqueue(splice_wq);
	leave_all();
	tracepoint_probe_unregister(set_state, probe_set_state, NULL);
	tracepoint_probe_unregister(destroy_sock, probe_destroy_sock, NULL);
	tracepoint_synchronize_unregister();
	ulp_unwatch();
	pairing_forget_all();
	/* Senders that were blocked, timers, and what waits for a grace period. */
	while (inside_any(&inside) || atomic_read(&npairs))
		schedule_timeout_idle(1);
	/*
	 * Remaining: the few instructions after splice_leave(), and calls that do
	 * not use it.
	 */
	synchronize_rcu_tasks();
	rcu_barrier();
}

static int find_tracepoints(void)
{
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	return set_state && destroy_sock ? 0 : -ENOENT;
}

int splice_init(const struct splice_judge *given)
{
	int err, i;

	judge = given;
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		INIT_LIST_HEAD(&lists[i].links);
		spin_lock_init(&lists[i].lock);
	}
	left_max = ((u64)totalram_pages() << PAGE_SHIFT) / LEFT_SHARE /
		   sizeof(struct splice_pair);
	splice_receive_init();
	err = find_tracepoints();
	if (err)
		return err;
	err = pairing_init();
	if (err)
		return err;
	err = -ENOMEM;
	pair_cache = kmem_cache_create("l7mesh_splice", sizeof(struct splice_pair),
				       0, SLAB_HWCACHE_ALIGN, NULL);
	if (!pair_cache)
		goto pairing;
	splice_wq = alloc_workqueue("l7mesh_splice", WQ_UNBOUND, 0);
	if (!splice_wq)
		goto cache;
	err = splice_skb_init();
	if (!err)
		return 0;
	destroy_workqueue(splice_wq);
cache:
	kmem_cache_destroy(pair_cache);
pairing:
	pairing_exit();
	return err;
}

void splice_exit(void)
{
	destroy_workqueue(splice_wq);
	kmem_cache_destroy(pair_cache);
	pairing_exit();
	splice_skb_exit();
}
