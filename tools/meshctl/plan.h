/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan: the endpoints of a cluster that come and go.
 *
 * All of it is done, or none: those that go are still there if one that comes is
 * refused.
 */
#ifndef MESHCTL_PLAN_H
#define MESHCTL_PLAN_H

#include "config.h"
#include "nl.h"

struct plan {
	const char *cluster;	/* borrowed */
	struct config add;	/* endpoints, as their keys */
	struct config del;
};

/* @there and @wanted: endpoints by any key. False, with an empty plan: they are alike. */
bool plan_make(struct plan *plan, const char *cluster, const json_t *there,
	       const json_t *wanted);
void plan_free(struct plan *plan);

/*
 * Several plans at once: one transaction, or no more than the request if one endpoint
 * changes. 0, or a positive errno with nothing done: EAGAIN if somebody else has changed
 * the configuration, which is to be read again; or *@why is why not, to be freed by the
 * caller.
 */
int plan_commit(struct nl *nl, const struct plan *plans, size_t n, char **why);

#endif
