/* SPDX-License-Identifier: GPL-2.0 */
/*
 * version: the module's, which INFO_GET and modinfo tell.
 */
#ifndef L7MESH_VERSION_H
#define L7MESH_VERSION_H

#define L7MESH_VERSION	"0.1.0"

#endif
