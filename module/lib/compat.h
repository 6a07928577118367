/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat: every difference between the kernels that we run on.
 *
 * Kbuild probes the headers for what there is (MESH_HAVE_x); nothing asks for a
 * version. Nobody else looks at MESH_HAVE_x, but for sendpage(): where there is one
 * splicing has a function more to override, which calls what is nowhere else.
 */
#ifndef L7MESH_COMPAT_H
#define L7MESH_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/bvec.h>
#include <linux/cgroup.h>
#include <linux/ftrace.h>
#include <linux/memcontrol.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/security.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <net/genetlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/tcp.h>

/* ---- bin2hex(): in a header of its own on newer kernels ---- */

#ifdef MESH_HAVE_HEX_H
#include <linux/hex.h>
#endif

/* ---- timers: renamed in 6.15 and 6.16 ---- */

#ifdef MESH_HAVE_TIMER_CONTAINER_OF
#define compat_timer_container_of(var, timer, field) \
	timer_container_of(var, timer, field)
#else
#define compat_timer_container_of(var, timer, field) \
	from_timer(var, timer, field)
#endif

static inline int compat_timer_delete_sync(struct timer_list *timer)
{
#ifdef MESH_HAVE_TIMER_DELETE
	return timer_delete_sync(timer);
#else
	return del_timer_sync(timer);
#endif
}

/* ---- kernel_connect(), kernel_bind(): another type of address since 6.19 ---- */

#ifdef MESH_HAVE_SOCKADDR_UNSIZED
#define compat_sockaddr struct sockaddr_unsized
#define COMPAT_SOCKADDR(ss) ((struct sockaddr_unsized *)(ss))
#else
#define compat_sockaddr struct sockaddr
#define COMPAT_SOCKADDR(ss) ((struct sockaddr *)(ss))
#endif

static inline int compat_connect(struct socket *sock,
				 struct sockaddr_storage *ss, int len,
				 int flags)
{
	return kernel_connect(sock, COMPAT_SOCKADDR(ss), len, flags);
}

static inline int compat_bind(struct socket *sock, struct sockaddr_storage *ss,
			      int len)
{
	return kernel_bind(sock, COMPAT_SOCKADDR(ss), len);
}

/* ---- sending in softirq ---- */

/* Let tcp_sendmsg_locked() run where there is no task to borrow pages from. */
static inline void compat_sock_softirq_send(struct sock *sk)
{
	sk->sk_allocation = GFP_ATOMIC;
#ifdef MESH_HAVE_USE_TASK_FRAG
	sk->sk_use_task_frag = false;
#endif
}

/**
 * compat_send_page() - Send bytes of a page by reference
 * @sk: locked socket
 * @page: page
 * @off: first byte; may lie beyond the first page of a compound one
 * @len: how many
 * @flags: MSG_*
 *
 * sendpage() until 6.4, MSG_SPLICE_PAGES afterwards.
 *
 * Return: bytes sent or a negative errno.
 */
static inline int compat_send_page(struct sock *sk, struct page *page, u32 off,
				   u32 len, int flags)
{
#ifdef MESH_HAVE_SENDPAGE
	return tcp_sendpage_locked(sk, page, off, len, flags);
#else
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };
	struct bio_vec bvec;

	bvec_set_page(&bvec, page, len, off);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bvec, 1, len);
	return tcp_sendmsg_locked(sk, &msg, len);
#endif
}

/* ---- looking a connection up: which table is no argument since 6.18 ---- */

