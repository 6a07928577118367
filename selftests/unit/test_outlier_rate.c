// SPDX-License-Identifier: GPL-2.0
/* Tests of module/upstream/outlier_rate.h, beside Envoy's arithmetic in doubles. */
#include <math.h>
#include <linux/kernel.h>

#include "tap.h"
#include "unit.h"
#include "upstream/outlier_rate.h"

/* outlier_detection_impl.cc, successRateEjectionThreshold(); rates of 0 to 1 */
static double envoys_threshold(const double *rates, u32 n, double factor)
{
	double mean = 0, variance = 0;
	u32 i;

	for (i = 0; i < n; i++)
		mean += rates[i] / n;
	for (i = 0; i < n; i++)
		variance += (rates[i] - mean) * (rates[i] - mean) / n;
	return mean - factor * sqrt(variance);
}

void test_outlier_rate(void)
{
	double rates[100], worst = 0, off;
	struct outlier_rates r;
	u32 round, i, n, factor, seed = 1;

	for (round = 0; round < 2000; round++) {
		n = 1 + round % 100;
		factor = round * 7 % 5000;
		r = (struct outlier_rates){};
		for (i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			rates[i] = seed / 4294967296.0;
			if (round % 3 == 0)
				rates[i] = i ? 1 : 0.5;
			outlier_rates_add(&r, rates[i] * OUTLIER_RATE_ONE);
		}
		off = fabs(envoys_threshold(rates, n, factor / 1000.0) -
			   (double)outlier_rates_threshold(&r, factor) /
			   OUTLIER_RATE_ONE);
		worst = off > worst ? off : worst;
	}
	/* An integer mean is off by a millionth, its square by up to 1e-3 */
	tap_ok(worst < 0.01, "outlier: the threshold, off by %f at most", worst);
	r = (struct outlier_rates){};
	for (i = 0; i < 1000; i++)
		outlier_rates_add(&r, OUTLIER_RATE_ONE);
	tap_ok(outlier_rates_threshold(&r, ~0U) == OUTLIER_RATE_ONE,
	       "outlier: of equals nobody is below");
}
