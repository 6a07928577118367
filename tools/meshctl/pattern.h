/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pattern: whether the kernel takes a regular expression, by the kernel's own code.
 */
#ifndef MESHCTL_PATTERN_H
#define MESHCTL_PATTERN_H

#include <stddef.h>

/**
 * pattern_check() - What is wrong with a regular expression
 * @s: any bytes
 * @len: how many
 *
 * Return: NULL if nothing is; else words that are good until the next call.
 */
const char *pattern_check(const char *s, size_t len);

#endif
