/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

#include <stdlib.h>

/* What the kernel warns of ends a test. */
#define WARN_ON_ONCE(condition) ({				\
	if (condition)						\
		abort();					\
	0;							\
})

#endif
