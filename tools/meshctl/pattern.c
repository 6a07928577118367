// SPDX-License-Identifier: GPL-2.0
#include "pattern.h"

#include "../../module/http/regexp.h"

const char *pattern_check(const char *s, size_t len)
{
	static struct regexp_builder builder;
	const struct span pattern = { .p = s, .len = len };

	return regexp_compile(&builder, pattern) ? builder.why : NULL;
}
