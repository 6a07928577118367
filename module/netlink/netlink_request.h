/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink_request: a request, and where it is carried out.
 *
 * genl calls a family with cb_lock held for reading. Whoever registers a family, on
 * loading any module that has one, asks for that lock to write, and from then on all
 * the node's generic netlink waits for those who hold it. So under it a request is only
 * put down. Who sent it carries it out as the last thing before the system call returns
 * to user space: in the order of the requests, at its own cost in time and memory, and
 * by then its answers are there, as they always were.
 *
 * Until then the request holds its datagram, and the file of its socket: neither the
 * socket nor its namespace goes meanwhile. It holds the module, too.
 */
#ifndef L7MESH_NETLINK_REQUEST_H
#define L7MESH_NETLINK_REQUEST_H

#include <net/genetlink.h>
#include <uapi/linux/l7mesh.h>
#include "lib/refusal.h"
#include "mesh/txn.h"

struct dump;
struct mesh_net;

/* A request that is being carried out. */
struct netlink_request {
	struct sk_buff *skb;	/* which begins with it now */
	struct genl_info info;	/* without what it shares with the attributes: */
	struct nlattr *attrs[L7MESH_A_MAX + 1];	/* validated */
	struct mesh_net *mn;
	struct txn_owner owner;
	struct refusal r;
};

/* What is done about a command: it acts, or it is a dump. */
struct netlink_action {
	/* Return: 0, or what the request is refused with; the refusal may say more. */
	int (*act)(struct netlink_request *q);
	/*
	 * Decides what there is to be told, and does all that takes long: from then on
	 * the core has a lock of the socket, and others wait for that under genl's.
	 * Return: a dump, or an error pointer.
	 */
	struct dump *(*begin)(struct netlink_request *q);
	/* As netlink_callback's. */
	int (*dump)(struct sk_buff *skb, struct netlink_callback *cb);
};

/**
 * netlink_request_put_down() - Have a request carried out before its sender returns
 * @skb: datagram
 * @nlh: request in it, whose rights and attributes genl has checked
 * @action: constant
 *
 * Context: process, in sendmsg() on a socket that has a file; genl's locks are held.
 *
 * Return: what genl is to be told: -EINTR, for no answer by genl, as it will be answered
 * or is refused already; or why it is not done: -ENOMEM; -ENFILE; -ENOENT: the module is
 * going.
 */
int netlink_request_put_down(struct sk_buff *skb, const struct nlmsghdr *nlh,
			     const struct netlink_action *action);

#endif
