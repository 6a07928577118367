/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peak_ewma: how long an endpoint takes to answer, as a moving average that rises at
 * once and falls slowly.
 *
 * Source: Finagle's PeakEwma, which Linkerd took over: a sample above the average
 * becomes it; one below is weighted by 1 - e^(-t/decay), t being the time since the
 * last one. So an endpoint that is slow once is avoided until the memory fades.
 *
 * Plain C, integers only. Times are in microseconds.
 */
#ifndef L7MESH_PEAK_EWMA_H
#define L7MESH_PEAK_EWMA_H

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* No average is above it: products of it stay in 64 bits. */
#define PEAK_EWMA_MAX	0x40000000U

/*
 * e^(-t/decay) in 1/65536: 2^-x with x = t/decay * log2(e), whose whole part is a
 * shift, and the rest a polynomial. Off by 0.001 at most.
 */
static inline u32 peak_ewma_decay(u64 t, u32 decay)
{
	u64 x, part;

	if (t >= (u64)decay * 12)
		return 0;
	x = div_u64(t * 94548, decay);	/* log2(e) * 65536 */
	part = x & 0xffff;
	/* 1 - 0.6931 x + 0.2402 x^2 - 0.0470 x^3, which is 1/2 at 1 */
	part = 65536 - (45426 * part >> 16) + (15742 * part * part >> 32) -
	       (3084 * part * part >> 16) * part / (1ULL << 32);
	return part >> (x >> 16);
}

/**
 * peak_ewma_next() - The average after a sample
 * @average: before
 * @t: us since the last sample
 * @sample: us
 * @decay: us, not 0
 */
static inline u32 peak_ewma_next(u32 average, u64 t, u64 sample, u32 decay)
{
	u32 keep;

	sample = min_t(u64, sample, PEAK_EWMA_MAX);
	if (sample >= average)
		return sample;
	keep = peak_ewma_decay(t, decay);
	return ((u64)average * keep + sample * (65536 - keep)) >> 16;
}

#endif
