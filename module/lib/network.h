/* SPDX-License-Identifier: GPL-2.0 */
/*
 * network: the addresses that begin with the same bits.
 *
 * Plain C: compiles in user space for the unit tests as well.
 */
#ifndef L7MESH_NETWORK_H
#define L7MESH_NETWORK_H

#include <linux/string.h>
#include <linux/types.h>

/* Those that do not count are zero: compared as bytes. */
struct network {
	u8 family;		/* AF_INET or AF_INET6; 0: none */
	u8 bits;		/* that count, of ... */
	u8 address[16];		/* ... this, network order; of IPv4 4 bytes */
};

/**
 * network_has() - Is an address in a network?
 * @n: network
 * @family: the address's
 * @address: 4 or 16 bytes, network order
 */
static inline bool network_has(const struct network *n, u8 family,
			       const u8 *address)
{
	u32 whole = n->bits / 8, rest = n->bits % 8;

	if (n->family != family || memcmp(n->address, address, whole))
		return false;
	return !rest || !((n->address[whole] ^ address[whole]) >> (8 - rest));
}

static inline bool network_equal(const struct network *a, const struct network *b)
{
	return a->family == b->family && a->bits == b->bits &&
	       !memcmp(a->address, b->address, sizeof(a->address));
}

#endif
