// SPDX-License-Identifier: GPL-2.0
#include "http/http_options.h"

#include <linux/string.h>

const struct http_options http_options_default = HTTP_OPTIONS_DEFAULT;

/* With its padding: if that were not equal somebody would make an object anew. */
bool http_options_equal(const struct http_options *a,
			const struct http_options *b)
{
	return !memcmp(a, b, sizeof(*a));
}