static inline struct sock *compat_lookup(struct net *net, __be32 saddr,
					 __be16 sport, __be32 daddr, u16 port,
					 int dif)
{
#ifdef MESH_HAVE_LOOKUP_HASHINFO
	return __inet_lookup_established(net, net->ipv4.tcp_death_row.hashinfo,
					 saddr, sport, daddr, port, dif, 0);
#else
	return __inet_lookup_established(net, saddr, sport, daddr, port, dif, 0);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline struct sock *compat_lookup6(struct net *net,
					  const struct in6_addr *saddr,
					  __be16 sport,
					  const struct in6_addr *daddr, u16 port,
					  int dif)
{
#ifdef MESH_HAVE_LOOKUP_HASHINFO
	return __inet6_lookup_established(net, net->ipv4.tcp_death_row.hashinfo,
					  saddr, sport, daddr, port, dif, 0);
#else
	return __inet6_lookup_established(net, saddr, sport, daddr, port, dif, 0);
#endif
}
#endif

/* Who would get a SYN, as the others; borrowed under RCU, or NULL. */
static inline struct sock *compat_lookup_listener(struct net *net, __be32 saddr,
						  __be16 sport, __be32 daddr, u16 port,
						  int dif)
{
#ifdef MESH_HAVE_LISTENER_HASHINFO
	return __inet_lookup_listener(net, net->ipv4.tcp_death_row.hashinfo, NULL, 0,
				      saddr, sport, daddr, port, dif, 0);
#else
	return __inet_lookup_listener(net, NULL, 0, saddr, sport, daddr, port, dif, 0);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline struct sock *compat_lookup_listener6(struct net *net,
						   const struct in6_addr *saddr,
						   __be16 sport,
						   const struct in6_addr *daddr, u16 port,
						   int dif)
{
#ifdef MESH_HAVE_LISTENER_HASHINFO
	return inet6_lookup_listener(net, net->ipv4.tcp_death_row.hashinfo, NULL, 0,
				     saddr, sport, daddr, port, dif, 0);
#else
	return inet6_lookup_listener(net, NULL, 0, saddr, sport, daddr, port, dif, 0);
#endif
}
#endif

/**
 * compat_sock_hold_net() - Let a kernel socket finish closing on its own
 * @sk: kernel socket about to be released
 *
 * tcp_close() stops the timers of a socket that holds no reference to its
 * namespace, so that a lost FIN would never be sent again. Where the namespace is
 * going there is nothing to wait for: then it is closed with RST.
 *
 * Context: process, no socket lock held.
 */
static inline void compat_sock_hold_net(struct sock *sk)
{
	struct net *net = sock_net(sk);

	if (sk->sk_net_refcnt)
		return;
	if (!maybe_get_net(net)) {
		sock_no_linger(sk);
		return;
	}
#ifdef MESH_HAVE_NET_REFCNT_UPGRADE
	sk_net_refcnt_upgrade(sk);	/* takes a reference of its own */
	put_net(net);
#else
#ifdef MESH_HAVE_NETNS_TRACKER_FREE
	__netns_tracker_free(net, &sk->ns_tracker, false);
#endif
	sk->sk_net_refcnt = 1;
	netns_tracker_alloc(net, &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(net, 1);
#endif
}

/*
 * ---- syn_recv_sock(), of struct inet_connection_sock_af_ops: has one parameter more since
 * 6.19, and where that was backported ----
 *
 * compat_syn_recv_sock(name) declares one, or a pointer (*name) to one; within it
 * compat_recv_sock_by(native) calls another, with the same arguments.
 */

#ifdef MESH_HAVE_CHILD_INIT
#define compat_syn_recv_sock(name)					\
	struct sock *(name)(const struct sock *sk, struct sk_buff *skb,	\
			    struct request_sock *req,			\
			    struct dst_entry *dst,			\
			    struct request_sock *unhash, bool *own,	\
			    void (*init)(struct sock *child,		\
					 const struct sock *parent))
#define compat_recv_sock_by(native)					\
	((native)(sk, skb, req, dst, unhash, own, init))
#else
#define compat_syn_recv_sock(name)					\
	struct sock *(name)(const struct sock *sk, struct sk_buff *skb,	\
			    struct request_sock *req,			\
			    struct dst_entry *dst,			\
			    struct request_sock *unhash, bool *own)
#define compat_recv_sock_by(native)					\
	((native)(sk, skb, req, dst, unhash, own))
#endif

/* ---- the registers that an ftrace callback is given: opaque since 6.2 ---- */

#ifdef CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS
#define COMPAT_FTRACE_OPS_FLAGS	0
#else
#define COMPAT_FTRACE_OPS_FLAGS	FTRACE_OPS_FL_SAVE_REGS
#endif

static __always_inline unsigned long
compat_ftrace_argument(struct ftrace_regs *regs, unsigned int n)
{
#ifdef MESH_HAVE_FTRACE_REGS_GET_ARGUMENT
	return ftrace_regs_get_argument(regs, n);
#else
	return regs_get_kernel_argument(&regs->regs, n);
#endif
}

static __always_inline void compat_ftrace_set_ip(struct ftrace_regs *regs,
						 unsigned long ip)
{
#ifdef MESH_HAVE_FTRACE_REGS_GET_ARGUMENT
	ftrace_regs_set_instruction_pointer(regs, ip);
#else
	instruction_pointer_set(&regs->regs, ip);
#endif
}

/**
 * compat_bpf_run_name() - Let the cgroup's BPF program change a socket's name
 * @sk: locked socket
 * @sa: struct sockaddr_in or sockaddr_in6
 * @type: constant enum cgroup_bpf_attach_type
 */
#ifdef MESH_HAVE_BPF_SA_LEN
#define compat_bpf_run_name(sk, sa, type) ({				\
	typeof(sa) __sa = (sa);						\
	int __len = sizeof(*__sa);					\
	(void)BPF_CGROUP_RUN_SA_PROG(sk, (void *)__sa, &__len, type);	\
})
#else
#define compat_bpf_run_name(sk, sa, type)				\
	((void)BPF_CGROUP_RUN_SA_PROG(sk, (void *)(sa), type))
#endif

/* ---- IPV6_FLOWINFO_SEND: a flag of the inet_sock since 6.7 ---- */

#if IS_ENABLED(CONFIG_IPV6)
static inline bool compat_has_sndflow(const struct sock *sk)
{
#ifdef MESH_HAVE_NP_SNDFLOW
	return inet6_sk(sk)->sndflow;
#else
	return inet6_test_bit(SNDFLOW, sk);
#endif
}
#endif

/* ---- IP_TRANSPARENT, IP_BIND_ADDRESS_NO_PORT: flags of the inet_sock since 6.7 ---- */

static inline void compat_set_transparent(struct sock *sk)
{
#ifdef MESH_HAVE_INET_FLAGS
	inet_set_bit(TRANSPARENT, sk);
#else
	inet_sk(sk)->transparent = 1;
#endif
}

static inline void compat_set_port_at_connect(struct sock *sk)
{
#ifdef MESH_HAVE_INET_FLAGS
	inet_set_bit(BIND_ADDRESS_NO_PORT, sk);
#else
	inet_sk(sk)->bind_address_no_port = 1;
#endif
}

/* ---- __tcp_send_ack(): has flags since 6.16 ---- */

static inline void compat_send_ack(struct sock *sk)
{
#ifdef MESH_HAVE_SEND_ACK_FLAGS
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt, 0);
#else
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt);
#endif
}

