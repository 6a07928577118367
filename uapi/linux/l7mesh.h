/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/*
 * l7mesh generic netlink interface, version 1.
 *
 * One family, "l7mesh". Every request acts on the mesh of the network
 * namespace in which its socket was opened.
 *
 * Objects. A configuration is a set of objects of nine kinds. An object is
 * carried by exactly one top-level attribute, nested and named after its kind:
 *
 *	kind           attribute              identified by
 *	cluster        L7MESH_A_CLUSTER       NAME
 *	endpoint       L7MESH_A_ENDPOINT      CLUSTER, ADDRESS, PORT
 *	listener       L7MESH_A_LISTENER      NAME
 *	route_table    L7MESH_A_ROUTE_TABLE   NAME
 *	virtual_host   L7MESH_A_VIRTUAL_HOST  ROUTE_TABLE, NAME
 *	route          L7MESH_A_ROUTE         ROUTE_TABLE, VIRTUAL_HOST, INDEX
 *	splice         L7MESH_A_SPLICE        nothing: there is one at most
 *	workload       L7MESH_A_WORKLOAD      NAME
 *	authorization  L7MESH_A_AUTHORIZATION NAME
 *
 * Changes. L7MESH_CMD_ADD creates an object (-EEXIST if there is one),
 * L7MESH_CMD_SET changes the attributes given of one that exists (-ENOENT),
 * L7MESH_CMD_DEL removes one (-ENOENT); a cluster goes with its endpoints, a
 * route_table with its virtual hosts, a virtual_host with its routes. SET of a
 * list (hash policies, domains, weighted clusters, ...) replaces the list; SET
 * of a route's match or action replaces the match or action whole.
 *
 * Transactions. L7MESH_CMD_TXN_BEGIN opens a transaction that belongs to the
 * netlink socket (one per socket; it goes when the socket is closed). While it
 * is open ADD, SET and DEL from that socket are staged, and checked against
 * what is staged; references between objects are checked at
 * L7MESH_CMD_TXN_COMMIT, which publishes everything at once or, on error,
 * nothing; either way the transaction is over. -EBUSY is answered to a COMMIT
 * when the configuration was changed by somebody else since BEGIN.
 * L7MESH_A_REPLACE at BEGIN starts from nothing instead of from what is
 * published. Without an open transaction each request is one of its own.
 *
 * A listener refers to a route table or a cluster, a route to clusters; a
 * change that would leave a reference to an object that does not exist is
 * refused with -ENOENT.
 *
 * Order. A request is done, and the first of its answers sent, before the system
 * call returns that sent it; several of one call are done in their order. If
 * they take more than 256 KiB (sendmmsg(), io_uring), the last of them are refused
 * with -ENOBUFS. A worker of io_uring is refused with -EOPNOTSUPP.
 *
 * Errors. Every refusal carries an extack message in plain words, and the
 * offending attribute where there is one.
 *
 * Rights. Everything, reads included, needs CAP_NET_ADMIN in the user namespace
 * that owns the network namespace, and, unless the module parameter userns is
 * set, in the initial one; a namespace that is attached to another's mesh is
 * answered -EPERM.
 */
#ifndef _UAPI_LINUX_L7MESH_H
#define _UAPI_LINUX_L7MESH_H

#define L7MESH_GENL_NAME		"l7mesh"
#define L7MESH_GENL_VERSION		1
#define L7MESH_MCGRP_CONFIG		"config"

/* The longest name of an object, domain, header field, without the NUL. */
#define L7MESH_NAME_MAX			255
/* The longest path, header value, redirect target. */
#define L7MESH_VALUE_MAX		4096
#define L7MESH_BODY_MAX			8192
#define L7MESH_WEIGHT_MAX		1000000
#define L7MESH_TABLE_SIZE_MAX		5000011
#define L7MESH_TABLE_SIZE_DEFAULT	65537
/* Of the head of a request. */
#define L7MESH_HEADER_BYTES_MIN		64
#define L7MESH_HEADER_BYTES_MAX		61440
#define L7MESH_HEADERS_MAX		100
#define L7MESH_URI_BYTES_MAX		8192
#define L7MESH_BUFFER_LIMIT_MAX		1073741824
#define L7MESH_TRUSTED_HOPS_MAX		100
#define L7MESH_TRUSTED_SOURCES_MAX	64
/* of a listener besides its first */
#define L7MESH_LISTENER_ADDRESSES_MAX	16
#define L7MESH_LISTENER_FROM_MAX	64
#define L7MESH_INTERFACE_NAME_MAX	15
/* of a mesh, one for each address */
#define L7MESH_LISTENER_RANGES_MAX	65536
#define L7MESH_SPLICE_EXCEPT_MAX	64
#define L7MESH_HEADER_OPS_MAX		64
/* in the values of one list of operations */
#define L7MESH_HEADER_VARIABLES_MAX	256
#define L7MESH_RETRIES_MAX		100
#define L7MESH_RATE_KEYS_MAX		1048576
#define L7MESH_RESPONSE_RATE_MAX	1073741824
#define L7MESH_RETRY_STATUS_MAX		32
#define L7MESH_REPLAY_LIMIT_MAX		1048576
#define L7MESH_MIRRORS_MAX		4
#define L7MESH_FRACTION_MAX		1000000
#define L7MESH_RING_SIZE_MAX		8388608
#define L7MESH_PRIORITY_MAX		127
#define L7MESH_LOCALITIES_MAX		64
#define L7MESH_LOCALITY_NAME_MAX	63
#define L7MESH_SUBSETS_MAX		64
#define L7MESH_SUBSET_NAME_MAX		63
#define L7MESH_METADATA_MAX		255
#define L7MESH_PORT_LIST_MAX		767

enum l7mesh_cmd {
	L7MESH_CMD_UNSPEC,
	/*
	 * do: answers VERSION, GENERATION, CONFIG_BYTES, CONFIG_BYTES_MAX. The module's
	 * version, the configuration's generation, its memory and the limit.
	 */
	L7MESH_CMD_INFO_GET,
	/*
	 * do: REPLACE. Open the transaction of this socket: ADD, SET and DEL are
	 * staged.
	 */
	L7MESH_CMD_TXN_BEGIN,
	/*
	 * do: answers GENERATION. Publish what was staged, all at once or, on error,
	 * nothing.
	 */
	L7MESH_CMD_TXN_COMMIT,
	L7MESH_CMD_TXN_ABORT,	/* do. Forget what was staged. */
	/*
	 * do: CLUSTER, ENDPOINT, LISTENER, ROUTE_TABLE, VIRTUAL_HOST, ROUTE, SPLICE,
	 * WORKLOAD, AUTHORIZATION. Create the one object that is given. A notification
	 * as well, with the object.
	 */
	L7MESH_CMD_ADD,
	/*
	 * do: CLUSTER, ENDPOINT, LISTENER, ROUTE_TABLE, VIRTUAL_HOST, ROUTE, SPLICE,
	 * WORKLOAD, AUTHORIZATION. Change the attributes given of one object. A
	 * notification as well, with the object.
	 */
	L7MESH_CMD_SET,
	/*
	 * do: CLUSTER, ENDPOINT, LISTENER, ROUTE_TABLE, VIRTUAL_HOST, ROUTE, SPLICE,
	 * WORKLOAD, AUTHORIZATION. Remove one object by its key. A notification as
	 * well, with the key.
	 */
	L7MESH_CMD_DEL,
	/*
	 * dump: KIND; answers GENERATION, CLUSTER, ENDPOINT, LISTENER, ROUTE_TABLE,
	 * VIRTUAL_HOST, ROUTE, SPLICE, WORKLOAD, AUTHORIZATION. The objects of one
	 * snapshot: all, or those of KIND.
	 */
	L7MESH_CMD_GET,
	L7MESH_CMD_FLUSH,	/* do. Remove every object. */
	/*
	 * do: NETNS_FD, NETNS_PID. Make another network namespace obey this
	 * configuration; one of these says which.
	 */
	L7MESH_CMD_ATTACH,
	L7MESH_CMD_DETACH,	/* do: NETNS_FD, NETNS_PID. Undo ATTACH. */
	/* dump: answers ATTACHED. The namespaces that obey this configuration. */
	L7MESH_CMD_ATTACHED_GET,
	/*
	 * dump: answers STAT, ENDPOINT_STATS, AUTHORIZATION_STATS, WORKLOAD_STATS. The
	 * counters of the mesh, then those of its endpoints, authorization policies and
	 * workloads.
	 */
	L7MESH_CMD_STATS_GET,
	/*
	 * dump: CLUSTER_NAME; answers ENDPOINT, MAGLEV. A cluster's Maglev table: its
	 * endpoints, then the table in pieces.
	 */
	L7MESH_CMD_MAGLEV_GET,
	L7MESH_CMD_CHANGED,	/* notification: GENERATION. A change was published. */
	/*
	 * do: LISTENER, ENDPOINT, DEADLINE, DRAIN_END. End idle HTTP connections, and
	 * others after their exchange: all, or those that came to the listener whose
	 * key is given. Or: the endpoint whose key is given is not picked any more, and
	 * its idle legs are closed, until DRAIN_END. After DEADLINE what is left is
	 * reset.
	 */
	L7MESH_CMD_DRAIN,
	/*
	 * dump: answers SPLICE_PAIR. The connections that are spliced under this mesh.
	 */
	L7MESH_CMD_SPLICES_GET,
	/*
	 * dump: EXPLAIN; answers EXPLANATION, ROUTE, REQUEST_HEAD, RESPONSE, MISMATCH.
	 * What would become of a request or connection, nothing being sent or counted:
	 * the ROUTE that serves it, and a MISMATCH for each that was tried before; all
	 * as far as there are any.
	 */
	L7MESH_CMD_EXPLAIN,
	/*
	 * do: AUTHORIZE; answers VERDICT, POLICY, SOURCE, IDENTITY_KIND. What
	 * authorization says of a connection or request to a workload, nothing being
	 * sent or counted; POLICY: which one decided, if one did.
	 */
	L7MESH_CMD_AUTHORIZE,

	/* private: */
	__L7MESH_CMD_MAX,
	L7MESH_CMD_MAX = __L7MESH_CMD_MAX - 1
};

enum l7mesh_kind {
	L7MESH_KIND_UNSPEC,
	L7MESH_KIND_CLUSTER,
	L7MESH_KIND_ENDPOINT,
	L7MESH_KIND_LISTENER,
	L7MESH_KIND_ROUTE_TABLE,
	L7MESH_KIND_VIRTUAL_HOST,
	L7MESH_KIND_ROUTE,
	L7MESH_KIND_SPLICE,
	L7MESH_KIND_WORKLOAD,
	L7MESH_KIND_AUTHORIZATION,

