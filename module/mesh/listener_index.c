// SPDX-License-Identifier: GPL-2.0
/*
 * A listener for all, with a port or any, has its places at once. Of the others, which
 * are for some clients or have ranges, there is an entry for each address and network;
 * these are sorted, so that what belongs together stands together, and what collides
 * side by side.
 *
 * UDP has ports of its own, and so an index: TCP does not see its listeners.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/stringify.h>
#include <uapi/linux/l7mesh.h>
#include "lib/account.h"
#include "lib/refusal.h"
#include "mesh/snapshot.h"

#define V4_BYTES	sizeof(__be32)

/* ---- finding ---- */

static struct listener_place *place_of(const struct listener_index *x,
				       const struct address *at)
{
	u32 i = address_hash(at, x->seed) & x->mask;

	for (; x->table[i]; i = (i + 1) & x->mask)
		if (address_eq(&x->places[x->table[i] - 1].at, at))
			return &x->places[x->table[i] - 1];
	return NULL;
}

/* The range of a place that a port is in, or NULL. */
static const struct listener_range *range_of(const struct listener_index *x,
					     const struct listener_place *p, u16 port)
{
	const struct listener_range *r = x->ranges + p->first;
	u32 low = 0, high = p->nranges, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (port > r[mid].to)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->nranges && r[low].from <= port ? &r[low] : NULL;
}

/* Out of line, so that finding a place needs no stack. */
static noinline const struct listener_target *
target_of_any(const struct listener_index *x, const struct address *to)
{
	const struct listener_place *p;
	const struct listener_range *r;
	struct address any = *to;

	any.port = 0;
	p = place_of(x, &any);
	if (!p)
		return NULL;
	r = p->nranges ? range_of(x, p, ntohs(to->port)) : NULL;
	if (r)
		return &r->target;
	return p->target.slot.listener || p->target.npicks ? &p->target : NULL;
}

const struct listener_target *listener_target(const struct listener_index *x,
					      const struct address *to)
{
	const struct listener_place *p;

	if (!x->table)
		return NULL;
	p = place_of(x, to);
	/* The place of any port, which may have ranges alone, is not port 0's. */
	if (p && likely(to->port))
		return &p->target;
	return x->any_ports ? target_of_any(x, to) : NULL;
}

/* Where something stands among picks; of networks that begin at the same address all. */
static int compare_pick(const struct listener_pick *p, const char *by, const u8 *address)
{
	int c = strcmp(p->by, by);

	return c ?: memcmp(p->from.address, address, sizeof(p->from.address));
}

/* The last of @n picks that is not behind a client. */
static const struct listener_pick *last_pick(const struct listener_pick *picks, u32 n,
					     const char *by, const u8 *address)
{
	u32 low = 0, mid;

	while (low < n) {
		mid = low + (n - low) / 2;
		if (compare_pick(&picks[mid], by, address) > 0)
			n = mid;
		else
			low = mid + 1;
	}
	return low ? &picks[low - 1] : NULL;
}

static const struct listener_slot *pick_by(const struct listener_index *x,
					   const struct listener_target *t,
					   const struct address *from, const char *by)
{
	const u8 *address = (const u8 *)&from->v6;
	const struct listener_pick *p = last_pick(x->picks + t->first, t->npicks, by,
						  address);

	if (!p || strcmp(p->by, by))
		return NULL;
	while (!network_has(&p->from, from->family, address)) {
		if (!p->around)
			return NULL;
		p = &x->picks[p->around - 1];
	}
	return &p->slot;
}

const struct listener_slot *listener_pick(const struct listener_index *x,
					  const struct listener_target *t,
					  const struct address *from, const char *by)
{
	const struct listener_slot *slot;

	slot = by && *by ? pick_by(x, t, from, by) : NULL;
	if (!slot)
		slot = pick_by(x, t, from, "");
	if (slot)
		return slot;
	return t->slot.listener ? &t->slot : NULL;
}

/* ---- making ---- */

/* A listener at an address, for a network. */
struct entry {
	struct listener *l;
	struct address at;
	u16 to;			/* of a range: its last port; else 0 */
	struct network from;
};

