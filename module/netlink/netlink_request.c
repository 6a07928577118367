// SPDX-License-Identifier: GPL-2.0
/*
 * What a task has asked for in one system call is a batch. The batch is a file that
 * nobody can open. It is closed as soon as it is made, and the kernel releases a closed
 * file when its task returns to user space. task_work_add() would do, but not every
 * kernel exports it, and a file holds the module until its release has returned.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "mesh/mesh.h"
#include "netlink/netlink.h"
#include "netlink/netlink_request.h"

/*
 * What a batch may hold besides its first datagram, which is as long as its socket lets
 * it be: sendmmsg() and io_uring send many datagrams in one system call. A control group
 * pays for none of them.
 */
#define BATCH_BYTES_MAX		(256 << 10)

struct waiting {
	struct list_head list;		/* batch.waiting */
	struct sk_buff *skb;		/* held */
	struct nlmsghdr *nlh;		/* in it */
	struct file *file;		/* held, and the socket by it */
	const struct cred *cred;	/* held: io_uring may have sent it as somebody else */
	const struct netlink_action *action;
};

/* Only its task looks into it; the file owns it. */
struct batch {
	struct hlist_node node;		/* batches */
	struct task_struct *task;	/* compared, never looked at */
	struct list_head waiting;	/* in the order in which they were sent */
	const struct sk_buff *last;	/* datagram; NULL: there was none */
	size_t bytes;
	struct netlink_request q;	/* the one that is carried out */
};

/* Those of tasks that have not returned from their system calls. */
static DEFINE_HASHTABLE(batches, 8);
static DEFINE_SPINLOCK(batches_lock);	/* innermost */

/* Put the refusal into what is answered. */
static void blame(struct netlink_ext_ack *extack, const struct refusal *r)
{
	if (!r->format)
		return;
	extack->_msg = r->text;
	NL_SET_BAD_ATTR(extack, r->attr);
	if (r->missing)
		NL_SET_ERR_ATTR_MISS(extack, r->missing_in, r->missing);
}

/* The core has told its own messages from each other by moving the datagram's begin. */
static void begin_with(struct sk_buff *skb, const struct nlmsghdr *nlh)
{
	ptrdiff_t ahead = (unsigned char *)nlh - skb->data;

	if (ahead < 0)
		skb_push(skb, -ahead);
	else
		skb_pull(skb, ahead);
}

/* Whatever has no policy takes no attribute. */
static void take_attrs(struct netlink_request *q)
{
	struct nlattr *nla;
	int rem;

	nlmsg_for_each_attr(nla, q->info.nlhdr, GENL_HDRLEN, rem)
		if (nla_type(nla) <= L7MESH_A_MAX)
			q->attrs[nla_type(nla)] = nla;
}

static void take(struct netlink_request *q, const struct waiting *w)
{
	struct sk_buff *skb = w->skb;
	struct net *net = sock_net(skb->sk);

	memset(q, 0, offsetof(struct netlink_request, r.text));
	begin_with(skb, w->nlh);
	q->skb = skb;
	q->info.snd_seq = w->nlh->nlmsg_seq;
	q->info.snd_portid = NETLINK_CB(skb).portid;
	q->info.nlhdr = w->nlh;
	q->info.genlhdr = nlmsg_data(w->nlh);
	q->info.attrs = q->attrs;
	genl_info_net_set(&q->info, net);
	take_attrs(q);
	q->mn = mesh_net(net);
	q->owner.portid = NETLINK_CB(skb).portid;
	q->owner.sk = NETLINK_CB(skb).sk;
}

static int act(struct netlink_request *q, const struct netlink_action *action)
{
	struct dump *d;

	if (action->act)
		return action->act(q);
	d = action->begin(q);
	return IS_ERR(d) ? PTR_ERR(d) : netlink_start_dump(q, d, action->dump);
}