	/* private: */
	__L7MESH_KIND_MAX,
	L7MESH_KIND_MAX = __L7MESH_KIND_MAX - 1
};

/* Whose circuit breakers count a route's requests. */
enum l7mesh_routing_priority {
	L7MESH_ROUTING_PRIORITY_DEFAULT,
	L7MESH_ROUTING_PRIORITY_HIGH,
};

enum l7mesh_lb {
	L7MESH_LB_MAGLEV,
	L7MESH_LB_ROUND_ROBIN,
	L7MESH_LB_RANDOM,
	L7MESH_LB_RING_HASH,
	L7MESH_LB_LEAST_REQUEST,
	L7MESH_LB_PEAK_EWMA,
};

/* Which header tells an endpoint who the client is: HAProxy's PROXY protocol. */
enum l7mesh_proxy_protocol {
	L7MESH_PROXY_PROTOCOL_OFF,	/* none */
	L7MESH_PROXY_PROTOCOL_V1,
	L7MESH_PROXY_PROTOCOL_V2,
};

/* What a request has whose subset has no endpoint. Envoy's LbSubsetFallbackPolicy. */
enum l7mesh_subset_fallback {
	L7MESH_SUBSET_FALLBACK_NONE,	/* 503 */
	L7MESH_SUBSET_FALLBACK_ANY_ENDPOINT,	/* of the cluster */
};

/* Which addresses of a name are wanted: Envoy's DnsLookupFamily. */
enum l7mesh_dns_family {
	L7MESH_DNS_FAMILY_ALL,
	L7MESH_DNS_FAMILY_IPV4,
	L7MESH_DNS_FAMILY_IPV6,
	/* those of one family, or if there are none those of the other */
	L7MESH_DNS_FAMILY_IPV4_FIRST,
	L7MESH_DNS_FAMILY_IPV6_FIRST,
};

enum l7mesh_protocol {
	L7MESH_PROTOCOL_TCP,
	L7MESH_PROTOCOL_HTTP,
	/* by the server that a client asks for; what it says is passed on */
	L7MESH_PROTOCOL_TLS,
	L7MESH_PROTOCOL_AUTO,	/* http, tls or tcp, by what a client says first */
	L7MESH_PROTOCOL_UDP,	/* datagrams; of a namespace's own programs */
};

/* "%2F" and "%5C" in a path. */
enum l7mesh_escaped_slashes {
	L7MESH_ESCAPED_SLASHES_KEEP,
	L7MESH_ESCAPED_SLASHES_REJECT,	/* 400 */
	L7MESH_ESCAPED_SLASHES_DECODE,	/* become "/" */
};

/*
 * Fields of a request whose names have underscores: Envoy's
 * HeadersWithUnderscoresAction.
 */
enum l7mesh_headers_with_underscores {
	L7MESH_HEADERS_WITH_UNDERSCORES_ALLOW,
	L7MESH_HEADERS_WITH_UNDERSCORES_REJECT,	/* 400 */
	L7MESH_HEADERS_WITH_UNDERSCORES_DROP,	/* the fields are left out */
};

/* The port in Host, where domains are compared with it. */
enum l7mesh_host_port {
	L7MESH_HOST_PORT_IGNORE,
	L7MESH_HOST_PORT_MATCH,	/* it is a part of the name */
};

/* Who says 100 to "Expect: 100-continue". */
enum l7mesh_expect_continue {
	L7MESH_EXPECT_CONTINUE_FORWARD,	/* the endpoint */
	L7MESH_EXPECT_CONTINUE_ANSWER,	/* the mesh */
};

/* What a request may ask to upgrade to; it goes on without the wish otherwise. */
enum l7mesh_upgrade {
	L7MESH_UPGRADE_NONE,
	L7MESH_UPGRADE_WEBSOCKET,
	L7MESH_UPGRADE_ANY,
};

/* What becomes of CONNECT. */
enum l7mesh_connect {
	L7MESH_CONNECT_REFUSE,	/* 501 */
	L7MESH_CONNECT_FORWARD,	/* the endpoint, a proxy, answers */
	L7MESH_CONNECT_TERMINATE,	/* the tunnel ends at the endpoint */
};

/* The address from which an endpoint is connected to. */
enum l7mesh_source {
	L7MESH_SOURCE_AUTO,	/* what routing gives whoever connects */
	L7MESH_SOURCE_KEEP,	/* the client's */
};

/* Which of a virtual host's routes that match a request serves it. */
enum l7mesh_route_order {
	L7MESH_ROUTE_ORDER_FIRST,	/* the first */
	L7MESH_ROUTE_ORDER_SPECIFIC,	/* the most specific, as in Gateway API */
};

/* What is done to a field. */
enum l7mesh_header_op {
	L7MESH_HEADER_OP_SET,	/* in place of any of the name */
	L7MESH_HEADER_OP_ADD,	/* besides them */
	L7MESH_HEADER_OP_ADD_IF_ABSENT,
	L7MESH_HEADER_OP_REMOVE,
};

/* After what a request is tried again: numbers of bits. Envoy's words. */
enum l7mesh_retry_on {
	L7MESH_RETRY_ON_CONNECT_FAILURE,
	L7MESH_RETRY_ON_RESET,	/* no response, or none in time */
	L7MESH_RETRY_ON_GATEWAY_ERROR,	/* 502, 503, 504, reset */
	L7MESH_RETRY_ON_5XX,	/* any 5xx, reset */
	L7MESH_RETRY_ON_RETRIABLE_4XX,	/* 409 */
};

/* Of the URL of a redirect. */
enum l7mesh_scheme {
	L7MESH_SCHEME_SAME,	/* no URL is made if only the path changes, else http */
	L7MESH_SCHEME_HTTP,
	L7MESH_SCHEME_HTTPS,
};

/*
 * Which connections between sockets of this node are spliced. Only those between two
 * namespaces that obey the mesh; if it belongs to the first namespace of the node, also
 * those of namespaces that obey none.
 */
enum l7mesh_splice_policy {
	L7MESH_SPLICE_MESH,	/* those that a listener took */
	L7MESH_SPLICE_ATTACHED,	/* and all between namespaces that obey the mesh */
	L7MESH_SPLICE_ALL,	/* and those of namespaces that obey none */
	L7MESH_SPLICE_OFF,
};

/* What may concern a request besides its route's action. */
enum l7mesh_explain_policy {
	L7MESH_EXPLAIN_LISTENER_RATE_LIMIT,
	L7MESH_EXPLAIN_RATE_LIMIT,
	L7MESH_EXPLAIN_CORS,
	L7MESH_EXPLAIN_FAULT_DELAY,
	L7MESH_EXPLAIN_FAULT_ABORT,
	L7MESH_EXPLAIN_FAULT_RATE,
	L7MESH_EXPLAIN_TIMEOUT,
	L7MESH_EXPLAIN_RETRY,
	L7MESH_EXPLAIN_CIRCUIT_BREAKERS,
	L7MESH_EXPLAIN_OUTLIER_DETECTION,
	L7MESH_EXPLAIN_HEALTH_CHECK,
	L7MESH_EXPLAIN_MIRROR,
	L7MESH_EXPLAIN_FAILURE_ACCRUAL,
	L7MESH_EXPLAIN_SOURCE_LIMIT,
	L7MESH_EXPLAIN_HEDGING,
	L7MESH_EXPLAIN_SESSION_AFFINITY,
};

/* The first thing that differs. */
enum l7mesh_mismatch {
	L7MESH_MISMATCH_NONE,
	L7MESH_MISMATCH_PATH,
	L7MESH_MISMATCH_METHOD,
	L7MESH_MISMATCH_HEADER,
	L7MESH_MISMATCH_QUERY,
	L7MESH_MISMATCH_SOURCE,
	L7MESH_MISMATCH_SOURCE_NETNS,
	L7MESH_MISMATCH_LISTENER,
	L7MESH_MISMATCH_FRACTION,	/* the request did not draw it */
};

/* What becomes of what a rule of an authorization policy matches. */
enum l7mesh_authorization_action {
	L7MESH_AUTHORIZATION_ALLOW,
	L7MESH_AUTHORIZATION_DENY,
	L7MESH_AUTHORIZATION_AUDIT,	/* it is counted, and goes on */
};

/* How a connection is refused that may not be. */
enum l7mesh_refuse {
	L7MESH_REFUSE_RESET,	/* with a RST */
	L7MESH_REFUSE_DROP,	/* its SYN is not answered */
};

/* What becomes of what nobody can read. */
enum l7mesh_on_failure {
	L7MESH_ON_FAILURE_CLOSED,	/* it is refused */
	L7MESH_ON_FAILURE_OPEN,	/* the application gets it */
};

/* How it is known whom a connection is from. */
enum l7mesh_identity_kind {
	L7MESH_IDENTITY_KIND_NONE,	/* nobody knows */
	L7MESH_IDENTITY_KIND_ADDRESS,	/* by its address, which a workload has */
	/*
	 * the network namespace of the workload with that address has the client's
	 * socket
	 */
	L7MESH_IDENTITY_KIND_KERNEL,
};

/* What authorization says. */
enum l7mesh_verdict {
	L7MESH_VERDICT_ALLOWED,	/* a policy that allows has a rule for it */
	/* no policy that allows is for the workload, and none denies it */
	L7MESH_VERDICT_UNASKED,
	L7MESH_VERDICT_DENIED,	/* a policy that denies has a rule for it */
	/* none of the policies that allow has a rule for it */
	L7MESH_VERDICT_NOT_ALLOWED,
};

/* An element of a list: the attribute's type is L7MESH_LIST_ITEM. */
enum {
	L7MESH_LIST_UNSPEC,
	L7MESH_LIST_ITEM,
};

