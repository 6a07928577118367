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

/* STAT(enumerator, "name") */
#define MESH_STATS(STAT) \
	/* interception */ \
	STAT(INTERCEPTED_L4,		"intercepted_l4") \
	STAT(INTERCEPTED_PROXY,		"intercepted_proxy") \
	STAT(INTERCEPTED_HTTP,		"intercepted_http") \
	STAT(REFUSED_NO_ENDPOINT,	"refused_no_endpoint") \
	STAT(BYPASSED_BOUND_DEVICE,	"bypassed_bound_device") \
	STAT(BYPASSED_MPTCP,		"bypassed_mptcp") \
	STAT(BYPASSED_NO_LOOPBACK,	"bypassed_no_loopback") \
	STAT(BYPASSED_FAMILY,		"bypassed_family") \
	STAT(BYPASSED_MEMORY,		"bypassed_memory") \
	/* HTTP, downstream */ \
	STAT(DOWNSTREAM_CONNECTIONS,	"downstream_connections") \
	STAT(DOWNSTREAM_CLOSED,		"downstream_connections_closed") \
	STAT(DOWNSTREAM_STRANGERS,	"downstream_strangers_reset") \
	STAT(REQUESTS,			"requests") \
	STAT(RESPONSES,			"responses") \
	STAT(REQUESTS_ABANDONED,	"requests_abandoned_by_client") \
	/* HTTP, local replies by reason */ \
	STAT(REPLY_REDIRECT,		"reply_redirect") \
	STAT(REPLY_DIRECT,		"reply_direct_response") \
	STAT(REPLY_BAD_REQUEST,		"reply_400_bad_request") \
	STAT(REPLY_NO_ROUTE,		"reply_404_no_route") \
	STAT(REPLY_REQUEST_TIMEOUT,	"reply_408_request_timeout") \
	STAT(REPLY_URI_TOO_LONG,	"reply_414_uri_too_long") \
	STAT(REPLY_HEAD_TOO_LARGE,	"reply_431_header_fields_too_large") \
	STAT(REPLY_NOT_IMPLEMENTED,	"reply_501_not_implemented") \
	STAT(REPLY_BAD_RESPONSE,	"reply_502_bad_response") \
	STAT(REPLY_UPSTREAM_RESET,	"reply_502_upstream_reset") \
	STAT(REPLY_NO_ENDPOINT,		"reply_503_no_endpoint") \
	STAT(REPLY_CONNECT_FAILURE,	"reply_503_connect_failure") \
	STAT(REPLY_CONNECT_TIMEOUT,	"reply_503_connect_timeout") \
	STAT(REPLY_NO_MEMORY,		"reply_503_no_memory") \
	STAT(REPLY_RESPONSE_TIMEOUT,	"reply_504_response_timeout") \
	STAT(REPLY_VERSION,		"reply_505_version") \
	/* HTTP, upstream */ \
	STAT(LEGS_OPENED,		"upstream_legs_opened") \
	STAT(LEGS_REUSED,		"upstream_legs_reused") \
	STAT(LEGS_CLOSED,		"upstream_legs_closed") \
	STAT(LEGS_IDLE_TIMEOUT,		"upstream_legs_idle_timeout") \
	STAT(LEGS_RETRIED,		"upstream_requests_retried") \
	STAT(RESPONSES_CUT,		"responses_cut_by_upstream") \
	STAT(STREAMS_TIMED_OUT,		"streams_timed_out") \
	/* engine */ \
	STAT(RUN_INLINE,		"engine_runs_inline") \
	STAT(RUN_DEFERRED,		"engine_runs_deferred")

enum mesh_stat {
#define STAT(id, name) STAT_##id,
	MESH_STATS(STAT)
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
 * stat_read() - The sum over all CPUs
 * @s: counters of a mesh
 * @stat: which
 *
 * Return: the value, not atomic across CPUs.
 */
u64 stat_read(struct mesh_stats __percpu *s, enum mesh_stat stat);

/* Objects whose creations and destructions must balance when the module goes. */
#define MESH_OBJECTS(OBJECT) \
	OBJECT(MESH) OBJECT(SNAPSHOT) OBJECT(CLUSTER) OBJECT(ENDPOINT) \
	OBJECT(LISTENER) OBJECT(ROUTE_TABLE) OBJECT(VIRTUAL_HOST) OBJECT(ROUTE) \
	OBJECT(TXN) OBJECT(REDIRECT) OBJECT(CONN) OBJECT(LEG)

enum mesh_object {
#define OBJECT(id) OBJECT_##id,
	MESH_OBJECTS(OBJECT)
#undef OBJECT
	MESH_OBJECT_COUNT
};

void object_created(enum mesh_object object);
void object_destroyed(enum mesh_object object);

/**
 * objects_report() - Log created and destroyed counts when the module goes
 *
 * Context: process, after every object must be gone. Warns if one is not.
 */
void objects_report(void);

#endif
