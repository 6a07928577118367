/* SPDX-License-Identifier: GPL-2.0 */
/*
 * engine: begins and ends what the HTTP engine has in a network namespace, see
 * http_net.h, and in all of them.
 */
#ifndef L7MESH_ENGINE_H
#define L7MESH_ENGINE_H

struct drain;
struct mesh_net;

/**
 * engine_net_init() - Prepare a namespace; opens nothing yet
 * @mn: namespace, whose ->http is set
 *
 * Context: process, pernet init. Return: 0 or -ENOMEM.
 */
int engine_net_init(struct mesh_net *mn);

/**
 * engine_net_exit() - Close whatever the engine has in a namespace
 * @mn: namespace that is going, or whose module is going
 *
 * Context: process. On return no callback, work or timer of the engine is
 * pending for it.
 */
void engine_net_exit(struct mesh_net *mn);

/**
 * engine_net_drain() - Close idle connections now, busy ones after their response
 * @mn: namespace
 * @d: which; and when those that are left are reset
 *
 * Context: process.
 */
void engine_net_drain(struct mesh_net *mn, const struct drain *d);

/* Module-wide: caches and workqueue. Context: process. */
int engine_init(void);
void engine_exit(void);

#endif
