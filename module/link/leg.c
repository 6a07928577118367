// SPDX-License-Identifier: GPL-2.0
#include "link/leg.h"

#include <linux/hash.h>
#include <linux/slab.h>
#include "lib/payer.h"
#include "lib/stats.h"
#include "link/http_net.h"
#include "link/identity.h"
#include "mesh/mesh.h"

static struct kmem_cache *leg_cache;

int leg_cache_init(void)
{
	leg_cache = kmem_cache_create("l7mesh_leg", sizeof(struct leg), 0, 0,
				      NULL);
	return leg_cache ? 0 : -ENOMEM;
}

void leg_cache_exit(void)
{
	kmem_cache_destroy(leg_cache);
}

/* The first of the buckets that may hold an endpoint's pools. */
static struct pool_bucket *bucket_first(struct http_net *hn,
					const struct endpoint *ep)
{
	u32 n = hash_ptr(ep, ilog2(POOL_BUCKETS / ENDPOINT_BUCKETS));

	return &hn->buckets[n * ENDPOINT_BUCKETS];
}

static struct pool_bucket *bucket_of(struct http_net *hn,
				     const struct endpoint *ep,
				     const struct identity *id)
{
	return bucket_first(hn, ep) + identity_hash(id) % ENDPOINT_BUCKETS;
}

static struct pool_bucket *bucket_of_leg(const struct leg *leg)
{
	return bucket_of(leg->pool->hn, leg->pool->ep, leg->pool->id);
}

static bool is_personal(const struct leg_client *client)
{
	return leg_client_is_shown(client) || leg_client_is_named(client);
}

static struct pool *pool_find(struct pool_bucket *b, const struct endpoint *ep,
			      const struct identity *id,
			      const struct leg_client *client)
{
	bool personal = is_personal(client);
	struct pool *p;

	hlist_for_each_entry(p, &b->pools, node)
		if (p->ep == ep && p->id == id && p->personal == personal &&
		    p->guest == client->guest)
			return p;
	return NULL;
}

static struct pool *pool_alloc(struct http_net *hn, struct endpoint *ep,
			       const struct leg_user *user)
{
	struct pool *p = kzalloc(sizeof(*p), GFP_KERNEL | payer_gfp(user->payer));

	if (!p)
		return NULL;
	p->hn = hn;
	p->ep = endpoint_get(ep);
	p->id = identity_get(user->identity);
	p->personal = is_personal(&user->client);
	p->guest = user->client.guest;
	INIT_LIST_HEAD(&p->idle);
	return p;
}

static void pool_free(struct pool *p)
{
	if (!p)
		return;
	endpoint_put(p->ep);
	identity_put(p->id);
	kfree(p);
}

/* Count one more leg in the pool where it belongs, which is made if need be. */
static struct pool *pool_join(struct http_net *hn, struct endpoint *ep,
			      const struct leg_user *user)
{
	struct pool_bucket *b = bucket_of(hn, ep, user->identity);
	struct pool *fresh = pool_alloc(hn, ep, user), *p;

	if (!fresh)
		return NULL;
	spin_lock_bh(&b->lock);
	p = pool_find(b, ep, user->identity, &user->client);
	if (!p) {
		p = fresh;
		fresh = NULL;
		hlist_add_head(&p->node, &b->pools);
	}
	p->nlegs++;
	spin_unlock_bh(&b->lock);
	pool_free(fresh);
	return p;
}

/* One leg fewer; the last one takes the pool with it. */
static void pool_leave(struct pool *p)
{
	struct pool_bucket *b = bucket_of(p->hn, p->ep, p->id);
	bool last;

	spin_lock_bh(&b->lock);
	last = !--p->nlegs;
	if (last)
		hlist_del(&p->node);
	spin_unlock_bh(&b->lock);
	if (last)
		pool_free(p);
}

#define REAP_INTERVAL	(2 * HZ)

