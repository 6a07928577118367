/* SPDX-License-Identifier: GPL-2.0 */
/*
 * splices: the connections that are spliced under this namespace's mesh.
 */
#ifndef MESHCTL_SPLICES_H
#define MESHCTL_SPLICES_H

#include "meshctl.h"

int splices_show(const struct ctl *ctl);

#endif
