/* SPDX-License-Identifier: GPL-2.0 */
/*
 * introduction: what an endpoint is told of the client before all else, if its cluster
 * has proxy_protocol: a PROXY header, see lib/proxy_header.h.
 *
 * Any context.
 */
#ifndef L7MESH_INTRODUCTION_H
#define L7MESH_INTRODUCTION_H

#include "lib/out_buffer.h"
#include "lib/proxy_header.h"

/**
 * introduction_write() - Write a header
 * @version: enum l7mesh_proxy_protocol, not off
 * @h: whom it names: PROXY_HEADER_NONE is the mesh itself; and how many bytes @tlvs are,
 *	of which only version 2 has room
 * @tlvs: what is said besides
 * @gfp: how to allocate
 * @out: empty; gets the bytes
 *
 * Return: 0 or -ENOMEM.
 */
int introduction_write(u8 version, const struct proxy_header *h, const void *tlvs,
		       gfp_t gfp, struct out *out);

#endif
