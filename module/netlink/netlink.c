// SPDX-License-Identifier: GPL-2.0
/* The family, and what its requests do that are no dumps. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/user_namespace.h>
#include "lib/account.h"
#include "lib/version.h"
#include "mesh/mesh.h"
#include "mesh/txn.h"
#include "netlink/netlink.h"
#include "netlink/netlink_request.h"

static bool userns;
module_param(userns, bool, 0644);
MODULE_PARM_DESC(userns,
		 "Let user namespaces have meshes in the network namespaces that they own (default: n)");

bool netlink_may_ask(const struct sk_buff *request)
{
	return READ_ONCE(userns) || netlink_capable(request, CAP_NET_ADMIN);
}

bool netlink_may_tell(const struct net *net)
{
	return READ_ONCE(userns) || net->user_ns == &init_user_ns;
}

static int reply_generation(struct netlink_request *q, u8 cmd, u64 generation)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, &q->info, &l7mesh_family, 0, cmd);
	if (!header ||
	    nla_put_u64_64bit(skb, L7MESH_A_GENERATION, generation,
			      L7MESH_A_PAD)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, &q->info);
}

static int put_info(struct sk_buff *skb, struct mesh *m)
{
	u64 generation = 0, bytes = 0;

	if (m) {
		struct snapshot *s = mesh_snapshot_get(m);

		generation = s->generation;
		bytes = atomic_long_read(&m->account->bytes);
		snapshot_put(s);
	}
	return nla_put_string(skb, L7MESH_A_VERSION, L7MESH_VERSION) ?:
	       nla_put_u64_64bit(skb, L7MESH_A_GENERATION, generation,
				 L7MESH_A_PAD) ?:
	       nla_put_u64_64bit(skb, L7MESH_A_CONFIG_BYTES, bytes,
				 L7MESH_A_PAD) ?:
	       nla_put_u64_64bit(skb, L7MESH_A_CONFIG_BYTES_MAX,
				 READ_ONCE(config_bytes_max), L7MESH_A_PAD);
}

static int reply_info(struct netlink_request *q, struct mesh *m)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, &q->info, &l7mesh_family, 0,
				   L7MESH_CMD_INFO_GET);
	if (!header || put_info(skb, m)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, &q->info);
}

static int info_get(struct netlink_request *q)
{
	struct mesh *m;
	int err;

	m = mesh_own_get(q->mn, &q->r);
	if (IS_ERR(m))
		return PTR_ERR(m);
	err = reply_info(q, m);
	if (m)
		mesh_put(m);
	return err;
}

/* As draft_build(); memory that is about to be free is waited for. */
static struct snapshot *build(struct mesh *m, struct draft *d,
			      struct refusal *r)
{
	struct snapshot *s = draft_build(d, m->generation + 1, r);

	if (PTR_ERR_OR_ZERO(s) == -ENOSPC && snapshot_reclaim(m->account))
		s = draft_build(d, m->generation + 1, r);
	return s;
}

static int change(struct mesh *m, struct draft *d, struct netlink_request *q,
		  struct object_key *key)
{
	u8 cmd = q->info.genlhdr->cmd;
	int err = netlink_change(d, cmd, q->attrs, key, &q->r);

	if (err == -ENOSPC && snapshot_reclaim(m->account))
		err = netlink_change(d, cmd, q->attrs, key, &q->r);
	return err;
}

/* Build a draft and publish it; tell of one object if there is a key. */
static int publish(struct mesh *m, struct draft *d, struct netlink_request *q,
		   const struct object_key *key)
{
	struct snapshot *s = build(m, d, &q->r);
	struct net *net = m->owner->net;
	int err;

	if (IS_ERR(s))
		return PTR_ERR(s);
	err = mesh_publish(m, s, &q->r);
	if (err) {
		snapshot_kill(s);
		return err;
	}
	if (key)
		netlink_notify_object(net, q->info.genlhdr->cmd, s, key);
	netlink_notify_changed(net, s->generation);
	return 0;
}

/* A request that is a transaction of its own. */
static int change_at_once(struct mesh *m, struct netlink_request *q)
{
	struct object_key key;
	struct draft d;
	int err;

	draft_init(&d, mesh_snapshot_get(m), false);
	err = change(m, &d, q, &key);
	if (!err)
		err = publish(m, &d, q, &key);
	draft_destroy(&d);
	return err;
}

/* The core would take the last of several attributes of one type; refuse them. */
static int check_once(struct netlink_request *q)
{
	const struct nlattr *nla;
	int rem;

	nlmsg_for_each_attr(nla, q->info.nlhdr, GENL_HDRLEN, rem)
		if (q->attrs[nla_type(nla)] != nla)
			return refusal_set_attr(&q->r, nla, -EINVAL,
						"the attribute is there twice");
	return 0;
}