/* ---- shrinkers: allocated by the kernel since 6.7 ---- */

typedef unsigned long compat_shrink_t(struct shrinker *s,
				      struct shrink_control *sc);

/* NULL if there is no memory. Context: process. */
static inline struct shrinker *compat_shrinker_register(compat_shrink_t *count,
							compat_shrink_t *scan,
							const char *name)
{
	struct shrinker *s;

#ifdef MESH_HAVE_SHRINKER_ALLOC
	s = shrinker_alloc(0, "%s", name);
#else
	s = kzalloc(sizeof(*s), GFP_KERNEL);
#endif
	if (!s)
		return NULL;
	s->count_objects = count;
	s->scan_objects = scan;
	s->seeks = DEFAULT_SEEKS;
#ifdef MESH_HAVE_SHRINKER_ALLOC
	shrinker_register(s);
#else
	if (register_shrinker(s, "%s", name)) {
		kfree(s);
		return NULL;
	}
#endif
	return s;
}

static inline void compat_shrinker_unregister(struct shrinker *s)
{
#ifdef MESH_HAVE_SHRINKER_ALLOC
	shrinker_free(s);
#else
	unregister_shrinker(s);
	kfree(s);
#endif
}

/* ---- to whom a socket's memory is charged ---- */

/* For comparison only. */
static inline void *compat_sk_memcg(const struct sock *sk)
{
#ifdef CONFIG_MEMCG
	return sk->sk_memcg;
#else
	return NULL;
#endif
}

/*
 * Where it cannot wait a charge is forced upon control groups (v2). What takes one
 * that far beyond its limit was forced; pages of files, of which a group may well be
 * full, never do.
 */
