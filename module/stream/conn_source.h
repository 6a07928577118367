/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn_source: who the client of a connection is, where the other end is a proxy that
 * says so, in a PROXY header (lib/proxy_header.h) before all other bytes.
 *
 * A connection whose listener has proxy_protocol and trusts its source begins so. Until
 * the header is there the stream is not run, no policy is asked, and only the work
 * reads. Then the source is the one that the header has, for everything but whose
 * identity the connection has.
 *
 * What has come of a header is in memory that the client's control group pays for, if it
 * has one, and counts in the namespace's quota; it is PROXY_HEADER_MAX bytes at most. What
 * the proxy says beside addresses (TLVs) stays there as long as the connection, for
 * clusters with proxy_protocol.
 *
 * Context: process, the connection's link locked.
 */
#ifndef L7MESH_CONN_SOURCE_H
#define L7MESH_CONN_SOURCE_H

#include "lib/address.h"

struct conn;
struct listener;
struct run;

struct conn_source {
	struct address to;	/* what the client has asked for, as the proxy says */
	u64 ident;		/* of what it says besides; 0: nothing */
	u16 size;		/* of ->text */
	u16 len;		/* of the header, as far as it has come; then of its TLVs */
	u8 text[];
};

/* Does a connection to this listener begin with a header? */
bool conn_source_expected(const struct conn *c, const struct listener *l);

/**
 * conn_source_learn() - Read the header, as far as it has come
 * @c: connection that begins with one
 * @run: how; if it may not sleep it is to be deferred
 *
 * A header that is none ends the stream, with a reset.
 *
 * Return: true if the client is known.
 */
bool conn_source_learn(struct conn *c, struct run *run);

/* It has not come in time: the stream ends. */
void conn_source_late(struct conn *c, struct run *run);

/* The connection is over. */
void conn_source_free(struct conn *c);

#endif