static void reap_later(struct http_net *hn)
{
	if (!delayed_work_pending(&hn->reaper))
		queue_delayed_work(http_wq, &hn->reaper, REAP_INTERVAL);
}

static bool client_equal(const struct leg_client *a, const struct leg_client *b)
{
	return address_eq(&a->shown, &b->shown) && address_eq(&a->named, &b->named) &&
	       address_eq(&a->to, &b->to) && a->more == b->more;
}

/* How many idle legs are looked at for one of a client's, with BH off. */
#define CLIENT_LOOKS	64

static struct leg *pool_first(struct pool *p, const struct leg_client *client)
{
	int looks = CLIENT_LOOKS;
	struct leg *leg;

	list_for_each_entry(leg, &p->idle, list) {
		if (!p->personal || client_equal(&leg->client, client))
			return leg;
		if (!--looks)
			break;
	}
	return NULL;
}

struct leg *leg_take(struct http_net *hn, const struct endpoint *ep,
		     const struct identity *id, const struct leg_client *client)
{
	struct pool_bucket *b = bucket_of(hn, ep, id);
	struct leg *leg = NULL;
	struct pool *p;

	spin_lock_bh(&b->lock);
	p = pool_find(b, ep, id, client);
	if (p)
		leg = pool_first(p, client);
	/* The endpoint may close an expired leg at any moment. */
	if (leg && time_after(jiffies, leg->expires))
		leg = NULL;
	if (leg) {
		list_del_init(&leg->list);
		p->nidle--;
	}
	spin_unlock_bh(&b->lock);
	return leg;
}

bool leg_is_idle(struct http_net *hn, const struct endpoint *ep,
		 const struct identity *id, const struct leg_client *client)
{
	struct pool_bucket *b = bucket_of(hn, ep, id);
	struct pool *p;
	bool idle;

	spin_lock_bh(&b->lock);
	p = pool_find(b, ep, id, client);
	idle = p && pool_first(p, client);
	spin_unlock_bh(&b->lock);
	return idle;
}

bool leg_bind(struct leg *leg, struct stream *stream)
{
	if (leg->broken || READ_ONCE(leg->pool->hn->dead) || !link_is_fresh(&leg->link))
		return false;
	leg->stream = stream;
	return true;
}

/*
 * Called under the bucket's lock. So a leg is either parked before leg_reap()
 * empties the bucket, and found by it, or sees here that hn->drains has risen.
 */
static bool may_park(const struct leg *leg, u32 max_idle)
{
	struct http_net *hn = leg->pool->hn;

	return !leg->broken && !READ_ONCE(leg->pool->ep->draining) && max_idle &&
	       leg->drains == atomic_read(&hn->drains) && !READ_ONCE(hn->dead);
}

/* Called under the bucket's lock. Returns whether the pool has room for one more. */
static bool make_room(struct pool *p, u32 max_idle)
{
	struct leg *oldest;

	if (likely(p->nidle < max_idle))
		return true;
	if (!p->personal)
		return false;
	oldest = list_last_entry(&p->idle, struct leg, list);
	list_del_init(&oldest->list);
	oldest->broken = true;
	queue_work(http_wq, &oldest->close_work);
	p->nidle--;
	return true;
}

bool leg_park(struct leg *leg, unsigned long expires, u32 max_idle)
{
	struct pool *p = leg->pool;
	struct pool_bucket *b = bucket_of_leg(leg);
	bool parked = false;

	spin_lock_bh(&b->lock);
	leg->expires = expires;
	if (may_park(leg, max_idle) && make_room(p, max_idle)) {
		list_add(&leg->list, &p->idle);
		p->nidle++;
		parked = true;
		/* Unlocked, the leg may be closed, and then the namespace gone. */
		reap_later(p->hn);
	}
	spin_unlock_bh(&b->lock);
	return parked;
}

