// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include "lib/stats.h"

const char *const mesh_stat_names[MESH_STAT_COUNT] = {
#define STAT(id, name) name,
#include "lib/stats_list.h"
#undef STAT
};

static const char *const object_names[MESH_OBJECT_COUNT] = {
#define OBJECT(id) __stringify(id),
#include "lib/stats_list.h"
#undef OBJECT
};

/* One CPU may destroy what another created: only sums mean something. */
struct object_counts {
	u64 created[MESH_OBJECT_COUNT];
	u64 destroyed[MESH_OBJECT_COUNT];
};

static DEFINE_PER_CPU(struct object_counts, object_counts);

u64 stats_read(struct mesh_stats __percpu *s, enum mesh_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(s, cpu)->v[stat]);
	return sum;
}

void stats_object_created(enum mesh_object object)
{
	this_cpu_inc(object_counts.created[object]);
}

void stats_object_destroyed(enum mesh_object object)
{
	this_cpu_inc(object_counts.destroyed[object]);
}

void stats_report_objects(void)
{
	enum mesh_object object;
	int cpu;

	for (object = 0; object < MESH_OBJECT_COUNT; object++) {
		u64 created = 0, destroyed = 0;

		for_each_possible_cpu(cpu) {
			struct object_counts *c = per_cpu_ptr(&object_counts, cpu);

			created += c->created[object];
			destroyed += c->destroyed[object];
		}
		if (created)
			pr_info("%s: %llu created, %llu destroyed\n",
				object_names[object], created, destroyed);
		WARN(created != destroyed, "l7mesh: %s objects leaked: %lld\n",
		     object_names[object], (s64)(created - destroyed));
	}
}
