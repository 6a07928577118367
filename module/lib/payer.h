/* SPDX-License-Identifier: GPL-2.0 */
/*
 * payer: the memory control group that pays for what the engine holds for a client.
 *
 * The engine accepts and connects in kernel threads, and runs in softirq or in whatever
 * task woke it. Without further measures its sockets and buffers would be charged to
 * nobody, or to a stranger. So the memory cgroup of the client's socket is a part of the
 * client's identity (identity.h), which holds it. The sockets of the client's connection,
 * of its legs and of calls made for it are charged to that group, and so is what is
 * allocated with __GFP_ACCOUNT between payer_enter() and payer_leave().
 *
 * Of what comes as packets no client is known. Where it is for an application of the
 * namespace itself, the group of that pays, as it would without a mesh.
 *
 * A group that is full refuses: nobody in it is killed for what a client wants.
 *
 * What a pair of spliced sockets takes beside its bytes is charged to the group of the
 * client's socket as well.
 *
 * NULL is a client without a group: then nothing is charged, and __GFP_ACCOUNT must not
 * be used, as the task that happens to run would pay.
 */
#ifndef L7MESH_PAYER_H
#define L7MESH_PAYER_H

#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/sock.h>

/* The part of a group's memory that payer_share() is. */
#define PAYER_SHARE	8

/**
 * payer_enter() - From here on accounted allocations are charged to a client
 * @payer: who pays, or NULL
 *
 * Any context, in which payer_leave() follows. May be nested.
 *
 * Return: for payer_leave().
 */
static inline struct mem_cgroup *payer_enter(struct mem_cgroup *payer)
{
	return payer ? set_active_memcg(payer) : NULL;
}

static inline void payer_leave(struct mem_cgroup *payer, struct mem_cgroup *old)
{
	if (payer)
		set_active_memcg(old);
}

/* Who pays for what is allocated with @gfp here, or NULL. Only to be compared. */
static inline struct mem_cgroup *payer_here(gfp_t gfp)
{
#ifdef CONFIG_MEMCG
	if (gfp & __GFP_ACCOUNT)
		return in_task() ? current->active_memcg :
				   this_cpu_read(int_active_memcg);
#endif
	return NULL;
}

/*
 * Whoever allocates beyond memory.high sleeps on its next return to user space. A
 * kernel thread never returns there: it would sleep in a later allocation, on
 * behalf of all its clients, while others wait for it.
 */
static inline void payer_forgive(void)
{
#ifdef CONFIG_MEMCG
	if (current->flags & PF_KTHREAD && in_task())
		current->memcg_nr_pages_over_high = 0;
#endif
}

/* To be added to how something is allocated, each time. */
static inline gfp_t payer_gfp(const struct mem_cgroup *payer)
{
	if (!payer)
		return 0;
	payer_forgive();
	return __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
}

/* The same, of who is paying just now. */
static inline gfp_t payer_gfp_here(void)
{
	return payer_gfp(payer_here(__GFP_ACCOUNT));
}

/* Who pays for a socket's memory, or NULL. An accepted one may get another by accept(). */
static inline struct mem_cgroup *payer_of(const struct sock *sk)
{
#ifdef CONFIG_MEMCG
	return sk->sk_memcg;
#else
	return NULL;
#endif
}

/* The same, held; under RCU of a socket that is freed so. */
static inline struct mem_cgroup *payer_get_of(const struct sock *sk)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *payer = READ_ONCE(sk->sk_memcg);

	if (payer && css_tryget(&payer->css))
		return payer;
#endif
	return NULL;
}

static inline struct mem_cgroup *payer_get(struct mem_cgroup *payer)
{
#ifdef CONFIG_MEMCG
	if (payer)
		css_get(&payer->css);
#endif
	return payer;
}

/**
 * payer_share() - What a group is to pay for clients who are not its own, at most
 * @payer: group, or NULL
 *
 * A part of the smallest limit that it is under: in a group that is full its own programs
 * are killed when they want memory.
 *
 * Any context. Return: bytes; ULONG_MAX if there is no limit.
 */
static inline unsigned long payer_share(struct mem_cgroup *payer)
{
	unsigned long most = ULONG_MAX / PAGE_SIZE;

#ifdef CONFIG_MEMCG
	for (; payer; payer = parent_mem_cgroup(payer))
		most = min(most, READ_ONCE(payer->memory.max) / PAYER_SHARE);
#endif
	return most * PAGE_SIZE;
}

/* NULL is let go as well. */
static inline void payer_put(struct mem_cgroup *payer)
{
#ifdef CONFIG_MEMCG
	if (payer)
		css_put(&payer->css);
#endif
}

/* kmalloc() at a client's expense. */
static inline void *payer_kmalloc(struct mem_cgroup *payer, size_t size, gfp_t gfp)
{
	struct mem_cgroup *old = payer_enter(payer);
	void *p = kmalloc(size, gfp | payer_gfp(payer));

	payer_leave(payer, old);
	return p;
}

/**
 * payer_pause() - TCP is about to charge a socket
 *
 * It knows by itself to whom, but puts who is active to sleep if that is beyond its
 * limit.
 *
 * Return: for payer_resume(), which follows.
 */
static inline struct mem_cgroup *payer_pause(void)
{
	return in_task() ? set_active_memcg(NULL) : NULL;
}

static inline void payer_resume(struct mem_cgroup *payer)
{
	if (payer)
		set_active_memcg(payer);
}

/**
 * payer_take() - A socket's memory is a client's, now and from now on
 * @payer: who pays, or NULL
 * @sk: locked, of the kernel's own; it belongs to nobody so far
 *
 * As accept() does, which has no names that a module could use: what the socket has
 * is charged as new, and then given back in the old account.
 *
 * Context: process, between payer_leave() and payer_enter().
 *
 * Return: false if the group has no room: then nothing has changed.
 */
static inline bool payer_take(struct mem_cgroup *payer, struct sock *sk)
{
#ifdef CONFIG_MEMCG
	int bytes = sk_mem_pages(sk->sk_forward_alloc +
				 atomic_read(&sk->sk_rmem_alloc) +
				 sk->sk_wmem_queued) << PAGE_SHIFT;
	bool charged;

	if (!payer || sk->sk_memcg)
		return true;
	sk->sk_memcg = payer;
	charged = !bytes || __sk_mem_schedule(sk, bytes, SK_MEM_RECV);
	sk->sk_memcg = NULL;
	if (!charged)
		return false;
	if (bytes)
		__sk_mem_reclaim(sk, bytes);
	css_get(&payer->css);
	sk->sk_memcg = payer;
#endif
	return true;
}

#endif
