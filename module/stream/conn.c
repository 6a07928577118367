// SPDX-License-Identifier: GPL-2.0
#include "stream/conn.h"

#include <linux/module.h>
#include "lib/compat.h"
#include "lib/payer.h"
#include "lib/stats.h"
#include "link/client.h"
#include "link/http_net.h"
#include "link/leg.h"
#include "policy/policy.h"

static struct kmem_cache *conn_cache;

/*
 * What a connection that has come as packets takes, of which its client pays nothing:
 * itself and two sockets.
 */
#define FOREIGN_BYTES	(sizeof(struct conn) + 2 * sizeof(struct tcp6_sock))

/*
 * One more of these? All together have half of what the namespace may hold, and no more
 * than the share of the application that pays for what of it is charged.
 */
static bool may_be_foreign(struct http_net *hn, struct mem_cgroup *payer)
{
	unsigned long n = atomic_read(&hn->nforeign);

	if (n * FOREIGN_BYTES >= READ_ONCE(namespace_bytes_max) / 2)
		return false;
	n = payer ? atomic_read(&http_net_share(hn, payer)->conns) : 0;
	return n * sizeof(struct conn) < payer_share(payer);
}

/* From here on an application pays for it, whose share has what there is already. */
static void be_paid(struct conn *c, struct mem_cgroup *payer)
{
	struct foreign_share *share = http_net_share(c->hn, payer);

	c->payer = payer;
	atomic_inc(&share->conns);
	atomic_long_add(c->stream.held, &share->bytes);
}

/* It is not of this kernel's, and is gone. */
static void forget_foreign(struct conn *c)
{
	struct http_net *hn = c->hn;

	atomic_dec(&hn->nforeign);
	if (c->payer)
		atomic_dec(&http_net_share(hn, c->payer)->conns);
	transparent_unbind(&hn->transparent, &c->original);
	payer_put(c->payer);
}

static void conn_put(struct conn *c)
{
	struct http_net *hn = c->hn;

	if (!refcount_dec_and_test(&c->ref))
		return;
	if (!c->identity)
		forget_foreign(c);
	identity_put(c->identity);
	kmem_cache_free(conn_cache, c);
	stats_object_destroyed(OBJECT_CONN);
	http_net_conn_gone(hn);
}

static void conn_join(struct conn *c, bool greedy)
{
	refcount_inc(&c->ref);
	if (!line_join(c->line, &c->turn, greedy))
		conn_put(c);
}

void conn_kick(struct conn *c)
{
	conn_join(c, false);
}

static void conn_timer(struct timer_list *t)
{
	struct patience *p = compat_timer_container_of(p, t, timer);

	if (patience_is_due(p))
		conn_kick(container_of(p, struct conn, stream.patience));
}

/* ---- who it is, and whether it is let in ---- */

/* Do the listener's policies let the client in? */
static bool is_let_in(struct conn *c, const struct listener *l)
{
	struct policy_peer peer = {
		.client = &c->client,
		.mesh = c->mesh,
		.address = &c->source,
		.listener = &l->address,
		.gfp = GFP_KERNEL | payer_gfp(c->payer),
	};
	bool in = policy_connect(&l->policies, &peer);

	c->counted = peer.counted;
	if (!in)
		stat_inc(c->mesh->stats, peer.reason);
	return in;
}

/*
 * Of a TCP listener those come here that have arrived as packets, and those of
 * listener_relays(), which may have changed since.
 */
static const struct listener_slot *relay_slot(const struct conn *c,
					      const struct snapshot *s)
{
	const struct listener_slot *slot = conn_slot(c, s);
	const struct listener *l = slot ? slot->listener : NULL;

	if (!l || listener_serves_http(l) || l->has_proxy)
		return NULL;
	return c->identity || l->http.packets ? slot : NULL;
}

static bool begin_relay(struct conn *c, struct snapshot *s,
			const struct listener_slot *slot)
{
	if (stream_relay(&c->stream, s, slot->cluster)) {
		c->options.source = slot->listener->http.source;
		return true;
	}
	stat_inc(c->mesh->stats, STAT_DOWNSTREAM_NO_MEMORY);
	return false;
}

