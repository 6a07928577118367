/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attached: the namespaces that obey this one's mesh.
 */
#ifndef MESHCTL_ATTACHED_H
#define MESHCTL_ATTACHED_H

#include "meshctl.h"

int attached_show(const struct ctl *ctl);

#endif
