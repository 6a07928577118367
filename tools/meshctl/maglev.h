/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maglev: a cluster's table, as the kernel uses it.
 */
#ifndef MESHCTL_MAGLEV_H
#define MESHCTL_MAGLEV_H

#include "meshctl.h"

/* Prints each endpoint's share, or with -j the whole table. */
int maglev_show(const struct ctl *ctl, const char *cluster);

#endif
