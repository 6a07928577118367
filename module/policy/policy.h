/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy: what a route or a listener does to requests besides matching and forwarding.
 *
 *	NAME.c			a policy: all of it
 *	order.c			all policies, in the order in which a request meets them
 *	policy.c		a request's way past those that a route has
 *	policy_config.c		the policies of an object that is configured
 *
 * A policy sees the view of a request (struct policy_view) and says what is to be done;
 * who asked does it. So a policy knows no connection, no stream and no try, and explain
 * asks it as a request does.
 *
 * Routes and listeners have the policies that are configured for them and no others, as
 * parts (lib/parts.h): what is not used costs nothing.
 *
 * Any context, but for parsing and filling.
 */
#ifndef L7MESH_POLICY_H
#define L7MESH_POLICY_H

#include <linux/container_of.h>
#include <linux/types.h>
#include "http/field_list.h"
#include "http/header_op.h"
#include "lib/parts.h"
#include "lib/span.h"

struct address;
struct http_options;
struct mesh;
struct message;
struct name_ref;
struct nlattr;
struct refusal;
struct sk_buff;
struct source;

/* As many as an object may have. */
#define POLICIES_MAX	8

enum policy_owner {
	POLICY_OF_ROUTE,
	POLICY_OF_LISTENER,
	POLICY_OWNERS
};

/* What a request has to do. */
enum policy_verdict {
	POLICY_GO,		/* on to the next policy */
	POLICY_WAIT,		/* for ->wait; then the same policy is asked again */
	POLICY_ANSWER,		/* it gets ->status and goes nowhere */
	POLICY_AGAIN,		/* of a try that has ended: there is to be another */
};

/* What policies have of a connection's client as long as it is connected; zeroed. */
struct policy_client {
	struct source *source;	/* source_limit's */
};

/* Who has connected to a listener. */
struct policy_peer {
	struct policy_client *client;
	const struct mesh *mesh;	/* held as long as the connection is there */
	const struct address *address;	/* of the connection's other end */
	const struct address *listener;	/* as it is configured */
	gfp_t gfp;

	/* out */
	bool counted;		/* policy_disconnect() or policy_end() are to know */
	u16 reason;		/* enum mesh_stat, of one that is not let in */
};

/* Whose policies have a say in the response to a request. */
struct policy_edits {
	u8 wanted;		/* bits: of the route's policies */
	bool alone;		/* it is the answer of that policy: no others do */
};

/* A request, as policies see it, and what they say of it. */
struct policy_view {
	const struct message *request;
	bool upgrade;		/* it wants another protocol, and may have it */
	const struct address *client;	/* whom trusted proxies name, else the peer */
	enum policy_owner owner;	/* whose policies are asked */
	struct policy_peer *peer;	/* a listener's are; unless to explain */
	bool waited;		/* for this policy */
	bool forwards;		/* its route does, see route_forwards() */
	bool peek;		/* to explain: nothing is taken or waited for */

	/* out */
	u16 reason;		/* enum mesh_stat, of one that waits or is answered */
	u32 wait;		/* ms, of POLICY_WAIT; of routes only */
	u16 status;		/* of POLICY_ANSWER, with ... */
	struct span body;	/* ... this body; p NULL: the reason phrase */
	struct field_list *fields;	/* ... and these fields besides, none at first */
	u32 rate;		/* bytes a second of the response's body; 0: any */
	u8 copies;		/* bits: of those that policy_copy() tells of */
	bool responds;		/* this policy has a say in the response */
	struct policy_edits edits;
};

#define POLICY_RESPONSE_OPS	6

/* What policies do to a response. */
struct policy_response {
	struct header_op ops[POLICY_RESPONSE_OPS];
	u32 n;
	char text[12];		/* for a number that is said */
};

/* What is to be known of a request's next try. Without policies all is 0. */
struct policy_tries {
	u32 timeout;		/* ms, for the head of its response; 0: the cluster's */
	u32 keep;		/* bytes of the request's body, for another try */
	bool hedge;		/* when its time is over another one begins beside it */
	bool avoid;		/* endpoints of earlier tries, if there are others */
};

