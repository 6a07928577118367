/* SPDX-License-Identifier: GPL-2.0 */
/*
 * http_options: what a listener's HTTP connections may do, and what is done to
 * their requests. Names and meanings are those of Envoy's HttpConnectionManager,
 * where it has them.
 *
 * A part of the immutable listener. A connection has a copy, which is that of the
 * moment at which its latest request was understood.
 *
 * The struct, the defaults and http_options_equal() are made of uapi/l7mesh.yaml, where
 * an option is added.
 */
#ifndef L7MESH_HTTP_OPTIONS_H
#define L7MESH_HTTP_OPTIONS_H

#include "http/generated/http_options.h"

extern const struct http_options http_options_default;

#endif
