/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stats: the counters of one mesh, and of the module's objects.
 *
 * Per CPU, so that counting takes no lock and shares no cache line; any context.
 * The names are what `meshctl stats` shows: they are part of the interface.
 */
#ifndef L7MESH_STATS_H
#define L7MESH_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

enum mesh_stat {
#define STAT(id, name) STAT_##id,
#include "lib/stats_list.h"
#undef STAT
	MESH_STAT_COUNT
};

struct mesh_stats {
	u64 v[MESH_STAT_COUNT];
};

extern const char *const mesh_stat_names[MESH_STAT_COUNT];

static inline void stat_inc(struct mesh_stats __percpu *s, enum mesh_stat stat)
{
	this_cpu_inc(s->v[stat]);
}

static inline void stat_add(struct mesh_stats __percpu *s, enum mesh_stat stat,
			    u64 n)
{
	this_cpu_add(s->v[stat], n);
}

/**
 * stats_read() - The sum over all CPUs
 * @s: counters of a mesh
 * @stat: which
 *
 * Return: the value, not atomic across CPUs.
 */
u64 stats_read(struct mesh_stats __percpu *s, enum mesh_stat stat);

/* Objects whose creations and destructions must balance when the module goes. */
enum mesh_object {
#define OBJECT(id) OBJECT_##id,
#include "lib/stats_list.h"
#undef OBJECT
	MESH_OBJECT_COUNT
};

void stats_object_created(enum mesh_object object);
void stats_object_destroyed(enum mesh_object object);

/**
 * stats_report_objects() - Log created and destroyed counts when the module goes
 *
 * Context: process, after every object must be gone. Warns if one is not.
 */
void stats_report_objects(void);

#endif
