/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gateway_api: a mesh file of Kubernetes manifests.
 *
 * Gateway API v1, HTTPRoute, TLSRoute and TCPRoute attached to a Gateway or (GAMMA) to a
 * Service. Each address and port of a Gateway becomes a listener, so does each port of a
 * Service that routes are attached to; a listener has a route table of its own, with a
 * virtual host for each hostname, whose routes are ordered as Gateway API wants it
 * (order: specific); those of TLS have one route, and a listener of TCP has a cluster
 * instead. A hostname belongs to one of a Gateway's listeners, whose routes alone serve
 * it. Each port of a Service that is used becomes a cluster, of the ready endpoints in
 * its EndpointSlices.
 *
 * Pods and Istio's WorkloadEntries become workloads, AuthorizationPolicies and
 * NetworkPolicies authorization policies.
 */
#ifndef MESHCTL_GATEWAY_API_H
#define MESHCTL_GATEWAY_API_H

#include "manifest.h"

struct gateway_options {
	bool strict;
	const json_t *networks;	/* that Gateways may ask for; NULL: any */
	const char *root;	/* the namespace whose policies are for all */
};

/*
 * The file as config_tree() has it. What cannot be carried over, or refers to what is
 * not there, does not hold up the rest: it is printed, with the manifest and the field,
 * or with @report appended to that list: each Gateway and route with Gateway API's
 * conditions, of others those with problems or remarks. NULL if a policy is wrong and none that is
 * as strict can be made; if strict, if there is anything.
 */
json_t *gateway_api_import(const struct manifests *m,
			   const struct gateway_options *options, json_t *report);

#endif
