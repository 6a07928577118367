// SPDX-License-Identifier: GPL-2.0
/* Buffers of lib/out_buffer.h, for what writes heads in user space. */
#include <stdlib.h>

#include "lib/out_buffer.h"

char *out_alloc(u32 size, gfp_t gfp)
{
	(void)gfp;
	return malloc(size);
}

void out_free(char *data, u32 size)
{
	(void)size;
	free(data);
}