/* Returns whether it may go on. */
static bool admit_client(struct conn *c, struct snapshot *s,
			 const struct listener_slot *slot)
{
	const struct listener *l = slot->listener;

	if (!is_let_in(c, l))
		return false;
	switch ((enum l7mesh_protocol)l->protocol) {
	case L7MESH_PROTOCOL_TLS:
		stream_await_hello(&c->stream, &l->http);
		break;
	case L7MESH_PROTOCOL_AUTO:
		stream_detect(&c->stream, l);
		break;
	case L7MESH_PROTOCOL_TCP:
		return begin_relay(c, s, slot);
	default:
		break;
	}
	return true;
}

/* Who it is has to be said first. */
static void await_source(struct conn *c, const struct listener *l)
{
	if (listener_routes(l)) {
		c->options = l->http;
	} else {
		c->options = http_options_default;
		c->options.headers_timeout = l->http.headers_timeout;
	}
	c->awaits_source = true;
}

/* Options that hold until the first request is understood. */
static void load_options(struct conn *c, bool known)
{
	struct snapshot *s = mesh_snapshot_get(c->mesh);
	const struct listener_slot *slot = conn_listener(c, s) ?: relay_slot(c, s);

	if (slot && !known && conn_source_expected(c, slot->listener))
		await_source(c, slot->listener);
	else if (!slot || !admit_client(c, s, slot))
		WRITE_ONCE(c->killed, true);
	snapshot_put(s);
}

/* How long it may say nothing at first. Proxies, and clients of TLS, speak at once. */
static u32 first_patience(const struct conn *c)
{
	if (c->detect)
		return c->options.detect_timeout;
	return c->awaits_source || c->relays ? c->options.headers_timeout :
					       c->options.idle_timeout;
}

/* The proxy has said it. As conn_begin(). */
static void begin_known(struct conn *c)
{
	struct mem_cgroup *old = payer_enter(c->payer);

	c->awaits_source = false;
	load_options(c, true);
	payer_leave(c->payer, old);
	patience_set(&c->stream.patience, first_patience(c));
}

/* ---- events ---- */

/* The link is locked. */
static void run_stream(struct conn *c, struct run *run)
{
	if (unlikely(c->awaits_source) && !READ_ONCE(c->killed) &&
	    conn_source_learn(c, run))
		begin_known(c);
	if (READ_ONCE(c->killed))
		stream_end(&c->stream, run, true);
	if (likely(!c->awaits_source))
		stream_run(&c->stream, run);
	c->greedy = run->again || edits_much(&c->stream);
}

/* Run the stream where the event happened. The link is locked. */
static void run_inline(struct conn *c, struct leg *held)
{
	struct run run = { .held = held, .left = BUDGET_INLINE };

	stat_inc(c->mesh->stats, STAT_RUN_INLINE);
	run_stream(c, &run);
	if (run.defer)
		conn_join(c, c->greedy);
}

static void conn_event(struct link *link)
{
	struct conn *c = container_of(link, struct conn, link);

	if (stream_tell(&c->stream))
		return;
	if (link_is_owned(link) || c->greedy)
		conn_kick(c);
	else
		run_inline(c, NULL);
}

static void conn_room(struct link *link)
{
	struct conn *c = container_of(link, struct conn, link);

	/* During a run, the return value of our own send says whether there is room. */
	if (!stream_is_run(&c->stream))
		conn_event(link);
}

LINK_EVENTS(conn, conn_event, conn_room)

static const struct callbacks conn_callbacks = LINK_CALLBACKS(conn);

/* Something happened to a leg that a stream uses. The leg is locked. */
static void conn_leg_event(struct stream *s, struct leg *leg)
{
	struct conn *c = s->conn;

	if (stream_tell(s))
		return;
	local_bh_disable();
	if (!link_trylock(&c->link)) {
		conn_kick(c);
	} else {
		if (c->greedy)
			conn_kick(c);
		else
			run_inline(c, leg);
		link_unlock_tried(&c->link);
	}
	local_bh_enable();
}

static void leg_event(struct link *link)
{
	struct leg *leg = container_of(link, struct leg, link);

	if (leg->stream)
		conn_leg_event(leg->stream, leg);
	else
		leg_break(leg);
}

static void leg_room(struct link *link)
{
	struct leg *leg = container_of(link, struct leg, link);

	/* As conn_room(). Who waits for room has locked the leg, or will do so. */
	if (leg->stream && !stream_is_run(leg->stream))
		conn_leg_event(leg->stream, leg);
}

