// SPDX-License-Identifier: GPL-2.0
#include "upstream/introduction.h"

#include <linux/errno.h>
#include <linux/l7mesh.h>
#include <linux/string.h>

int introduction_write(u8 version, const struct proxy_header *h, const void *tlvs,
		       gfp_t gfp, struct out *out)
{
	bool v2 = version == L7MESH_PROXY_PROTOCOL_V2;
	u32 more = v2 ? h->tlvs_len : 0, size = PROXY_HEADER_PLAIN_MAX + more, n;
	char *data = out_alloc(size, gfp);

	if (!data)
		return -ENOMEM;
	n = v2 ? proxy_header_write_v2(h, (u8 *)data) :
		 proxy_header_write_v1(h, (u8 *)data);
	if (more)
		memcpy(data + n, tlvs, more);
	out_take(out, data, size, n + more);
	return 0;
}