void leg_break(struct leg *leg)
{
	struct pool *p = leg->pool;
	struct pool_bucket *b = bucket_of_leg(leg);
	bool pooled;

	spin_lock_bh(&b->lock);
	pooled = !leg->broken && !list_empty(&leg->list);
	leg->broken = true;
	if (pooled) {
		list_del_init(&leg->list);
		p->nidle--;
	}
	spin_unlock_bh(&b->lock);
	if (pooled)
		queue_work(http_wq, &leg->close_work);
}

void leg_doom(struct leg *leg, struct list_head *doomed)
{
	struct pool_bucket *b = bucket_of_leg(leg);

	spin_lock_bh(&b->lock);
	leg->broken = true;
	list_add(&leg->list, doomed);
	spin_unlock_bh(&b->lock);
}

static void leg_unhook(struct leg *leg)
{
	link_lock(&leg->link);
	link_unhook(&leg->link);
	link_unlock(&leg->link);
}

/* Returns false if the namespace goes: who evicts has not seen it, or has. */
static bool come_in(struct leg *leg)
{
	struct http_net *hn = leg->pool->hn;

	spin_lock_bh(&hn->conns_lock);
	list_add_tail(&leg->guest, &hn->guests);
	spin_unlock_bh(&hn->conns_lock);
	return !READ_ONCE(hn->dead);
}

static void go_out(struct leg *leg)
{
	struct http_net *hn = leg->pool->hn;

	spin_lock_bh(&hn->conns_lock);
	list_del(&leg->guest);
	spin_unlock_bh(&hn->conns_lock);
}

static void leg_free(struct leg *leg)
{
	kmem_cache_free(leg_cache, leg);
	stats_object_destroyed(OBJECT_LEG);
}

void leg_close(struct leg *leg)
{
	struct http_net *hn = leg->pool->hn;

	if (leg->client.guest)
		go_out(leg);
	leg_unhook(leg);
	link_close(&leg->link, leg->reset);
	if (leg->foreign)
		transparent_unbind(&hn->transparent, &leg->client.shown);
	if (leg->mesh) {
		stat_inc(leg->mesh->stats, STAT_LEGS_CLOSED);
		mesh_put(leg->mesh);
	}
	pool_leave(leg->pool);
	leg_free(leg);
	http_net_leg_gone(hn);
}

static void leg_close_work(struct work_struct *work)
{
	leg_close(container_of(work, struct leg, close_work));
}

static struct leg *leg_alloc(struct http_net *hn, struct endpoint *ep,
			     const struct leg_user *user)
{
	struct leg *leg = kmem_cache_zalloc(leg_cache,
					    GFP_KERNEL | payer_gfp(user->payer));

	if (!leg)
		return NULL;
	leg->pool = pool_join(hn, ep, user);
	if (!leg->pool) {
		kmem_cache_free(leg_cache, leg);
		return NULL;
	}
	leg->client = user->client;
	leg->introduced = !leg_client_is_named(&leg->client);
	leg->drains = atomic_read(&hn->drains);
	INIT_LIST_HEAD(&leg->list);
	INIT_LIST_HEAD(&leg->guest);
	INIT_WORK(&leg->close_work, leg_close_work);
	stats_object_created(OBJECT_LEG);
	http_net_leg_born(hn);
	return leg;
}

/* A guest is where nobody knows its client's users, groups and marks. */
static struct identity *socket_identity(const struct pool *p)
{
	return p->guest ? NULL : p->id;
}

/* The leg's link, which is its client's from the first byte. */
static int leg_link(struct leg *leg)
{
	const struct pool *p = leg->pool;

	return link_open(&leg->link, socket_identity(p), p->hn->net,
			 p->ep->address.family);
}

