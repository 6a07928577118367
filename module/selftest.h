/* SPDX-License-Identifier: GPL-2.0 */
/*
 * selftest: what a debug build (make L7MESH_DEBUG=1) checks of itself when it is
 * loaded. Module init; process context.
 */
#ifndef L7MESH_SELFTEST_H
#define L7MESH_SELFTEST_H

#include <linux/types.h>

#ifdef DEBUG_SELFTEST

/**
 * selftest_maglev() - Compare random tables with a naive implementation's
 *
 * Return: 0 if all entries are the same, which it also says in the log;
 * -ENOTRECOVERABLE if not; -ENOMEM if it could not look.
 */
int selftest_maglev(void);

#else

static inline int selftest_maglev(void)
{
	return 0;
}

#endif

#endif
