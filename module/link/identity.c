// SPDX-License-Identifier: GPL-2.0
/*
 * What an identity is made of has owners: credentials, cgroups, labels. All of
 * them are held by one unconnected socket, the pattern, that is made like the
 * client's, and from which the others are made. It is in the first namespace,
 * which is always there: an identity keeps none.
 *
 * Netfilter finds the credentials in the socket's file. A socket of the engine's has no
 * file, so it borrows that of the pattern, which lives longer. Only sock_release() would
 * take the file for the socket's own; see identity_sock_release().
 *
 * A bucket holds identities with references, and those that are just being freed.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/jhash.h>
#include <linux/memcontrol.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/security.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "lib/compat.h"
#include "lib/stats.h"
#include "link/identity.h"

#define BUCKETS_BITS	10

/* The traits that are compared; padding is zero. */
struct traits {
	u64 groups;		/* of the opener's, hashed: they may be 65,536 */
	struct cgroup *cgroup;
	struct mem_cgroup *memcg;
	struct compat_label caller;
	u32 label;
	u32 classid;
	u32 prioidx;
	u32 mark;
	u32 priority;
	u32 tos;
	kuid_t uid;
	kuid_t fsuid;
	kgid_t fsgid;
};

struct identity {
	struct hlist_node node;
	refcount_t ref;
	u32 hash;
	struct traits traits;
	struct socket *pattern;
};

struct bucket {
	struct hlist_head head;
	spinlock_t lock;	/* BH */
};

static struct bucket buckets[1 << BUCKETS_BITS];
static u32 seed;
static siphash_key_t groups_key;

static const struct cred *opener(const struct socket *sock)
{
	return sock->file->f_cred;
}

static u32 tos_of(const struct sock *sk)
{
	u32 tos = inet_sk(sk)->tos;

	if (sk->sk_family == AF_INET6 && inet6_sk(sk)->tclass)
		tos = inet6_sk(sk)->tclass;
	return tos & ~INET_ECN_MASK;
}

static u64 groups_of(const struct cred *cred)
{
	const struct group_info *g = cred->group_info;

	return siphash(g->gid, array_size(g->ngroups, sizeof(*g->gid)),
		       &groups_key);
}

static void traits_of(struct traits *traits, struct sock *sk)
{
	const struct cred *cred = opener(sk->sk_socket);
	struct flowi_common flow = {};

	memset(traits, 0, sizeof(*traits));
	traits->cgroup = sock_cgroup_ptr(&sk->sk_cgrp_data);
	traits->classid = sock_cgroup_classid(&sk->sk_cgrp_data);
	traits->prioidx = sock_cgroup_prioidx(&sk->sk_cgrp_data);
#ifdef CONFIG_MEMCG
	traits->memcg = sk->sk_memcg;
#endif
	security_sk_classify_flow(sk, &flow);
	traits->label = flow.flowic_secid;
	compat_label_of_current(&traits->caller);
	traits->mark = READ_ONCE(sk->sk_mark);
	traits->priority = READ_ONCE(sk->sk_priority);
	traits->tos = tos_of(sk);
	traits->uid = sk->sk_uid;
	traits->fsuid = cred->fsuid;
	traits->fsgid = cred->fsgid;
	traits->groups = groups_of(cred);
}

static u32 traits_hash(const struct traits *traits)
{
	BUILD_BUG_ON(sizeof(*traits) % sizeof(u32));
	return jhash2((const u32 *)traits, sizeof(*traits) / sizeof(u32), seed);
}

static struct bucket *bucket_of(u32 hash)
{
	return &buckets[hash & (ARRAY_SIZE(buckets) - 1)];
}

static struct identity *find(const struct traits *traits, u32 hash)
{
	struct bucket *b = bucket_of(hash);
	struct identity *id;

	spin_lock_bh(&b->lock);
	hlist_for_each_entry(id, &b->head, node)
		if (id->hash == hash && !memcmp(&id->traits, traits, sizeof(*traits)) &&
		    refcount_inc_not_zero(&id->ref))
			goto out;
	id = NULL;
out:
	spin_unlock_bh(&b->lock);
	return id;
}

/* Give @to, which is unused, the memory cgroup of @from, which holds it. */
static void copy_memcg(struct sock *to, const struct sock *from)
{
#ifdef CONFIG_MEMCG
	if (to->sk_memcg == from->sk_memcg)
		return;
	if (to->sk_memcg)
		css_put(&to->sk_memcg->css);
	to->sk_memcg = from->sk_memcg;
	if (to->sk_memcg)
		css_get(&to->sk_memcg->css);
#endif
}

