/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink: the generic netlink family that configures meshes.
 *
 *	netlink.c		the family, requests that are no dumps
 *	generated/		what attributes may be, and tables of plain options: made of
 *				uapi/l7mesh.yaml
 *	netlink_change.c	ADD, SET, DEL: from a message to a draft
 *	netlink_cluster.c	a cluster, both ways
 *	netlink_hash.c		hash policies, both ways
 *	netlink_health.c	how its endpoints are checked, both ways
 *	netlink_match.c		from a message to a route's match
 *	netlink_route.c		and its action
 *	netlink_headers.c	what is done to fields, both ways
 *	netlink_drain.c		DRAIN
 *	netlink_fill.c		from objects to messages
 *	netlink_fill_route.c	the same for routes
 *	netlink_dump.c		dumps, but ...
 *	netlink_explain.c	EXPLAIN
 *	netlink_authorize.c	AUTHORIZE
 *	netlink_notify.c	what the multicast group hears
 *
 * The family is parallel: we lock for ourselves, so that a long commit holds up
 * nobody else's generic netlink.
 */
#ifndef L7MESH_NETLINK_H
#define L7MESH_NETLINK_H

#include <net/genetlink.h>
#include <uapi/linux/l7mesh.h>
#include "lib/attr.h"
#include "lib/refusal.h"
#include "mesh/snapshot.h"
#include "netlink/generated/netlink_policy.h"
#include "netlink/generated/netlink_tables.h"
#include "policy/policy.h"

struct authorization;
struct draft;
struct dump;
struct member;
struct mesh_net;
struct netlink_places;
struct netlink_request;
struct workload;

extern struct genl_family l7mesh_family;

/* Module init and exit. Context: process. */
int netlink_init(void);
void netlink_exit(void);

/**
 * netlink_may_ask() - May who sent a request ask for anything at all?
 * @request: request; that the asker has CAP_NET_ADMIN over the network namespace is
 *	genl's to tell
 *
 * By default only the initial user namespace may have meshes: they hook functions
 * of the whole kernel, and work in kernel threads.
 *
 * Context: process, with the credentials of who sends it.
 */
bool netlink_may_ask(const struct sk_buff *request);

/* May everybody who has CAP_NET_ADMIN over a network namespace see what it has? */
bool netlink_may_tell(const struct net *net);

/* ---- parsing ---- */

/**
 * netlink_parse() - Sort the attributes of a nest
 * @tb: out: @max + 1 entries
 * @max: highest type
 * @nest: nest that the family's policies have validated
 * @policy: its policy
 * @r: refusal
 *
 * Return: 0, or -EINVAL if one is there twice.
 */
int netlink_parse(struct nlattr **tb, int max, const struct nlattr *nest,
		  const struct nla_policy *policy, struct refusal *r);

/* Metadata of an endpoint or a subset; points into the message. 0 or -EINVAL. */
int netlink_metadata(const struct nlattr *nla, struct span *metadata,
		     struct refusal *r);

/* RFC 3986 3.4, less what parts parameters: as it stands in a query. */
bool netlink_query_name_valid(struct span name);

/* An address of 4 or 16 bytes that one can connect to; @port may be NULL. */
int netlink_address(struct address *a, const struct nlattr *nla,
		    const struct nlattr *port, struct refusal *r);

/**
 * netlink_parse_places() - Where a listener is, and for whom, but for ADDRESS and PORT
 * @l: listener that has these already
 * @room: in: NULL; out: what @l points to, for netlink_free_places() even if this fails
 * @tb: its attributes
 * @r: refusal
 *
 * Return: 0, -EINVAL, -E2BIG or -ENOMEM.
 */
int netlink_parse_places(struct listener *l, struct netlink_places **room,
			 struct nlattr **tb, struct refusal *r);
void netlink_free_places(struct netlink_places *room);
int netlink_put_places(struct sk_buff *skb, const struct listener *l);

/**
 * netlink_drain() - DRAIN of everything, of a listener, of an endpoint
 * @mn: namespace
 * @attrs: top-level attributes
 * @r: refusal
 */