/* Top-level attributes. */
enum l7mesh_attr {
	L7MESH_A_UNSPEC,
	L7MESH_A_CLUSTER,	/* nest: enum l7mesh_cluster_attr */
	L7MESH_A_ENDPOINT,	/* nest: enum l7mesh_endpoint_attr */
	L7MESH_A_LISTENER,	/* nest: enum l7mesh_listener_attr */
	L7MESH_A_ROUTE_TABLE,	/* nest: enum l7mesh_route_table_attr */
	L7MESH_A_VIRTUAL_HOST,	/* nest: enum l7mesh_virtual_host_attr */
	L7MESH_A_ROUTE,	/* nest: enum l7mesh_route_attr */
	L7MESH_A_KIND,	/* u32: enum l7mesh_kind */
	L7MESH_A_REPLACE,	/* flag */
	L7MESH_A_GENERATION,	/* u64: grows with every published change */
	L7MESH_A_VERSION,	/* string: the module's version */
	L7MESH_A_NETNS_FD,	/* u32: file descriptor of a network namespace */
	L7MESH_A_NETNS_PID,	/* u32: a process in the network namespace */
	L7MESH_A_ATTACHED,	/* nest: enum l7mesh_attached_attr */
	L7MESH_A_STAT,	/* nest: enum l7mesh_stat_attr */
	L7MESH_A_ENDPOINT_STATS,	/* nest: enum l7mesh_endpoint_stats_attr */
	L7MESH_A_CLUSTER_NAME,	/* string */
	L7MESH_A_MAGLEV,	/* nest: enum l7mesh_maglev_attr */
	L7MESH_A_CONFIG_BYTES,	/* u64: memory that the configuration holds */
	L7MESH_A_CONFIG_BYTES_MAX,	/* u64: its limit for one mesh */
	L7MESH_A_PAD,
	L7MESH_A_SPLICE,	/* nest: enum l7mesh_splice_attr */
	L7MESH_A_SPLICE_PAIR,	/* nest: enum l7mesh_splice_pair_attr */
	L7MESH_A_DEADLINE,	/* u32: ms, after which what is left is reset */
	L7MESH_A_DRAIN_END,	/* flag: the endpoint is picked again */
	L7MESH_A_EXPLAIN,	/* nest: enum l7mesh_explain_attr */
	L7MESH_A_EXPLANATION,	/* nest: enum l7mesh_explanation_attr */
	L7MESH_A_REQUEST_HEAD,	/* binary: what the endpoint gets, up to 65000 bytes */
	L7MESH_A_RESPONSE,	/* binary: what the client gets if the mesh answers */
	L7MESH_A_MISMATCH,	/* nest: enum l7mesh_mismatch_attr */
	L7MESH_A_WORKLOAD,	/* nest: enum l7mesh_workload_attr */
	L7MESH_A_AUTHORIZATION,	/* nest: enum l7mesh_authorization_attr */
	L7MESH_A_AUTHORIZE,	/* nest: enum l7mesh_authorize_attr */
	L7MESH_A_VERDICT,	/* u32: enum l7mesh_verdict */
	/* string: the name of the authorization policy that decided */
	L7MESH_A_POLICY,
	/* string: the name of the workload that a connection or request is from */
	L7MESH_A_SOURCE,
	/* u32: enum l7mesh_identity_kind; how its source would be known */
	L7MESH_A_IDENTITY_KIND,
	L7MESH_A_AUTHORIZATION_STATS,	/* nest: enum l7mesh_authorization_stats_attr */
	L7MESH_A_WORKLOAD_STATS,	/* nest: enum l7mesh_workload_stats_attr */

	/* private: */
	__L7MESH_A_MAX,
	L7MESH_A_MAX = __L7MESH_A_MAX - 1
};

/* Circuit breakers, outlier detection: Envoy's names. Failure accrual: Linkerd's. */
enum l7mesh_cluster_attr {
	L7MESH_CLUSTER_A_UNSPEC,
	L7MESH_CLUSTER_A_NAME,	/* string */
	L7MESH_CLUSTER_A_LB,	/* u32: enum l7mesh_lb; default: maglev */
	L7MESH_CLUSTER_A_TABLE_SIZE,	/* u32: 2 to 5000011; a prime; default 65537 */
	/* nest: a list of nests, enum l7mesh_hash_policy_attr */
	L7MESH_CLUSTER_A_HASH,
	L7MESH_CLUSTER_A_CONNECT_TIMEOUT,	/* u32: ms; default 5000 */
	/*
	 * u32: ms, from the request's end to the response's head; 0: none; default
	 * 15000
	 */
	L7MESH_CLUSTER_A_RESPONSE_TIMEOUT,
	L7MESH_CLUSTER_A_IDLE_TIMEOUT,	/* u32: ms, of a pooled leg; default 60000 */
	/* u32: 0 to 65536; pooled legs per endpoint and namespace; default 128 */
	L7MESH_CLUSTER_A_MAX_IDLE,
	/* u32: 1 to 8388608; least entries of a ring; default 1024 */
	L7MESH_CLUSTER_A_RING_MIN,
	/* u32: 1 to 8388608; most entries of a ring; default 8388608 */
	L7MESH_CLUSTER_A_RING_MAX,
	/*
	 * u32: 2 to 16; of which least_request and peak_ewma take the best; default 2
	 */
	L7MESH_CLUSTER_A_CHOICES,
	L7MESH_CLUSTER_A_DECAY,	/* u32: ms, of peak_ewma; default 10000 */
	/*
	 * u32: 0 to 100; percent of endpoints that are well, below which all are used;
	 * default 50
	 */
	L7MESH_CLUSTER_A_PANIC_THRESHOLD,
	/* u32: upstream connections in use; 0: any; default 0 */
	L7MESH_CLUSTER_A_MAX_CONNECTIONS,
	/* u32: requests that wait for one, for CONNECT_TIMEOUT; default 1024 */
	L7MESH_CLUSTER_A_MAX_PENDING_REQUESTS,
	/* u32: requests at one time; 0: any; default 0 */
	L7MESH_CLUSTER_A_MAX_REQUESTS,
	/* u32: retries at one time; 0: any; default 3 */
	L7MESH_CLUSTER_A_MAX_RETRIES,
	/*
	 * u32: of a million requests that may be retries; 0: MAX_RETRIES holds; default
	 * 0
	 */
	L7MESH_CLUSTER_A_RETRY_BUDGET,
	/* u32: retries that the budget allows in any case; default 3 */
	L7MESH_CLUSTER_A_MIN_RETRY_CONCURRENCY,
	/* u32: failures in a row that eject an endpoint; 0: off; default 0 */
	L7MESH_CLUSTER_A_CONSECUTIVE_5XX,
	/* u32: the same of 502, 503, 504; 0: off; default 0 */
	L7MESH_CLUSTER_A_CONSECUTIVE_GATEWAY_FAILURE,
	/* u32: ms, between comparisons of endpoints; default 10000 */
	L7MESH_CLUSTER_A_OUTLIER_INTERVAL,
	/* u32: ms, times how often it was ejected; default 30000 */
	L7MESH_CLUSTER_A_BASE_EJECTION_TIME,
	L7MESH_CLUSTER_A_MAX_EJECTION_TIME,	/* u32: ms; default 300000 */
	/*
	 * u32: 0 to 100; of the endpoints; one may be ejected in any case; default 10
	 */
	L7MESH_CLUSTER_A_MAX_EJECTION_PERCENT,
	/* u32: thousandths of a standard deviation below the mean; 0: off; default 0 */
	L7MESH_CLUSTER_A_SUCCESS_RATE_STDEV_FACTOR,
	/* u32: endpoints with so many requests; default 5 */
	L7MESH_CLUSTER_A_SUCCESS_RATE_MINIMUM_HOSTS,
	/* u32: in an interval; default 100 */
	L7MESH_CLUSTER_A_SUCCESS_RATE_REQUEST_VOLUME,
	/* u32: 0 to 100; percent of failures; 0: off; default 0 */
	L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_THRESHOLD,
	/* u32: endpoints with so many requests; default 5 */
	L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_MINIMUM_HOSTS,
	/* u32: in an interval; default 50 */
	L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_REQUEST_VOLUME,
	/* nest: enum l7mesh_health_check_attr; empty: none */
	L7MESH_CLUSTER_A_HEALTH_CHECK,
	/*
	 * u32: 100 to 1000; percent of their share that endpoints can take over;
	 * default 140
	 */
	L7MESH_CLUSTER_A_OVERPROVISIONING_FACTOR,
	/*
	 * u32: ms, in which a new endpoint comes to its whole weight; 0: at once;
	 * default 0
	 */
	L7MESH_CLUSTER_A_SLOW_START_WINDOW,
	/* u32: 1 to 100; percent of its weight that it has at first; default 10 */
	L7MESH_CLUSTER_A_SLOW_START_MIN_WEIGHT,
	/* u32: 0 to 100; percent of such ejections that are made; default 100 */
	L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_5XX,
	/* u32: 0 to 100; the same; default 100 */
	L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_GATEWAY_FAILURE,
	/* u32: 0 to 100; the same; default 100 */
	L7MESH_CLUSTER_A_ENFORCING_SUCCESS_RATE,
	/* u32: 0 to 100; the same; default 100 */
	L7MESH_CLUSTER_A_ENFORCING_FAILURE_PERCENTAGE,
	/*
	 * u32: failures to get an answer in a row that eject an endpoint; 0: they are
	 * 5xx as any; default 0
	 */
	L7MESH_CLUSTER_A_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
	/* u32: 0 to 100; percent of such ejections that are made; default 100 */
	L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
	/* u32: failures in a row that shut an endpoint; 0: off; default 0 */
	L7MESH_CLUSTER_A_ACCRUAL_MAX_FAILURES,
	/*
	 * u32: ms, that it is shut at first, then each time twice as long; default 1000
	 */
	L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY,
	L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY,	/* u32: ms; default 60000 */
	/* u32: 0 to 100; percent, up to which are added to each; default 50 */
	L7MESH_CLUSTER_A_ACCRUAL_JITTER,
	/* u32: MAX_CONNECTIONS of requests whose route has priority high; default 0 */
	L7MESH_CLUSTER_A_HIGH_MAX_CONNECTIONS,
	/*
	 * u32: MAX_PENDING_REQUESTS of requests whose route has priority high; default
	 * 1024
	 */
	L7MESH_CLUSTER_A_HIGH_MAX_PENDING_REQUESTS,
	/* u32: MAX_REQUESTS of requests whose route has priority high; default 0 */
	L7MESH_CLUSTER_A_HIGH_MAX_REQUESTS,
	/* u32: MAX_RETRIES of requests whose route has priority high; default 3 */
	L7MESH_CLUSTER_A_HIGH_MAX_RETRIES,
	/*
	 * u32: RETRY_BUDGET, of a million, of requests whose route has priority high;
	 * default 0
	 */
	L7MESH_CLUSTER_A_HIGH_RETRY_BUDGET,
	/*
	 * u32: MIN_RETRY_CONCURRENCY of requests whose route has priority high; default
	 * 3
	 */
	L7MESH_CLUSTER_A_HIGH_MIN_RETRY_CONCURRENCY,
	/* nest: a list of nests, enum l7mesh_locality_attr; replaced whole */
	L7MESH_CLUSTER_A_LOCALITIES,
	/* nest: a list of nests, enum l7mesh_subset_attr; replaced whole */
	L7MESH_CLUSTER_A_SUBSETS,
	/*
	 * u32: enum l7mesh_subset_fallback; what a request has whose subset has no
	 * endpoint; default: none
	 */
	L7MESH_CLUSTER_A_SUBSET_FALLBACK,
	/* nest: enum l7mesh_session_attr; empty: none */
	L7MESH_CLUSTER_A_SESSION,
	/* nest: enum l7mesh_dns_attr; empty: none; replaced whole */
	L7MESH_CLUSTER_A_DNS,
	/*
	 * u32: enum l7mesh_proxy_protocol; the header that each connection to an
	 * endpoint begins with; default: off
	 */
	L7MESH_CLUSTER_A_PROXY_PROTOCOL,