enum policy_outcome_kind {
	POLICY_NOT_CONNECTED,	/* nothing was sent */
	POLICY_NO_RESPONSE,	/* none in time, or a bad one */
	POLICY_RESPONSE,
	POLICY_LATE,		/* of a try with ->hedge: its time is over */
};

/* How a try has ended. */
struct policy_outcome {
	u8 kind;		/* enum policy_outcome_kind */
	bool sent;		/* bytes of the request were, or may have been */
	u8 tries;		/* that failed before and were done again */
	const struct message *request;
	const struct message *response;	/* POLICY_RESPONSE */

	/* out */
	u32 wait;		/* ms, of POLICY_AGAIN */
	u16 reason;		/* enum mesh_stat: why not, if that is counted */
};

/* As many copies of a request as a route may want. */
#define POLICY_COPIES_MAX	8

/* Where a copy of a request goes. */
struct policy_copy {
	const struct name_ref *cluster;
	bool shadow;		/* "-shadow" is appended to its host */
};

/* No policy's nest has an attribute beyond this: what ->attrs below can hold. */
#define POLICY_ATTRS_MAX	15

/* There is to be no such policy. */
#define POLICY_NONE	1

struct policy_ops {
	struct part_ops part;
	u16 attr[POLICY_OWNERS];	/* of an owner's nest; 0: it has no such policy */
	u8 attrs : 4;		/* the nest's highest; 0: it is a list */
	u8 list;		/* which of them is a list; 0: the nest is, if any */
	u8 item_size;		/* of what parse() makes of an item of the list */

	/* Why it goes only with a route that forwards; NULL: it goes with any. */
	const char *forwards;

	/*
	 * Understands what is configured, which replaces what was: a nest with
	 * something in it, as without there is to be no such policy. @tb has the nest's
	 * attributes, unless it is a list. The struct @data is zeroed; it may point to
	 * the message, and to what is behind it: zeros for as many items as the list
	 * has. Returns 0, POLICY_NONE or a negative errno.
	 */
	int (*parse)(void *data, const struct nlattr *nest, struct nlattr **tb,
		     struct refusal *r);
	/*
	 * The same of a listener's plain options, where there is no attribute of its
	 * own. What is derived is not told. Returns 0 or POLICY_NONE.
	 */
	int (*derive)(void *data, const struct http_options *o);
	/* Fills the nest. 0 or -EMSGSIZE. */
	int (*put)(struct sk_buff *skb, const void *data);

	/* When the module comes, and when it goes. */
	int (*init)(void);
	void (*exit)(void);

	/* Is it believed who it says that its client is? */
	bool (*trust)(const void *data, const struct address *source);
	/* A client has connected to a listener: is it let in? */
	bool (*connect)(const void *data, struct policy_peer *peer);
	/* It is gone, let in or not; also of listeners without this policy. */
	void (*disconnect)(struct policy_client *client, bool counted);
	/* A request for which ->peer->counted was set is over. */
	void (*end)(struct policy_client *client);

	/* The request has come. NULL: it does not matter here. */
	enum policy_verdict (*request)(const void *data, struct policy_view *v);
	/* Its response is to be written, and ->responds was set. */
	void (*response)(const void *data, const struct policy_edits *edits,
			 struct policy_response *r);
	/* A try is about to begin, or has just begun; @tries ended before it. */
	void (*tries)(const void *data, const struct message *request, u32 tries,
		      struct policy_tries *t);
	/* A try has ended, and another is possible: POLICY_AGAIN or POLICY_GO. */
	enum policy_verdict (*outcome)(const void *data, struct policy_outcome *o);
	/*
	 * Where its copy number @i goes; false: it has not so many. One of a route's
	 * policies may have this.
	 */
	bool (*copy)(const void *data, u32 i, struct policy_copy *copy);
	/*
	 * After request(), or before it if that is not reached: what may concern this
	 * request. Bits, enum l7mesh_explain_policy. NULL: no request is concerned.
	 */
	u32 (*explain)(const void *data, const struct policy_view *v);
};