int netlink_drain(struct mesh_net *mn, struct nlattr **attrs,
		  struct refusal *r);

/* Which object a request is about. The spans point into the message. */
struct object_key {
	enum l7mesh_kind kind;
	struct name_ref name;		/* own, or of the cluster or route table */
	struct address address;		/* endpoint */
	struct span vhost;		/* virtual host, route */
	u32 index;			/* route */
};

/**
 * netlink_change() - Apply one ADD, SET or DEL to a draft
 * @d: draft
 * @cmd: which
 * @attrs: top-level attributes
 * @key: out: what it was about
 * @r: refusal; blames the object's name or reference if a later check fails
 *
 * Return: 0 or a negative errno with nothing changed.
 */
int netlink_change(struct draft *d, u8 cmd, struct nlattr **attrs,
		   struct object_key *key, struct refusal *r);

/**
 * netlink_parse_hash() - Understand hash policies, which replace what there was
 * @to: out; points into @room and the message
 * @room: for NETLINK_HASH_POLICY_LIST_MAX
 * @list: a list of nests, enum l7mesh_hash_policy_attr
 * @r: refusal
 */
int netlink_parse_hash(struct hash_policies *to, struct hash_policy *room,
		       const struct nlattr *list, struct refusal *r);
int netlink_put_hash(struct sk_buff *skb, int attr,
		     const struct hash_policies *policies);

/* The cookie of session affinity; an empty nest is none. */
int netlink_parse_session(struct hash_policy *cookie, const struct nlattr *nest,
			  struct refusal *r);
int netlink_put_session(struct sk_buff *skb, const struct hash_policy *cookie);

/* The name whose addresses a cluster's endpoints are; an empty nest is none. */
int netlink_parse_dns(struct dns *dns, const struct nlattr *nest,
		      struct refusal *r);
int netlink_put_dns(struct sk_buff *skb, const struct dns *dns);

/* Room for what a cluster points to. */
struct cluster_parser {
	struct hash_policy hash[NETLINK_HASH_POLICY_LIST_MAX];
	struct locality localities[LOCALITIES_MAX];
	struct subset subsets[SUBSETS_MAX];
};

/**
 * netlink_parse_cluster() - Change a cluster by what is given of it
 * @spec: in: what it was, or the defaults
 * @p: room, which @spec points to afterwards
 * @tb: attributes
 * @r: refusal
 */
int netlink_parse_cluster(struct cluster *spec, struct cluster_parser *p,
			  struct nlattr **tb, struct refusal *r);

/* Replaced whole; @nest may be empty. */
int netlink_parse_health_check(struct health_check *hc,
			       const struct nlattr *nest, struct refusal *r);

/* Room for what a header_edit points to. */
struct header_edit_parser {
	struct header_op request[L7MESH_HEADER_OPS_MAX];
	struct header_op response[L7MESH_HEADER_OPS_MAX];
};

/* What a route's attributes say; the route points into it and into the message. */
struct route_parser {
	struct value_match headers[NETLINK_VALUE_MATCH_LIST_MAX];
	struct value_match query[NETLINK_VALUE_MATCH_LIST_MAX];
	struct header_edit_parser edit;
	struct hash_policy hash[NETLINK_HASH_POLICY_LIST_MAX];
	struct weighted_cluster *clusters;	/* these are to be kvfree()d */
	struct header_op *ops;			/* of clusters */
	struct policy_parser policies;
	struct regexp_builder *regexp;
};

/**
 * netlink_parse_match() - Understand a match
 * @m: out
 * @p: parser
 * @nest: L7MESH_ROUTE_A_MATCH
 * @r: refusal
 */
int netlink_parse_match(struct route_match *m, struct route_parser *p,
			const struct nlattr *nest, struct refusal *r);

/* The same for L7MESH_ROUTE_A_ACTION, which is replaced in @route. */
int netlink_parse_action(struct route *route, struct route_parser *p,
			 const struct nlattr *nest, struct refusal *r);

/* Do match and rewrite go together? */
int netlink_check_rewrite(const struct route *route, struct refusal *r);

