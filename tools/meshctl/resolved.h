/* SPDX-License-Identifier: GPL-2.0 */
/*
 * resolved: endpoints that are a name's addresses, in a configuration.
 *
 * A cluster with "dns" has no other endpoints. In a file they are not there.
 */
#ifndef MESHCTL_RESOLVED_H
#define MESHCTL_RESOLVED_H

#include "dump.h"
#include "names.h"

/* Has the cluster a name? */
bool resolved_is(const json_t *cluster);

/*
 * The addresses of the endpoints that follow a cluster, @at, in a configuration, and
 * have its port.
 */
json_t *resolved_addresses(const struct config *config, size_t at);

/* All endpoints that follow it, by address and port. */
json_t *resolved_endpoints(const struct config *config, size_t at);

/* The endpoint of an address, as the kernel is told of it. */
json_t *resolved_endpoint(const struct name *name, const char *address);

/*
 * Asks for all names of a file's clusters, and gives these their endpoints: those that
 * the kernel has are as they are there. Where nothing is answered, of which a warning is
 * printed, they stay. Returns the tool's status.
 */
int resolved_fill(struct nl *nl, struct config *config);

/* Leaves out what resolved_fill() gives. */
void resolved_drop(struct config *config);

#endif
