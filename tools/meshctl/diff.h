/* SPDX-License-Identifier: GPL-2.0 */
/*
 * diff: how one configuration differs from another.
 *
 * Objects are compared by their key, their order does not matter; routes, whose
 * order does, by their place after what is common at both ends of their list.
 */
#ifndef MESHCTL_DIFF_H
#define MESHCTL_DIFF_H

#include "config.h"

/*
 * Prints what has to change to get from @from to @to: lines of "- OBJECT",
 * "+ OBJECT", "~ KEY field old -> new", or with @json a list. Returns how many.
 */
size_t diff_print(const struct config *from, const struct config *to, bool json);

#endif