/**
 * netlink_parse_header_edit() - What is done to the fields of both heads
 * @edit: out: of a list that is given; points into @p and the messages
 * @p: parser
 * @request: list of operations, or NULL: they stay
 * @response: likewise
 * @r: refusal
 */
int netlink_parse_header_edit(struct header_edit *edit,
			      struct header_edit_parser *p,
			      const struct nlattr *request,
			      const struct nlattr *response, struct refusal *r);

/**
 * netlink_parse_ops() - One list of operations
 * @ops: out; they stay if @list is NULL
 * @array: room for as many as @list has, which is what @ops points to
 * @list: list or NULL
 * @response: of a response
 * @r: refusal
 */
int netlink_parse_ops(struct header_op_list *ops, struct header_op *array,
		      const struct nlattr *list, bool response,
		      struct refusal *r);

/* ---- filling: 0 or -EMSGSIZE with the message as it was ---- */

int netlink_fill_cluster(struct sk_buff *skb, const struct cluster *c);
int netlink_fill_endpoint(struct sk_buff *skb, const struct cluster *c,
			  const struct member *m);
int netlink_fill_listener(struct sk_buff *skb, const struct listener *l);
int netlink_fill_route_table(struct sk_buff *skb, const struct route_table *t);
int netlink_fill_virtual_host(struct sk_buff *skb, const struct route_table *t,
			      const struct virtual_host *vh);
int netlink_fill_route(struct sk_buff *skb, const struct route_table *t,
		       const struct virtual_host *vh, u32 index);
/* AUTHORIZE: answers by itself. 0 or a negative errno. */
int netlink_authorize(struct netlink_request *q);

int netlink_fill_workload(struct sk_buff *skb, const struct workload *w);
int netlink_fill_authorization(struct sk_buff *skb, const struct authorization *a);
int netlink_fill_splice(struct sk_buff *skb, const struct splice_policy *p);
/* Only what identifies an object. */
int netlink_fill_key(struct sk_buff *skb, const struct object_key *key);
/* All of an object that a snapshot has. */
int netlink_fill_object(struct sk_buff *skb, const struct snapshot *s,
			const struct object_key *key);

int netlink_put_address(struct sk_buff *skb, int type, const struct address *a);
int netlink_put_health_check(struct sk_buff *skb, const struct health_check *hc);
/* As lists of these types. */
int netlink_put_header_edit(struct sk_buff *skb, int request, int response,
			    const struct header_edit *edit);

/* ---- dumps: see struct netlink_action ---- */

struct dump *netlink_begin_get(struct netlink_request *q);
int netlink_dump_get(struct sk_buff *skb, struct netlink_callback *cb);
struct dump *netlink_begin_stats(struct netlink_request *q);
int netlink_dump_stats(struct sk_buff *skb, struct netlink_callback *cb);
struct dump *netlink_begin_maglev(struct netlink_request *q);
int netlink_dump_maglev(struct sk_buff *skb, struct netlink_callback *cb);
struct dump *netlink_begin_attached(struct netlink_request *q);
int netlink_dump_attached(struct sk_buff *skb, struct netlink_callback *cb);
struct dump *netlink_begin_splices(struct netlink_request *q);
int netlink_dump_splices(struct sk_buff *skb, struct netlink_callback *cb);
struct dump *netlink_begin_explain(struct netlink_request *q);
int netlink_dump_explain(struct sk_buff *skb, struct netlink_callback *cb);

/**
 * netlink_start_dump() - Have a dump told to who asked for it
 * @q: request
 * @d: what netlink_begin_...() gave, which is its end's
 * @dump: the same command's netlink_dump_...()
 *
 * Return: never 0; -EINTR: it answers; or it is refused.
 */
int netlink_start_dump(struct netlink_request *q, struct dump *d,
		       int (*dump)(struct sk_buff *skb,
				   struct netlink_callback *cb));

/* ---- notifications, in the order of the changes: mesh->lock is held ---- */

/* One object was changed. */
void netlink_notify_object(struct net *net, u8 cmd, const struct snapshot *s,
			   const struct object_key *key);
/* A snapshot was published. */
void netlink_notify_changed(struct net *net, u64 generation);

#endif