	/* private: */
	__L7MESH_CLUSTER_A_MAX,
	L7MESH_CLUSTER_A_MAX = __L7MESH_CLUSTER_A_MAX - 1
};

/* Endpoints of a place, which share its weight: Envoy's LocalityLbEndpoints. */
enum l7mesh_locality_attr {
	L7MESH_LOCALITY_A_UNSPEC,
	L7MESH_LOCALITY_A_NAME,	/* string */
	L7MESH_LOCALITY_A_WEIGHT,	/* u32: 1 to 1000000; default 1 */

	/* private: */
	__L7MESH_LOCALITY_A_MAX,
	L7MESH_LOCALITY_A_MAX = __L7MESH_LOCALITY_A_MAX - 1
};

/*
 * The name whose addresses the endpoints are. The kernel keeps it for user space, which
 * asks, and adds and removes the endpoints.
 */
enum l7mesh_dns_attr {
	L7MESH_DNS_A_UNSPEC,
	L7MESH_DNS_A_NAME,	/* string: needed */
	L7MESH_DNS_A_PORT,	/* u16: from 1; host order: of the endpoints; needed */
	/* u32: ms, an answer holds for its TTL, but no shorter; default 5000 */
	L7MESH_DNS_A_REFRESH,
	L7MESH_DNS_A_FAMILY,	/* u32: enum l7mesh_dns_family; default: all */
	/* u8: 0 or 1; one address of the answer: Envoy's LOGICAL_DNS; default 0 */
	L7MESH_DNS_A_LOGICAL,

	/* private: */
	__L7MESH_DNS_A_MAX,
	L7MESH_DNS_A_MAX = __L7MESH_DNS_A_MAX - 1
};

/* Session affinity: the cookie names the endpoint that served the client. */
enum l7mesh_session_attr {
	L7MESH_SESSION_A_UNSPEC,
	L7MESH_SESSION_A_COOKIE,	/* string: its name; needed */
	/* u32: 0 to 31536000; seconds, 0: as long as the client keeps it; default 0 */
	L7MESH_SESSION_A_TTL,
	L7MESH_SESSION_A_PATH,	/* string: the cookie's; default: the request's */

	/* private: */
	__L7MESH_SESSION_A_MAX,
	L7MESH_SESSION_A_MAX = __L7MESH_SESSION_A_MAX - 1
};

/* Endpoints that have all of some metadata, which routes name. */
enum l7mesh_subset_attr {
	L7MESH_SUBSET_A_UNSPEC,
	L7MESH_SUBSET_A_NAME,	/* string */
	/*
	 * string: KEY=VALUE,... of letters, digits and -_./, that its endpoints have;
	 * not empty
	 */
	L7MESH_SUBSET_A_METADATA,

	/* private: */
	__L7MESH_SUBSET_A_MAX,
	L7MESH_SUBSET_A_MAX = __L7MESH_SUBSET_A_MAX - 1
};

/* Active health checks: Envoy's names. Replaced whole. */
enum l7mesh_health_check_attr {
	L7MESH_HEALTH_CHECK_A_UNSPEC,
	L7MESH_HEALTH_CHECK_A_INTERVAL,	/* u32: ms, needed */
	L7MESH_HEALTH_CHECK_A_TIMEOUT,	/* u32: ms; default 1000 */
	/* u32: ms, up to which are added to the interval; default 0 */
	L7MESH_HEALTH_CHECK_A_JITTER,
	/*
	 * u32: ms, instead of a shorter INTERVAL until there is traffic; default 60000
	 */
	L7MESH_HEALTH_CHECK_A_NO_TRAFFIC_INTERVAL,
	/*
	 * u32: from 1; failures in a row, but for a status that is not expected;
	 * default 3
	 */
	L7MESH_HEALTH_CHECK_A_UNHEALTHY_THRESHOLD,
	/* u32: from 1; successes in a row, but for the first answer; default 2 */
	L7MESH_HEALTH_CHECK_A_HEALTHY_THRESHOLD,
	/* u16: from 1; host order; default: the endpoint's */
	L7MESH_HEALTH_CHECK_A_PORT,
	/*
	 * u64: from 1; SO_NETNS_COOKIE of an attached namespace, that asks; default:
	 * the mesh's own
	 */
	L7MESH_HEALTH_CHECK_A_NETNS,
	/* string: asked for by GET; default: only connect */
	L7MESH_HEALTH_CHECK_A_PATH,
	L7MESH_HEALTH_CHECK_A_HOST,	/* string: default: the cluster's name */
	/* binary: u16 each, of 100 to 599, that are expected; default: 200 */
	L7MESH_HEALTH_CHECK_A_STATUS,
	L7MESH_HEALTH_CHECK_A_PAD,

	/* private: */
	__L7MESH_HEALTH_CHECK_A_MAX,
	L7MESH_HEALTH_CHECK_A_MAX = __L7MESH_HEALTH_CHECK_A_MAX - 1
};

/*
 * One of HEADER, SOURCE_ADDRESS, COOKIE, QUERY, PATH, FIVE_TUPLE per item; the first
 * that yields a value is used, unless it has COMBINE.
 */
enum l7mesh_hash_policy_attr {
	L7MESH_HASH_POLICY_A_UNSPEC,
	L7MESH_HASH_POLICY_A_HEADER,	/* string: a field's name */
	/* flag: the client's address, without port */
	L7MESH_HASH_POLICY_A_SOURCE_ADDRESS,
	L7MESH_HASH_POLICY_A_COOKIE,	/* string: a cookie's name */
	/*
	 * u32: 0 to 31536000; seconds, the client is given one if it has none; 0: for
	 * its session
	 */
	L7MESH_HASH_POLICY_A_COOKIE_TTL,
	L7MESH_HASH_POLICY_A_COOKIE_PATH,	/* string: with COOKIE_TTL */
	L7MESH_HASH_POLICY_A_QUERY,	/* string: a parameter's name */
	L7MESH_HASH_POLICY_A_PATH,	/* flag: the path, without query */
	L7MESH_HASH_POLICY_A_COMBINE,	/* flag: the value is mixed with later ones */
	/* flag: of a udp listener's flow: the addresses and ports of both ends */
	L7MESH_HASH_POLICY_A_FIVE_TUPLE,

	/* private: */
	__L7MESH_HASH_POLICY_A_MAX,
	L7MESH_HASH_POLICY_A_MAX = __L7MESH_HASH_POLICY_A_MAX - 1
};

enum l7mesh_endpoint_attr {
	L7MESH_ENDPOINT_A_UNSPEC,
	L7MESH_ENDPOINT_A_CLUSTER,	/* string */
	L7MESH_ENDPOINT_A_ADDRESS,	/* binary: network order: 4 or 16 bytes */
	L7MESH_ENDPOINT_A_PORT,	/* u16: from 1; host order */
	L7MESH_ENDPOINT_A_WEIGHT,	/* u32: 1 to 1000000; default 1 */
	L7MESH_ENDPOINT_A_PRIORITY,	/* u32: 0 to 127; 0 goes first; default 0 */
	/* string: a locality of the cluster; empty: none */
	L7MESH_ENDPOINT_A_LOCALITY,
	/* string: KEY=VALUE,... of letters, digits and -_./, which subsets ask for */
	L7MESH_ENDPOINT_A_METADATA,

	/* private: */
	__L7MESH_ENDPOINT_A_MAX,
	L7MESH_ENDPOINT_A_MAX = __L7MESH_ENDPOINT_A_MAX - 1
};

/*
 * http, tls: ROUTE_TABLE. tcp: CLUSTER, or PROXY_ADDRESS with PROXY_PORT. udp: CLUSTER.
 * auto: ROUTE_TABLE and CLUSTER, perhaps TLS_ROUTE_TABLE.
 */
