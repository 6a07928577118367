/* SPDX-License-Identifier: GPL-2.0 */
/* address_here: whose an address is, as far as a namespace knows. */
#ifndef L7MESH_ADDRESS_HERE_H
#define L7MESH_ADDRESS_HERE_H

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/route.h>
#include "lib/address.h"

/* Has a namespace this address itself? Any context but hard interrupts. */
static inline bool address_is_here(struct net *net, const struct address *a)
{
	if (a->family == AF_INET)
		return inet_addr_type(net, a->v4) == RTN_LOCAL;
	return ipv6_mod_enabled() && ipv6_chk_addr(net, &a->v6, NULL, 0);
}

#endif
