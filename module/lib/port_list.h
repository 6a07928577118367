/* SPDX-License-Identifier: GPL-2.0 */
/*
 * port_list: ports and ranges of ports, such as 22,8000-8010. As Istio's annotations have
 * them, but for the ranges.
 *
 * Plain C: no kernel call, no allocation; any context.
 */
#ifndef L7MESH_PORT_LIST_H
#define L7MESH_PORT_LIST_H

#include "lib/span.h"

#define PORT_LIST_MAX	64

struct port_range {
	u16 from, to;		/* host order, both within */
};

/**
 * port_list_parse() - Read a list
 * @text: list; empty is none
 * @ranges: out: room for PORT_LIST_MAX
 * @n: out: how many there are
 *
 * Return: NULL, or what is wrong with it.
 */
const char *port_list_parse(struct span text, struct port_range *ranges, u32 *n);

static inline bool port_list_has(const struct port_range *ranges, u32 n, u16 port)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (ranges[i].from <= port && port <= ranges[i].to)
			return true;
	return false;
}

#endif
