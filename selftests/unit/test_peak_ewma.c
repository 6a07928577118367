// SPDX-License-Identifier: GPL-2.0
/* Tests of module/upstream/peak_ewma.h, beside e^-x in doubles. */
#include <math.h>
#include <linux/kernel.h>

#include "tap.h"
#include "unit.h"
#include "upstream/peak_ewma.h"

#define DECAY 10000000	/* us */

static void test_decay(void)
{
	double worst = 0, off;
	u64 t;

	for (t = 0; t < 13ULL * DECAY; t += 1237) {
		off = fabs(exp(-(double)t / DECAY) -
			   peak_ewma_decay(t, DECAY) / 65536.0);
		worst = off > worst ? off : worst;
	}
	tap_ok(worst < 0.001, "peak_ewma: e^-t, off by %f at most", worst);
	tap_ok(peak_ewma_decay(0, DECAY) == 65536 &&
	       !peak_ewma_decay(~0ULL, DECAY) &&
	       peak_ewma_decay(3600000000ULL, 3600000000U) > 24000,
	       "peak_ewma: nothing is forgotten at once, all in the end");
}

static void test_average(void)
{
	u32 average = peak_ewma_next(0, 0, 500, DECAY);

	tap_ok(average == 500, "peak_ewma: the first sample");
	tap_ok(peak_ewma_next(500, 1, 90000, DECAY) == 90000,
	       "peak_ewma: a peak is the average at once");
	tap_ok(peak_ewma_next(90000, 0, 500, DECAY) == 90000,
	       "peak_ewma: and stays where no time passes");
	average = peak_ewma_next(90000, DECAY, 500, DECAY);
	tap_ok(average > 33000 && average < 34000,
	       "peak_ewma: 37%% of it is left after the decay time");
	tap_ok(peak_ewma_next(90000, 12ULL * DECAY, 500, DECAY) == 500,
	       "peak_ewma: nothing after twelve times that");
	tap_ok(peak_ewma_next(7, 1, ~0ULL, DECAY) == PEAK_EWMA_MAX,
	       "peak_ewma: there is a most");
}

void test_peak_ewma(void)
{
	test_decay();
	test_average();
}