enum l7mesh_listener_attr {
	L7MESH_LISTENER_A_UNSPEC,
	L7MESH_LISTENER_A_NAME,	/* string */
	L7MESH_LISTENER_A_ADDRESS,	/* binary: network order: 4 or 16 bytes */
	/* u16: host order; 0: every port that no other listener of the address has */
	L7MESH_LISTENER_A_PORT,
	L7MESH_LISTENER_A_PROTOCOL,	/* u32: enum l7mesh_protocol */
	L7MESH_LISTENER_A_ROUTE_TABLE,	/* string */
	L7MESH_LISTENER_A_CLUSTER,	/* string */
	/* binary: as ADDRESS and of its family */
	L7MESH_LISTENER_A_PROXY_ADDRESS,
	L7MESH_LISTENER_A_PROXY_PORT,	/* u16: from 1; host order */
	/* u32: ms, for a request, head and body, once begun; 0: any; default 0 */
	L7MESH_LISTENER_A_REQUEST_TIMEOUT,
	L7MESH_LISTENER_A_IDLE_TIMEOUT,	/* u32: ms, between requests; default 300000 */
	/* u32: ms, for a request's head, once begun; default 10000 */
	L7MESH_LISTENER_A_HEADERS_TIMEOUT,
	/* u32: ms, of a stalled body or tunnel; 0: any; default 300000 */
	L7MESH_LISTENER_A_STREAM_IDLE_TIMEOUT,
	/*
	 * u32: ms, after which a connection takes no more requests; 0: any; default 0
	 */
	L7MESH_LISTENER_A_MAX_CONNECTION_DURATION,
	L7MESH_LISTENER_A_MAX_REQUESTS_PER_CONNECTION,	/* u32: 0: any; default 0 */
	/*
	 * u32: 64 to 61440; of a request's head, with the request line; default 61440
	 */
	L7MESH_LISTENER_A_MAX_HEADER_BYTES,
	L7MESH_LISTENER_A_MAX_HEADERS,	/* u32: 1 to 100; of a request; default 100 */
	/* u32: 1 to 8192; of a request's target; default 8192 */
	L7MESH_LISTENER_A_MAX_URI_BYTES,
	/* u64: 0 to 9223372036854775807; of a request; 0: any; default 0 */
	L7MESH_LISTENER_A_MAX_BODY_BYTES,
	/*
	 * u32: 0 to 1073741824; bytes that each socket of a connection may buffer, each
	 * way; 0: what TCP thinks best; default 0
	 */
	L7MESH_LISTENER_A_BUFFER_LIMIT,
	/*
	 * u8: 0 or 1; before matching and in what is forwarded, unreserved characters
	 * are decoded and dot segments removed (RFC 3986 6.2.2); default 0
	 */
	L7MESH_LISTENER_A_NORMALIZE_PATH,
	/* u8: 0 or 1; likewise, "//" is "/"; default 0 */
	L7MESH_LISTENER_A_MERGE_SLASHES,
	/* u32: enum l7mesh_escaped_slashes; default: keep */
	L7MESH_LISTENER_A_ESCAPED_SLASHES,
	/* u32: enum l7mesh_expect_continue; default: forward */
	L7MESH_LISTENER_A_EXPECT_CONTINUE,
	/* u32: enum l7mesh_upgrade; default: websocket */
	L7MESH_LISTENER_A_UPGRADE,
	L7MESH_LISTENER_A_CONNECT,	/* u32: enum l7mesh_connect; default: refuse */
	/* u8: 0 or 1; added to a request if absent; default 1 */
	L7MESH_LISTENER_A_X_REQUEST_ID,
	/* u8: 0 or 1; the client's address is appended to it; default 1 */
	L7MESH_LISTENER_A_X_FORWARDED_FOR,
	/* u8: 0 or 1; added if absent; default 1 */
	L7MESH_LISTENER_A_X_FORWARDED_PROTO,
	/* u8: 0 or 1; added if absent; default 0 */
	L7MESH_LISTENER_A_X_FORWARDED_HOST,
	/* u8: 0 or 1; appended to it, RFC 7239; default 0 */
	L7MESH_LISTENER_A_FORWARDED,
	/* u8: 0 or 1; appended to it, RFC 9110 7.6.3; default 0 */
	L7MESH_LISTENER_A_VIA,
	/* u8: 0 or 1; added if absent or malformed, W3C Trace Context; default 0 */
	L7MESH_LISTENER_A_TRACEPARENT,
	/*
	 * u32: 0 to 100; how many proxies before this one are believed: with N > 0 the
	 * client is the Nth of x-forwarded-for from its end; default 0
	 */
	L7MESH_LISTENER_A_TRUSTED_HOPS,
	L7MESH_LISTENER_A_PAD,
	/* nest: enum l7mesh_rate_limit_attr; empty: none */
	L7MESH_LISTENER_A_RATE_LIMIT,
	/* u32: of an address, at one time; 0: any; default 0 */
	L7MESH_LISTENER_A_MAX_CONNECTIONS_PER_SOURCE,
	L7MESH_LISTENER_A_MAX_REQUESTS_PER_SOURCE,	/* u32: the same; default 0 */
	/* u32: enum l7mesh_host_port; default: ignore */
	L7MESH_LISTENER_A_HOST_PORT,
	/*
	 * u8: 0 or 1; a client that shuts down its half is taken for one that closes;
	 * default 0
	 */
	L7MESH_LISTENER_A_ABORT_ON_CLOSE,
	/* u32: enum l7mesh_headers_with_underscores; default: allow */
	L7MESH_LISTENER_A_HEADERS_WITH_UNDERSCORES,
	/*
	 * u8: 0 or 1; connections that arrive as packets are taken as well; default 0
	 */
	L7MESH_LISTENER_A_PACKETS,
	L7MESH_LISTENER_A_SOURCE,	/* u32: enum l7mesh_source; default: auto */
	/*
	 * u8: 0 or 1; connections from TRUSTED_SOURCES begin with a PROXY header;
	 * default 0
	 */
	L7MESH_LISTENER_A_PROXY_PROTOCOL,
	/*
	 * nest: a list of networks: an address, and one byte, of how many bits count;
	 * at most 64; replaced whole; empty: none
	 */
	L7MESH_LISTENER_A_TRUSTED_SOURCES,
	/* string: auto: of connections that are TLS; without, they go to CLUSTER */
	L7MESH_LISTENER_A_TLS_ROUTE_TABLE,
	/*
	 * u32: ms, auto: within which a client says what it speaks, before the server
	 * is to; default 1000
	 */
	L7MESH_LISTENER_A_DETECT_TIMEOUT,
	/*
	 * u8: 0 or 1; only where packets arrive at a namespace that has the address
	 * itself; with PACKETS; default 0
	 */
	L7MESH_LISTENER_A_INBOUND,
	/*
	 * u16: host order; above PORT, then each port from that to this one; 0: PORT
	 * alone; default 0
	 */
	L7MESH_LISTENER_A_PORT_END,
	/*
	 * nest: a list of addresses; at most 16 besides ADDRESS, with the same ports;
	 * replaced whole; empty: none
	 */
	L7MESH_LISTENER_A_ADDRESSES,
	/*
	 * nest: a list of networks: an address, and one byte, of how many bits count;
	 * of the clients that it is for, at most 64; replaced whole; empty: for all
	 */
	L7MESH_LISTENER_A_FROM,
	/*
	 * string: by which packets arrive that it takes, needs PACKETS; empty: any, and
	 * connect()
	 */
	L7MESH_LISTENER_A_INTERFACE,

	/* private: */
	__L7MESH_LISTENER_A_MAX,
	L7MESH_LISTENER_A_MAX = __L7MESH_LISTENER_A_MAX - 1
};

enum l7mesh_route_table_attr {
	L7MESH_ROUTE_TABLE_A_UNSPEC,
	L7MESH_ROUTE_TABLE_A_NAME,	/* string */

	/* private: */
	__L7MESH_ROUTE_TABLE_A_MAX,
	L7MESH_ROUTE_TABLE_A_MAX = __L7MESH_ROUTE_TABLE_A_MAX - 1
};

enum l7mesh_virtual_host_attr {
	L7MESH_VIRTUAL_HOST_A_UNSPEC,
	L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE,	/* string */
	L7MESH_VIRTUAL_HOST_A_NAME,	/* string */
	L7MESH_VIRTUAL_HOST_A_DOMAINS,	/* nest: a list of strings; at least one */
	/* u32: enum l7mesh_route_order; default: first */
	L7MESH_VIRTUAL_HOST_A_ORDER,
	/*
	 * nest: a list of nests, enum l7mesh_header_op_attr; after those of the route
	 */
	L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS,
	/*
	 * nest: a list of nests, enum l7mesh_header_op_attr; after those of the route
	 */
	L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS,

	/* private: */
	__L7MESH_VIRTUAL_HOST_A_MAX,
	L7MESH_VIRTUAL_HOST_A_MAX = __L7MESH_VIRTUAL_HOST_A_MAX - 1
};

enum l7mesh_route_attr {
	L7MESH_ROUTE_A_UNSPEC,
	L7MESH_ROUTE_A_ROUTE_TABLE,	/* string */
	L7MESH_ROUTE_A_VIRTUAL_HOST,	/* string */
	/* u32: from 0; ADD without: at the end, with: before the one that has it */
	L7MESH_ROUTE_A_INDEX,
	L7MESH_ROUTE_A_MATCH,	/* nest: enum l7mesh_match_attr */
	/*
	 * nest: enum l7mesh_action_attr; exactly one of CLUSTER, WEIGHTED_CLUSTERS,
	 * CLUSTER_HEADER, REDIRECT, DIRECT_RESPONSE
	 */
	L7MESH_ROUTE_A_ACTION,
	/* nest: a list of nests, enum l7mesh_header_op_attr */
	L7MESH_ROUTE_A_REQUEST_HEADERS,
	/* nest: a list of nests, enum l7mesh_header_op_attr */
	L7MESH_ROUTE_A_RESPONSE_HEADERS,
	L7MESH_ROUTE_A_CORS,	/* nest: enum l7mesh_cors_attr */
	/*
	 * u32: ms, from the request's end to the response's, all tries together; 0:
	 * any; default 0
	 */
	L7MESH_ROUTE_A_TIMEOUT,
	L7MESH_ROUTE_A_RETRY,	/* nest: enum l7mesh_retry_attr; empty: none */
	/* nest: enum l7mesh_rate_limit_attr; empty: none */
	L7MESH_ROUTE_A_RATE_LIMIT,
	L7MESH_ROUTE_A_FAULT,	/* nest: enum l7mesh_fault_attr; empty: none */
	/*
	 * nest: a list of nests, enum l7mesh_mirror_attr; at most 4, for requests that
	 * are forwarded
	 */
	L7MESH_ROUTE_A_MIRRORS,
	/*
	 * nest: a list of nests, enum l7mesh_hash_policy_attr; instead of its
	 * cluster's, which must have some; replaced whole; empty: the cluster's
	 */
	L7MESH_ROUTE_A_HASH,
	/*
	 * u32: enum l7mesh_routing_priority; whose circuit breakers count its requests;
	 * default: default
	 */
	L7MESH_ROUTE_A_PRIORITY,

	/* private: */
	__L7MESH_ROUTE_A_MAX,
	L7MESH_ROUTE_A_MAX = __L7MESH_ROUTE_A_MAX - 1
};

enum l7mesh_match_attr {
	L7MESH_MATCH_A_UNSPEC,
	L7MESH_MATCH_A_PATH_EXACT,	/* string */
	L7MESH_MATCH_A_PATH_PREFIX,	/* string: whole segments */
	L7MESH_MATCH_A_METHOD,	/* string: one, or several with commas */
	/* nest: a list of nests, enum l7mesh_value_match_attr; all must match */
	L7MESH_MATCH_A_HEADERS,
	/*
	 * nest: a list of nests, enum l7mesh_value_match_attr; all must match; of query
	 * parameters
	 */
	L7MESH_MATCH_A_QUERY,
	L7MESH_MATCH_A_PATH_RAW_PREFIX,	/* string: not only whole segments */
	L7MESH_MATCH_A_PATH_SUFFIX,	/* string */
	L7MESH_MATCH_A_PATH_TEMPLATE,	/* string: such as /users/{id} */
	L7MESH_MATCH_A_PATH_REGEX,	/* string: of the whole path */
	/*
	 * binary: an address, 4 or 16 bytes in network order, and how many bits of it
	 * count, one byte
	 */
	L7MESH_MATCH_A_SOURCE,
	/* u64: from 1; SO_NETNS_COOKIE of the client's namespace */
	L7MESH_MATCH_A_SOURCE_NETNS,
	L7MESH_MATCH_A_LISTENER,	/* string: the name of the listener */
	L7MESH_MATCH_A_FRACTION,	/* u32: of a million requests */
	L7MESH_MATCH_A_PAD,

	/* private: */
	__L7MESH_MATCH_A_MAX,
	L7MESH_MATCH_A_MAX = __L7MESH_MATCH_A_MAX - 1
};

