// SPDX-License-Identifier: GPL-2.0
/*
 * Circuit breakers: Envoy's thresholds, for what a cluster bears at one time. Only for
 * a connection may a limited number of requests wait.
 */
#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

static const struct circuit_breakers *breakers_of(const struct exchange *ex)
{
	return &ex->cluster->options.breakers[ex->route->priority];
}

static bool counts_requests(const struct circuit_breakers *b)
{
	return b->max_requests || b->retry_budget;
}

/* The load that counts the request; it is held until the exchange is over. */
static struct cluster_load *load_of(struct exchange *ex)
{
	if (!ex->state) {
		ex->state = cluster_state_get(ex->cluster->state);
		ex->load = &ex->state->loads[ex->route->priority];
	}
	return ex->load;
}

bool exchange_admit(struct exchange *ex)
{
	const struct circuit_breakers *b = breakers_of(ex);

	if (!counts_requests(b) || ex->admitted)
		return true;
	ex->admitted = admit(&load_of(ex)->requests,
			     b->max_requests ?: U32_MAX);
	return ex->admitted;
}

/* Envoy: a budget overrides the number. */
static u32 max_retries(struct exchange *ex)
{
	const struct circuit_breakers *b = breakers_of(ex);
	u64 requests = atomic_read(&load_of(ex)->requests);

	if (!b->retry_budget)
		return b->max_retries ?: U32_MAX;
	return max_t(u64, b->min_retry_concurrency,
		     div_u64(requests * b->retry_budget, L7MESH_FRACTION_MAX));
}

bool exchange_admit_retry(struct exchange *ex)
{
	if (!ex->retrying)
		ex->retrying = admit(&load_of(ex)->retries, max_retries(ex));
	return ex->retrying;
}

/* @true once there is a connection to be used, or one to be opened. */
static bool admit_connection(struct conn *c)
{
	struct exchange *ex = &c->ex;
	struct try *t = ex->try;
	u32 max = breakers_of(ex)->max_connections;

	if (!max || t->connected)
		return true;
	t->connected = cluster_load_connect(load_of(ex), max,
					    ex->waited ? &c->pending : NULL);
	if (t->connected)
		ex->waited = false;
	return t->connected;
}

enum admission exchange_ask_connection(struct conn *c)
{
	struct exchange *ex = &c->ex;

	if (admit_connection(c))
		return ADMISSION_GRANTED;
	ex->waited = cluster_load_wait(ex->load, &c->pending,
				       breakers_of(ex)->max_pending_requests,
				       ex->waited);
	if (!ex->waited)
		return ADMISSION_REFUSED;
	/* A connection that was given back just before we queued woke nobody. */
	if (!admit_connection(c))
		return ADMISSION_AWAITED;
	cluster_load_stop_waiting(ex->load, &c->pending);
	return ADMISSION_GRANTED;
}

void exchange_leave_connection(struct conn *c)
{
	struct exchange *ex = &c->ex;

	if (ex->waited)
		cluster_load_stop_waiting(ex->load, &c->pending);
	if (ex->try->connected)
		cluster_load_disconnect(ex->load);
	ex->waited = false;
	ex->try->connected = false;
}

void exchange_leave_cluster(struct conn *c)
{
	struct exchange *ex = &c->ex;

	exchange_leave_connection(c);
	if (ex->admitted)
		atomic_dec(&ex->load->requests);
	if (ex->retrying)
		atomic_dec(&ex->load->retries);
	ex->admitted = false;
	ex->retrying = false;
	cluster_state_put(ex->state);
	ex->state = NULL;
}
