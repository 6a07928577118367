// SPDX-License-Identifier: GPL-2.0
#include "link/transparent.h"

#include <net/inet_sock.h>
#include "lib/compat.h"
#include "link/http_net.h"
#include "link/link.h"

#define PORT_FIRST	61000
#define PORTS		(65536 - PORT_FIRST)

/* Programs may listen at some of the ports. */
#define PORT_TRIES	8

/* The longest that a socket lives on that nobody has: FIN_WAIT, or orphan retries. */
#define LINGER		(300 * HZ)

struct transparent *transparent_of(struct http_net *hn)
{
	return &hn->transparent;
}

static struct transparent_keys *keys_of(struct transparent *t,
					const struct address *source)
{
	return &t->keys[hash_32(address_key(source), TRANSPARENT_BITS)];
}

static int bind_to(struct link *l, const struct address *source, __be16 port)
{
	struct address at = *source;
	struct sockaddr_storage ss;
	int len;

	at.port = port;
	len = address_to_sockaddr(&at, &ss);
	return compat_bind(l->sock, &ss, len);
}

/*
 * Each client has all ports, and with each endpoint: that another leg has the same is for
 * connect() to find out. Who only connects shares its port with any number of others.
 */
static int bind_foreign(struct transparent *t, struct link *l,
			const struct address *source)
{
	int tries = PORT_TRIES, err;
	u32 port;

	compat_set_transparent(l->sk);
	l->sk->sk_reuse = SK_CAN_REUSE;
	do {
		port = address_hash(source, 0) + atomic_inc_return(&t->port);
		err = bind_to(l, source, htons(PORT_FIRST + port % PORTS));
	} while (err == -EADDRINUSE && --tries);
	return err == -EADDRINUSE ? -EADDRNOTAVAIL : err;
}

int transparent_bind(struct transparent *t, struct link *l,
		     const struct address *source, bool foreign)
{
	if (foreign)
		atomic_inc(&keys_of(t, source)->legs);
	if (l->sk->sk_family != source->family)
		return -EAFNOSUPPORT;
	if (foreign)
		return bind_foreign(t, l, source);
	compat_set_port_at_connect(l->sk);
	return bind_to(l, source, 0);
}

void transparent_unbind(struct transparent *t, const struct address *source)
{
	struct transparent_keys *k = keys_of(t, source);

	WRITE_ONCE(k->until, jiffies + LINGER);
	/* Not to be seen without it. */
	smp_store_release(&k->used, true);
	atomic_dec(&k->legs);
}