/* Answers as netlink_rcv_skb() does. */
static void carry_out(struct netlink_request *q, const struct waiting *w)
{
	const struct cred *own = override_creds(w->cred);
	struct netlink_ext_ack extack = {};
	int err;

	take(q, w);
	err = act(q, w->action);
	revert_creds(own);
	if (err == -EINTR || (!err && !(w->nlh->nlmsg_flags & NLM_F_ACK)))
		return;
	if (err)
		blame(&extack, &q->r);
	netlink_ack(q->skb, w->nlh, err, &extack);
}

/* The datagram is charged to a socket of the namespace, which goes last. */
static void drop(struct waiting *w)
{
	kfree_skb(w->skb);
	fput(w->file);
	put_cred(w->cred);
	kfree(w);
}

/* A task that dies wants nothing more, and no thread of the kernel pays for another. */
static bool is_going(void)
{
	return current->flags & (PF_EXITING | PF_KTHREAD) ||
	       fatal_signal_pending(current);
}

static int release(struct inode *inode, struct file *file)
{
	struct batch *b = file->private_data;
	struct waiting *w, *next;

	spin_lock(&batches_lock);
	hash_del(&b->node);
	spin_unlock(&batches_lock);
	list_for_each_entry_safe(w, next, &b->waiting, list) {
		if (!is_going())
			carry_out(&b->q, w);
		drop(w);
		cond_resched();
	}
	kfree(b);
	return 0;
}

static const struct file_operations batch_fops = {
	.owner = THIS_MODULE,
	.release = release,
};

/* What the task has asked for in this system call, or NULL. */
static struct batch *find_batch(void)
{
	struct batch *b;

	spin_lock(&batches_lock);
	hash_for_each_possible(batches, b, node, (unsigned long)current)
		if (b->task == current)
			break;
	spin_unlock(&batches_lock);
	return b;
}

static struct batch *new_batch(void)
{
	struct batch *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!b)
		return ERR_PTR(-ENOMEM);
	b->task = current;
	INIT_LIST_HEAD(&b->waiting);
	file = anon_inode_getfile("[l7mesh]", &batch_fops, b, O_RDONLY);
	if (IS_ERR(file)) {
		kfree(b);
		return ERR_CAST(file);
	}
	spin_lock(&batches_lock);
	hash_add(batches, &b->node, (unsigned long)current);
	spin_unlock(&batches_lock);
	fput(file);
	return b;
}

/* Answered at once. The core would not tell the text of a dump's refusal. */
static int refuse(struct sk_buff *skb, const struct nlmsghdr *nlh, int err,
		  const char *text)
{
	struct netlink_ext_ack extack = { ._msg = text };

	netlink_ack(skb, (struct nlmsghdr *)nlh, err, &extack);
	return -EINTR;
}

static int put_down(struct batch *b, struct sk_buff *skb,
		    const struct nlmsghdr *nlh,
		    const struct netlink_action *action)
{
	struct waiting *w;
	size_t bytes = sizeof(*w);

	if (b->last && b->last != skb)
		bytes += skb->truesize;
	if (b->bytes + bytes > BATCH_BYTES_MAX)
		return refuse(skb, nlh, -ENOBUFS,
			      "too many requests in one system call");
	w = kmalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return -ENOMEM;
	b->bytes += bytes;
	b->last = skb;
	w->skb = skb_get(skb);
	w->nlh = (struct nlmsghdr *)nlh;
	w->file = get_file(NETLINK_CB(skb).sk->sk_socket->file);
	w->cred = get_current_cred();
	w->action = action;
	list_add_tail(&w->list, &b->waiting);
	return -EINTR;
}

int netlink_request_put_down(struct sk_buff *skb, const struct nlmsghdr *nlh,
			     const struct netlink_action *action)
{
	struct batch *b;

	if (is_going())
		return -EINTR;
	if (!netlink_may_ask(skb))
		return refuse(skb, nlh, -EPERM,
			      "user namespaces may not have a mesh (module parameter userns)");
	/* It has no end of a system call: it might wait for the answer before. */
	if (current->flags & PF_IO_WORKER)
		return refuse(skb, nlh, -EOPNOTSUPP,
			      "workers of io_uring may not ask");
	b = find_batch() ?: new_batch();
	if (IS_ERR(b))
		return PTR_ERR(b);
	return put_down(b, skb, nlh, action);
}
