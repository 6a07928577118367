/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gateway_api, as its own files see it:
 *
 *	gateway_api.c		the file
 *	gateway_attach.c	routes: what is attached where
 *	gateway_listener.c	Gateways: listeners, and whose a hostname is
 *	gateway_address.c	Gateways: addresses, and whose they are
 *	gateway_rule.c		HTTPRoutes' rules: matches, filters, backends
 *	gateway_time.c		HTTPRoutes' rules: timeouts, retries, sessions
 *	gateway_stream.c	TLSRoutes and TCPRoutes: backends
 *	gateway_backend.c	backends: clusters of Services and EndpointSlices
 *	gateway_istio.c		AuthorizationPolicies
 *	gateway_workload.c	Pods and WorkloadEntries: workloads
 *	gateway_port.c		Services: which ports of Pods speak HTTP
 *	gateway_network.c	NetworkPolicies
 *	gateway_selector.c	NetworkPolicies: what their selectors select
 *	gateway_both.c		NetworkPolicies beside AuthorizationPolicies
 *	gateway_policy.c	policies: whom they are for; those that are made
 *	gateway_report.c	what is wrong, and Gateway API's conditions
 */
#ifndef MESHCTL_GATEWAY_PRIV_H
#define MESHCTL_GATEWAY_PRIV_H

#include <string.h>

#include "gateway_api.h"
#include "tree.h"
#include "util.h"
#include "value.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

/* Gateway API's word for what is wrong, and where it stands. */
enum gateway_reason {
	/* Accepted: of the parent, or the listener, that is looked at */
	REASON_NO_MATCHING_PARENT,
	REASON_NOT_ALLOWED_BY_LISTENERS,
	REASON_NO_MATCHING_LISTENER_HOSTNAME,
	REASON_PORT_UNAVAILABLE,
	REASON_CONFLICTED,
	/* PartiallyInvalid: of the parent */
	REASON_PARTLY_CONFLICTED,
	/* Accepted: of the whole manifest */
	REASON_INVALID,
	REASON_UNSUPPORTED_ADDRESS,
	/* Programmed */
	REASON_ADDRESS_NOT_USABLE,
	REASON_ADDRESS_NOT_ASSIGNED,
	/* Conflicted */
	REASON_HOSTNAME_CONFLICT,
	REASON_PROTOCOL_CONFLICT,
	/* PartiallyInvalid: a rule, whose requests are answered with 500, or refused */
	REASON_UNSUPPORTED_VALUE,
	REASON_INCOMPATIBLE_FILTERS,
	/* ResolvedRefs: a backend, whose share is */
	REASON_BACKEND_NOT_FOUND,
	REASON_REF_NOT_PERMITTED,
	REASON_INVALID_KIND,
	REASON_UNSUPPORTED_PROTOCOL,
	REASONS
};

struct import {
	const struct manifests *m;
	const json_t *networks;		/* that Gateways may ask for; NULL: any */
	const struct manifest *at;	/* whose errors are found */
	json_t *services;		/* by address: the oldest Service's position */
	json_t *endpoints;		/* by address: a namespace; "": several */
	json_t *given;			/* the same, of Gateways' status */
	json_t *claims;			/* by address and port: who has it */
	json_t *hostnames;		/* by Gateway: listeners, see gateway_covering() */
	json_t *clusters;		/* by name: endpoints */
	json_t *sessions;		/* by cluster's name: its affinity, or null */
	json_t *tables;			/* by name: virtual hosts by hostname */
	json_t *protocols;		/* by table's name: of its listeners */
	json_t *listeners;		/* by name */
	json_t *attached;		/* tables and hostnames that have the route */
	bool served;			/* the parent has it at one of these */
	const char *root;		/* the namespace whose policies are for all */
	json_t *workloads;		/* by name */
	json_t *owners;			/* by address: whose manifest has it */
	json_t *spoken;			/* by workload and port: how, see gateway_port.c */
	json_t *said;			/* by namespace: of how many ports so far */
	size_t places;			/* ports of addresses that are http */
	json_t *asked;			/* by namespace: labels that policies ask for */
	json_t *policies;		/* by name */
	json_t *pods;			/* by namespace and label: addresses, body */
	json_t *allows;			/* AuthorizationPolicies, by namespace: see
					 * gateway_note_allow()
					 */
	json_t *isolating;		/* NetworkPolicies, by namespace: labels */
	json_t *policy_names;		/* of manifests, by kind */
	json_t *report;			/* a list; NULL: errors are printed at once */
	json_t *faults[REASONS];	/* of @at: messages, as keys; NULL: none */
	size_t rule_errors;		/* of @at's rules so far, repeated ones too */
	size_t good_rules;		/* of @at */
	json_t *remarks;		/* on @at */
	bool failed;
	bool lost;			/* a policy that nobody can be closed for */
};

