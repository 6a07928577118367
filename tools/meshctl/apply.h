/* SPDX-License-Identifier: GPL-2.0 */
/*
 * apply: makes a file the configuration.
 */
#ifndef MESHCTL_APPLY_H
#define MESHCTL_APPLY_H

#include <stdbool.h>

#include "dump.h"
#include "load.h"

/* The options of the commands that read a file. */
struct apply_options {
	const char *file;
	bool dry_run;
	bool exit_code;
};

/* Reads them; with @diff those of diff. On error prints why, returns false. */
bool apply_options(struct apply_options *options, int argc, char **argv,
		   bool diff);

/* Makes @config, read from @file, what the kernel has; returns the tool's status. */
int apply_config(struct nl *nl, const char *file, const struct config *config,
		 uint64_t *generation);

#endif