struct maker {
	const struct snapshot *s;
	struct listener_index *x;
	bool udp;		/* of udp listeners, or of all others */
	struct refusal *r;
	struct entry *entries;
	u32 n, room;
};

/* Is it for some clients only? */
static bool is_choosy(const struct listener *l)
{
	return l->nfrom || *l->interface;
}

static bool is_special(const struct listener *l)
{
	return is_choosy(l) || l->port_end;
}

static int refuse_two(struct refusal *r, const struct listener *a,
		      const struct listener *b, const char *why)
{
	return refusal_set(r, -EEXIST, "listeners \"%.*s\" and \"%.*s\" have %s",
			   (int)a->name.name.len, a->name.name.p,
			   (int)b->name.name.len, b->name.name.p, why);
}

static struct listener_place *make_place(struct listener_index *x,
					 const struct address *at)
{
	struct listener_place *p = place_of(x, at);
	u32 i;

	if (p)
		return p;
	p = &x->places[x->nplaces++];
	p->at = *at;
	x->any_ports |= !at->port;
	i = address_hash(at, x->seed) & x->mask;
	while (x->table[i])
		i = (i + 1) & x->mask;
	x->table[i] = x->nplaces;
	return p;
}

/* The listener takes all that nobody else of the target does. */
static int set_slot(struct maker *m, struct listener_target *t, struct listener *l)
{
	if (t->slot.listener)
		return refuse_two(m->r, t->slot.listener, l,
				  "the same address and port");
	t->slot = listener_slot(m->s, l);
	return 0;
}

static void add_entries(struct maker *m, struct listener *l, const struct address *at)
{
	struct entry e = { .l = l, .at = *at, .to = l->port_end,
			   .from.family = at->family };
	u32 i;

	if (!l->nfrom)
		m->entries[m->n++] = e;
	for (i = 0; i < l->nfrom; i++) {
		e.from = l->from[i];
		if (e.from.family == at->family)
			m->entries[m->n++] = e;
	}
}

static int add_listener(struct maker *m, struct listener *l)
{
	struct address at;
	int err = 0;
	u32 i;

	for (i = 0; i <= l->nmore && !err; i++) {
		at = listener_address(l, i);
		if (is_special(l))
			add_entries(m, l, &at);
		else
			err = set_slot(m, &make_place(m->x, &at)->target, l);
	}
	return err;
}

/* By address and ports alone. */
static int compare_places(const struct entry *a, const struct entry *b)
{
	int c = memcmp(&a->at.v6, &b->at.v6, sizeof(a->at.v6));

	if (!c)
		c = (int)a->at.family - b->at.family;
	if (!c)
		c = (int)!!a->to - !!b->to;
	if (!c)
		c = (int)ntohs(a->at.port) - ntohs(b->at.port);
	return c ?: (int)a->to - b->to;
}

static int compare_clients(const struct entry *a, const struct entry *b)
{
	int c = (int)is_choosy(a->l) - (int)is_choosy(b->l);

	if (!c)
		c = strcmp(a->l->interface, b->l->interface);
	if (!c)
		c = memcmp(a->from.address, b->from.address, sizeof(a->from.address));
	return c ?: (int)a->from.bits - b->from.bits;
}

static int compare(const void *a, const void *b)
{
	/* sort() itself never yields. */
	cond_resched();
	return compare_places(a, b) ?: compare_clients(a, b);
}

static bool is_around(const struct listener_pick *p, const struct network *n)
{
	return p->from.bits <= n->bits && network_has(&p->from, n->family, n->address);
}

/* What the pick behind @p, of the same target, has around it. */
static u32 find_around(const struct listener_index *x, const struct listener_pick *p,
		       const struct entry *e)
{
	if (strcmp(p->by, e->l->interface))
		return 0;
	while (!is_around(p, &e->from)) {
		if (!p->around)
			return 0;
		p = &x->picks[p->around - 1];
	}
	return p - x->picks + 1;
}

