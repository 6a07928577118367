/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spares: a few freed objects of one kind, kept on each CPU for who needs one next.
 *
 * Every request allocates and frees the same objects. Taking one from here and putting
 * it back costs a tenth of what the slab functions cost. If there is no room, the caller
 * frees the object.
 *
 * Any context: an object is taken or kept in one instruction, which nothing on this CPU
 * can interrupt. Objects are not initialised. Under KASAN nothing is kept, so that uses
 * after free are found.
 */
#ifndef L7MESH_SPARES_H
#define L7MESH_SPARES_H

#include <linux/kconfig.h>
#include <linux/percpu.h>

#define SPARES	2

struct spares {
	void *object[SPARES];
};

/**
 * spares_take() - Take an object that is kept
 * @s: where
 *
 * Return: an object, now the caller's, or NULL: allocate one.
 */
static inline void *spares_take(struct spares __percpu *s)
{
	void *object;
	int i;

	for (i = 0; i < SPARES; i++) {
		if (!this_cpu_read(s->object[i]))
			continue;
		object = this_cpu_xchg(s->object[i], NULL);
		if (object)
			return object;
	}
	return NULL;
}

/**
 * spares_keep() - Keep an object that has become free
 * @s: where
 * @object: the caller's
 *
 * Return: false if there is no room: free it.
 */
static inline bool spares_keep(struct spares __percpu *s, void *object)
{
	int i;

	if (IS_ENABLED(CONFIG_KASAN))
		return false;
	for (i = 0; i < SPARES; i++)
		if (!this_cpu_read(s->object[i]) &&
		    !this_cpu_cmpxchg(s->object[i], NULL, object))
			return true;
	return false;
}

/**
 * spares_empty() - Take any object, of any CPU, when nobody else does any more
 * @s: where
 *
 * Return: an object to be freed, or NULL if there is none left.
 */
static inline void *spares_empty(struct spares __percpu *s)
{
	struct spares *here;
	void *object;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		here = per_cpu_ptr(s, cpu);
		for (i = 0; i < SPARES; i++) {
			object = here->object[i];
			here->object[i] = NULL;
			if (object)
				return object;
		}
	}
	return NULL;
}

#endif
