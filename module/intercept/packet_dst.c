// SPDX-License-Identifier: GPL-2.0
/*
 * A destination with operations of our own would be called when we are gone: it is
 * loopback's.
 */
#include <linux/netdevice.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include "intercept/packet_priv.h"

static struct dst_entry *make_local_v4(struct net *net)
{
	struct flowi4 fl4 = { .daddr = htonl(INADDR_LOOPBACK) };
	struct rtable *rt = ip_route_output_key(net, &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *make_local_v6(struct net *net)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct flowi6 fl6 = { .daddr = IN6ADDR_LOOPBACK_INIT };
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);

	if (!dst->error)
		return dst;
	dst_release(dst);
#endif
	return NULL;
}

static bool is_local(const struct dst_entry *dst)
{
	return dst->dev && dst->dev->flags & IFF_LOOPBACK;
}

static bool is_good(struct dst_entry *dst, int which)
{
	u32 cookie = 0;

#if IS_ENABLED(CONFIG_IPV6)
	if (which == V6)
		cookie = rt6_get_cookie((struct rt6_info *)dst);
#endif
	return dst_check(dst, cookie);
}

struct dst_entry *packet_dst(struct packet_net *pn, int which)
{
	struct dst_entry *old = rcu_dereference(pn->local[which]), *new;

	if (likely(old && is_good(old, which)))
		return old;
	new = which == V4 ? make_local_v4(pn->mn->net) :
			    make_local_v6(pn->mn->net);
	if (new && !is_local(new)) {
		dst_release(new);
		new = NULL;
	}
	/* Who comes second has made his own in vain. */
	if (unrcu_pointer(cmpxchg(&pn->local[which], RCU_INITIALIZER(old),
				  RCU_INITIALIZER(new))) != old) {
		dst_release(new);
		return rcu_dereference(pn->local[which]);
	}
	dst_release(old);
	return new;
}

void packet_dst_drop(struct packet_net *pn)
{
	int i;

	for (i = 0; i < FAMILIES; i++)
		dst_release(rcu_dereference_protected(pn->local[i], true));
}
