// SPDX-License-Identifier: GPL-2.0
/*
 * Circuit breakers: Envoy's thresholds, for what a cluster bears at one time. Only for
 * a connection may a limited number of requests wait.
 */
#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

static const struct circuit_breakers *breakers_of(const struct stream *s)
{
	return &s->cluster->options.breakers[s->route->priority];
}

static bool counts_requests(const struct circuit_breakers *b)
{
	return b->max_requests || b->retry_budget;
}

/* The load that counts the request; it is held until the stream is over. */
static struct cluster_load *load_of(struct stream *s)
{
	if (!s->state) {
		s->state = cluster_state_get(s->cluster->state);
		s->load = &s->state->loads[s->route->priority];
	}
	return s->load;
}

bool stream_admit(struct stream *s)
{
	const struct circuit_breakers *b = breakers_of(s);

	if (!counts_requests(b) || s->admitted)
		return true;
	s->admitted = admit(&load_of(s)->requests,
			    b->max_requests ?: U32_MAX);
	return s->admitted;
}

/* Envoy: a budget overrides the number. */
static u32 max_retries(struct stream *s)
{
	const struct circuit_breakers *b = breakers_of(s);
	u64 requests = atomic_read(&load_of(s)->requests);

	if (!b->retry_budget)
		return b->max_retries ?: U32_MAX;
	return max_t(u64, b->min_retry_concurrency,
		     div_u64(requests * b->retry_budget, L7MESH_FRACTION_MAX));
}

bool stream_admit_retry(struct stream *s)
{
	if (!s->retrying)
		s->retrying = admit(&load_of(s)->retries, max_retries(s));
	return s->retrying;
}

/* @true once there is a connection to be used, or one to be opened. */
static bool admit_connection(struct stream *s)
{
	struct try *t = s->try;
	u32 max = breakers_of(s)->max_connections;

	if (!max || t->connected)
		return true;
	t->connected = cluster_load_connect(load_of(s), max,
					    s->waited ? &s->pending : NULL);
	if (t->connected)
		s->waited = false;
	return t->connected;
}

enum admission stream_ask_connection(struct stream *s)
{
	if (admit_connection(s))
		return ADMISSION_GRANTED;
	s->waited = cluster_load_wait(s->load, &s->pending,
				      breakers_of(s)->max_pending_requests,
				      s->waited);
	if (!s->waited)
		return ADMISSION_REFUSED;
	/* A connection that was given back just before we queued woke nobody. */
	if (!admit_connection(s))
		return ADMISSION_AWAITED;
	cluster_load_stop_waiting(s->load, &s->pending);
	return ADMISSION_GRANTED;
}

void stream_leave_connection(struct stream *s)
{
	if (s->waited)
		cluster_load_stop_waiting(s->load, &s->pending);
	if (s->try->connected)
		cluster_load_disconnect(s->load);
	s->waited = false;
	s->try->connected = false;
}

void stream_leave_cluster(struct stream *s)
{
	stream_leave_connection(s);
	if (s->admitted)
		atomic_dec(&s->load->requests);
	if (s->retrying)
		atomic_dec(&s->load->retries);
	s->admitted = false;
	s->retrying = false;
	cluster_state_put(s->state);
	s->state = NULL;
}
