/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inside: how many calls are inside of the module, counted per CPU; and who is to have
 * left it when they wait.
 *
 * For code that may not take a reference for each call, and that is told by other
 * means when nobody enters any more. Any context; enter and leave are one
 * this_cpu_inc() and this_cpu_dec() of a per-CPU long that its owner defines.
 */
#ifndef L7MESH_INSIDE_H
#define L7MESH_INSIDE_H

#include <linux/compiler.h>
#include <linux/percpu.h>

/**
 * inside_any() - Whether any call is inside
 * @inside: the counters
 *
 * A task may enter on one CPU and leave on another: only the sum means something,
 * and only once nobody enters any more.
 */
static inline bool inside_any(const long __percpu *inside)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(inside, cpu));
	return sum;
}

/*
 * For a function that ends by calling the kernel's when it has left: it is to jump there,
 * as a task that waits there has nothing to come back to once the module has gone. So
 * what needs local variables in memory is done by another function, which is noinline,
 * and coverage is not counted, which would be done after the call. Kbuild has compilers
 * jump; selftests/tail_calls tells whether they did.
 */
#if __has_attribute(__no_sanitize_coverage__)
#define __ends_in_jump						\
	__attribute__((__no_profile_instrument_function__,	\
		       __no_sanitize_coverage__))
#elif defined(__clang__)
#define __ends_in_jump						\
	__attribute__((__no_profile_instrument_function__,	\
		       no_sanitize("coverage")))
#else
#define __ends_in_jump	__no_profile
#endif

#endif
