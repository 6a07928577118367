/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proxy_header: what a proxy says of a connection before its first byte: who has opened
 * it, and to which address. "The PROXY protocol", versions 1 and 2, of HAProxy's
 * proxy-protocol.txt; sections are those of that text.
 *
 *	proxy_header.c		reading
 *	proxy_header_write.c	writing
 *
 * Plain C: compiles in user space for the unit tests and the fuzzer as well. Untrusted
 * bytes: every length is checked. Any context; nothing is allocated.
 */
#ifndef L7MESH_PROXY_HEADER_H
#define L7MESH_PROXY_HEADER_H

#include <linux/types.h>

/* A header of version 1 has no more bytes, with its CRLF: 2.1. */
#define PROXY_HEADER_V1_MAX	107
/* Our limit for one of version 2, which may say that it has 65551. */
#define PROXY_HEADER_MAX	4096
/* What one that is written takes at most, without TLVs. */
#define PROXY_HEADER_PLAIN_MAX	PROXY_HEADER_V1_MAX

enum proxy_header_result {
	PROXY_HEADER_MORE,	/* so far it may be one */
	PROXY_HEADER_DONE,
	PROXY_HEADER_ABSENT,	/* something else */
	PROXY_HEADER_BAD,
	PROXY_HEADER_TOO_LONG,	/* beyond PROXY_HEADER_MAX */
};

/* Whose addresses it has. */
enum proxy_header_family {
	PROXY_HEADER_NONE,	/* none that count: those of the connection do */
	PROXY_HEADER_V4,
	PROXY_HEADER_V6,
};

struct proxy_header {
	u32 len;		/* of it; PROXY_HEADER_MORE: of what is needed to go on */
	u8 family;		/* enum proxy_header_family */
	u8 source[16];		/* network order; of IPv4 the first 4 bytes */
	u8 to[16];
	u16 source_port;	/* host order */
	u16 to_port;
	u32 tlvs;		/* where they begin, ... */
	u32 tlvs_len;		/* ... and how many bytes they are */
};

/**
 * proxy_header_parse() - Understand the beginning of a connection
 * @text: bytes that have come
 * @len: how many, at least 1
 * @h: out: with PROXY_HEADER_DONE all of it, with PROXY_HEADER_MORE its length
 *
 * To be asked again with more bytes from the first one on. What is said of local
 * connections, of unknown ones and of families without IP addresses is not looked at:
 * then it has no family, and no TLVs.
 */
enum proxy_header_result proxy_header_parse(const u8 *text, u32 len,
					    struct proxy_header *h);

/**
 * proxy_header_keep_tlvs() - Those of its TLVs that are for who is told of the client
 * @text: what was parsed
 * @h: what came of it
 * @to: out: room for @h->tlvs_len bytes; may be @text itself
 *
 * All but a checksum and padding, which are of one header.
 *
 * Return: how many bytes they are.
 */
u32 proxy_header_keep_tlvs(const u8 *text, const struct proxy_header *h, u8 *to);

/**
 * proxy_header_write_v1() - Write a header of version 1
 * @h: its family, addresses and ports
 * @to: out: room for PROXY_HEADER_PLAIN_MAX bytes
 *
 * Return: its length.
 */
u32 proxy_header_write_v1(const struct proxy_header *h, u8 *to);

/**
 * proxy_header_write_v2() - Write a header of version 2, but for its TLVs
 * @h: its family, addresses and ports, and the length of TLVs that are to follow
 * @to: out: room for PROXY_HEADER_PLAIN_MAX bytes
 *
 * Return: its length so far.
 */
u32 proxy_header_write_v2(const struct proxy_header *h, u8 *to);

#endif
