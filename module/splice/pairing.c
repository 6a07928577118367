// SPDX-License-Identifier: GPL-2.0
/*
 * A candidate is in two tables: by the client's socket, for it to be forgotten, and
 * by the client's sk_txhash, for the server to find. It is in both or in none.
 *
 * Lifetime: from pairing_add() to whichever comes first of pairing_claim() and
 * pairing_forget(); freed after a grace period. While it is in the tables its
 * socket is not destroyed, so who finds it under the lock may take a reference.
 *
 * The client's control group pays.
 *
 * Locks (BH), in order: of by_sock's bucket > of by_hash's. Readers use RCU. Sockets'
 * locks are outside.
 */
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/tcp.h>
#include "lib/compat.h"
#include "lib/payer.h"
#include "splice/pairing.h"

#define BUCKETS_BITS	12

/* A client whose server is on this node is claimed as soon as its ACK arrives. */
#define CANDIDATE_LIFE	HZ

struct candidate {
	struct hlist_node by_sock;
	struct hlist_node by_hash;
	struct sock *sk;
	u32 sent_hash, received_hash;
	u32 sent_seq, received_seq;
	unsigned long expires;
	struct rcu_head rcu;
};

struct bucket {
	struct hlist_head head;
	spinlock_t lock;	/* BH */
};

static struct bucket *socks, *hashes;

static struct bucket *sock_bucket(const struct sock *sk)
{
	return &socks[hash_ptr(sk, BUCKETS_BITS)];
}

static struct bucket *hash_bucket(u32 sent_hash)
{
	return &hashes[hash_32(sent_hash, BUCKETS_BITS)];
}

/* The lock of by_sock's bucket is held. */
static void remove(struct candidate *c)
{
	struct bucket *h = hash_bucket(c->sent_hash);

	spin_lock_nested(&h->lock, SINGLE_DEPTH_NESTING);
	hlist_del_rcu(&c->by_hash);
	spin_unlock(&h->lock);
	hlist_del_init(&c->by_sock);
	kfree_rcu(c, rcu);
}

/*
 * Clients of servers on other nodes are never claimed: drop them to keep buckets
 * short.
 */
static void remove_expired(struct bucket *s)
{
	struct hlist_node *next;
	struct candidate *c;

	hlist_for_each_entry_safe(c, next, &s->head, by_sock)
		if (time_after(jiffies, c->expires))
			remove(c);
}

void pairing_add(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bucket *s = sock_bucket(sk), *h;
	struct candidate *c;

	/* A packet without a hash has a hash of zero. */
	if (tp->repair || !sk->sk_txhash || !compat_sk_rxhash(sk))
		return;
	c = payer_kmalloc(payer_of(sk), sizeof(*c), GFP_ATOMIC | __GFP_NOWARN);
	if (!c)
		return;
	c->sk = sk;
	c->sent_hash = sk->sk_txhash;
	c->received_hash = compat_sk_rxhash(sk);
	c->sent_seq = tp->snd_una;
	c->received_seq = tp->rcv_nxt;
	c->expires = jiffies + CANDIDATE_LIFE;
	h = hash_bucket(c->sent_hash);
	spin_lock_bh(&s->lock);
	remove_expired(s);
	spin_lock_nested(&h->lock, SINGLE_DEPTH_NESTING);
	hlist_add_head(&c->by_sock, &s->head);
	hlist_add_head_rcu(&c->by_hash, &h->head);
	spin_unlock(&h->lock);
	spin_unlock_bh(&s->lock);
}

void pairing_forget(const struct sock *sk)
{
	struct bucket *s = sock_bucket(sk);
	struct candidate *c;

	if (hlist_empty(&s->head))
		return;
	spin_lock_bh(&s->lock);
	hlist_for_each_entry(c, &s->head, by_sock)
		if (c->sk == sk) {
			remove(c);
			break;
		}
	spin_unlock_bh(&s->lock);
}

static bool are_peers(const struct candidate *c, const struct sock *child)
{
	const struct tcp_sock *tp = tcp_sk(child);

	return c->sent_hash == compat_sk_rxhash(child) &&
	       c->received_hash == child->sk_txhash &&
	       c->sent_seq == tp->rcv_nxt && c->received_seq == tp->snd_una;
}

static struct candidate *find(const struct sock *child)
{
	struct bucket *h = hash_bucket(compat_sk_rxhash(child));
	struct candidate *c;

	hlist_for_each_entry_rcu(c, &h->head, by_hash)
		if (are_peers(c, child))
			return c;
	return NULL;
}

/* Under RCU: the candidate may just be going. */
static struct sock *claim(struct candidate *c)
{
	struct bucket *s = sock_bucket(c->sk);
	struct sock *sk = NULL;

	spin_lock_bh(&s->lock);
	if (!hlist_unhashed(&c->by_sock)) {
		sk = c->sk;
		sock_hold(sk);
		remove(c);
	}
	spin_unlock_bh(&s->lock);
	return sk;
}

struct sock *pairing_claim(const struct sock *child)
{
	struct sock *sk = NULL;
	struct candidate *c;

	rcu_read_lock();
	c = find(child);
	if (c)
		sk = claim(c);
	rcu_read_unlock();
	return sk;
}

static struct bucket *alloc_buckets(void)
{
	struct bucket *b = kvcalloc(1 << BUCKETS_BITS, sizeof(*b), GFP_KERNEL);
	int i;

	for (i = 0; b && i < 1 << BUCKETS_BITS; i++)
		spin_lock_init(&b[i].lock);
	return b;
}

int pairing_init(void)
{
	socks = alloc_buckets();
	hashes = alloc_buckets();
	if (socks && hashes)
		return 0;
	pairing_exit();
	return -ENOMEM;
}

void pairing_forget_all(void)
{
	struct hlist_node *next;
	struct candidate *c;
	int i;

	for (i = 0; i < 1 << BUCKETS_BITS; i++) {
		spin_lock_bh(&socks[i].lock);
		hlist_for_each_entry_safe(c, next, &socks[i].head, by_sock)
			remove(c);
		spin_unlock_bh(&socks[i].lock);
	}
	synchronize_rcu();
}

void pairing_exit(void)
{
	kvfree(socks);
	kvfree(hashes);
	socks = NULL;
	hashes = NULL;
}