/* NAME, INVERT if need be, and exactly one of the others (RANGE_*: both). */
enum l7mesh_value_match_attr {
	L7MESH_VALUE_MATCH_A_UNSPEC,
	L7MESH_VALUE_MATCH_A_NAME,	/* string */
	L7MESH_VALUE_MATCH_A_EXACT,	/* string */
	L7MESH_VALUE_MATCH_A_PREFIX,	/* string */
	L7MESH_VALUE_MATCH_A_PRESENT,	/* u8: 0 or 1; 1 present, 0 absent */
	L7MESH_VALUE_MATCH_A_SUFFIX,	/* string */
	L7MESH_VALUE_MATCH_A_CONTAINS,	/* string */
	L7MESH_VALUE_MATCH_A_REGEX,	/* string: of the whole value */
	/* s64: with RANGE_END: a decimal number, this or more */
	L7MESH_VALUE_MATCH_A_RANGE_START,
	L7MESH_VALUE_MATCH_A_RANGE_END,	/* s64: below this */
	/* flag: the name is there, and no value matches */
	L7MESH_VALUE_MATCH_A_INVERT,
	L7MESH_VALUE_MATCH_A_PAD,

	/* private: */
	__L7MESH_VALUE_MATCH_A_MAX,
	L7MESH_VALUE_MATCH_A_MAX = __L7MESH_VALUE_MATCH_A_MAX - 1
};

/* VALUE, unless OP is remove. */
enum l7mesh_header_op_attr {
	L7MESH_HEADER_OP_A_UNSPEC,
	L7MESH_HEADER_OP_A_NAME,	/* string */
	L7MESH_HEADER_OP_A_VALUE,	/* string: text and %VARIABLES% */
	L7MESH_HEADER_OP_A_OP,	/* u32: enum l7mesh_header_op; default: set */

	/* private: */
	__L7MESH_HEADER_OP_A_MAX,
	L7MESH_HEADER_OP_A_MAX = __L7MESH_HEADER_OP_A_MAX - 1
};

/* Of the Fetch standard, 3.2. */
enum l7mesh_cors_attr {
	L7MESH_CORS_A_UNSPEC,
	/* nest: a list of strings; in each, one * stands for any text */
	L7MESH_CORS_A_ALLOW_ORIGINS,
	L7MESH_CORS_A_ALLOW_METHODS,	/* string: as it stands in the field */
	L7MESH_CORS_A_ALLOW_HEADERS,	/* string */
	L7MESH_CORS_A_EXPOSE_HEADERS,	/* string */
	L7MESH_CORS_A_MAX_AGE,	/* u32: 0 to 86400; seconds */
	L7MESH_CORS_A_ALLOW_CREDENTIALS,	/* u8: 0 or 1; default 0 */

	/* private: */
	__L7MESH_CORS_A_MAX,
	L7MESH_CORS_A_MAX = __L7MESH_CORS_A_MAX - 1
};

/* MAX_TOKENS. One bucket for all requests, or one for each value of the key. */
enum l7mesh_rate_limit_attr {
	L7MESH_RATE_LIMIT_A_UNSPEC,
	L7MESH_RATE_LIMIT_A_MAX_TOKENS,	/* u32: from 1; at once */
	L7MESH_RATE_LIMIT_A_TOKENS_PER_FILL,	/* u32: from 1; default 1 */
	L7MESH_RATE_LIMIT_A_FILL_INTERVAL,	/* u32: ms; default 1000 */
	/*
	 * string: a field's name: a bucket for each value; without the field no limit
	 */
	L7MESH_RATE_LIMIT_A_HEADER,
	/* flag: a bucket for each client's address, without port */
	L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS,
	/* u32: 1 to 1048576; values that are in debt at one time; default 8192 */
	L7MESH_RATE_LIMIT_A_MAX_KEYS,

	/* private: */
	__L7MESH_RATE_LIMIT_A_MAX,
	L7MESH_RATE_LIMIT_A_MAX = __L7MESH_RATE_LIMIT_A_MAX - 1
};

/* DELAY, ABORT or RESPONSE_RATE, or BY_HEADER. Fractions are 1000000 by default. */
enum l7mesh_fault_attr {
	L7MESH_FAULT_A_UNSPEC,
	L7MESH_FAULT_A_DELAY,	/* u32: ms */
	/* u32: of a million requests; default 1000000 */
	L7MESH_FAULT_A_DELAY_FRACTION,
	L7MESH_FAULT_A_ABORT,	/* u16: 200 to 599; status */
	/* u32: of a million requests; default 1000000 */
	L7MESH_FAULT_A_ABORT_FRACTION,
	/* u32: 1 to 1073741824; bytes of a body a second */
	L7MESH_FAULT_A_RESPONSE_RATE,
	/* u32: of a million requests; default 1000000 */
	L7MESH_FAULT_A_RATE_FRACTION,
	/* u8: 0 or 1; 1: requests may ask for other values; default 0 */
	L7MESH_FAULT_A_BY_HEADER,

	/* private: */
	__L7MESH_FAULT_A_MAX,
	L7MESH_FAULT_A_MAX = __L7MESH_FAULT_A_MAX - 1
};

/* A copy of requests, whose answers are thrown away. */
enum l7mesh_mirror_attr {
	L7MESH_MIRROR_A_UNSPEC,
	L7MESH_MIRROR_A_CLUSTER,	/* string */
	/* u32: of a million requests; default 1000000 */
	L7MESH_MIRROR_A_FRACTION,
	/* u8: 0 or 1; "-shadow" is appended to the copy's host; default 1 */
	L7MESH_MIRROR_A_SHADOW,

	/* private: */
	__L7MESH_MIRROR_A_MAX,
	L7MESH_MIRROR_A_MAX = __L7MESH_MIRROR_A_MAX - 1
};

/* ON or STATUS. What is not idempotent is tried again only if nothing was sent. */
enum l7mesh_retry_attr {
	L7MESH_RETRY_A_UNSPEC,
	L7MESH_RETRY_A_ON,	/* u32: 1 << enum l7mesh_retry_on, together */
	L7MESH_RETRY_A_STATUS,	/* binary: u16 each, 100 to 599, host order */
	L7MESH_RETRY_A_NUM_RETRIES,	/* u32: 1 to 100; default 1 */
	/* u32: ms, for the head of each response; 0: RESPONSE_TIMEOUT; default 0 */
	L7MESH_RETRY_A_PER_TRY_TIMEOUT,
	/*
	 * u32: ms, before the first retry at most, twice that for each further one;
	 * default 25
	 */
	L7MESH_RETRY_A_BACKOFF,
	/* u32: ms, that it grows to; 0: ten times BACKOFF; default 0 */
	L7MESH_RETRY_A_MAX_BACKOFF,
	/*
	 * u32: 0 to 1048576; bytes of memory for a body that may have to be sent again;
	 * default 65536
	 */
	L7MESH_RETRY_A_REPLAY_LIMIT,
	/* u8: 0 or 1; not where it has failed, if there are others; default 1 */
	L7MESH_RETRY_A_AVOID_PREVIOUS_HOSTS,
	/*
	 * u8: 0 or 1; another try begins, at once, when the time of one is over, which
	 * goes on all the same: who answers first; needs PER_TRY_TIMEOUT; default 0
	 */
	L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT,

	/* private: */
	__L7MESH_RETRY_A_MAX,
	L7MESH_RETRY_A_MAX = __L7MESH_RETRY_A_MAX - 1
};

enum l7mesh_action_attr {
	L7MESH_ACTION_A_UNSPEC,
	L7MESH_ACTION_A_CLUSTER,	/* string */
	/* nest: a list of nests, enum l7mesh_weighted_cluster_attr */
	L7MESH_ACTION_A_WEIGHTED_CLUSTERS,
	L7MESH_ACTION_A_REDIRECT,	/* nest: enum l7mesh_redirect_attr */
	/* nest: enum l7mesh_direct_response_attr */
	L7MESH_ACTION_A_DIRECT_RESPONSE,
	L7MESH_ACTION_A_CLUSTER_HEADER,	/* string: the field that names the cluster */
	/* nest: enum l7mesh_rewrite_attr; with one of the cluster attributes */
	L7MESH_ACTION_A_REWRITE,
	L7MESH_ACTION_A_SUBSET,	/* string: with CLUSTER, one of its subsets */

	/* private: */
	__L7MESH_ACTION_A_MAX,
	L7MESH_ACTION_A_MAX = __L7MESH_ACTION_A_MAX - 1
};

enum l7mesh_weighted_cluster_attr {
	L7MESH_WEIGHTED_CLUSTER_A_UNSPEC,
	L7MESH_WEIGHTED_CLUSTER_A_NAME,	/* string */
	L7MESH_WEIGHTED_CLUSTER_A_WEIGHT,	/* u32: 0 to 1000000; not all 0 */
	/*
	 * nest: a list of nests, enum l7mesh_header_op_attr; before those of the route
	 */
	L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS,
	/*
	 * nest: a list of nests, enum l7mesh_header_op_attr; before those of the route
	 */
	L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS,
	/* string: one of the cluster's subsets */
	L7MESH_WEIGHTED_CLUSTER_A_SUBSET,

	/* private: */
	__L7MESH_WEIGHTED_CLUSTER_A_MAX,
	L7MESH_WEIGHTED_CLUSTER_A_MAX = __L7MESH_WEIGHTED_CLUSTER_A_MAX - 1
};

/* At least one; at most one of PATH, PREFIX, TEMPLATE. */
enum l7mesh_rewrite_attr {
	L7MESH_REWRITE_A_UNSPEC,
	L7MESH_REWRITE_A_HOST,	/* string: becomes the field Host */
	L7MESH_REWRITE_A_PATH,	/* string: the whole path */
	/* string: in place of the path's prefix that the route matches */
	L7MESH_REWRITE_A_PREFIX,
	/* string: with the variables of the route's template, 16 times at most */
	L7MESH_REWRITE_A_TEMPLATE,

	/* private: */
	__L7MESH_REWRITE_A_MAX,
	L7MESH_REWRITE_A_MAX = __L7MESH_REWRITE_A_MAX - 1
};

/* PATH and PREFIX exclude each other. What is not given is the request's. */
enum l7mesh_redirect_attr {
	L7MESH_REDIRECT_A_UNSPEC,
	L7MESH_REDIRECT_A_HOST,	/* string */
	L7MESH_REDIRECT_A_PATH,	/* string: the whole path */
	/* u16: 301 to 308; 301, 302, 303, 307, 308; default 301 */
	L7MESH_REDIRECT_A_STATUS,
	L7MESH_REDIRECT_A_SCHEME,	/* u32: enum l7mesh_scheme; default: same */
	/* u16: from 1; default: the scheme's if SCHEME is given, else the listener's */
	L7MESH_REDIRECT_A_PORT,
	/* string: in place of the path's prefix that the route matches */
	L7MESH_REDIRECT_A_PREFIX,
	L7MESH_REDIRECT_A_STRIP_QUERY,	/* u8: 0 or 1; default 0 */

	/* private: */
	__L7MESH_REDIRECT_A_MAX,
	L7MESH_REDIRECT_A_MAX = __L7MESH_REDIRECT_A_MAX - 1
};