/* An error of a field of the manifest that is being imported. */
void gateway_fail(struct import *imp, enum gateway_reason reason,
		  const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What is no error, and yet to be known. */
void gateway_remark(struct import *imp, const char *field, const char *what);

/* One that is printed already, or will be. */
void gateway_note(struct import *imp, enum gateway_reason reason,
		  const char *message);

/* Those of them that reading it found in an item of a list: "spec.rules". */
void gateway_note_item(struct import *imp, enum gateway_reason reason,
		       const char *list, size_t index);

/* Is there such an error? */
bool gateway_has(const struct import *imp, enum gateway_reason reason);

/* Errors of a parent, or a listener, are forgotten when the next is looked at. */
void gateway_forget(struct import *imp, enum gateway_reason first,
		    enum gateway_reason last);

/* The manifest @at is looked at: its own errors; and no more. */
void gateway_report_begin(struct import *imp);
void gateway_report_end(struct import *imp, json_t *entry);

/* What is reported of @at, without its conditions; NULL if nothing is to be. */
json_t *gateway_entry(const struct import *imp);

/* Conditions of what is looked at, by their types. */
json_t *gateway_conditions(const struct import *imp, const char *const *types);

/* One without conditions: what is wrong with it or to be known, if anything. */
void gateway_report_problems(struct import *imp);

/* Listeners, with their tables, of the Gateway that is being imported. */
void gateway_listeners(struct import *imp);

/* The address means something else than a machine's; NULL if it does not. */
const char *gateway_special(const struct address *a);

/* Whose addresses are: each Service, the oldest first, each EndpointSlice, each Gateway. */
void gateway_note_service(struct import *imp);
void gateway_note_slice(struct import *imp);
void gateway_note_given(struct import *imp);

/*
 * Then each Gateway, the oldest first, twice: what it was given is its own, before what
 * another asks for.
 */
void gateway_claim_given(struct import *imp);
void gateway_claim_asked(struct import *imp);

/* @owner has it from now on, if nobody has; who it is that has it. */
const char *gateway_claim(struct import *imp, const char *address,
			  json_int_t port, const char *owner);

/* The addresses that the Gateway that is being imported may have; errors if not all. */
json_t *gateway_addresses(struct import *imp);

/* A Service's own; errors of parents for others that it has. */
json_t *gateway_service_addresses(struct import *imp, const json_t *service,
				  const char *field);

/* The mesh's protocol for routes of a kind: "tls". */
const char *gateway_protocol(enum manifest_kind routes);

/* The kind of routes that a Gateway's listener is for. */
enum manifest_kind gateway_routes_of(const json_t *listener);

/*
 * A listener for each address that @owner has, for routes of a kind; false if that is
 * none; errors.
 */
bool gateway_need_listeners(struct import *imp, const char *owner,
			    const char *table, enum manifest_kind routes,
			    const json_t *addresses, json_int_t port);

/* "namespace/name" and an end, shortened if it is too long. Freed by the caller. */
#define GATEWAY_END_MAX	6
char *gateway_name(const char *namespace, const char *name, const char *end);

/* The same with ":port". */
char *gateway_table(const char *namespace, const char *name, json_int_t port);

/*
 * Those of a Gateway's listeners on a port whose hostname is, or covers, this one, ""
 * being all: positions, the closest first, which is the one that serves it.
 */
json_t *gateway_covering(struct import *imp, const json_t *gateway,
			 json_int_t port, const char *host);

/* Those of a name, which is to be one's alone: positions; NULL: there is none. */
const json_t *gateway_section(struct import *imp, const json_t *gateway,
			      const char *name);

/* Is a hostname beneath one of those that are keys of @wildcards? */
bool gateway_is_beneath(const json_t *wildcards, const char *host);

/* Can the listener be there, beside the others of its Gateway? */
bool gateway_listener_is_good(struct import *imp, const json_t *gateway,
			      const json_t *listener);

/* Attaches the route that is being imported. */
void gateway_attach(struct import *imp);

/*
 * The name of the cluster that a reference is to, which is made if need be; or NULL
 * with an error, of ResolvedRefs. Freed by the caller.
 */
char *gateway_cluster(struct import *imp, const json_t *ref, const char *field);

/* Is it one that connections can be made to? */
bool gateway_is_tcp(const json_t *service_port);

/* What the weights of a rule's backends come to. */
struct weights {
	json_t *list;		/* of clusters */
	json_int_t good;
	json_int_t bad;		/* of what cannot be resolved */
};

/* The caller drops the list. */
struct weights gateway_weights(struct import *imp, const json_t *rule,
			       size_t index);

/* An action's one cluster, or several. */
void gateway_set_clusters(json_t *action, json_t *list);

/* What a rule says of times, tries and sessions, for a route that has its action. */
void gateway_times(struct import *imp, json_t *route, const json_t *rule,
		   size_t index);

/*
 * The routes of the HTTPRoute that is being imported: one for each match of each rule.
 * What a rule that is wrong matches is answered with 500.
 */
json_t *gateway_routes(struct import *imp);

/*
 * The one route of the TLSRoute or TCPRoute that is being imported. Connections that
 * cannot go where they should are refused.
 */
json_t *gateway_stream_routes(struct import *imp);

/* When all is attached: tcp listeners have clusters, not tables. */
void gateway_place_clusters(struct import *imp);

/* As many as the kernel takes of one. */
#define GATEWAY_RULES_MAX	512

/*
 * A policy that cannot be carried over may refuse more than it asks for, but nothing
 * less; so one that nobody knows the place of leaves nothing to print.
 */

/* Has the policy that is imported a name of its own? If not, nothing is printed. */
bool gateway_policy_is_named(struct import *imp);

/* "app=cart,tier=back"; NULL, with what they are not. Freed by the caller. */
char *gateway_labels(const json_t *labels, const char **why);

/* The same of a policy's selector, with an error. */
char *gateway_policy_selector(struct import *imp, const json_t *labels,
			      const char *field);

/*
 * Takes a policy as files have it, which becomes stricter, with an error, if it cannot
 * be one.
 */
void gateway_policy_add(struct import *imp, json_t *policy);

/* Each policy, before workloads: which labels it asks for. */
void gateway_note_asked(struct import *imp);

/* The workload of a Pod, then of a WorkloadEntry, that is being imported. */
void gateway_pod(struct import *imp);
void gateway_workload_entry(struct import *imp);

/* Then the Service's: which ports of its Pods are http. */
void gateway_ports(struct import *imp);

/* The policy of the AuthorizationPolicy that is being imported. */
void gateway_istio(struct import *imp);

/* The labels that a podSelector asks for; NULL: it selects nothing. */
json_t *gateway_labels_of(const json_t *selector);

/* Names of namespaces that a selector selects, as keys; NULL: all. */
json_t *gateway_namespaces(const struct import *imp, const json_t *selector);

/* For what selects Pods: the Pod that is being imported, and which addresses it has. */
void gateway_note_pod(struct import *imp, json_t *addresses);

/*
 * Pods, for gateway_has_labels(): of a namespace, "" being all, those with the labels and
 * perhaps others.
 */
const json_t *gateway_pods(const struct import *imp, const char *namespace,
			   json_t *labels);
bool gateway_has_labels(const json_t *pod, json_t *labels);

/* The number of the TCP port that such a Pod gives a name; 0: none. */
json_int_t gateway_pod_port(const json_t *pod, const char *name);

/* For them: an AuthorizationPolicy that allows, for workloads with @labels. */
void gateway_note_allow(struct import *imp, json_t *policy, json_t *labels);

/* Then each NetworkPolicy, for others of them: whom it is for. */
void gateway_note_network(struct import *imp);

/* Then, of all: takes those that allow nothing but together with NetworkPolicies. */
void gateway_cover(struct import *imp);

/* Then, each again: the policies of a NetworkPolicy. */
void gateway_network(struct import *imp);

/* Takes the one of a NetworkPolicy, for Pods with @labels, if it stands by itself. */
void gateway_both(struct import *imp, json_t *policy, json_t *labels);

/* Of a PeerAuthentication nothing is made: what it says is an error, or no matter. */
void gateway_peer(struct import *imp);

/* A value at a path of keys. */
static inline json_t *get2(const json_t *object, const char *key, const char *inner)
{
	return get(get(object, key), inner);
}

/* What a reference is to: of a group and kind that may be left out. */
static inline bool refers_to(const json_t *ref, const char *group, const char *kind)
{
	return !strcmp(get(ref, "group") ? object_get(ref, "group") : group,
		       group) &&
	       !strcmp(get(ref, "kind") ? object_get(ref, "kind") : kind, kind);
}

static inline const char *namespace_of(const struct import *imp, const json_t *ref)
{
	return get(ref, "namespace") ? object_get(ref, "namespace") :
				       manifest_namespace(imp->at->body);
}

#endif