LINK_EVENTS(leg, leg_event, leg_room)

static const struct callbacks leg_callbacks = LINK_CALLBACKS(leg);

/* ---- the work ---- */

static void close_legs(struct list_head *doomed)
{
	struct leg *leg, *next;

	list_for_each_entry_safe(leg, next, doomed, list)
		leg_close(leg);
}

/* The link is locked, and no leg is. */
static void collect_legs(struct stream *s, struct list_head *doomed)
{
	try_part(s);
	list_splice_init(&s->doomed_legs, doomed);
}

static void forget(struct conn *c)
{
	struct http_net *hn = c->hn;

	spin_lock_bh(&hn->conns_lock);
	list_del(&c->list);
	spin_unlock_bh(&hn->conns_lock);
}

/* conn.h says who may still refer to a connection when it ends. */
static void conn_close(struct conn *c)
{
	struct run run = { .may_sleep = true, .left = BUDGET_WORK };
	LIST_HEAD(doomed);

	link_lock(&c->link);
	c->closed = true;
	link_unhook(&c->link);
	stream_release(&c->stream, &run);
	policy_disconnect(&c->client, c->counted);
	collect_legs(&c->stream, &doomed);
	conn_source_free(c);
	link_unlock(&c->link);
	close_legs(&doomed);
	patience_exit(&c->stream.patience);
	link_close(&c->link, c->stream.reset);
	stat_inc(c->mesh->stats, STAT_DOWNSTREAM_CLOSED);
	mesh_put(c->mesh);
	forget(c);
	/* engine_net_exit() waits for this work before the module's text goes. */
	module_put(THIS_MODULE);
	conn_put(c);
}

/* Where the leg is to be, which stays until it is there; or NULL. */
static struct http_net *hold_net(const struct conn *c, u64 hop)
{
	struct http_net *hn;

	rcu_read_lock();
	hn = conn_leg_net(c, hop);
	if (hn)
		http_net_leg_born(hn);
	rcu_read_unlock();
	return hn;
}

/*
 * Nobody listened at what the client asked for when it came, so nobody pays so far. Whoever
 * listens at the endpoint does. Returns false if that one cannot.
 */
static bool find_payer(struct conn *c, const struct endpoint *ep)
{
	struct mem_cgroup *payer;
	bool charged;

	if (c->identity || c->payer)
		return true;
	payer = client_payer_here(&c->link, &ep->address);
	if (!payer)
		return true;
	link_lock(&c->link);
	charged = link_charge(&c->link, payer);
	if (charged)
		be_paid(c, payer);
	link_unlock(&c->link);
	if (!charged)
		payer_put(payer);
	return charged;
}

/* @ep: counted for this; @hop: the cookie of its namespace, if it begins there */
static void open_leg(struct conn *c, struct endpoint *ep,
		     const struct leg_client *client, u64 hop)
{
	bool paid = find_payer(c, ep);
	const struct leg_user user = {
		.stream = &c->stream,
		.callbacks = &leg_callbacks,
		.identity = c->identity,
		.payer = c->payer,
		.client = *client,
		.named = c->said && !hop,
		.mesh = c->mesh,
		.buffer_limit = c->options.buffer_limit,
	};
	struct http_net *hn = paid ? hold_net(c, hop) : NULL;
	struct leg *leg = NULL;
	int err = paid ? -ENETUNREACH : -ENOBUFS;

	if (hn) {
		leg = leg_open(hn, ep, &user, &err);
		http_net_leg_gone(hn);
	}
	link_lock(&c->link);
	stream_leg_opened(&c->stream, leg, err);
	link_unlock(&c->link);
	endpoint_put(ep);
}

/* What a round leaves to be done after the link is unlocked. */
struct chores {
	struct list_head doomed;	/* legs */
	struct endpoint *open;		/* counted, or NULL */
	struct leg_client client;	/* whom it is told of */
	u64 hop;			/* see open_leg() */
	bool shut_down;
	struct leg *leg_shut_down;	/* only the work closes legs; or NULL */
};

