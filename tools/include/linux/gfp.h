/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_GFP_H
#define UNIT_LINUX_GFP_H

#include <linux/types.h>

#define GFP_KERNEL		((gfp_t)0)
#define GFP_KERNEL_ACCOUNT	((gfp_t)0)

#endif