/* A leg that nobody has connected, with its link. */
static struct leg *leg_make(struct http_net *hn, struct endpoint *ep,
			    const struct leg_user *user, int *err)
{
	struct mem_cgroup *old = payer_enter(user->payer);
	struct leg *leg = leg_alloc(hn, ep, user);

	*err = leg ? leg_link(leg) : -ENOMEM;
	payer_leave(user->payer, old);
	if (!*err)
		return leg;
	if (leg) {
		pool_leave(leg->pool);
		leg_free(leg);
		http_net_leg_gone(hn);
	}
	return NULL;
}

/*
 * A proxy may have named anything: addresses that nobody has, and from which no answer
 * would come back. And where clients have an identity nobody looks for answers to others.
 */
static bool may_show(const struct leg_user *user)
{
	return !user->named ||
	       (!user->identity && address_is_host(&user->client.shown));
}

static int show_client(struct leg *leg, const struct leg_user *user)
{
	if (!may_show(user))
		return -EAFNOSUPPORT;
	leg->foreign = !socket_identity(leg->pool);
	return transparent_bind(&leg->pool->hn->transparent, &leg->link,
				&user->client.shown, &leg->pool->ep->address,
				leg->foreign);
}

static int leg_connect(struct leg *leg, const struct leg_user *user)
{
	int err = leg_client_is_shown(&user->client) ? show_client(leg, user) : 0;

	return err ?: link_connect(&leg->link, socket_identity(leg->pool),
				   &leg->pool->ep->address);
}

/* May it be connected? Without an identity its memory is charged to nobody so far. */
static bool leg_admit(struct leg *leg, const struct leg_user *user)
{
	bool charged = true;

	if (user->client.guest && !come_in(leg))
		return false;
	if (!socket_identity(leg->pool)) {
		link_lock(&leg->link);
		charged = link_charge(&leg->link, user->payer);
		link_unlock(&leg->link);
	}
	return charged;
}

/* A leg that is being connected, as of leg_open(). */
static struct leg *leg_begin(struct http_net *hn, struct endpoint *ep,
			     const struct leg_user *user, int *err)
{
	struct leg *leg = leg_make(hn, ep, user, err);

	if (!leg)
		return NULL;
	link_tune(&leg->link);
	leg->stream = user->stream;
	leg->buffer_limit = user->buffer_limit;
	link_limit(&leg->link, leg->buffer_limit);
	link_send_anywhere(&leg->link);
	link_hook(&leg->link, user->callbacks);
	*err = leg_admit(leg, user) ? leg_connect(leg, user) : -ENOBUFS;
	if (!*err) {
		leg->mesh = mesh_get(user->mesh);
		return leg;
	}
	leg_close(leg);
	return NULL;
}

/* How often a leg with its client's address tries another port, where that is taken. */
#define PORT_TRIES	8

struct leg *leg_open(struct http_net *hn, struct endpoint *ep,
		     const struct leg_user *user, int *err)
{
	int tries = leg_client_is_shown(&user->client) ? PORT_TRIES : 1;
	struct leg *leg;

	atomic64_inc(&ep->connections);
	do {
		leg = leg_begin(hn, ep, user, err);
	} while (*err == -EADDRNOTAVAIL && --tries);
	/* Idle legs may occupy all ports: close some and try once more. */
	if (*err == -EADDRNOTAVAIL && !leg_client_is_shown(&user->client) &&
	    leg_reap_endpoint(hn, ep, true))
		leg = leg_begin(hn, ep, user, err);
	return leg;
}

/* How many legs are removed, or examined, with BH off at one time. */
#define REAP_BATCH	128
#define REAP_LOOKS	4096

static void doom(struct leg *leg, struct list_head *doomed)
{
	leg->broken = true;
	leg->pool->nidle--;
	list_move(&leg->list, doomed);
}

/* When all are to go, legs that were opened later stay. */
static bool is_due(const struct leg *leg, bool all)
{
	return all ? leg->drains != atomic_read(&leg->pool->hn->drains) :
		     !time_before(jiffies, leg->expires);
}

