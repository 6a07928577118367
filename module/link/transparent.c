// SPDX-License-Identifier: GPL-2.0
#include "link/transparent.h"

#include <linux/random.h>
#include "lib/address_here.h"
#include "lib/compat.h"
#include "link/http_net.h"
#include "link/link.h"

#define PORT_FIRST	61000
#define PORTS		(65536 - PORT_FIRST)

/* Programs may listen at some of the ports. */
#define PORT_TRIES	8

/* For so long those of an orderly end come. */
#define END		(10u * HZ)

struct transparent *transparent_of(struct http_net *hn)
{
	return &hn->transparent;
}

static union transparent_keys *keys_of(struct transparent *t, const struct address *address)
{
	return &t->keys[hash_32(address_key(address), TRANSPARENT_BITS)];
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
 *
 * What this mesh, or another, connects to an endpoint may be taken by a listener there,
 * whose own leg is then from the same address to the same endpoint. A namespace that has
 * the connections of both cannot tell them apart but by their ports: those of legs that
 * stay within a namespace are odd, others' even.
 */
static int bind_foreign(struct link *l, const struct address *source,
			const struct address *to)
{
	u32 odd = address_is_here(sock_net(l->sk), to);
	int tries = PORT_TRIES, err;

	compat_set_transparent(l->sk);
	l->sk->sk_reuse = SK_CAN_REUSE;
	do {
		err = bind_to(l, source,
			      htons(PORT_FIRST + (get_random_u32() % PORTS & ~1) + odd));
	} while (err == -EADDRINUSE && --tries);
	return err;
}

/* Do packets find their way from one to the other, and back? */
static bool may_talk(const struct address *source, const struct address *to,
		     bool foreign)
{
	struct address host = *to;

	if (source->family != to->family)
		return false;
	if (!foreign)
		return address_is_loopback(to) || !address_is_loopback(source);
	host.port = source->port;
	return !address_is_loopback(to) && !address_eq(source, &host);
}

int transparent_bind(struct transparent *t, struct link *l,
		     const struct address *source, const struct address *to,
		     bool foreign)
{
	int err;

	if (foreign) {
		atomic_inc(&keys_of(t, source)->open);
		/* Whoever sees none open has said before that nothing is caught. */
		smp_mb__after_atomic();
	}
	if (!may_talk(source, to, foreign) || (foreign && !transparent_is_caught(t)))
		return -EAFNOSUPPORT;
	if (foreign) {
		err = bind_foreign(l, source, to);
	} else {
		compat_set_port_at_connect(l->sk);
		err = bind_to(l, source, 0);
	}
	/* Whatever is wrong with it, it is not the endpoint's fault. */
	return err == -EADDRNOTAVAIL || err == -EADDRINUSE || err == -EINVAL ?
	       -EAFNOSUPPORT : err;
}

void transparent_accepted(struct transparent *t, const struct address *at)
{
	atomic_inc(&keys_of(t, at)->open);
}

void transparent_unbind(struct transparent *t, const struct address *address)
{
	union transparent_keys *k = keys_of(t, address);

	WRITE_ONCE(k->until, (u32)jiffies + TRANSPARENT_LINGER);
	/* Who sees none open any more sees this. */
	smp_mb__before_atomic();
	atomic_dec(&k->open);
}

static bool is_used(union transparent_keys k)
{
	u32 now = jiffies, closed = k.until - TRANSPARENT_LINGER;

	/* Unsigned: of a key that was not used for weeks, too. */
	return atomic_read(&k.open) || now - closed <= END;
}

bool transparent_is_used(const struct transparent *t)
{
	union transparent_keys k;
	u32 i;

	/* See transparent_bind(). */
	smp_mb();
	for (i = 0; i < ARRAY_SIZE(t->keys); i++) {
		k.both = READ_ONCE(t->keys[i].both);
		if (is_used(k))
			return true;
	}
	return false;
}
