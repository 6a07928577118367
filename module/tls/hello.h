/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hello: what a TLS client says first, its ClientHello: RFC 8446 4.1.2 and 5.1, RFC 5246
 * 7.4.1.2; the server that it asks for (RFC 6066 3), and the protocols that it would
 * speak with it (RFC 7301).
 *
 * Two steps: hello_scan() says when all of it is there, of which it reads no more than
 * records' heads; then hello_parse() understands it, once. Both look at the same text,
 * that of the connection from its first byte on, which somebody else gathers and owns.
 * It may lie in records of any size; what follows it is not looked at. Nothing is
 * decrypted, nor answered.
 *
 * TLS 1.0 to 1.3. SSL 2 and 3 are no TLS. A hello that servers may understand in more
 * than one way is refused, as whoever routes by it has to mean the name that the server
 * does: a second name, an extension twice, a name with a dot at its end, an address, an
 * extension that does not end where it says.
 *
 * Plain C: no allocation, no kernel call; any context. Takes time that is linear in the
 * text.
 */
#ifndef L7MESH_HELLO_H
#define L7MESH_HELLO_H

#include <linux/types.h>
#include "lib/span.h"

/* The longest message; its records have five bytes each besides. */
#define HELLO_MAX	16384
#define HELLO_NAME_MAX	253
#define HELLO_ALPN_MAX	256

/* First bytes of a connection: a record of a handshake, and any version of TLS. */
#define HELLO_RECORD	0x16
#define HELLO_MAJOR	0x03

enum hello_result {
	HELLO_MORE,		/* there has to be more text */
	HELLO_WHOLE,
	HELLO_BAD,		/* no TLS, or not as it should be */
};

/* How far a text is scanned; zeroed, it begins. */
struct hello_scan {
	/* private */
	u32 next;		/* where the head of the next record is */
	u32 had;		/* bytes of the message in records before that */
	u32 whole;		/* bytes that it has; 0: not known yet */
};

/* What a hello says. */
struct hello {
	u8 name_len;		/* 0: it asks for no server by name */
	u16 alpn_len;
	char name[HELLO_NAME_MAX];	/* a host's name, lower case, see below */
	char alpn[HELLO_ALPN_MAX];	/* names, each behind a byte with its length;
					 * those that fit
					 */
};

/**
 * hello_scan() - Is all of a hello there?
 * @s: zeroed before the first call of a text
 * @text: from the connection's first byte on
 * @len: at least as long as before
 *
 * Faults that records' heads and the message's show are found as soon as they are
 * there: a text that is no TLS is mostly found by its first byte.
 *
 * Return: HELLO_BAD if it is longer than HELLO_MAX, too.
 */
enum hello_result hello_scan(struct hello_scan *s, const char *text, u32 len);

/**
 * hello_parse() - Understand a hello
 * @text: of which hello_scan() has said HELLO_WHOLE
 * @hello: out
 *
 * A name is one of labels of letters, digits, '-' and '_', parted by dots, of which the
 * last is no number; as in a certificate, with A-labels for what is not ASCII.
 *
 * Return: false if it is not as it should be.
 */
bool hello_parse(const char *text, struct hello *hello);

/**
 * hello_ask_for() - Be one that asks for a server, as if somebody had said it
 * @hello: out: ->name; there is no ALPN
 * @name: of at most HELLO_NAME_MAX bytes; none: it asks for no server by name
 *
 * Return: false if hello_parse() would not have such a name.
 */
bool hello_ask_for(struct hello *hello, struct span name);

/* ->p is not NULL, even if there is none. */
static inline struct span hello_name(const struct hello *h)
{
	return (struct span){ h->name, h->name_len };
}

#endif
