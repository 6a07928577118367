/* SPDX-License-Identifier: GPL-2.0 */
/*
 * manifest, as its own files see it: the schemas of manifests.
 *
 *	manifest.c		of Gateway API and what it refers to; the streams
 *	manifest_policy.c	of Istio's policies
 *	manifest_network.c	of NetworkPolicies
 *	manifest_workload.c	of what says who runs where
 */
#ifndef MESHCTL_MANIFEST_PRIV_H
#define MESHCTL_MANIFEST_PRIV_H

#include "foreign.h"
#include "manifest.h"
#include "text.h"
#include "validate.h"

#define METADATA	{ .name = "metadata", .type = FIELD_NEST,	\
			  .flags = FIELD_REQUIRED, .sub = &manifest_metadata }
#define SPEC(s)		{ .name = "spec", .type = FIELD_NEST,		\
			  .flags = FIELD_REQUIRED, .sub = &(s) }

extern const struct schema manifest_metadata;
extern const struct schema manifest_authorization_policy;
extern const struct schema manifest_peer_authentication;
extern const struct schema manifest_network_policy;
extern const struct schema manifest_pod;
extern const struct schema manifest_workload_entry;

/* Checks, as those of text.h. */
const char *manifest_check_dns(const char *s, size_t len);
/* A number, or a name that Pods give one. */
const char *manifest_check_port(const char *s, size_t len);

#define MANIFEST_TARGET(n) { .name = (n), .type = FIELD_STRING,		\
			  .flags = FIELD_NUMERIC, .check = manifest_check_port }

#endif
