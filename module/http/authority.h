/* SPDX-License-Identifier: GPL-2.0 */
/*
 * authority: hosts and ports, as in Host and in targets. RFC 3986 3.2.2, 3.2.3;
 * RFC 9110 4.2, 7.2.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_AUTHORITY_H
#define L7MESH_AUTHORITY_H

#include <linux/types.h>
#include "lib/span.h"

/**
 * authority_valid() - May this be the value of Host?
 * @s: any bytes
 *
 * Return: true if so (RFC 9110 7.2: a host that is not empty, perhaps with ':'
 * and a port; IPv6 in brackets).
 */
bool authority_valid(struct span s);

/*
 * Return: how many bytes of @authority (uri-host [ ":" port ]) are its host, or
 * 0 if it is not a valid one with a host that is not empty.
 */
u32 authority_host_len(struct span authority);

#endif
