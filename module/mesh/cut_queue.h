/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cut_queue: when the node's connections are looked at, as a change of policies may forbid
 * some that are there (intercept/cut.h). By a work, of which there is one: however many
 * changes there were meanwhile they are looked at once, and so many times a second at most.
 *
 * What could not be ended, as a program has it locked, is looked for again after a pause
 * that grows, until the next change.
 */
#ifndef L7MESH_CUT_QUEUE_H
#define L7MESH_CUT_QUEUE_H

struct mesh;
struct mesh_net;

/**
 * cut_queue_begin() - From now on it can be asked for
 * @look: looks at the connections of meshes whose ->cut_walk is greater than @done;
 *	returns 0, or it is to be called again
 *
 * Context: process, module init. Return: 0 or -ENOMEM.
 */
int cut_queue_begin(int (*look)(unsigned long done));

/* Nobody looks any more, whatever is asked for, until the end. Context: process. */
void cut_queue_stop(void);
void cut_queue_end(void);

/* A mesh has a snapshot whose policies may forbid what is there. Context: process. */
void cut_queue_soon(struct mesh *m);

/* Of what is in this namespace not all could be ended: later. Context: process. */
void cut_queue_later(struct mesh_net *mn);

#endif