static void add_pick(struct maker *m, struct listener_target *t, const struct entry *e)
{
	struct listener_index *x = m->x;
	struct listener_pick *p = &x->picks[x->npicks];

	p->slot = listener_slot(m->s, e->l);
	p->from = e->from;
	strscpy(p->by, e->l->interface, sizeof(p->by));
	if (t->npicks)
		p->around = find_around(x, p - 1, e);
	else
		t->first = x->npicks;
	x->npicks++;
	t->npicks++;
}

static int take_entry(struct maker *m, struct listener_target *t, const struct entry *e,
		      const struct entry *before)
{
	if (!is_choosy(e->l))
		return set_slot(m, t, e->l);
	if (!before || compare_clients(before, e)) {
		add_pick(m, t, e);
		return 0;
	}
	/* It may name a network twice. */
	return before->l == e->l ? 0 :
	       refuse_two(m->r, before->l, e->l,
			  "the same address, port, interface and network of clients");
}

/* @before: the entry before it, or NULL. */
static struct listener_target *new_target(struct maker *m, const struct entry *e,
					  const struct entry *before)
{
	struct listener_index *x = m->x;
	struct address at = e->at;
	struct listener_place *p;
	struct listener_range *r;

	if (!e->to)
		return &make_place(x, &at)->target;
	at.port = 0;
	p = make_place(x, &at);
	if (!p->nranges) {
		p->first = x->nranges;
	} else if (x->ranges[x->nranges - 1].to >= ntohs(e->at.port)) {
		refuse_two(m->r, before->l, e->l,
			   "ranges of ports of one address that overlap");
		return NULL;
	}
	p->nranges++;
	r = &x->ranges[x->nranges++];
	r->from = ntohs(e->at.port);
	r->to = e->to;
	return &r->target;
}

