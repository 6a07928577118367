/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tap: TAP for the unit tests.
 *
 * One line per check, diagnostics after a failed one, and at the end the plan and
 * "N passed, N failed".
 */
#ifndef UNIT_TAP_H
#define UNIT_TAP_H

#include <linux/types.h>

/* One check. Return: @pass. */
__printf(2, 3) bool tap_ok(bool pass, const char *format, ...);

/* One check that two texts are the same; shows both if not. */
__printf(3, 4) bool tap_is(const char *got, const char *wanted,
			   const char *format, ...);

/* A diagnostic line. */
__printf(1, 2) void tap_note(const char *format, ...);

/* Return: the program's exit status, 1 if a check failed. */
int tap_end(void);

/* A number below @limit from a fixed sequence: failures can be repeated. */
u32 tap_random(u32 limit);

#endif