enum l7mesh_direct_response_attr {
	L7MESH_DIRECT_RESPONSE_A_UNSPEC,
	L7MESH_DIRECT_RESPONSE_A_STATUS,	/* u16: 200 to 599 */
	L7MESH_DIRECT_RESPONSE_A_BODY,	/* binary */

	/* private: */
	__L7MESH_DIRECT_RESPONSE_A_MAX,
	L7MESH_DIRECT_RESPONSE_A_MAX = __L7MESH_DIRECT_RESPONSE_A_MAX - 1
};

enum l7mesh_splice_attr {
	L7MESH_SPLICE_A_UNSPEC,
	L7MESH_SPLICE_A_POLICY,	/* u32: enum l7mesh_splice_policy; default: mesh */
	/* nest: a list of nests, enum l7mesh_splice_except_attr; at most 64 */
	L7MESH_SPLICE_A_EXCEPT,
	/* u8: 0 or 1; 1 also where a qdisc shapes or a filter polices; default 0 */
	L7MESH_SPLICE_A_BYPASS_SHAPING,

	/* private: */
	__L7MESH_SPLICE_A_MAX,
	L7MESH_SPLICE_A_MAX = __L7MESH_SPLICE_A_MAX - 1
};

/* Connections that are not spliced. */
enum l7mesh_splice_except_attr {
	L7MESH_SPLICE_EXCEPT_A_UNSPEC,
	/* u16: from 1; that the client connects to, or at which the server listens */
	L7MESH_SPLICE_EXCEPT_A_PORT,

	/* private: */
	__L7MESH_SPLICE_EXCEPT_A_MAX,
	L7MESH_SPLICE_EXCEPT_A_MAX = __L7MESH_SPLICE_EXCEPT_A_MAX - 1
};

enum l7mesh_splice_pair_attr {
	L7MESH_SPLICE_PAIR_A_UNSPEC,
	L7MESH_SPLICE_PAIR_A_CLIENT,	/* nest: enum l7mesh_splice_end_attr */
	L7MESH_SPLICE_PAIR_A_SERVER,	/* nest: enum l7mesh_splice_end_attr */

	/* private: */
	__L7MESH_SPLICE_PAIR_A_MAX,
	L7MESH_SPLICE_PAIR_A_MAX = __L7MESH_SPLICE_PAIR_A_MAX - 1
};

/* A socket; what it has sent to the other, in the application's messages. */
enum l7mesh_splice_end_attr {
	L7MESH_SPLICE_END_A_UNSPEC,
	L7MESH_SPLICE_END_A_ADDRESS,	/* binary: network order: 4 or 16 bytes */
	L7MESH_SPLICE_END_A_PORT,	/* u16: host order */
	L7MESH_SPLICE_END_A_NETNS,	/* u64: inode of /proc/PID/ns/net */
	/* u64: inode of /proc/PID/fd/N; 0: the kernel's */
	L7MESH_SPLICE_END_A_SOCKET,
	L7MESH_SPLICE_END_A_DIRECT_BYTES,	/* u64 */
	L7MESH_SPLICE_END_A_DIRECT_MESSAGES,	/* u64 */
	L7MESH_SPLICE_END_A_TCP_BYTES,	/* u64 */
	L7MESH_SPLICE_END_A_TCP_MESSAGES,	/* u64 */
	/*
	 * nest: a list of nests, enum l7mesh_stat_attr; why how many messages went by
	 * TCP
	 */
	L7MESH_SPLICE_END_A_FALLBACKS,
	L7MESH_SPLICE_END_A_PAD,

	/* private: */
	__L7MESH_SPLICE_END_A_MAX,
	L7MESH_SPLICE_END_A_MAX = __L7MESH_SPLICE_END_A_MAX - 1
};

enum l7mesh_attached_attr {
	L7MESH_ATTACHED_A_UNSPEC,
	L7MESH_ATTACHED_A_INODE,	/* u64: of /proc/PID/ns/net */
	L7MESH_ATTACHED_A_COOKIE,	/* u64: SO_NETNS_COOKIE */
	L7MESH_ATTACHED_A_PAD,

	/* private: */
	__L7MESH_ATTACHED_A_MAX,
	L7MESH_ATTACHED_A_MAX = __L7MESH_ATTACHED_A_MAX - 1
};

enum l7mesh_stat_attr {
	L7MESH_STAT_A_UNSPEC,
	L7MESH_STAT_A_NAME,	/* string */
	L7MESH_STAT_A_VALUE,	/* u64 */
	L7MESH_STAT_A_PAD,

	/* private: */
	__L7MESH_STAT_A_MAX,
	L7MESH_STAT_A_MAX = __L7MESH_STAT_A_MAX - 1
};

enum l7mesh_endpoint_stats_attr {
	L7MESH_ENDPOINT_STATS_A_UNSPEC,
	L7MESH_ENDPOINT_STATS_A_CLUSTER,	/* string */
	L7MESH_ENDPOINT_STATS_A_ADDRESS,	/* binary: network order */
	L7MESH_ENDPOINT_STATS_A_PORT,	/* u16: host order */
	/* u64: L4 connections sent there, and HTTP legs opened */
	L7MESH_ENDPOINT_STATS_A_CONNECTIONS,
	L7MESH_ENDPOINT_STATS_A_REQUESTS,	/* u64: HTTP requests sent there */
	/* u64: connects and exchanges that failed */
	L7MESH_ENDPOINT_STATS_A_FAILURES,
	L7MESH_ENDPOINT_STATS_A_PAD,
	L7MESH_ENDPOINT_STATS_A_ACTIVE,	/* u32: HTTP requests that last */
	/* u32: ms, for which it is not picked yet */
	L7MESH_ENDPOINT_STATS_A_EJECTED,
	L7MESH_ENDPOINT_STATS_A_DRAINING,	/* u8: 1: it is not picked */
	/* u8: 1: its health checks say that it is well; there only if there are any */
	L7MESH_ENDPOINT_STATS_A_HEALTHY,

	/* private: */
	__L7MESH_ENDPOINT_STATS_A_MAX,
	L7MESH_ENDPOINT_STATS_A_MAX = __L7MESH_ENDPOINT_STATS_A_MAX - 1
};

/*
 * How many connections and requests a policy decided; what its action cannot do is not
 * there.
 */
enum l7mesh_authorization_stats_attr {
	L7MESH_AUTHORIZATION_STATS_A_UNSPEC,
	L7MESH_AUTHORIZATION_STATS_A_NAME,	/* string */
	L7MESH_AUTHORIZATION_STATS_A_ALLOWED,	/* u64 */
	L7MESH_AUTHORIZATION_STATS_A_DENIED,	/* u64 */
	L7MESH_AUTHORIZATION_STATS_A_AUDITED,	/* u64 */
	L7MESH_AUTHORIZATION_STATS_A_WOULD_ALLOW,	/* u64: while AUDIT was set */
	L7MESH_AUTHORIZATION_STATS_A_WOULD_DENY,	/* u64: the same */
	L7MESH_AUTHORIZATION_STATS_A_PAD,
	L7MESH_AUTHORIZATION_STATS_A_CUT,	/* u64: connections that it ended */

	/* private: */
	__L7MESH_AUTHORIZATION_STATS_A_MAX,
	L7MESH_AUTHORIZATION_STATS_A_MAX = __L7MESH_AUTHORIZATION_STATS_A_MAX - 1
};

/*
 * What came to a workload that is or was bound, and none of the policies that allow had
 * a rule for.
 */
enum l7mesh_workload_stats_attr {
	L7MESH_WORKLOAD_STATS_A_UNSPEC,
	L7MESH_WORKLOAD_STATS_A_NAME,	/* string */
	L7MESH_WORKLOAD_STATS_A_CONNECTIONS_REFUSED,	/* u64 */
	L7MESH_WORKLOAD_STATS_A_REQUESTS_REFUSED,	/* u64 */
	/*
	 * u64: both, which would have been if policies with AUDIT did more than count
	 */
	L7MESH_WORKLOAD_STATS_A_WOULD_REFUSE,
	L7MESH_WORKLOAD_STATS_A_PAD,

	/* private: */
	__L7MESH_WORKLOAD_STATS_A_MAX,
	L7MESH_WORKLOAD_STATS_A_MAX = __L7MESH_WORKLOAD_STATS_A_MAX - 1
};

/*
 * The first piece has SIZE and the endpoints in table order (L7MESH_A_ENDPOINT objects
 * precede it in the same dump); the pieces' ENTRIES concatenated are the table, an
 * index into those endpoints for each slot.
 */
enum l7mesh_maglev_attr {
	L7MESH_MAGLEV_A_UNSPEC,
	L7MESH_MAGLEV_A_SIZE,	/* u32 */
	L7MESH_MAGLEV_A_FIRST,	/* u32: the slot of the first of ENTRIES */
	/* binary: u32 each, host order: indexes into the endpoints */
	L7MESH_MAGLEV_A_ENTRIES,

	/* private: */
	__L7MESH_MAGLEV_A_MAX,
	L7MESH_MAGLEV_A_MAX = __L7MESH_MAGLEV_A_MAX - 1
};

/* A request, or a connection, that nobody makes. */
enum l7mesh_explain_attr {
	L7MESH_EXPLAIN_A_UNSPEC,
	L7MESH_EXPLAIN_A_LISTENER,	/* string */
	/*
	 * binary: a whole head as clients send it; http listeners, which need it, and
	 * auto
	 */
	L7MESH_EXPLAIN_A_HEAD,
	/* binary: network order: the client; default: 127.0.0.1 or ::1 */
	L7MESH_EXPLAIN_A_SOURCE,
	/*
	 * u64: from 1; SO_NETNS_COOKIE of the client; default: that of the socket's
	 * namespace
	 */
	L7MESH_EXPLAIN_A_SOURCE_NETNS,
	/* u16: from 1; for a listener on any port; default: 80 */
	L7MESH_EXPLAIN_A_PORT,
	L7MESH_EXPLAIN_A_PAD,
	/*
	 * string: that the client asks for by TLS, empty if by none; tls listeners,
	 * default: none, and auto, default: what is neither TLS nor HTTP
	 */
	L7MESH_EXPLAIN_A_SERVER_NAME,

	/* private: */
	__L7MESH_EXPLAIN_A_MAX,
	L7MESH_EXPLAIN_A_MAX = __L7MESH_EXPLAIN_A_MAX - 1
};

