// SPDX-License-Identifier: GPL-2.0
/*
 * Rate limits and circuit breakers. The latter are Envoy's thresholds, for what a
 * cluster bears at one time. A request beyond a threshold is refused at once; only for
 * a connection may a limited number of requests wait.
 */
#include "policy/source_limit.h"
#include "stream/exchange_priv.h"
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

/* Room for the four fields of a refusal, with the longest numbers. */
#define RATE_FIELDS_MAX	160

bool exchange_take_token(struct conn *c, struct run *run,
			 struct rate_limiter *limiter,
			 const struct rate_limit *limit)
{
	struct reply r = { .status = 429 };
	char fields[RATE_FIELDS_MAX];
	u64 wait, seconds;

	wait = rate_limiter_take(limiter, limit, client_of(c),
				 c->ex.request_head);
	if (!wait)
		return true;
	seconds = div_u64(wait + NSEC_PER_SEC - 1, NSEC_PER_SEC);
	scnprintf(fields, sizeof(fields),
		  "retry-after: %llu\r\nx-ratelimit-limit: %u\r\n"
		  "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: %llu\r\n",
		  seconds, limit->max_tokens, seconds);
	r.fields = fields;
	exchange_reply(c, run, STAT_REPLY_RATE_LIMITED, &r);
	return false;
}

/* If there is no memory to count, the limit counts as reached. */
bool exchange_count_source(struct conn *c, struct run *run,
			   const struct listener *l)
{
	struct reply r = { .status = 429 };

	if (!c->client)
		c->client = source_get(c->mesh, &c->source, &l->address,
				       GFP_ATOMIC | payer_gfp(c->payer));
	c->ex.from_source = c->client &&
			    admit(&c->client->requests,
				  c->options.max_requests_per_source);
	if (!c->ex.from_source)
		exchange_reply(c, run, STAT_REPLY_SOURCE_LIMITED, &r);
	return c->ex.from_source;
}

void exchange_leave_source(struct conn *c)
{
	atomic_dec(&c->client->requests);
	c->ex.from_source = false;
}

void exchange_refuse_overload(struct conn *c, struct run *run)
{
	struct reply r = {
		.status = 503,
		.fields = "x-envoy-overloaded: true\r\n",
	};

	exchange_reply(c, run, STAT_REPLY_OVERFLOW, &r);
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
	u32 max = breakers_of(ex)->max_connections;

	if (!max || ex->connected)
		return true;
	ex->connected = cluster_load_connect(load_of(ex), max,
					     ex->waited ? &c->pending : NULL);
	if (ex->connected)
		ex->waited = false;
	return ex->connected;
}

bool exchange_enter_connection(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	const struct cluster_options *o = &ex->cluster->options;

	if (admit_connection(c))
		return true;
	ex->waited = cluster_load_wait(ex->load, &c->pending,
				       breakers_of(ex)->max_pending_requests,
				       ex->waited);
	if (!ex->waited) {
		exchange_refuse_overload(c, run);
		return false;
	}
	/* A connection that was given back just before we queued woke nobody. */
	if (admit_connection(c)) {
		cluster_load_stop_waiting(ex->load, &c->pending);
		return true;
	}
	if (ex->request != REQUEST_PENDING) {
		stat_inc(c->mesh->stats, STAT_REQUESTS_PENDING);
		conn_set_deadline(c, o->connect_timeout);
	}
	ex->request = REQUEST_PENDING;
	return false;
}

void exchange_end_pending(struct conn *c, struct run *run)
{
	if (list_empty_careful(&c->pending.list) &&
	    exchange_enter_connection(c, run))
		c->ex.request = REQUEST_ROUTED;
}

void exchange_leave_connection(struct conn *c)
{
	struct exchange *ex = &c->ex;

	if (ex->waited)
		cluster_load_stop_waiting(ex->load, &c->pending);
	if (ex->connected)
		cluster_load_disconnect(ex->load);
	ex->waited = false;
	ex->connected = false;
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
