/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_STDDEF_H
#define UNIT_LINUX_STDDEF_H

#include_next <linux/stddef.h>
#include <stddef.h>

#define sizeof_field(type, member)	sizeof((*(type *)NULL).member)

#endif
