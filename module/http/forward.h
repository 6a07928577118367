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

#include "http/edit.h"
#include "http/http_options.h"
#include "lib/address.h"

/* What a forwarded request is to say, and about whom. */
struct forward {
	const struct http_options *options;
	const struct address *original;	/* what the client connected to */
	struct span client;		/* its address; IPv6 without brackets */
	struct span host;		/* that a route puts in the place of its authority ... */
	struct span path;		/* ... and of its path; length 0: it stays */
	const u64 *ident;		/* of the request, if it gets one */
	bool upgrade;			/* its wish is passed on */
	bool expect_answered;		/* 100-continue is not for the endpoint */
	bool close;			/* no request follows on the connection */
	bool shadow;			/* the host says that it is a copy */
};

/**
 * forward_edit() - Say of a request who sent it, by which way, and where to
 * @fw: what is to be said
 * @e: of the request, with room for EDIT_FIELDS fields
 *
 * Return: 0 or -ENOMEM.
 */
int forward_edit(const struct forward *fw, struct edit *e);

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
