// SPDX-License-Identifier: GPL-2.0
#include "link/http_net.h"

struct workqueue_struct *http_wq;

int http_net_module_init(void)
{
	http_wq = alloc_workqueue("l7mesh_http", WQ_UNBOUND | WQ_MEM_RECLAIM,
				  0);
	return http_wq ? 0 : -ENOMEM;
}

void http_net_module_exit(void)
{
	destroy_workqueue(http_wq);
}
