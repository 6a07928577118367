// SPDX-License-Identifier: GPL-2.0
#include "cluster_options.h"

#include <linux/stddef.h>
#include <linux/string.h>

const struct cluster_options cluster_options_default = {
	.lb = L7MESH_LB_MAGLEV,
	.table_size = L7MESH_TABLE_SIZE_DEFAULT,
	.ring_min = 1024,
	.ring_max = L7MESH_RING_SIZE_MAX,
	.choices = 2,
	.decay = 10000,
	.connect_timeout = 5000,
	.response_timeout = 15000,
	.idle_timeout = 60000,
	.max_idle = 128,
};

/* There are holes only at its end. */
bool cluster_options_equal(const struct cluster_options *a,
			   const struct cluster_options *b)
{
	return !memcmp(a, b, offsetofend(struct cluster_options, lb));
}
