/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_PERCPU_H
#define UNIT_LINUX_PERCPU_H

#define __percpu

#define this_cpu_add(variable, n)	((variable) += (n))
#define this_cpu_inc(variable)		((variable)++)

#endif