/* From the end of the list, where the least recently used legs are. */
static void pool_reap(struct pool *p, bool all, struct list_head *doomed,
		      u32 *room)
{
	u32 looks = REAP_LOOKS;
	struct leg *leg, *next;

	list_for_each_entry_safe_reverse(leg, next, &p->idle, list) {
		if (!*room || !looks--)
			return;
		if (!is_due(leg, all))
			continue;
		if (!all)
			stat_inc(leg->mesh->stats, STAT_LEGS_IDLE_TIMEOUT);
		doom(leg, doomed);
		(*room)--;
	}
}

/*
 * Move a batch of the legs of a bucket that are to go to @doomed. Returns whether
 * that was not all; else @left has grown by those that stay.
 */
static bool bucket_reap(struct pool_bucket *b, bool all,
			struct list_head *doomed, u32 *left)
{
	u32 room = REAP_BATCH, n = 0;
	struct pool *p;

	spin_lock_bh(&b->lock);
	hlist_for_each_entry(p, &b->pools, node) {
		pool_reap(p, all, doomed, &room);
		n += p->nidle;
	}
	spin_unlock_bh(&b->lock);
	if (room)
		*left += n;
	return !room;
}

/* Returns whether there were any. */
static bool close_all(struct list_head *doomed)
{
	bool any = !list_empty(doomed);
	struct leg *leg, *next;

	list_for_each_entry_safe(leg, next, doomed, list)
		leg_close(leg);
	INIT_LIST_HEAD(doomed);
	return any;
}

u32 leg_reap(struct http_net *hn, bool all)
{
	LIST_HEAD(doomed);
	u32 left = 0;
	bool more;
	int i;

	if (all)
		atomic_inc(&hn->drains);
	for (i = 0; i < POOL_BUCKETS; i++) {
		do {
			more = bucket_reap(&hn->buckets[i], all, &doomed,
					   &left);
			close_all(&doomed);
			cond_resched();
		} while (more);
	}
	return left;
}

static void reaper_work(struct work_struct *work)
{
	struct http_net *hn = container_of(to_delayed_work(work),
					   struct http_net, reaper);

	if (leg_reap(hn, false) && !READ_ONCE(hn->dead))
		reap_later(hn);
}

void leg_reaper_init(struct http_net *hn)
{
	INIT_DELAYED_WORK(&hn->reaper, reaper_work);
}

static void pool_drop(struct pool *p, bool reset, struct list_head *doomed,
		      u32 *room)
{
	struct leg *leg, *next;

	list_for_each_entry_safe_reverse(leg, next, &p->idle, list) {
		if (!*room)
			return;
		leg->reset = reset;
		doom(leg, doomed);
		(*room)--;
	}
}

/* Move a batch of the legs of a bucket that go to @ep to @doomed. Was that not all? */
static bool bucket_reap_endpoint(struct pool_bucket *b,
				 const struct endpoint *ep, bool reset,
				 struct list_head *doomed)
{
	u32 room = REAP_BATCH;
	struct pool *p;

	spin_lock_bh(&b->lock);
	hlist_for_each_entry(p, &b->pools, node)
		if (p->ep == ep)
			pool_drop(p, reset, doomed, &room);
	spin_unlock_bh(&b->lock);
	return !room;
}

bool leg_reap_endpoint(struct http_net *hn, const struct endpoint *ep,
		       bool reset)
{
	struct pool_bucket *first = bucket_first(hn, ep);
	LIST_HEAD(doomed);
	bool any = false, more;
	int i;

	for (i = 0; i < ENDPOINT_BUCKETS; i++) {
		do {
			more = bucket_reap_endpoint(first + i, ep, reset,
						    &doomed);
			any |= close_all(&doomed);
			cond_resched();
			/*
			 * Else legs that are parked meanwhile could keep this going
			 * for ever.
			 */
		} while (more && READ_ONCE(ep->draining));
	}
	return any;
}
