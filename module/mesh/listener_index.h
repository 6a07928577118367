/* SPDX-License-Identifier: GPL-2.0 */
/*
 * listener_index: by what a snapshot finds the listener of a connection.
 *
 * A place is an address with a port, or with any port. Places are found in an
 * open-addressing table. What comes to a port that has no place of its own may be in a
 * range of ports of its address, which are in order, and do not overlap; else it is any
 * port's. Wherever that leads there is a target: one listener, or several that share the
 * address and the ports, each for some clients. Their picks are in order: by interface,
 * then by network, a network before those within it. So the smallest network around a
 * client is the last that begins before it, or one of those around that.
 *
 * Immutable once it is made. The snapshot owns it.
 */
#ifndef L7MESH_LISTENER_INDEX_H
#define L7MESH_LISTENER_INDEX_H

#include <linux/if.h>
#include "lib/address.h"
#include "lib/network.h"

struct cluster;
struct guard;
struct listener;
struct refusal;
struct route_table;
struct snapshot;

/* A listener with what it refers to, resolved when the snapshot was made. */
struct listener_slot {
	struct listener *listener;	/* NULL: none */
	union {
		struct cluster *cluster;
		struct route_table *route_table;
	};
	const struct guard *asks;	/* inbound, and all it does is to ask this one: see
					 * stream_hop.c; or NULL
					 */
};

/* Who takes what comes to an address and a port. */
struct listener_target {
	struct listener_slot slot;	/* whoever no pick is for */
	u32 npicks;			/* 0: the slot's are all */
	u32 first;			/* of the index's picks */
};

struct listener_place {
	struct address at;		/* port 0: any */
	u32 nranges;			/* of any port: the ranges of its address */
	u32 first;			/* of the index's ranges */
	struct listener_target target;
};

struct listener_range {
	u16 from, to;			/* host order, both within */
	struct listener_target target;
};

/* The clients of a network, if they come by an interface, are a listener's. */
struct listener_pick {
	struct listener_slot slot;
	struct network from;
	char by[IFNAMSIZ];		/* "": connect(), and whatever no other pick has */
	u32 around;			/* 1 + the pick of the smallest network around this
					 * one, of the same interface; 0: there is none
					 */
};

struct listener_index {
	u32 *table;			/* 1 + a place; 0: empty. A power of two of them, ... */
	u32 mask;			/* ... at most half full; NULL: no listeners */
	u32 seed;
	bool any_ports;			/* some place is of any port */
	struct listener_place *places;
	u32 nplaces, room;
	struct listener_range *ranges;
	u32 nranges, range_room;
	struct listener_pick *picks;
	u32 npicks, pick_room;
};

/**
 * listener_index() - Make a snapshot's indexes
 * @s: snapshot with its sets filled; freed with listener_index_free() either way
 * @r: filled if two listeners are for the same, or account_refuse()
 *
 * What a listener refers to must exist. Context: process, may sleep.
 *
 * Return: 0, -EEXIST, -E2BIG, or what account_new() says.
 */
int listener_index(struct snapshot *s, struct refusal *r);
void listener_index_free(struct snapshot *s);

/**
 * listener_index_same_udp() - Do two snapshots do the same with datagrams?
 * @a: snapshot
 * @b: another of the same mesh, both held
 *
 * Context: process.
 *
 * Return: true if their udp listeners are the same objects, and their clusters are.
 */
bool listener_index_same_udp(const struct snapshot *a, const struct snapshot *b);

/**
 * listener_slot() - A listener with what it refers to
 * @s: snapshot that has it
 * @l: listener
 */
struct listener_slot listener_slot(const struct snapshot *s, struct listener *l);

/**
 * listener_target() - Who takes what comes to an address and a port
 * @x: index of a snapshot that is held or under RCU
 * @to: address and port
 *
 * One hash probe, one more for the address with any port if the snapshot has such
 * listeners, or ranges, and of the ranges of an address as many as the logarithm of
 * their number.
 *
 * Return: borrowed from the snapshot, or NULL if nobody does.
 */
const struct listener_target *listener_target(const struct listener_index *x,
					      const struct address *to);

/* For listener_choose(): among the picks of a target. */
const struct listener_slot *listener_pick(const struct listener_index *x,
					  const struct listener_target *t,
					  const struct address *from, const char *by);

/**
 * listener_choose() - Who of a target takes a client
 * @x: index of a snapshot that is held or under RCU
 * @t: target
 * @from: the client; its port does not matter
 * @by: the interface that its packets come by; NULL: none do
 *
 * At most as many steps as the logarithm of the number of picks, and 129, twice.
 *
 * Return: borrowed from the snapshot, or NULL if nobody does.
 */
static inline const struct listener_slot *
listener_choose(const struct listener_index *x, const struct listener_target *t,
		const struct address *from, const char *by)
{
	return likely(!t->npicks) ? &t->slot : listener_pick(x, t, from, by);
}

/* Both: the listener that takes what a client sends to an address and a port. */
static inline const struct listener_slot *
listener_find(const struct listener_index *x, const struct address *to,
	      const struct address *from, const char *by)
{
	const struct listener_target *t = listener_target(x, to);

	return t ? listener_choose(x, t, from, by) : NULL;
}

#endif
