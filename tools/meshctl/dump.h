/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dump: the kernel's configuration, read whole.
 */
#ifndef MESHCTL_DUMP_H
#define MESHCTL_DUMP_H

#include "config.h"
#include "meshctl.h"
#include "nl.h"

/* Fills @config from one snapshot; returns the tool's status, errors printed. */
int dump_config(struct nl *nl, struct config *config);

/* The same of the objects of one kind. */
int dump_kind(struct nl *nl, enum l7mesh_kind kind, struct config *config);

/* dump_config() with a socket of its own. */
int dump_open(struct config *config);

/* Runs a dump again while changes interrupt it; @reset forgets what came. */
int dump_retry(struct nl *nl, struct nlmsghdr *request, nl_cb cb,
	       void (*reset)(void *data), void *data);

/* A dump that is shown as a list: an object for each message. */
struct dump_list {
	uint8_t cmd;
	nl_cb take;			/* appends to the json_t * at its data */
	/* Adds what else is known; returns the tool's status, errors printed. */
	int (*complete)(struct nl *nl, json_t *list);
	void (*print)(const json_t *list);	/* as a table */
};

/* Dumps and prints; returns the tool's status. */
int dump_show(const struct ctl *ctl, const struct dump_list *d);

#endif
