// SPDX-License-Identifier: GPL-2.0
#include "mesh/named.h"

#include "authz/authorization.h"
#include "authz/workload.h"
#include "mesh/snapshot.h"
#include "route/route_object.h"

/* Functions of one type for all kinds, as a call by pointer has to have its own. */
#define COUNTED(type)						\
static void get_##type(void *object)				\
{								\
	type##_get(object);					\
}								\
								\
static void put_##type(struct account *account, void *object)	\
{								\
	type##_put(account, object);				\
}

#define WHOLE(type)						\
COUNTED(type)							\
								\
static void *clone_##type(struct account *account, const void *spec) \
{								\
	return type##_clone(account, spec);			\
}								\
								\
static bool equal_##type(const void *a, const void *b)		\
{								\
	return type##_equal(a, b);				\
}

#define FINISHED(type)						\
WHOLE(type)							\
								\
static int finish_##type(struct account *account, void *object,	\
			 const void *before)			\
{								\
	return type##_finish(account, object, before);		\
}

COUNTED(cluster)
COUNTED(route_table)
WHOLE(listener)
FINISHED(workload)
FINISHED(authorization)

#define SETS(type, set)						\
	.set_at = offsetof(struct snapshot, set),		\
	.name_at = offsetof(struct type, name),			\
	.get = get_##type,					\
	.put = put_##type

#define WHOLES(type, set)					\
	SETS(type, set),					\
	.clone = clone_##type,					\
	.equal = equal_##type

#define FINISHES(type, set)					\
	WHOLES(type, set),					\
	.finish = finish_##type

const struct named_ops named_ops[NAMED_KINDS] = {
	[NAMED_CLUSTER] = { SETS(cluster, clusters) },
	[NAMED_LISTENER] = { WHOLES(listener, listeners) },
	[NAMED_ROUTE_TABLE] = { SETS(route_table, route_tables) },
	[NAMED_WORKLOAD] = { FINISHES(workload, workloads) },
	[NAMED_AUTHORIZATION] = { FINISHES(authorization, authorizations) },
};
