/* SPDX-License-Identifier: GPL-2.0 */
/*
 * envoy: a static Envoy bootstrap as a mesh file.
 */
#ifndef MESHCTL_ENVOY_H
#define MESHCTL_ENVOY_H

#include <jansson.h>

/*
 * The mesh file that the bootstrap in @file comes to, as config_tree() gives it, or
 * NULL with errors that are printed. @address stands for a listener's address that is
 * every one of a host (0.0.0.0, ::); NULL: there is none.
 */
json_t *envoy_import(const char *file, const char *address);

#endif