static inline const struct policy_ops *policy_ops_of(const struct part *part)
{
	return container_of(part->ops, struct policy_ops, part);
}

/* Module init and exit. Context: process, when nobody is connected. */
int policy_init(void);
void policy_exit(void);

/**
 * policy_trusts() - May who has connected speak for another?
 * @policies: the listener's
 * @source: its own address
 *
 * Return: true if any policy says so.
 */
bool policy_trusts(const struct parts *policies, const struct address *source);

/**
 * policy_connect() - A client has connected to a listener
 * @policies: the listener's
 * @peer: who
 *
 * Return: whether it is let in. policy_disconnect() is to follow either way.
 */
bool policy_connect(const struct parts *policies, struct policy_peer *peer);
/* @counted: as policy_connect() has said. */
void policy_disconnect(struct policy_client *client, bool counted);
/* A request that policy_request() has counted is over. */
void policy_end(struct policy_client *client);

/**
 * policy_request() - A request meets policies
 * @policies: of its route or listener
 * @next: which is the next one, 0 at first; kept while the request waits
 * @v: view; what it says when this returns is to be done, even on POLICY_GO
 *
 * Return: what all of them say: POLICY_GO after the last one.
 */
enum policy_verdict policy_request(const struct parts *policies, u8 *next,
				   struct policy_view *v);

/**
 * policy_response() - What the policies of a request do to its response
 * @policies: of its route
 * @edits: what policy_request() said
 * @r: out
 *
 * Return: the operations; borrowed from @r and @policies.
 */
struct header_op_list policy_response(const struct parts *policies,
				      const struct policy_edits *edits,
				      struct policy_response *r);

/* For a policy: do this to the response, if there is a value. */
void policy_response_say(struct policy_response *r, enum header_op_kind kind,
			 struct span name, struct span value);

/**
 * policy_tries() - What policies want to be known of a request's tries
 * @policies: of its route
 * @request: request
 * @tries: how many ended and were done again
 */
struct policy_tries policy_tries(const struct parts *policies,
				 const struct message *request, u32 tries);

/**
 * policy_outcome() - A try has ended
 * @policies: of the request's route
 * @o: how
 *
 * Return: POLICY_AGAIN if one wants another, else POLICY_GO.
 */
enum policy_verdict policy_outcome(const struct parts *policies,
				   struct policy_outcome *o);

/**
 * policy_copy() - Where copies of a route's requests may go
 * @policies: of the route
 * @i: which
 * @copy: out
 *
 * Return: false: there are not so many.
 */
bool policy_copy(const struct parts *policies, u32 i, struct policy_copy *copy);

/* What may concern a request: bits, enum l7mesh_explain_policy. */
u32 policy_explain(const struct parts *policies, const struct policy_view *v);

/* ---- configuration; context: process ---- */

/* The policies of an object that is being changed. */
struct policy_parser {
	struct part list[POLICIES_MAX];
	void *parsed[POLICIES_MAX];
};

/**
 * policy_parse() - Change an object's policies by what is given of them
 * @p: zeroed
 * @policies: in: those that it had; out: those that it is to have, which point into @p
 *	and the message
 * @owner: what the object is
 * @tb: its attributes
 * @options: a listener's, as they are to be; else NULL
 * @r: refusal
 *
 * Return: 0 or a negative errno; policy_parse_end() either way.
 */
int policy_parse(struct policy_parser *p, struct parts *policies,
		 enum policy_owner owner, struct nlattr **tb,
		 const struct http_options *options, struct refusal *r);
void policy_parse_end(struct policy_parser *p);

/**
 * policy_check_unforwarded() - May a route that forwards nothing have its policies?
 * @policies: of the route
 * @tb: its attributes
 * @action: the one that is to blame for those that were there before
 * @r: refusal
 */
int policy_check_unforwarded(const struct parts *policies, struct nlattr **tb,
			     const struct nlattr *action, struct refusal *r);

/* All policies of an object. 0 or -EMSGSIZE with the message as it was. */
int policy_put(struct sk_buff *skb, const struct parts *policies,
	       enum policy_owner owner);

#endif
