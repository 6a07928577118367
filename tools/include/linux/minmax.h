/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of this name, as far as module/ needs it in user space. */
#ifndef UNIT_LINUX_MINMAX_H
#define UNIT_LINUX_MINMAX_H

#define min_t(type, a, b) ({					\
	type min_a = (a);					\
	type min_b = (b);					\
	min_a < min_b ? min_a : min_b;				\
})
#define max_t(type, a, b) ({					\
	type max_a = (a);					\
	type max_b = (b);					\
	max_a > max_b ? max_a : max_b;				\
})
/* As in the kernel, both of one type. */
#define clamp_t(type, v, low, high) min_t(type, max_t(type, v, low), high)
#define min(a, b) min_t(__typeof__(a), a, b)
#define max(a, b) max_t(__typeof__(a), a, b)

#endif
