// SPDX-License-Identifier: GPL-2.0
#include "upstream/cluster_options.h"

const struct cluster_options cluster_options_default = CLUSTER_OPTIONS_DEFAULT;
