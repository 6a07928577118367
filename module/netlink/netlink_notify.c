// SPDX-License-Identifier: GPL-2.0
/*
 * A change is published whether or not there is memory to tell of it; who listens
 * is then told that it missed something (ENOBUFS).
 */
#include "netlink/netlink.h"

#define GROUP_CONFIG	0

/* Room for any object: a nest's length has 16 bits. */
#define MESSAGE_MAX	(U16_MAX + 256)

static int put_generation(struct sk_buff *skb, u64 generation)
{
	return nla_put_u64_64bit(skb, L7MESH_A_GENERATION, generation,
				 L7MESH_A_PAD);
}

static void send(struct net *net, struct sk_buff *skb, void *header)
{
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&l7mesh_family, net, skb, 0, GROUP_CONFIG,
				GFP_KERNEL);
}

static void sorry(struct net *net)
{
	genl_set_err(&l7mesh_family, net, 0, GROUP_CONFIG, -ENOBUFS);
}

static struct sk_buff *begin(u8 cmd, u64 generation, size_t size, void **header)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put(skb, 0, 0, &l7mesh_family, 0, cmd);
	if (*header && !put_generation(skb, generation))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int fill(struct sk_buff *skb, u8 cmd, const struct snapshot *s,
		const struct object_key *key)
{
	if (cmd == L7MESH_CMD_DEL)
		return netlink_fill_key(skb, key);
	return netlink_fill_object(skb, s, key);
}

static int try_object(struct net *net, u8 cmd, const struct snapshot *s,
		      const struct object_key *key, size_t size)
{
	struct sk_buff *skb;
	void *header;
	int err;

	skb = begin(cmd, s->generation, size, &header);
	if (!skb)
		return -ENOMEM;
	err = fill(skb, cmd, s, key);
	if (err)
		nlmsg_free(skb);
	else
		send(net, skb, header);
	return err;
}

void netlink_notify_changed(struct net *net, u64 generation)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&l7mesh_family, net, GROUP_CONFIG))
		return;
	skb = begin(L7MESH_CMD_CHANGED, generation, GENLMSG_DEFAULT_SIZE,
		    &header);
	if (skb)
		send(net, skb, header);
	else
		sorry(net);
}

void netlink_notify_object(struct net *net, u8 cmd, const struct snapshot *s,
			   const struct object_key *key)
{
	int err;

	if (!genl_has_listeners(&l7mesh_family, net, GROUP_CONFIG))
		return;
	/* Some listeners may not be allowed to read the object. */
	if (!netlink_may_tell(net)) {
		netlink_notify_changed(net, s->generation);
		return;
	}
	err = try_object(net, cmd, s, key, GENLMSG_DEFAULT_SIZE);
	if (err == -EMSGSIZE)
		err = try_object(net, cmd, s, key, MESSAGE_MAX);
	if (err)
		sorry(net);
}
