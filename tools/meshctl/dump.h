/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dump: the kernel's configuration, read whole.
 */
#ifndef MESHCTL_DUMP_H
#define MESHCTL_DUMP_H

#include "config.h"
#include "nl.h"

/* Fills @config from one snapshot; returns the tool's status, errors printed. */
int dump_config(struct nl *nl, struct config *config);

/* The same with a socket of its own. */
int dump_open(struct config *config);

/* Runs a dump again while changes interrupt it; @reset forgets what came. */
int dump_retry(struct nl *nl, struct nlmsghdr *request, nl_cb cb,
	       void (*reset)(void *data), void *data);

#endif
