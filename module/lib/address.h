/* SPDX-License-Identifier: GPL-2.0 */
/*
 * address: an IP address with a port, as endpoints, listeners and sockets have.
 *
 * An IPv4-mapped IPv6 address is always held as IPv4, so that equal peers
 * compare equal. Unused bytes are zero: addresses may be hashed and compared
 * whole.
 */
#ifndef L7MESH_ADDRESS_H
#define L7MESH_ADDRESS_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jhash.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/ipv6.h>

struct address {
	union {
		__be32 v4;
		struct in6_addr v6;
	};
	__be16 port;
	u16 family;		/* AF_INET or AF_INET6 */
};

#define ADDRESS_TEXT_MAX	56	/* "[v6]:port" with NUL */
#define ADDRESS_HOST_MAX	46	/* an IPv6 address alone */

static inline bool address_eq(const struct address *a, const struct address *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline u32 address_hash(const struct address *a, u32 seed)
{
	BUILD_BUG_ON(sizeof(*a) % sizeof(u32));
	return jhash2((const u32 *)a, sizeof(*a) / sizeof(u32), seed);
}

static inline void address_set_v4(struct address *a, __be32 v4, __be16 port)
{
	memset(a, 0, sizeof(*a));
	a->family = AF_INET;
	a->v4 = v4;
	a->port = port;
}

static inline void address_set_v6(struct address *a, const struct in6_addr *v6,
				  __be16 port)
{
	if (ipv6_addr_v4mapped(v6)) {
		address_set_v4(a, v6->s6_addr32[3], port);
		return;
	}
	memset(a, 0, sizeof(*a));
	a->family = AF_INET6;
	a->v6 = *v6;
	a->port = port;
}

static inline bool address_is_loopback(const struct address *a)
{
	return a->family == AF_INET ? ipv4_is_loopback(a->v4) :
				      ipv6_addr_loopback(&a->v6);
}

/* May a machine of some network have it? */
static inline bool address_is_host(const struct address *a)
{
	if (address_is_loopback(a))
		return false;
	if (a->family == AF_INET)
		return !ipv4_is_zeronet(a->v4) && !ipv4_is_lbcast(a->v4) &&
		       !ipv4_is_multicast(a->v4);
	return ipv6_addr_type(&a->v6) & IPV6_ADDR_UNICAST;
}

/* A number that addresses have, whatever the port: for bitmaps, made in few instructions. */
static inline u32 address_key_v4(__be32 v4)
{
	return (__force u32)v4;
}

static inline u32 address_key_v6(const struct in6_addr *v6)
{
	return (__force u32)(v6->s6_addr32[0] ^ v6->s6_addr32[1] ^
			     v6->s6_addr32[2] ^ v6->s6_addr32[3]);
}

static inline u32 address_key(const struct address *a)
{
	return a->family == AF_INET ? address_key_v4(a->v4) : address_key_v6(&a->v6);
}

/**
 * address_text() - Write "address:port", the key that endpoints sort by
 * @a: address
 * @buf: at least ADDRESS_TEXT_MAX bytes
 *
 * IPv6 is written as RFC 5952 says, in brackets.
 *
 * Return: the length, without the NUL.
 */
static inline int address_text(const struct address *a, char *buf)
{
	if (a->family == AF_INET)
		return scnprintf(buf, ADDRESS_TEXT_MAX, "%pI4:%u", &a->v4,
				 ntohs(a->port));
	return scnprintf(buf, ADDRESS_TEXT_MAX, "[%pI6c]:%u", &a->v6,
			 ntohs(a->port));
}

/**
 * address_host_text() - Write an address without its port
 * @a: address
 * @buf: at least ADDRESS_HOST_MAX bytes
 *
 * Return: the length, without the NUL.
 */
static inline int address_host_text(const struct address *a, char *buf)
{
	if (a->family == AF_INET)
		return scnprintf(buf, ADDRESS_HOST_MAX, "%pI4", &a->v4);
	return scnprintf(buf, ADDRESS_HOST_MAX, "%pI6c", &a->v6);
}

/**
 * address_to_sockaddr() - As connect() takes it
 * @a: address
 * @ss: out
 *
 * Return: the length of what was written.
 */
static inline int address_to_sockaddr(const struct address *a,
				      struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (a->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = a->v4;
		in->sin_port = a->port;
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_addr = a->v6;
	in6->sin6_port = a->port;
	return sizeof(*in6);
}

#endif