static int add_special(struct maker *m)
{
	const struct entry *e, *before = NULL;
	struct listener_target *t = NULL;
	bool same;
	u32 i;
	int err;

	sort(m->entries, m->n, sizeof(*m->entries), compare, NULL);
	for (i = 0; i < m->n; i++, before = e) {
		e = &m->entries[i];
		same = before && !compare_places(before, e);
		if (!same)
			t = new_target(m, e, before);
		if (!t)
			return -EEXIST;
		err = take_entry(m, t, e, same ? before : NULL);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int alloc(struct account *a, void *where, size_t n, size_t size)
{
	void *p = n ? account_new(a, n * size) : NULL;

	if (IS_ERR(p))
		return PTR_ERR(p);
	*(void **)where = p;
	return 0;
}

static int make_room(struct maker *m, struct account *a)
{
	struct listener_index *x = m->x;
	u32 table = roundup_pow_of_two((u64)x->room * 2 + 1);
	int err;

	err = alloc(a, &x->table, table, sizeof(*x->table));
	if (err)
		return err;
	x->mask = table - 1;
	return alloc(a, &x->places, x->room, sizeof(*x->places)) ?:
	       alloc(a, &x->ranges, x->range_room, sizeof(*x->ranges)) ?:
	       alloc(a, &x->picks, x->pick_room, sizeof(*x->picks)) ?:
	       alloc(a, &m->entries, m->room, sizeof(*m->entries));
}

/* Positions are numbers of 32 bits. */
#define ENTRIES_MAX	BIT(30)

/* How much there may be; a range needs a place as well, of any port. */
static int count(struct maker *m, struct refusal *r)
{
	struct listener_index *x = m->x;
	const struct listener *l;
	u32 i, naddresses, n;
	u64 all = 0;

	for (i = 0; i < m->s->listeners.n; i++) {
		l = m->s->listeners.objects[i];
		if (listener_is_udp(l) != m->udp)
			continue;
		naddresses = l->nmore + 1;
		n = naddresses * max(l->nfrom, 1U);
		all += n;
		if (all > ENTRIES_MAX)
			return refusal_set(r, -E2BIG,
					   "listeners have too many addresses and networks");
		x->room += naddresses;
		if (l->port_end)
			x->range_room += naddresses;
		if (is_choosy(l))
			x->pick_room += n;
		if (is_special(l))
			m->room += n;
	}
	return 0;
}

static int fill(struct maker *m)
{
	const struct objset *set = &m->s->listeners;
	int err = 0;
	u32 i;

	for (i = 0; i < set->n && !err; i++)
		if (listener_is_udp(set->objects[i]) == m->udp)
			err = add_listener(m, set->objects[i]);
	return err ?: add_special(m);
}

/* Bits for each address, so that few packets of others meet one that is set. */
#define PACKETS_BITS	16

/* A bit for each address of a listener that takes packets, if there are such. */
static void mark_packets(unsigned long *packets, u8 shift, const struct listener *l)
{
	struct address a;
	u32 i;

	for (i = 0; i <= l->nmore; i++) {
		a = listener_address(l, i);
		__set_bit(__hash_32(address_key(&a)) >> shift, packets);
	}
}

static int index_packets(struct snapshot *s, struct refusal *r)
{
	const struct listener *l;
	u32 i, n = 0;
	u8 shift;
	void *p;

	for (i = 0; i < s->listeners.n; i++) {
		l = s->listeners.objects[i];
		if (listener_is_udp(l))
			s->packet_use |= PACKETS_UDP;
		if (!l->http.packets)
			continue;
		n += l->nmore + 1;
		s->packet_use |= PACKETS_TAKEN;
		if (l->http.source == L7MESH_SOURCE_KEEP)
			s->packet_use |= PACKETS_KEPT;
	}
	if (!n)
		return 0;
	shift = 32 - order_base_2((u64)n * PACKETS_BITS);
	p = account_new(s->account, snapshot_packets_size(shift));
	if (IS_ERR(p))
		return account_refuse(s->account, r, PTR_ERR(p));
	s->packets = p;
	s->packets_shift = shift;
	for (i = 0; i < s->listeners.n; i++) {
		l = s->listeners.objects[i];
		if (l->http.packets)
			mark_packets(p, shift, l);
	}
	return 0;
}

static int make_index(struct maker *m, struct account *a, struct refusal *r)
{
	int err = count(m, r);

	if (err || !m->x->room)
		return err;
	if (m->x->range_room > L7MESH_LISTENER_RANGES_MAX)
		return refusal_set(r, -E2BIG, "more than "
				   __stringify(L7MESH_LISTENER_RANGES_MAX)
				   " ranges of ports");
	m->x->seed = get_random_u32();
	err = make_room(m, a);
	if (err)
		account_refuse(a, r, err);
	else
		err = fill(m);
	account_free(a, m->entries, m->room * sizeof(*m->entries));
	return err;
}

int listener_index(struct snapshot *s, struct refusal *r)
{
	struct maker m = { .s = s, .x = &s->index, .r = r };
	struct maker udp = { .s = s, .x = &s->udp, .udp = true, .r = r };

	return make_index(&m, s->account, r) ?: make_index(&udp, s->account, r) ?:
	       index_packets(s, r);
}

static void free_index(struct account *a, struct listener_index *x)
{
	account_free(a, x->table, ((size_t)x->mask + 1) * sizeof(*x->table));
	account_free(a, x->places, x->room * sizeof(*x->places));
	account_free(a, x->ranges, x->range_room * sizeof(*x->ranges));
	account_free(a, x->picks, x->pick_room * sizeof(*x->picks));
}

void listener_index_free(struct snapshot *s)
{
	free_index(s->account, &s->index);
	free_index(s->account, &s->udp);
}

/* ---- telling two apart ---- */

/* The next udp listener from @i on, or NULL. */
static struct listener *next_udp(const struct snapshot *s, u32 *i)
{
	while (*i < s->listeners.n) {
		struct listener *l = s->listeners.objects[(*i)++];

		if (listener_is_udp(l))
			return l;
	}
	return NULL;
}

bool listener_index_same_udp(const struct snapshot *a, const struct snapshot *b)
{
	struct listener *x, *y;
	u32 i = 0, j = 0;

	if (!((a->packet_use | b->packet_use) & PACKETS_UDP))
		return true;
	do {
		x = next_udp(a, &i);
		y = next_udp(b, &j);
		if (x != y)
			return false;
		cond_resched();
	} while (x && listener_slot(a, x).cluster == listener_slot(b, x).cluster);
	return !x;
}
