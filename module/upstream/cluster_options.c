// SPDX-License-Identifier: GPL-2.0
#include "upstream/cluster_options.h"

#include <linux/string.h>

const struct cluster_options cluster_options_default = CLUSTER_OPTIONS_DEFAULT;

/* With its padding: if that were not equal somebody would make an object anew. */
bool cluster_options_equal(const struct cluster_options *a,
			   const struct cluster_options *b)
{
	return !memcmp(a, b, sizeof(*a));
}