static int change_object(struct netlink_request *q)
{
	struct object_key key;
	struct mesh *m;
	struct txn *txn;
	int err;

	err = check_once(q);
	if (err)
		return err;
	m = mesh_own_lock(q->mn, true, &q->r);
	if (IS_ERR(m))
		return PTR_ERR(m);
	txn = txn_find(m, &q->owner);
	if (txn)
		err = change(m, &txn->draft, q, &key);
	else
		err = change_at_once(m, q);
	mesh_own_unlock(m);
	return err;
}

static int flush_at_once(struct mesh *m, struct netlink_request *q)
{
	struct draft d;
	int err;

	draft_init(&d, mesh_snapshot_get(m), true);
	err = publish(m, &d, q, NULL);
	draft_destroy(&d);
	return err;
}

static int flush(struct netlink_request *q)
{
	struct mesh *m;
	struct txn *txn;
	int err = 0;

	m = mesh_own_lock(q->mn, false, &q->r);
	if (IS_ERR_OR_NULL(m))
		return PTR_ERR_OR_ZERO(m);
	txn = txn_find(m, &q->owner);
	if (txn)
		draft_flush(&txn->draft);
	else
		err = flush_at_once(m, q);
	mesh_own_unlock(m);
	return err;
}

static int txn_begin_cmd(struct netlink_request *q)
{
	struct mesh *m;
	int err;

	m = mesh_own_lock(q->mn, true, &q->r);
	if (IS_ERR(m))
		return PTR_ERR(m);
	err = txn_begin(m, &q->owner, q->attrs[L7MESH_A_REPLACE], &q->r);
	mesh_own_unlock(m);
	return err;
}

static int commit(struct mesh *m, struct txn *txn, struct netlink_request *q,
		  u64 *generation)
{
	int err;

	if (txn->generation != m->generation)
		return refusal_set(&q->r, -EBUSY,
				   "the configuration was changed by somebody else");
	err = publish(m, &txn->draft, q, NULL);
	*generation = m->generation;
	return err;
}

/* Commit or abort: in either case the transaction is over. */
static int end_txn(struct netlink_request *q, bool is_commit, u64 *generation)
{
	struct mesh *m = mesh_own_lock(q->mn, false, &q->r);
	struct txn *txn;
	int err = 0;

	if (IS_ERR(m))
		return PTR_ERR(m);
	txn = m ? txn_find(m, &q->owner) : NULL;
	if (!txn)
		err = refusal_set(&q->r, -ENOENT, "no transaction is open");
	else if (is_commit)
		err = commit(m, txn, q, generation);
	if (txn)
		txn_end(m, txn);
	if (m)
		mesh_own_unlock(m);
	return err;
}

static int txn_commit(struct netlink_request *q)
{
	u64 generation;
	int err;

	err = end_txn(q, true, &generation);
	if (err)
		return err;
	return reply_generation(q, L7MESH_CMD_TXN_COMMIT, generation);
}

static int txn_abort(struct netlink_request *q)
{
	u64 generation;

	return end_txn(q, false, &generation);
}

/* The namespace that ATTACH or DETACH names, held. */
static struct net *get_target(struct netlink_request *q)
{
	struct nlattr *fd = q->attrs[L7MESH_A_NETNS_FD];
	struct nlattr *pid = q->attrs[L7MESH_A_NETNS_PID];
	struct net *net;

	if (!fd == !pid) {
		refusal_set(&q->r, -EINVAL,
			    "exactly one of NETNS_FD, NETNS_PID is needed");
		return ERR_PTR(-EINVAL);
	}
	q->r.attr = fd ?: pid;
	net = fd ? get_net_ns_by_fd(nla_get_u32(fd)) :
		   get_net_ns_by_pid(nla_get_u32(pid));
	if (IS_ERR(net))
		refusal_set(&q->r, PTR_ERR(net), "there is no such namespace");
	return net;
}

static int with_target(struct netlink_request *q,
		       int (*act)(struct mesh_net *mn, struct mesh_net *target,
				  struct refusal *r))
{
	struct net *net;
	struct mesh *m;
	int err;

	m = mesh_own_get(q->mn, &q->r);
	if (IS_ERR(m))
		return PTR_ERR(m);
	if (m)
		mesh_put(m);
	net = get_target(q);
	if (IS_ERR(net))
		return PTR_ERR(net);
	if (netlink_ns_capable(q->skb, net->user_ns, CAP_NET_ADMIN))
		err = act(q->mn, mesh_net(net), &q->r);
	else
		err = refusal_set(&q->r, -EPERM,
				  "CAP_NET_ADMIN over the other namespace is needed");
	put_net(net);
	return err;
}

static int attach(struct netlink_request *q)
{
	return with_target(q, mesh_attach);
}

static int detach(struct netlink_request *q)
{
	return with_target(q, mesh_detach);
}

static int drain(struct netlink_request *q)
{
	return netlink_drain(q->mn, q->attrs, &q->r);
}