static void chores_collect(struct chores *todo, struct conn *c)
{
	struct try *t = c->stream.try;

	INIT_LIST_HEAD(&todo->doomed);
	collect_legs(&c->stream, &todo->doomed);
	todo->open = NULL;
	todo->shut_down = false;
	todo->leg_shut_down = NULL;
	if (c->stream.ended)
		return;
	if (t->open_leg) {
		todo->open = endpoint_get(t->ep);
		todo->client = stream_leg_client(&c->stream, c->stream.cluster);
		todo->hop = try_hop(t);
	}
	t->open_leg = false;
	todo->shut_down = c->shut_down == SHUT_DOWN_WANTED;
	if (todo->shut_down)
		c->shut_down = SHUT_DOWN_SENT;
	if (t->shut_down == SHUT_DOWN_WANTED) {
		t->shut_down = SHUT_DOWN_SENT;
		todo->leg_shut_down = t->leg;
	}
}

static bool chores_do(struct chores *todo, struct conn *c)
{
	close_legs(&todo->doomed);
	if (todo->open)
		open_leg(c, todo->open, &todo->client, todo->hop);
	if (todo->shut_down)
		link_shut(&c->link);
	if (todo->leg_shut_down)
		link_shut(&todo->leg_shut_down->link);
	return todo->open || todo->shut_down || todo->leg_shut_down;
}

/* Is the drain deadline of the connection, or of its endpoint, over? */
static bool drain_over(const struct conn *c)
{
	unsigned long until = READ_ONCE(c->drain_until);
	const struct leg *leg = c->stream.try->leg;

	if (READ_ONCE(c->draining) && deadline_is_over(until))
		return true;
	return leg && endpoint_overdue(leg_endpoint(leg));
}

/* A request that is only thrown away. */
static bool only_discards(const struct conn *c)
{
	return c->stream.request == REQUEST_DISCARD;
}

/*
 * Is the deadline to be judged now? Bytes that the budget has left unread may have come
 * in time, and put it off. What is bound ends whatever comes. What is thrown away puts
 * nothing off, and a response has its share of each run (stream_read_second()).
 */
static bool is_late(const struct conn *c, const struct run *run)
{
	const struct patience *p = &c->stream.patience;

	return deadline_is_over(p->deadline) &&
	       (!run->again || only_discards(c) || deadline_is_over(p->bound));
}

static void time_out(struct conn *c, struct run *run)
{
	if (unlikely(c->awaits_source)) {
		conn_source_late(c, run);
		return;
	}
	stream_timeout(&c->stream, run);
	run_stream(c, run);
}

/*
 * Returns whether another round is due. The deadline is checked last: bytes that
 * are here by now came in time. See is_late().
 */
static bool work_round(struct conn *c, int *left)
{
	struct run run = { .may_sleep = true, .left = *left };
	struct chores todo;

	link_lock(&c->link);
	patience_woken(&c->stream.patience);
	if (drain_over(c))
		WRITE_ONCE(c->killed, true);
	run_stream(c, &run);
	if (!c->stream.ended && is_late(c, &run))
		time_out(c, &run);
	chores_collect(&todo, c);
	link_unlock(&c->link);
	*left = run.left - COST_CHORES;
	return chores_do(&todo, c) || run.again;
}

static void conn_run(struct conn *c)
{
	int left = BUDGET_WORK;
	bool again;

	if (c->closed)
		return;
	stat_inc(c->mesh->stats, STAT_RUN_DEFERRED);
	do {
		again = work_round(c, &left);
	} while (again && left > 0);
	/* HTTP/1: nobody knows where the next request would begin. */
	if (c->stream.ended)
		conn_close(c);
	else if (again)
		conn_join(c, true);
}

static void conn_serve(struct turn *turn)
{
	struct conn *c = container_of(turn, struct conn, turn);

	conn_run(c);
	conn_put(c);
}

void conn_line_init(struct line *l)
{
	line_init(l, conn_serve);
}

/* ---- the beginning ---- */

static struct mesh *mesh_get_obeyed(const struct net *net)
{
	struct mesh *m;

	rcu_read_lock();
	m = mesh_obeyed(net);
	if (m && !mesh_tryget(m))
		m = NULL;
	rcu_read_unlock();
	return m;
}

static void wake_pending(struct pending *p)
{
	conn_kick(container_of(p, struct conn, stream.pending));
}

