/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ident: 128 bits that name one request: different for each, and not to be told
 * from those of another.
 *
 * Any context; per CPU, without a lock.
 */
#ifndef L7MESH_IDENT_H
#define L7MESH_IDENT_H

#include <linux/types.h>

void ident_init(void);
void ident_make(u64 id[2]);

/* In the form of a version 4 UUID, RFC 9562 5.4; without a NUL. */
#define IDENT_TEXT	36
void ident_text(const u64 id[2], char *text);

#endif