static const struct netlink_action actions[] = {
	[L7MESH_CMD_INFO_GET] = { .act = info_get },
	[L7MESH_CMD_TXN_BEGIN] = { .act = txn_begin_cmd },
	[L7MESH_CMD_TXN_COMMIT] = { .act = txn_commit },
	[L7MESH_CMD_TXN_ABORT] = { .act = txn_abort },
	[L7MESH_CMD_ADD] = { .act = change_object },
	[L7MESH_CMD_SET] = { .act = change_object },
	[L7MESH_CMD_DEL] = { .act = change_object },
	[L7MESH_CMD_GET] = {
		.begin = netlink_begin_get,
		.dump = netlink_dump_get,
	},
	[L7MESH_CMD_FLUSH] = { .act = flush },
	[L7MESH_CMD_ATTACH] = { .act = attach },
	[L7MESH_CMD_DETACH] = { .act = detach },
	[L7MESH_CMD_ATTACHED_GET] = {
		.begin = netlink_begin_attached,
		.dump = netlink_dump_attached,
	},
	[L7MESH_CMD_STATS_GET] = {
		.begin = netlink_begin_stats,
		.dump = netlink_dump_stats,
	},
	[L7MESH_CMD_MAGLEV_GET] = {
		.begin = netlink_begin_maglev,
		.dump = netlink_dump_maglev,
	},
	[L7MESH_CMD_DRAIN] = { .act = drain },
	[L7MESH_CMD_SPLICES_GET] = {
		.begin = netlink_begin_splices,
		.dump = netlink_dump_splices,
	},
	[L7MESH_CMD_EXPLAIN] = {
		.begin = netlink_begin_explain,
		.dump = netlink_dump_explain,
	},
	[L7MESH_CMD_AUTHORIZE] = { .act = netlink_authorize },
};

static int put_down(struct sk_buff *skb, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = nlmsg_data(nlh);

	return netlink_request_put_down(skb, nlh, &actions[genl->cmd]);
}

static int put_down_do(struct sk_buff *skb, struct genl_info *info)
{
	return put_down(skb, info->nlhdr);
}

static int put_down_dump(struct netlink_callback *cb)
{
	return put_down(cb->skb, cb->nlh);
}

/* Never called, as no dump is started by genl; it shows that the command is one. */
static int no_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return -EOPNOTSUPP;
}

/* Whatever has no policy takes no attribute. */
static const struct genl_ops ops[] = {
	{
		.cmd = L7MESH_CMD_INFO_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
	},
	{
		.cmd = L7MESH_CMD_TXN_BEGIN,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_begin_policy,
		.maxattr = ARRAY_SIZE(netlink_begin_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_TXN_COMMIT,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
	},
	{
		.cmd = L7MESH_CMD_TXN_ABORT,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
	},
	{
		.cmd = L7MESH_CMD_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_change_policy,
		.maxattr = ARRAY_SIZE(netlink_change_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_change_policy,
		.maxattr = ARRAY_SIZE(netlink_change_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_key_policy,
		.maxattr = ARRAY_SIZE(netlink_key_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
		.policy = netlink_get_policy,
		.maxattr = ARRAY_SIZE(netlink_get_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
	},
	{
		.cmd = L7MESH_CMD_ATTACH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_netns_policy,
		.maxattr = ARRAY_SIZE(netlink_netns_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_DETACH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_netns_policy,
		.maxattr = ARRAY_SIZE(netlink_netns_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_ATTACHED_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
	},
	{
		.cmd = L7MESH_CMD_STATS_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
	},
	{
		.cmd = L7MESH_CMD_MAGLEV_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
		.policy = netlink_cluster_name_policy,
		.maxattr = ARRAY_SIZE(netlink_cluster_name_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_DRAIN,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_drain_policy,
		.maxattr = ARRAY_SIZE(netlink_drain_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_SPLICES_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
	},
	{
		.cmd = L7MESH_CMD_EXPLAIN,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = put_down_dump,
		.dumpit = no_dump,
		.policy = netlink_explain_request_policy,
		.maxattr = ARRAY_SIZE(netlink_explain_request_policy) - 1,
	},
	{
		.cmd = L7MESH_CMD_AUTHORIZE,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = put_down_do,
		.policy = netlink_authorize_request_policy,
		.maxattr = ARRAY_SIZE(netlink_authorize_request_policy) - 1,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = L7MESH_MCGRP_CONFIG, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family l7mesh_family __ro_after_init = {
	.name = L7MESH_GENL_NAME,
	.version = L7MESH_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

/*
 * A socket is closed, and its transaction with it. Every netlink socket of the node
 * comes by here when it is closed, under a lock that all share.
 */
static int on_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct netlink_notify *n = data;

	if (event == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC)
		mesh_socket_gone(mesh_net(n->net), n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = on_event };

int __init netlink_init(void)
{
	int err;

	err = netlink_register_notifier(&notifier);
	if (err)
		return err;
	err = genl_register_family(&l7mesh_family);
	if (err)
		netlink_unregister_notifier(&notifier);
	return err;
}

void netlink_exit(void)
{
	genl_unregister_family(&l7mesh_family);
	netlink_unregister_notifier(&notifier);
}
