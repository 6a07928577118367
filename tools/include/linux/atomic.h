/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_ATOMIC_H
#define UNIT_LINUX_ATOMIC_H

struct atomic {
	long counter;
};

#define atomic_t struct atomic
#define atomic_long_t struct atomic

#endif