/* On success the connection owns what @claim holds. */
static struct conn *conn_alloc(struct http_net *hn, const struct link *accepted,
			       struct mesh *mesh,
			       const struct client_claim *claim)
{
	struct mem_cgroup *payer = identity_payer(claim->identity) ?: claim->payer;
	gfp_t gfp = GFP_KERNEL | payer_gfp(payer);
	struct mem_cgroup *old;
	struct conn *c;

	if (!claim->identity && !may_be_foreign(hn, payer))
		return NULL;
	old = payer_enter(payer);
	c = kmem_cache_zalloc(conn_cache, gfp);
	payer_leave(payer, old);
	if (!c)
		return NULL;
	refcount_set(&c->ref, 2);	/* it is open; whoever makes it */
	c->hn = hn;
	c->mesh = mesh;
	c->link = *accepted;
	c->identity = claim->identity;
	if (c->identity)
		c->payer = payer;
	else if (payer)
		be_paid(c, payer);
	if (!c->identity) {
		atomic_inc(&hn->nforeign);
		transparent_accepted(&hn->transparent, &claim->original);
	}
	c->original = claim->original;
	c->source = claim->source;
	c->source.port = 0;
	c->from = c->source;
	strscpy(c->by, claim->by, sizeof(c->by));
	c->source_port = link_peer_port(&c->link);
	c->source_len = address_host_text(&c->source, c->source_text);
	c->line = http_net_line(hn);
	stream_init(&c->stream, c, conn_timer, wake_pending);
	INIT_LIST_HEAD(&c->turn.list);
	stats_object_created(OBJECT_CONN);
	http_net_conn_born(hn);
	return c;
}

/*
 * The connection may end as soon as the link is unlocked: after that, nothing but
 * its memory is touched.
 */
static void conn_begin(struct conn *c)
{
	struct http_net *hn = c->hn;
	struct mem_cgroup *old;

	link_tune(&c->link);
	stat_inc(c->mesh->stats, STAT_DOWNSTREAM_CONNECTIONS);

	link_lock(&c->link);
	old = payer_enter(c->payer);
	load_options(c, false);
	payer_leave(c->payer, old);
	if (!link_charge(&c->link, c->payer)) {
		stat_inc(c->mesh->stats, STAT_DOWNSTREAM_NO_MEMORY);
		c->killed = true;
	}
	c->expires = deadline_or_none(c->options.max_connection_duration);
	c->stream.patience.bound = c->expires;
	link_limit(&c->link, c->options.buffer_limit);
	patience_set(&c->stream.patience, first_patience(c));
	link_send_anywhere(&c->link);
	link_hook(&c->link, &conn_callbacks);
	spin_lock_bh(&hn->conns_lock);
	c->walk = hn->walk;
	list_add_tail(&c->list, &hn->conns);
	spin_unlock_bh(&hn->conns_lock);
	link_unlock(&c->link);
	/* Events from before the callbacks were set went unnoticed. */
	conn_kick(c);
	conn_put(c);
}

void conn_accept(struct http_net *hn, struct link *accepted)
{
	struct client_claim claim;
	struct mesh *mesh;
	struct conn *c;

	mesh = mesh_get_obeyed(hn->net);
	if (!mesh)
		goto reset;
	if (!client_claim(accepted, &claim)) {
		stat_inc(mesh->stats, STAT_DOWNSTREAM_STRANGERS);
		goto put_mesh;
	}
	if (!try_module_get(THIS_MODULE))
		goto put_identity;
	c = conn_alloc(hn, accepted, mesh, &claim);
	if (!c)
		goto put_module;
	conn_begin(c);
	return;

put_module:
	stat_inc(mesh->stats, STAT_DOWNSTREAM_NO_MEMORY);
	module_put(THIS_MODULE);
put_identity:
	identity_put(claim.identity);
	payer_put(claim.payer);
put_mesh:
	mesh_put(mesh);
reset:
	link_refuse(accepted);
}

/* ---- the module ---- */

int conn_cache_init(void)
{
	conn_cache = kmem_cache_create("l7mesh_conn", sizeof(struct conn), 0,
				       0, NULL);
	if (!conn_cache)
		return -ENOMEM;
	link_know(&conn_callbacks);
	link_know(&leg_callbacks);
	return 0;
}

void conn_cache_exit(void)
{
	kmem_cache_destroy(conn_cache);
}
