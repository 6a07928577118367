/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authz_rule: whether a rule of an authorization policy matches a connection or a
 * request. Istio's AuthorizationPolicy: what a rule has, how values compare, and what
 * becomes of conditions on HTTP where there is none.
 *
 * A rule matches if one of its sources (from) does, one of its operations (to), and all of
 * its conditions (when). A source, an operation and the conditions are groups: of terms,
 * which must all match. A term matches if one of its values does; one that is negated, if
 * none does. What the request does not have, such as a principal or a header, matches no
 * value.
 *
 * All of a policy's rules are in arrays that refer to each other by positions, so that they
 * can be copied whole.
 *
 * Any context.
 */
#ifndef L7MESH_AUTHZ_RULE_H
#define L7MESH_AUTHZ_RULE_H

#include "lib/name_ref.h"
#include "lib/network.h"

struct address;
struct message;
struct workload;

/* What is looked at. */
enum authz_key {
	AUTHZ_SOURCE_PRINCIPAL,
	AUTHZ_SOURCE_NAMESPACE,
	AUTHZ_SOURCE_IP,		/* the other end of the connection */
	AUTHZ_REMOTE_IP,		/* who trusted proxies say that the client is */
	AUTHZ_DESTINATION_IP,
	AUTHZ_DESTINATION_PORT,
	AUTHZ_SNI,			/* of TLS, where its first message is read */
	/* of HTTP alone */
	AUTHZ_HOST,			/* the authority, with its port if it has one */
	AUTHZ_METHOD,
	AUTHZ_PATH,			/* without query, nothing of it escaped */
	AUTHZ_HEADER,
};

/* One segment, not empty; any text. */
#define AUTHZ_TEMPLATE_ONE	"{*}"
#define AUTHZ_TEMPLATE_REST	"{**}"

enum authz_value_kind {
	AUTHZ_EXACT,
	AUTHZ_PREFIX,		/* "text*" */
	AUTHZ_SUFFIX,		/* "*text" */
	AUTHZ_PRESENT,		/* "*": anything that is not empty */
	AUTHZ_GLOB,		/* with "*" anywhere: of namespaces */
	AUTHZ_TEMPLATE,		/* of paths, with variables for segments */
	AUTHZ_NETWORK,
	AUTHZ_PORT,
};

struct authz_value {
	u8 kind;		/* enum authz_value_kind */
	u16 port;		/* host order */
	struct name_ref text;	/* without the star that tells the kind; its hash is known
				 * of AUTHZ_EXACT
				 */
	struct network network;
};

struct authz_term {
	u8 key;			/* enum authz_key */
	bool negated;
	struct span header;	/* of AUTHZ_HEADER: its name */
	u32 first, n;		/* of the values */
};

struct authz_group {
	u32 first, n;		/* of the terms */
};

struct authz_rule {
	u32 from, nfrom;	/* of the groups */
	u32 to, nto;
	u32 when;		/* the group of its conditions, which may be empty */
	u32 cost;		/* what it takes to look at all of it, in values */
	bool http;		/* has terms of HTTP */
	bool sni;		/* has terms of SNI */
};

/* Arrays that somebody else owns. */
struct authz_rules {
	const struct authz_rule *rules;
	const struct authz_group *groups;
	const struct authz_term *terms;
	const struct authz_value *values;
	u32 nrules, ngroups, nterms, nvalues;
};

/* Whom it is from, where to, what it is; borrowed. */
struct authz_request {
	const struct workload *source;	/* NULL: nobody knows */
	u8 source_kind;			/* how it is known: enum l7mesh_identity_kind; none: it
					 * only says so, see guard.c
					 */
	const struct address *peer;	/* the connection's other end */
	const struct address *client;	/* the same, or who a trusted proxy says */
	const struct address *to;
	const struct message *message;	/* NULL: this is no HTTP, or nobody knows */
	struct span path;		/* of the message, with nothing escaped */
	struct span sni;		/* ->p NULL: nobody knows */

	bool cut;			/* it is there: ask those only that end what is */

	u32 cost;			/* out: grows by what was looked at */
};

/* SNI of what is no TLS. */
#define AUTHZ_NO_SNI	SPAN("")

/* What it may take to look at one value, in those that are a number or a short text. */
u32 authz_rule_value_cost(u8 key, const struct authz_value *v);

/* NULL, or why this is no template of paths. */
const char *authz_rule_check_template(struct span template);

/**
 * authz_rule_matches() - Does a rule match?
 * @set: has it
 * @rule: rule
 * @req: connection or request
 * @strict: a rule with terms of which nothing is known, such as those of HTTP where there is
 *	none, matches nothing, as it has to be if it allows; else such terms are left
 *	out, as they have to be if it denies
 */
bool authz_rule_matches(const struct authz_rules *set, const struct authz_rule *rule,
			struct authz_request *req, bool strict);

#endif
