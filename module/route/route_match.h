/* SPDX-License-Identifier: GPL-2.0 */
/*
 * route_match: does a route match a request?
 *
 * Whoever asks may be in softirq, and both texts may be long. So what is looked at is
 * charged to route_request.left, and when that is used up the answer is ROUTE_UNDECIDED,
 * with route_request.search saying where to go on. That is between two of a route's
 * conditions. One condition is decided at one go, in time that is linear in the head: of
 * the longest one that may be more than what a run has, so it is then the first thing
 * that a run does. Who may not be preempted asks about heads up to ROUTE_HEAD_INLINE
 * alone; about longer ones who has a fresh BUDGET_WORK, at least in a later call.
 *
 * Paths are matched as they are forwarded: without query, as the listener's options
 * normalize them; case matters. Envoy's RouteMatch, except where Gateway API is
 * stricter: PATH_MATCH_PREFIX matches whole segments (HTTPRoute, PathPrefix).
 *
 * Plain C: no allocation; any context.
 */
#ifndef L7MESH_ROUTE_MATCH_H
#define L7MESH_ROUTE_MATCH_H

#include "http/field_index.h"
#include "http/message.h"
#include "http/regexp.h"
#include "lib/name_ref.h"
#include "lib/network.h"
#include "lib/span.h"

enum value_match_kind {
	VALUE_MATCH_EXACT,
	VALUE_MATCH_PREFIX,
	VALUE_MATCH_SUFFIX,
	VALUE_MATCH_CONTAINS,
	VALUE_MATCH_REGEX,
	VALUE_MATCH_RANGE,
	VALUE_MATCH_PRESENT,
	VALUE_MATCH_ABSENT,
};

/*
 * On a header field or a query parameter. Spans point into the route's own text.
 *
 * Field names ignore case. The values of a repeated field are matched as if they stood
 * joined by "," (RFC 9110 5.3, and Envoy). Query parameters are the parts of the query between
 * '&', name and value parted by the first '='; nothing is percent-decoded; of a
 * repeated parameter the first counts; one without '=' has an empty value.
 *
 * Inverted, a match wants the field or parameter to be there, and its value not to
 * match (Envoy's invert_match: "header rules for absent headers do not match").
 */
struct value_match {
	struct span name;
	struct span value;		/* of REGEX: the pattern */
	union {
		const struct regexp *regexp;	/* of REGEX */
		const u16 *fallback;		/* of CONTAINS: route_value_fallback() */
	};
	s64 first, end;			/* RANGE: a decimal number, below end */
	u8 kind;			/* enum value_match_kind */
	bool invert;
};

enum path_match_kind {
	PATH_MATCH_ANY,			/* "*" of OPTIONS as well, which no other matches */
	PATH_MATCH_EXACT,
	PATH_MATCH_PREFIX,		/* "/abc" and "/abc/": /abc, /abc/, /abc/d, not /abcd */
	PATH_MATCH_RAW_PREFIX,		/* Envoy's: "/abc": /abcd as well */
	PATH_MATCH_SUFFIX,
	PATH_MATCH_TEMPLATE,		/* path_template.h */
	PATH_MATCH_REGEX,		/* regexp.h */
};

#define ROUTE_FRACTION_ALL	1000000

/* Whose spans and arrays somebody else owns. All must hold. */
struct route_match {
	struct span path;
	const struct regexp *path_regexp;
	struct span method;		/* or several with commas; length 0: any */
	const struct value_match *headers;
	const struct value_match *query;
	u16 nheaders;
	u16 nquery;
	u8 path_kind;			/* enum path_match_kind */
	struct network source;		/* without one, any client */
	bool has_fraction;
	u32 fraction;			/* of a million requests */
	u64 source_netns;		/* cookie of the client's namespace; 0: any */
	struct name_ref listener;	/* length 0: any */
};

/* The longest head that is matched where nobody else can have the CPU. */
#define ROUTE_HEAD_INLINE	4096

/*
 * Where a search for a request's route stands, if its budget was used up; zeroed, it
 * begins. It belongs to one request and one table.
 */
struct route_search {
	/* private to route_match.c and route_index.c */
	u64 hash;		/* of the path's beginning that is being looked up ... */
	u16 len;		/* ... and how long that is */
	u8 phase;
	bool drawn;		/* what random() gave, ... */
	u32 lot;		/* ... once for all fractions, as in Envoy */
	u32 best;		/* position of what was found so far */
	u32 next;		/* position + 1 of the route whose turn it is; 0: none */
	u32 values;		/* of its fields and parameters that match */
};

/* What of a request is matched. The spans point into the message. */
struct route_request {
	struct span host;		/* without port, any case */
	struct span method;
	struct span path;
	struct span query;
	const struct message *message;	/* for the fields */

	/* set by the caller after route_request_init() */
	u8 source_family;
	const u8 *source;		/* 4 or 16 bytes */
	u64 source_netns;
	const struct name_ref *listener;
	u32 (*random)(void);
	bool match_port;		/* of the host: domains have it, too */
	int left;			/* in, out: of the budget, not always positive */
	bool fresh;			/* in: the run has done nothing else: it does
					 * something now, whatever that costs
					 */
	struct route_search search;	/* in, out: to go on with, or zeroed */

	struct field_index fields;	/* private */
};

/* Why a route does not match. */
enum route_mismatch_kind {
	ROUTE_MATCHES,
	ROUTE_PATH_DIFFERS,
	ROUTE_METHOD_DIFFERS,
	ROUTE_HEADER_DIFFERS,
	ROUTE_QUERY_DIFFERS,
	ROUTE_SOURCE_DIFFERS,
	ROUTE_NETNS_DIFFERS,
	ROUTE_LISTENER_DIFFERS,
	ROUTE_NOT_DRAWN,		/* by its fraction */
	ROUTE_UNDECIDED,		/* the budget is used up: ask again */
};

struct route_mismatch {
	u8 kind;			/* enum route_mismatch_kind */
	u16 index;			/* of the header or parameter */
};

/**
 * route_request_init() - View a message as a routable request
 * @req: out, with a search that begins and an unlimited, fresh budget; what it says of
 *	the client is to be set
 * @m: whole request
 */
void route_request_init(struct route_request *req,
			const struct message *m);

/**
 * route_query_value() - The first parameter of a name
 * @query: query, without '?'
 * @name: name, as it stands in a query
 * @value: out: empty if there is no '='
 *
 * Return: false if there is none.
 */
bool route_query_value(struct span query, struct span name, struct span *value);

/**
 * route_path_valid() - May this be the path of a match or of a redirect?
 * @path: starts with '/'; visible ASCII without '?' and '#'
 *
 * Return: true if so.
 */
bool route_path_valid(struct span path);

/**
 * route_value_fallback() - What VALUE_MATCH_CONTAINS needs to look at each byte once
 * @value: what is to be contained
 * @fallback: out: value.len of them (Knuth, Morris, Pratt, 1977)
 */
void route_value_fallback(struct span value, u16 *fallback);

/**
 * route_match_request() - Does it match, and if not, why?
 * @m: match
 * @req: request
 *
 * Return: ROUTE_MATCHES, or the first thing that differs; ROUTE_UNDECIDED if
 * @req->left is used up: then ask about the same match again, with more.
 */
struct route_mismatch route_match_request(const struct route_match *m,
					  struct route_request *req);

/* The segments of a path that PATH_MATCH_PREFIX wants: without a '/' at the end. */
static inline struct span route_prefix_segments(struct span prefix)
{
	prefix.len -= prefix.p[prefix.len - 1] == '/';
	return prefix;
}

#endif
