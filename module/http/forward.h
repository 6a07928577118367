/* SPDX-License-Identifier: GPL-2.0 */
/*
 * forward: the fields in which a proxy says who asked, for what, and how:
 * x-request-id, x-forwarded-*, Forwarded (RFC 7239), Via (RFC 9110 7.6.3),
 * traceparent (W3C Trace Context).
 *
 * What the listener's options do not ask for passes as it was received, as do all
 * others of the kind (b3, x-b3-*, baggage, ...). Any context; nothing sleeps.
 */
#ifndef L7MESH_FORWARD_H
#define L7MESH_FORWARD_H

#include "http/http_options.h"
#include "http/message.h"
#include "http1/writer.h"
#include "lib/address.h"

/* What a forwarded request is to say, and about whom. */
struct forward {
	const struct http_options *options;
	const struct address *original;	/* what the client connected to */
	struct span client;		/* its address; IPv6 without brackets */
	const struct route *route;	/* that rewrites it, or NULL */
	const u64 *ident;		/* of the request, if it gets one */
	bool upgrade;			/* its wish is passed on */
	bool expect_answered;		/* 100-continue is not for the endpoint */
	bool close;			/* no request follows on the connection */
	bool shadow;			/* the host says that it is a copy */
};

/* State of one request that is being written. Private to forward.c. */
struct forwarding {
	const struct forward *fw;
	const struct message *m;
	u32 seen;			/* bit: enum field_id */
	bool traced;			/* it has one good traceparent */
};

void forward_init(struct forwarding *s, const struct forward *fw,
		  const struct message *m);

/* How many bytes more than was received these fields may take. */
u32 forward_max(const struct forward *fw, const struct message *m);

/**
 * forward_put() - Write a received field of these
 * @s: state
 * @w: writer
 * @f: field, whose id is at least FIELD_FORWARDING
 *
 * Return: false if it is to be written as it was received.
 */
bool forward_put(struct forwarding *s, struct writer *w,
		 const struct message_field *f);

/* Write those that were not received, after all others. */
void forward_add(struct forwarding *s, struct writer *w);

/**
 * forward_client() - The client, as trusted proxies have it
 * @m: request
 * @hops: how many of them, at least 1
 * @client: out: untouched if they do not say
 *
 * The element of x-forwarded-for that the farthest trusted one appended, counted
 * from the end (Envoy's xff_num_trusted_hops). Its port is 0.
 */
void forward_client(const struct message *m, u32 hops, struct address *client);

#endif
