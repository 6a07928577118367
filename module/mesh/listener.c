// SPDX-License-Identifier: GPL-2.0
/*
 * A snapshot finds its listeners by address in an open-addressing table of its
 * own, at most half full, hashed with a seed of its own.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "lib/pack.h"
#include "lib/refusal.h"
#include "lib/stats.h"
#include "mesh/snapshot.h"

static void pack_listener(struct packer *p, void *object)
{
	struct listener *l = object;

	pack_span(p, &l->name.name);
	pack_span(p, &l->route_table.name);
	pack_span(p, &l->tls_route_table.name);
	pack_span(p, &l->cluster.name);
	parts_pack(p, &l->policies);
}

struct listener *listener_clone(struct account *account,
				const struct listener *spec)
{
	struct listener like = *spec, *l;
	int err;

	l = pack_clone(account, &like, sizeof(like), pack_listener, SIZE_MAX,
		       &like.bytes);
	if (IS_ERR(l))
		return l;
	refcount_set(&l->ref, 1);
	stats_object_created(OBJECT_LISTENER);
	err = parts_make(account, &l->policies);
	if (!err)
		return l;
	listener_put(account, l);
	return ERR_PTR(err);
}

void listener_put(struct account *account, struct listener *l)
{
	if (!l || !refcount_dec_and_test(&l->ref))
		return;
	parts_free(account, &l->policies);
	stats_object_destroyed(OBJECT_LISTENER);
	account_free(account, l, l->bytes);
}

bool listener_equal(const struct listener *a, const struct listener *b)
{
	return address_eq(&a->address, &b->address) &&
	       a->protocol == b->protocol && a->has_proxy == b->has_proxy &&
	       address_eq(&a->proxy, &b->proxy) &&
	       span_eq(a->route_table.name, b->route_table.name) &&
	       span_eq(a->tls_route_table.name, b->tls_route_table.name) &&
	       span_eq(a->cluster.name, b->cluster.name) &&
	       http_options_equal(&a->http, &b->http) &&
	       parts_equal(&a->policies, &b->policies);
}

/* The slot of an address, or the empty one where it would be. */
static struct listener_slot *slot_of(const struct snapshot *s,
				     const struct address *address)
{
	u32 i = address_hash(address, s->slot_seed) & s->slot_mask;

	while (s->slots[i].listener &&
	       !address_eq(&s->slots[i].listener->address, address))
		i = (i + 1) & s->slot_mask;
	return &s->slots[i];
}

static int index_one(struct snapshot *s, struct listener *l, struct refusal *r)
{
	struct listener_slot *slot = slot_of(s, &l->address);

	if (slot->listener)
		return refusal_set(r, -EEXIST,
				   "listeners \"%.*s\" and \"%.*s\" have the same address and port",
				   (int)slot->listener->name.name.len,
				   slot->listener->name.name.p,
				   (int)l->name.name.len, l->name.name.p);
	slot->listener = l;
	if (listener_routes(l))
		slot->route_table = objset_find(&s->route_tables, &l->route_table);
	else if (!l->has_proxy)
		slot->cluster = objset_find(&s->clusters, &l->cluster);
	s->has_wildcard_ports |= !l->address.port;
	return 0;
}

/* Bits for each listener, so that few packets of others meet one that is set. */
#define PACKETS_BITS	16

/* A bit for each listener that takes packets, if there are such. */
static int index_packets(struct snapshot *s, struct refusal *r)
{
	const struct listener *l;
	u32 i, n = 0;
	void *p;

	for (i = 0; i < s->listeners.n; i++) {
		l = s->listeners.objects[i];
		if (!l->http.packets)
			continue;
		n++;
		s->packet_use |= PACKETS_TAKEN;
		if (l->http.source == L7MESH_SOURCE_KEEP)
			s->packet_use |= PACKETS_KEPT;
	}
	if (!n)
		return 0;
	s->packets_bits = order_base_2((u64)n * PACKETS_BITS);
	p = account_new(s->account,
			BITS_TO_LONGS(BIT(s->packets_bits)) * sizeof(long));
	if (IS_ERR(p))
		return account_refuse(s->account, r, PTR_ERR(p));
	s->packets = p;
	for (i = 0; i < s->listeners.n; i++) {
		l = s->listeners.objects[i];
		if (l->http.packets)
			__set_bit(hash_32(address_key(&l->address), s->packets_bits),
				  s->packets);
	}
	return 0;
}

int listener_index(struct snapshot *s, struct refusal *r)
{
	u32 slots = roundup_pow_of_two((u64)s->listeners.n * 2 + 1);
	void *p;
	u32 i;
	int err;

	if (!s->listeners.n)
		return 0;
	p = account_new(s->account, slots * sizeof(*s->slots));
	if (IS_ERR(p))
		return account_refuse(s->account, r, PTR_ERR(p));
	s->slots = p;
	s->slot_mask = slots - 1;
	s->slot_seed = get_random_u32();
	for (i = 0; i < s->listeners.n; i++) {
		err = index_one(s, s->listeners.objects[i], r);
		if (err)
			return err;
	}
	return index_packets(s, r);
}

const struct listener_slot *listener_find(const struct snapshot *s,
					  const struct address *to)
{
	const struct listener_slot *slot;
	struct address any;

	if (!s->slots)
		return NULL;
	slot = slot_of(s, to);
	if (slot->listener)
		return slot;
	if (!s->has_wildcard_ports)
		return NULL;
	any = *to;
	any.port = 0;
	slot = slot_of(s, &any);
	return slot->listener ? slot : NULL;
}
