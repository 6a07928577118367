/* SPDX-License-Identifier: GPL-2.0 */
/*
 * meshctl: what all commands share.
 *
 * A command is called with its own arguments, its name being argv[0]. It prints
 * its result on standard output and its errors on standard error, and returns
 * the tool's exit status.
 */
#ifndef MESHCTL_H
#define MESHCTL_H

#include <stdbool.h>

#define MESHCTL_VERSION "0.1.0"

enum {
	STATUS_OK = 0,
	STATUS_USAGE = 1,	/* the command line or a file is wrong */
	STATUS_KERNEL = 2,	/* the kernel refused, or does not have it */
	/* diff --exit-code, or a test, found differences; authz: it is denied */
	STATUS_DIFFERENT = 3,
};

/* The options that come before the command. */
struct ctl {
	bool json;
};

int cmd_add(const struct ctl *ctl, int argc, char **argv);
int cmd_apply(const struct ctl *ctl, int argc, char **argv);
int cmd_attach(const struct ctl *ctl, int argc, char **argv);
int cmd_authz(const struct ctl *ctl, int argc, char **argv);
int cmd_check(const struct ctl *ctl, int argc, char **argv);
int cmd_del(const struct ctl *ctl, int argc, char **argv);
int cmd_detach(const struct ctl *ctl, int argc, char **argv);
int cmd_diff(const struct ctl *ctl, int argc, char **argv);
int cmd_drain(const struct ctl *ctl, int argc, char **argv);
int cmd_explain(const struct ctl *ctl, int argc, char **argv);
int cmd_export(const struct ctl *ctl, int argc, char **argv);
int cmd_flush(const struct ctl *ctl, int argc, char **argv);
int cmd_help(const struct ctl *ctl, int argc, char **argv);
int cmd_import(const struct ctl *ctl, int argc, char **argv);
int cmd_monitor(const struct ctl *ctl, int argc, char **argv);
int cmd_resolve(const struct ctl *ctl, int argc, char **argv);
int cmd_route(const struct ctl *ctl, int argc, char **argv);
int cmd_set(const struct ctl *ctl, int argc, char **argv);
int cmd_show(const struct ctl *ctl, int argc, char **argv);
int cmd_splice(const struct ctl *ctl, int argc, char **argv);
int cmd_stats(const struct ctl *ctl, int argc, char **argv);
int cmd_version(const struct ctl *ctl, int argc, char **argv);

#endif
