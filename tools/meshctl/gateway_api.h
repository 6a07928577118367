/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gateway_api: a mesh file of Kubernetes manifests.
 *
 * Gateway API v1, HTTPRoute attached to a Gateway or (GAMMA) to a Service. Each address
 * and port of a Gateway becomes a listener, so does each port of a Service that routes
 * are attached to; a listener has a route table of its own, with a virtual host for each
 * hostname, whose routes are ordered as Gateway API wants it (order: specific). Each port
 * of a Service that is used becomes a cluster, of the ready endpoints in its
 * EndpointSlices.
 */
#ifndef MESHCTL_GATEWAY_API_H
#define MESHCTL_GATEWAY_API_H

#include "manifest.h"

/*
 * The file as config_tree() has it, or NULL with errors printed: each names the
 * manifest and the field that cannot be carried over.
 */
json_t *gateway_api_import(const struct manifests *m);

#endif
