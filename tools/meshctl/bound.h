/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bound: the namespaces of workloads, of which files seldom know.
 *
 * The cookie of a namespace is another each time that it is made. So it is told where it
 * is attached; a file that says none does not take it back, as the policy of a workload
 * that runs would end to hold.
 */
#ifndef MESHCTL_BOUND_H
#define MESHCTL_BOUND_H

#include "config.h"
#include "nl.h"

/*
 * Fills @to with what a file has, its workloads without "netns" with that which those of
 * the same name have in @current.
 */
void bound_keep(const struct config *file, const struct config *current,
		struct config *to);

/* The same with what the kernel has; returns the tool's status, errors printed. */
int bound_fill(struct nl *nl, const struct config *file, struct config *to);

#endif
