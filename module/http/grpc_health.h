/* SPDX-License-Identifier: GPL-2.0 */
/*
 * grpc_health: the two messages of grpc.health.v1.Health/Check, in protobuf's encoding.
 * gRPC's health-checking.md and health.proto.
 *
 * Plain C: no kernel call, no allocation; any context. What is read is not trusted.
 */
#ifndef L7MESH_GRPC_HEALTH_H
#define L7MESH_GRPC_HEALTH_H

#include <linux/types.h>
#include "lib/span.h"

#define GRPC_HEALTH_PATH	SPAN("/grpc.health.v1.Health/Check")
#define GRPC_HEALTH_SERVICE_MAX	255
/* A request with its prefix. */
#define GRPC_HEALTH_REQUEST_MAX	(5 + 3 + GRPC_HEALTH_SERVICE_MAX)

enum grpc_health {
	GRPC_HEALTH_UNKNOWN,
	GRPC_HEALTH_SERVING,
	GRPC_HEALTH_NOT_SERVING,
	GRPC_HEALTH_SERVICE_UNKNOWN,
	GRPC_HEALTH_MALFORMED = 0xff,
};

/**
 * grpc_health_write() - Ask how a service is
 * @to: GRPC_HEALTH_REQUEST_MAX bytes
 * @service: its name; empty: of the server
 *
 * Return: what is behind the request, whose prefix it begins with.
 */
char *grpc_health_write(char *to, struct span service);

/* What a response says, with its prefix: enum grpc_health. */
u8 grpc_health_parse(struct span body);

#endif