static void copy_owner(struct sock *to, const struct sock *from)
{
	compat_sock_copy_cgroup(to, from);
	copy_memcg(to, from);
	security_sk_clone(from, to);
}

/* Has a file that was opened with the credentials of @sk's opener. */
static struct socket *pattern_create(const struct sock *sk)
{
	const struct cred *mine;
	struct socket *sock;
	struct file *file;

	if (sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock))
		return NULL;
	mine = override_creds(opener(sk->sk_socket));
	file = sock_alloc_file(sock, 0, NULL);
	revert_creds(mine);
	if (IS_ERR(file))
		return NULL;	/* and the socket is released */
	copy_owner(sock->sk, sk);
	return sock;
}

static struct identity *identity_create(const struct traits *traits, u32 hash,
					const struct sock *sk)
{
	struct bucket *b = bucket_of(hash);
	struct identity *id = kmalloc(sizeof(*id), GFP_KERNEL_ACCOUNT);

	if (!id)
		return NULL;
	id->pattern = pattern_create(sk);
	if (!id->pattern) {
		kfree(id);
		return NULL;
	}
	stats_object_created(OBJECT_IDENTITY);
	refcount_set(&id->ref, 1);
	id->hash = hash;
	id->traits = *traits;
	spin_lock_bh(&b->lock);
	hlist_add_head(&id->node, &b->head);
	spin_unlock_bh(&b->lock);
	return id;
}

/* If two are made at once, both are used: they only share nothing. */
struct identity *identity_of(struct sock *sk)
{
	struct traits traits;
	u32 hash;

	traits_of(&traits, sk);
	hash = traits_hash(&traits);
	return find(&traits, hash) ?:
	       identity_create(&traits, hash, sk);
}

struct identity *identity_get(struct identity *id)
{
	if (id)
		refcount_inc(&id->ref);
	return id;
}

void identity_put(struct identity *id)
{
	struct bucket *b;

	if (!id || !refcount_dec_and_test(&id->ref))
		return;
	b = bucket_of(id->hash);
	spin_lock_bh(&b->lock);
	hlist_del(&id->node);
	spin_unlock_bh(&b->lock);
	/* The pattern's end may come later, and needs nothing of ours. */
	fput(id->pattern->file);
	kfree(id);
	stats_object_destroyed(OBJECT_IDENTITY);
}

struct mem_cgroup *identity_payer(const struct identity *id)
{
	return id ? id->traits.memcg : NULL;
}

u32 identity_hash(const struct identity *id)
{
	return id ? id->hash : 0;
}

/* Nobody knows the socket yet. */
static void assume(const struct identity *id, struct socket *sock)
{
	struct sock *sk = sock->sk;

	copy_owner(sk, id->pattern->sk);
	SOCK_INODE(sock)->i_uid = id->traits.uid;
	sk->sk_uid = id->traits.uid;
	sk->sk_mark = id->traits.mark;
	sk->sk_priority = id->traits.priority;
	if (sk->sk_family == AF_INET6)
		inet6_sk(sk)->tclass = id->traits.tos;
	else
		inet_sk(sk)->tos = id->traits.tos;
	sock->file = id->pattern->file;
}

int identity_sock_create(const struct identity *id, struct net *net, int family,
			 struct socket **sock)
{
	int err = sock_create_kern(net, family, SOCK_STREAM, IPPROTO_TCP, sock);

	if (!err && id)
		assume(id, *sock);
	return err;
}

int identity_connect(const struct identity *id, struct socket *sock,
		     const struct address *to)
{
	const struct cred *mine = NULL;
	struct sockaddr_storage ss;
	int len = address_to_sockaddr(to, &ss), err;

	if (id)
		mine = override_creds(opener(id->pattern));
	err = compat_connect(sock, &ss, len, O_NONBLOCK);
	if (mine)
		revert_creds(mine);
	return err == -EINPROGRESS ? 0 : err;
}

/*
 * The last packets are the client's, too, so the socket keeps its file to the end.
 * sock_release() then leaves the inode to the file, but the file is the pattern's:
 * the inode is released here.
 */
void identity_sock_release(struct socket *sock)
{
	bool borrowed = sock->file;

	sock_release(sock);
	if (borrowed)
		iput(SOCK_INODE(sock));
}

void identity_init(void)
{
	unsigned int i;

	seed = get_random_u32();
	get_random_bytes(&groups_key, sizeof(groups_key));
	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		spin_lock_init(&buckets[i].lock);
}
