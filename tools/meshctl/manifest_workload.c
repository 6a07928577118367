// SPDX-License-Identifier: GPL-2.0
/*
 * What says who runs where: Pods, and Istio's WorkloadEntry (networking.istio.io/v1).
 */
#include "manifest_priv.h"

#define DNS(n)		{ .name = (n), .type = FIELD_STRING,		\
			  .check = manifest_check_dns }

/* ---- Pod ---- */

static const struct field port_fields[] = {
	TEXT("name"), PORT("containerPort"), TEXT("protocol"),
};

OPEN(port, "port");

static const struct field container_fields[] = {
	LIST("ports", port),
};

OPEN(container, "container");

static const struct field pod_spec_fields[] = {
	DNS("serviceAccountName"), DNS("nodeName"),
	BOOLEAN("hostNetwork", "false"), LIST("containers", container),
};

OPEN(pod_spec, "spec");

static const struct field ip_fields[] = {
	TEXT("ip"),
};

OPEN(ip, "address");

static const struct field pod_status_fields[] = {
	TEXT("phase"), TEXT("podIP"), LIST("podIPs", ip),
};

OPEN(pod_status, "status");

static const struct field pod_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(pod_spec),
	NEST("status", pod_status),
};

const struct schema manifest_pod = {
	.name = "Pod", .kind = (enum l7mesh_kind)MANIFEST_POD, FIELDS(pod_fields),
};

/* ---- WorkloadEntry ---- */

static const struct field entry_spec_fields[] = {
	TEXT("address"), MAP("labels"), DNS("serviceAccount"), ANY("ports"),
	ANY("network"), ANY("locality"), ANY("weight"),
};

SCHEMA(entry_spec, "spec");

static const struct field entry_fields[] = {
	TEXT("apiVersion"), TEXT("kind"), METADATA, SPEC(entry_spec),
	ANY("status"),
};

const struct schema manifest_workload_entry = {
	.name = "WorkloadEntry",
	.kind = (enum l7mesh_kind)MANIFEST_WORKLOAD_ENTRY, FIELDS(entry_fields),
};