/* Each is there if it applies. */
enum l7mesh_explanation_attr {
	L7MESH_EXPLANATION_A_UNSPEC,
	L7MESH_EXPLANATION_A_PROTOCOL,	/* u32: enum l7mesh_protocol */
	L7MESH_EXPLANATION_A_CLIENT,	/* binary: the address that policies see */
	L7MESH_EXPLANATION_A_ROUTE_TABLE,	/* string */
	L7MESH_EXPLANATION_A_VIRTUAL_HOST,	/* string */
	L7MESH_EXPLANATION_A_ROUTE,	/* u32: its index */
	/* u32: 1 << enum l7mesh_explain_policy, together */
	L7MESH_EXPLANATION_A_POLICIES,
	L7MESH_EXPLANATION_A_STATUS,	/* u16: with which the mesh answers */
	L7MESH_EXPLANATION_A_REASON,	/* string: the counter that would grow then */
	L7MESH_EXPLANATION_A_CLUSTER,	/* string */
	/* binary: network order: of the endpoint, or of the listener's proxy */
	L7MESH_EXPLANATION_A_ADDRESS,
	L7MESH_EXPLANATION_A_PORT,	/* u16: host order */
	/* u64: by which it was picked; without, it may be another each time */
	L7MESH_EXPLANATION_A_HASH,
	L7MESH_EXPLANATION_A_PAD,
	L7MESH_EXPLANATION_A_SUBSET,	/* string: of the cluster */
	/*
	 * string: whose policies are asked: that of the listener's, or the endpoint's,
	 * address, if it is bound
	 */
	L7MESH_EXPLANATION_A_WORKLOAD,
	L7MESH_EXPLANATION_A_SOURCE_WORKLOAD,	/* string: the client, if that is one */
	L7MESH_EXPLANATION_A_VERDICT,	/* u32: enum l7mesh_verdict */
	L7MESH_EXPLANATION_A_AUTHORIZATION,	/* string: the policy that decided */
	/* flag: VERDICT is of the request; else of its connection */
	L7MESH_EXPLANATION_A_OF_REQUEST,

	/* private: */
	__L7MESH_EXPLANATION_A_MAX,
	L7MESH_EXPLANATION_A_MAX = __L7MESH_EXPLANATION_A_MAX - 1
};

enum l7mesh_mismatch_attr {
	L7MESH_MISMATCH_A_UNSPEC,
	L7MESH_MISMATCH_A_ROUTE,	/* u32: its index */
	L7MESH_MISMATCH_A_KIND,	/* u32: enum l7mesh_mismatch */
	/*
	 * string: the path, method or listener that the route wants, the name of the
	 * header or parameter
	 */
	L7MESH_MISMATCH_A_OF,

	/* private: */
	__L7MESH_MISMATCH_A_MAX,
	L7MESH_MISMATCH_A_MAX = __L7MESH_MISMATCH_A_MAX - 1
};

/*
 * What runs somewhere, and who it is: Istio's WorkloadEntry. Inbound policy holds where
 * NETNS is that of a namespace that obeys the mesh.
 */
enum l7mesh_workload_attr {
	L7MESH_WORKLOAD_A_UNSPEC,
	L7MESH_WORKLOAD_A_NAME,	/* string */
	L7MESH_WORKLOAD_A_NAMESPACE,	/* string */
	L7MESH_WORKLOAD_A_SERVICE_ACCOUNT,	/* string */
	/*
	 * string: spiffe://...; default: made of NAMESPACE and SERVICE_ACCOUNT, in
	 * trust domain cluster.local
	 */
	L7MESH_WORKLOAD_A_IDENTITY,
	/*
	 * nest: a list of addresses; at most 64; whatever comes from one of them comes
	 * from it
	 */
	L7MESH_WORKLOAD_A_ADDRESSES,
	/* string: KEY=VALUE,... of letters, digits and -_./ */
	L7MESH_WORKLOAD_A_LABELS,
	L7MESH_WORKLOAD_A_NODE,	/* string: where it runs, for who reads it */
	/* u64: SO_NETNS_COOKIE of its namespace, if it is on this node; 0: it is not */
	L7MESH_WORKLOAD_A_NETNS,
	/* u32: enum l7mesh_refuse; connections that may not be; default: reset */
	L7MESH_WORKLOAD_A_REFUSE,
	/*
	 * u8: 0 or 1; 1: what the addresses of the mesh's own namespace send passes;
	 * default 1
	 */
	L7MESH_WORKLOAD_A_EXEMPT_NODE,
	/*
	 * string: PORT or FROM-TO, ...: at most 64 of its ports for which no policy is
	 * asked
	 */
	L7MESH_WORKLOAD_A_EXCLUDE_PORTS,
	/*
	 * u32: enum l7mesh_on_failure; new connections for which a listener with
	 * INBOUND should ask, but has no socket just now; default: closed
	 */
	L7MESH_WORKLOAD_A_ON_FAILURE,
	L7MESH_WORKLOAD_A_PAD,

	/* private: */
	__L7MESH_WORKLOAD_A_MAX,
	L7MESH_WORKLOAD_A_MAX = __L7MESH_WORKLOAD_A_MAX - 1
};

/* Istio's AuthorizationPolicy. */
enum l7mesh_authorization_attr {
	L7MESH_AUTHORIZATION_A_UNSPEC,
	L7MESH_AUTHORIZATION_A_NAME,	/* string */
	/* string: whose workloads it is for; default: all */
	L7MESH_AUTHORIZATION_A_NAMESPACE,
	/*
	 * string: KEY=VALUE,...: the labels of the workloads that it is for; default:
	 * all
	 */
	L7MESH_AUTHORIZATION_A_SELECTOR,
	/* u32: enum l7mesh_authorization_action; default: allow */
	L7MESH_AUTHORIZATION_A_ACTION,
	/*
	 * u8: 0 or 1; 1: what it would deny, or not allow, is counted, and goes on;
	 * default 0
	 */
	L7MESH_AUTHORIZATION_A_AUDIT,
	/*
	 * nest: a list of nests, enum l7mesh_authorization_rule_attr; replaced whole;
	 * empty: it matches nothing
	 */
	L7MESH_AUTHORIZATION_A_RULES,
	/*
	 * u8: 0 or 1; 1: when a change has it forbid connections that are there, these
	 * are reset; default 0
	 */
	L7MESH_AUTHORIZATION_A_CUT,

	/* private: */
	__L7MESH_AUTHORIZATION_A_MAX,
	L7MESH_AUTHORIZATION_A_MAX = __L7MESH_AUTHORIZATION_A_MAX - 1
};

/*
 * It matches what one of FROM, one of TO and all of WHEN match. What is not given
 * matches everything.
 */
enum l7mesh_authorization_rule_attr {
	L7MESH_AUTHORIZATION_RULE_A_UNSPEC,
	/* nest: a list of nests, enum l7mesh_authorization_source_attr */
	L7MESH_AUTHORIZATION_RULE_A_FROM,
	/* nest: a list of nests, enum l7mesh_authorization_operation_attr */
	L7MESH_AUTHORIZATION_RULE_A_TO,
	/* nest: a list of nests, enum l7mesh_authorization_condition_attr */
	L7MESH_AUTHORIZATION_RULE_A_WHEN,

	/* private: */
	__L7MESH_AUTHORIZATION_RULE_A_MAX,
	L7MESH_AUTHORIZATION_RULE_A_MAX = __L7MESH_AUTHORIZATION_RULE_A_MAX - 1
};

/* All that is given must match. NOT_...: none of them may. */
enum l7mesh_authorization_source_attr {
	L7MESH_AUTHORIZATION_SOURCE_A_UNSPEC,
	L7MESH_AUTHORIZATION_SOURCE_A_PRINCIPALS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_NOT_PRINCIPALS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_NAMESPACES,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_NOT_NAMESPACES,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_IP_BLOCKS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_NOT_IP_BLOCKS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_REMOTE_IP_BLOCKS,	/* nest: a list of strings */
	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_SOURCE_A_NOT_REMOTE_IP_BLOCKS,

	/* private: */
	__L7MESH_AUTHORIZATION_SOURCE_A_MAX,
	L7MESH_AUTHORIZATION_SOURCE_A_MAX = __L7MESH_AUTHORIZATION_SOURCE_A_MAX - 1
};

/* All that is given must match. NOT_...: none of them may. */
enum l7mesh_authorization_operation_attr {
	L7MESH_AUTHORIZATION_OPERATION_A_UNSPEC,
	L7MESH_AUTHORIZATION_OPERATION_A_HOSTS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_NOT_HOSTS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_PORTS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_NOT_PORTS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_METHODS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_NOT_METHODS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_PATHS,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_OPERATION_A_NOT_PATHS,	/* nest: a list of strings */

	/* private: */
	__L7MESH_AUTHORIZATION_OPERATION_A_MAX,
	L7MESH_AUTHORIZATION_OPERATION_A_MAX = __L7MESH_AUTHORIZATION_OPERATION_A_MAX - 1
};

/* At least one of VALUES and NOT_VALUES. */
enum l7mesh_authorization_condition_attr {
	L7MESH_AUTHORIZATION_CONDITION_A_UNSPEC,
	/* string: such as request.headers[NAME] */
	L7MESH_AUTHORIZATION_CONDITION_A_KEY,
	L7MESH_AUTHORIZATION_CONDITION_A_VALUES,	/* nest: a list of strings */
	L7MESH_AUTHORIZATION_CONDITION_A_NOT_VALUES,	/* nest: a list of strings */

	/* private: */
	__L7MESH_AUTHORIZATION_CONDITION_A_MAX,
	L7MESH_AUTHORIZATION_CONDITION_A_MAX = __L7MESH_AUTHORIZATION_CONDITION_A_MAX - 1
};

/* A connection or request that nobody makes. */
enum l7mesh_authorize_attr {
	L7MESH_AUTHORIZE_A_UNSPEC,
	L7MESH_AUTHORIZE_A_WORKLOAD,	/* string: the name of the one that it is for */
	/* string: the name of the workload that it is from */
	L7MESH_AUTHORIZE_A_SOURCE,
	/* binary: from where it is, network order; default: SOURCE's first */
	L7MESH_AUTHORIZE_A_SOURCE_ADDRESS,
	/* binary: to where it is, network order; default: WORKLOAD's first */
	L7MESH_AUTHORIZE_A_ADDRESS,
	L7MESH_AUTHORIZE_A_PORT,	/* u16: host order */
	/* binary: of HTTP/1, if it is a request */
	L7MESH_AUTHORIZE_A_REQUEST_HEAD,
	/*
	 * binary: who trusted proxies say that it is from, network order; default:
	 * SOURCE_ADDRESS
	 */
	L7MESH_AUTHORIZE_A_CLIENT,
	/*
	 * string: that a connection asks for by TLS, empty if for none; default: nobody
	 * knows; not with REQUEST_HEAD
	 */
	L7MESH_AUTHORIZE_A_SERVER_NAME,

	/* private: */
	__L7MESH_AUTHORIZE_A_MAX,
	L7MESH_AUTHORIZE_A_MAX = __L7MESH_AUTHORIZE_A_MAX - 1
};

#endif /* _UAPI_LINUX_L7MESH_H */
