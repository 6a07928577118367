// SPDX-License-Identifier: GPL-2.0
#include "upstream/balancer.h"

#include <linux/math64.h>
#include <linux/random.h>

struct member *balancer_member_at(const struct member_set *set, u64 point)
{
	u32 low = 0, high = set->n - 1;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (point < set->cumulative[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return &set->members[low];
}

struct member *balancer_draw_by(const struct member_set *set, u64 lot)
{
	return balancer_member_at(set, mul_u64_u64_shr(lot, set->total_weight, 64));
}

struct member *balancer_draw(const struct member_set *set)
{
	u64 total = set->total_weight;

	if (set->n == 1)
		return &set->members[0];
	if (total <= U32_MAX)
		return balancer_member_at(set, mul_u32_u32(get_random_u32(), total) >> 32);
	return balancer_member_at(set, mul_u64_u64_shr(get_random_u64(), total, 64));
}

static struct member *random_pick(const struct cluster *c, struct member_set *set,
				  struct pick *pick, u32 attempt)
{
	return balancer_draw(set);
}

static const struct balancer_ops balancer_random = { .pick = random_pick };

/*
 * In a round each member has as many turns as its weight. With unequal weights
 * the round is walked in strides, so that a heavy member does not have its turns
 * in a row; the stride has no divisor in common with the round's length, so that
 * the walk meets every turn once. (Without a stride the weights are equal, or too
 * large to multiply.)
 */
static struct member *round_robin_pick(const struct cluster *c,
				       struct member_set *set, struct pick *pick,
				       u32 attempt)
{
	u32 turn;

	if (set->n == 1)
		return &set->members[0];
	turn = pick->peek ? atomic_read(&set->turn) :
			    atomic_inc_return(&set->turn) - 1;
	if (!set->stride)
		return &set->members[turn % set->n];
	turn %= (u32)set->total_weight;
	return balancer_member_at(set, mul_u32_u32(turn, set->stride) %
				       (u32)set->total_weight);
}

static const struct balancer_ops balancer_round_robin = {
	.pick = round_robin_pick,
};

const struct balancer_ops *const balancers[] = {
	[L7MESH_LB_MAGLEV] = &balancer_maglev,
	[L7MESH_LB_RANDOM] = &balancer_random,
	[L7MESH_LB_ROUND_ROBIN] = &balancer_round_robin,
	[L7MESH_LB_LEAST_REQUEST] = &balancer_least_request,
	[L7MESH_LB_RING_HASH] = &balancer_ring_hash,
	[L7MESH_LB_PEAK_EWMA] = &balancer_peak_ewma,
};