static inline bool compat_memcg_is_overcharged(const struct sock *sk)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg;
	unsigned long max;

	if (!mem_cgroup_sockets_enabled)
		return false;
	for (memcg = sk->sk_memcg; memcg; memcg = parent_mem_cgroup(memcg)) {
		max = READ_ONCE(memcg->memory.max);
		if (page_counter_read(&memcg->memory) > max + max / 32)
			return true;
	}
#endif
	return false;
}

/* What is charged to @to is charged to @sk's namespace, and to this control group. */
static inline void compat_charge_as(struct sock *to, const struct sock *sk,
				    void *memcg)
{
	to->sk_prot = sk->sk_prot;
	to->sk_type = sk->sk_type;
	to->sk_protocol = sk->sk_protocol;
	write_pnet(&to->sk_net, sock_net(sk));
	to->sk_forward_alloc = 0;
	to->sk_wmem_queued = READ_ONCE(sk->sk_wmem_queued);
	atomic_set(&to->sk_rmem_alloc, atomic_read(&sk->sk_rmem_alloc));
#ifdef CONFIG_MEMCG
	to->sk_memcg = memcg;
#endif
#ifdef MESH_HAVE_BYPASS_PROT_MEM
	to->sk_bypass_prot_mem = sk->sk_bypass_prot_mem;
#endif
}

/* ---- what a kernel may have been built without ---- */

/* skb->hash of the last packet that the socket received, or 0. */
static inline u32 compat_sk_rxhash(const struct sock *sk)
{
#ifdef CONFIG_RPS
	return READ_ONCE(sk->sk_rxhash);
#else
	return 0;
#endif
}

/* SMC uses the TCP connection for a handshake of its own. */
static inline bool compat_is_smc(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_SMC)
	return tcp_sk(sk)->syn_smc;
#else
	return false;
#endif
}

/* ---- tcx: programs at a device without a qdisc, since 6.6 ---- */

/* Under RCU. */
static inline bool compat_has_tcx(const struct net_device *dev)
{
#if defined(MESH_HAVE_TCX) && defined(CONFIG_NET_XGRESS)
	return rcu_access_pointer(dev->tcx_ingress) ||
	       rcu_access_pointer(dev->tcx_egress);
#else
	return false;
#endif
}

/* ---- the security label of the task that runs: more than a number since 6.14 ---- */

#ifdef MESH_HAVE_LSM_PROP
struct compat_label {
	struct lsm_prop prop;
};

static inline void compat_label_of_current(struct compat_label *label)
{
	security_current_getlsmprop_subj(&label->prop);
}
#else
struct compat_label {
	u32 secid;
};

static inline void compat_label_of_current(struct compat_label *label)
{
	security_current_getsecid_subj(&label->secid);
}
#endif

/* ---- cgroups: cgroup_sk_clone() and cgroup_sk_free() are not exported ---- */

/**
 * compat_sock_copy_cgroup() - Put a socket where another one is
 * @to: socket that nobody has used
 * @from: the other one
 */
static inline void compat_sock_copy_cgroup(struct sock *to,
					   const struct sock *from)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	struct cgroup *old = sock_cgroup_ptr(&to->sk_cgrp_data), *new;

	to->sk_cgrp_data = from->sk_cgrp_data;
	new = sock_cgroup_ptr(&to->sk_cgrp_data);
	cgroup_get(new);
	cgroup_bpf_get(new);
	cgroup_bpf_put(old);
	cgroup_put(old);
#endif
}

/*
 * compat_forget_tw_isn() - A SYN that was to take the place of a connection in TIME_WAIT
 * does not get as far as tcp_conn_request()
 *
 * From 6.10 to 7.0 its number is handed on in a variable of the CPU, which that takes:
 * otherwise the next SYN would be answered with it, and be predictable (CVE-2026-64024).
 */
static inline void compat_forget_tw_isn(void)
{
#ifdef MESH_HAVE_CPU_TW_ISN
	__this_cpu_write(tcp_tw_isn, 0);
#endif
}

/* ---- why a connection is reset: newer kernels are told ---- */

static inline void compat_send_reset(const struct request_sock_ops *ops, struct sock *sk,
				     struct sk_buff *skb)
{
#ifdef MESH_HAVE_RST_REASON
	ops->send_reset(sk, skb, SK_RST_REASON_NOT_SPECIFIED);
#else
	ops->send_reset(sk, skb);
#endif
}

#endif
