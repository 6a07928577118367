/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ports: the ports of workloads, in files: those whose requests are asked for.
 *
 * No kernel knows them. Of one that is http, as a file is loaded, objects are made by which
 * the engine takes what comes to it, at each of the workload's addresses: a listener, with
 * a table of one route, to a cluster with one endpoint, which is that address and port.
 * They have nothing but defaults otherwise.
 */
#ifndef MESHCTL_PORTS_H
#define MESHCTL_PORTS_H

#include "config.h"
#include "links.h"

/* Ports of all addresses: a few lines could ask for millions. Each takes 15 kB. */
#define PORTS_PLACES_MAX 20000

/* Of the schema of a port: no kind of the kernel's. */
#define PORTS_KIND	((enum l7mesh_kind)(L7MESH_KIND_MAX + 1))

/*
 * What all is called that is made of a workload's port at an address: "10.2.0.31:8080".
 * Freed by the caller.
 */
char *ports_listener_name(const char *workload, const char *socket);

/*
 * Puts what is made of ports in their place in @config, a mesh file's, which nothing else
 * is wrong with; @links has its objects. Complains about ports of which nothing can be made.
 */
void ports_expand(struct config *config, const struct links *links,
		  struct problems *problems);

#endif
