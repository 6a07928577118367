// SPDX-License-Identifier: GPL-2.0
#include "lib/quota.h"

#include <linux/module.h>

unsigned long namespace_bytes_max = 256UL << 20;
module_param(namespace_bytes_max, ulong, 0644);
MODULE_PARM_DESC(namespace_bytes_max,
		 "Memory that may be held for the HTTP clients of one network namespace, beside their sockets, in bytes (default 268435456)");
