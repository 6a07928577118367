/* SPDX-License-Identifier: GPL-2.0 */
/*
 * outlier_rate: when a share of good answers is so much worse than those of others.
 *
 * Envoy's success rate detector: below the mean less some standard deviations. Rates
 * are in millionths. Plain C.
 */
#ifndef L7MESH_OUTLIER_RATE_H
#define L7MESH_OUTLIER_RATE_H

#include <linux/kernel.h>
#include <linux/math64.h>

#define OUTLIER_RATE_ONE	1000000

struct outlier_rates {
	u32 n;
	u64 sum;
	u64 squares;
};

static inline void outlier_rates_add(struct outlier_rates *r, u32 rate)
{
	r->n++;
	r->sum += rate;
	r->squares += (u64)rate * rate;
}

/**
 * outlier_rates_threshold() - Who is below it is an outlier
 * @r: rates, at least one
 * @factor: how many thousandths of a standard deviation below the mean
 *
 * Return: in millionths; negative if nobody can be.
 */
static inline s64 outlier_rates_threshold(const struct outlier_rates *r,
					  u32 factor)
{
	u64 mean = div_u64(r->sum, r->n);
	u64 square = div_u64(r->squares, r->n);
	u64 variance = square > mean * mean ? square - mean * mean : 0;

	return mean - div_u64((u64)int_sqrt64(variance) * factor, 1000);
}

#endif
