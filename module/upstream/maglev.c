// SPDX-License-Identifier: GPL-2.0
/*
 * The table is filled in turns. Who takes the next turn is one question (with
 * equal weights, everyone in order; else a heap of due rounds), which slot it
 * then gets is another (walk its permutation to the first free slot).
 *
 * Envoy compares weights as doubles, so rounding decides many a turn: in exact
 * arithmetic, one in five tables of small weights comes out different.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/xxhash.h>

#include "lib/f64.h"
#include "upstream/maglev.h"

/* Probed slots between two calls of the relax hook: well below a millisecond. */
#define STEPS_PER_RELAX		65536

/* The shares of all endpoints together. */
struct weights {
	u64 sum;
	u64 heaviest_share;	/* f64: heaviest / sum */
	u32 heaviest;
	bool equal;
};

bool maglev_size_valid(u32 size)
{
	u32 i;

	if (size < 2 || size > MAGLEV_SIZE_MAX)
		return false;
	for (i = 2; i * i <= size; i++)
		if (size % i == 0)
			return false;
	return true;
}

/* All ones is no endpoint: it marks a free slot while building. */
u8 maglev_width(u32 n)
{
	if (n <= U8_MAX)
		return 1;
	return n <= U16_MAX ? 2 : 4;
}

void maglev_endpoint_init(struct maglev_endpoint *ep, struct span key, u32 size)
{
	ep->offset = xxh64(key.p, key.len, 0) % size;
	ep->skip = xxh64(key.p, key.len, 1) % (size - 1) + 1;
}

static inline bool slot_free(const struct maglev *m, u32 slot)
{
	if (m->width == 1)
		return m->e8[slot] == U8_MAX;
	if (m->width == 2)
		return m->e16[slot] == U16_MAX;
	return m->e32[slot] == U32_MAX;
}

static inline void slot_set(struct maglev *m, u32 slot, u32 index)
{
	if (m->width == 1)
		m->e8[slot] = index;
	else if (m->width == 2)
		m->e16[slot] = index;
	else
		m->e32[slot] = index;
}

/*
 * Endpoint @index takes the first free slot of its permutation. @m->size is a
 * prime, so the permutation visits every slot: with one free, the walk ends.
 *
 * Return: slots looked at.
 */
static u32 take_turn(struct maglev *m, struct maglev_endpoint *ep, u32 index)
{
	const u32 size = m->size, skip = ep->skip;
	u32 slot = ep->next, steps = 1;

	for (; !slot_free(m, slot); steps++) {
		/* below 2 * MAGLEV_SIZE_MAX: no overflow */
		slot += skip;
		if (slot >= size)
			slot -= size;
	}
	slot_set(m, slot, index);
	ep->next = slot;
	return steps;
}

static u32 heap_smallest(const struct maglev_endpoint *eps, u32 n, u32 at)
{
	u32 left = 2 * at + 1;

	if (left + 1 < n && eps[left + 1].turn < eps[left].turn)
		return left + 1;
	return left;
}

/* The root of the heap changes to @key. */
static void heap_replace(struct maglev_endpoint *eps, u32 n, u64 key)
{
	u32 at = 0, child;

	while (2 * at + 1 < n) {
		child = heap_smallest(eps, n, at);
		if (eps[child].turn >= key)
			break;
		eps[at].turn = eps[child].turn;
		at = child;
	}
	eps[at].turn = key;
}

/*
 * The round of an endpoint's next turn. It takes a turn in round i unless
 * i * share < target, in doubles; its target grows by the largest share at each
 * turn. So after t turns that is the first later round i with i * share >= target.
 *
 * Without rounding it would be the first with i * weight >= t * heaviest. That is
 * within one round of the truth: t roundings of 2^-53 each, of at most
 * MAGLEV_SIZE_MAX rounds, come to less than 0.01 rounds. Equality is common, and
 * there rounding decides.
 *
 * Rounds beyond the table's size are never reached, as the heaviest takes a turn
 * in each: t * heaviest is below 2^23 * 2^32.
 */
static u32 next_round(const struct maglev_endpoint *ep, u32 round,
		      u32 heaviest, u32 size)
{
	u64 exact = div_u64((u64)ep->turns * heaviest + ep->weight - 1,
			    ep->weight);
	u64 due = max_t(u64, exact - 1, round + 1ULL);

	if (due > size)
		return min_t(u64, due, U32_MAX);
	while (f64_scale(due, ep->share) < ep->target)
		due++;
	return due;
}

/*
 * Looking at every endpoint in every round, as the definition reads, costs
 * size * (largest / average weight) steps: hours for a hostile configuration.
 * A heap of (round, index) gives the same order in size * log(n).
 */
static u32 weighted_turn(struct maglev_endpoint *eps, u32 n,
			 const struct weights *weights, u32 size)
{
	u32 round = eps[0].turn >> 32;
	u32 index = (u32)eps[0].turn;
	struct maglev_endpoint *ep = &eps[index];

	ep->turns++;
	ep->target = f64_add(ep->target, weights->heaviest_share);
	round = next_round(ep, round, weights->heaviest, size);
	heap_replace(eps, n, (u64)round << 32 | index);
	return index;
}

static void weights_init(struct weights *w, const struct maglev_endpoint *eps,
			 u32 n)
{
	u32 i;

	w->equal = true;
	w->sum = 0;
	w->heaviest = 0;
	for (i = 0; i < n; i++) {
		w->equal &= eps[i].weight == eps[0].weight;
		w->sum += eps[i].weight;
		w->heaviest = max(w->heaviest, eps[i].weight);
	}
	w->heaviest_share = f64_ratio(w->heaviest, w->sum);
}

static void endpoints_reset(struct maglev_endpoint *eps, u32 n,
			    const struct weights *weights)
{
	u32 i;

	for (i = 0; i < n; i++) {
		eps[i].next = eps[i].offset;
		if (weights->equal)
			continue;
		eps[i].turns = 0;
		eps[i].target = 0;
		eps[i].share = f64_ratio(eps[i].weight, weights->sum);
		/* everyone is due in round 1; ascending keys are a heap */
		eps[i].turn = 1ULL << 32 | i;
	}
}

void maglev_build(struct maglev *m, struct maglev_endpoint *eps, u32 n,
		  void (*relax)(void))
{
	u32 filled, steps = 0, index = n - 1;
	struct weights weights;

	weights_init(&weights, eps, n);
	endpoints_reset(eps, n, &weights);
	memset(m->entries, 0xff, (size_t)m->size * m->width);
	for (filled = 0; filled < m->size; filled++) {
		if (!weights.equal)
			index = weighted_turn(eps, n, &weights, m->size);
		else if (++index == n)
			index = 0;
		steps += take_turn(m, &eps[index], index);
		if (relax && steps >= STEPS_PER_RELAX) {
			relax();
			steps = 0;
		}
	}
}
