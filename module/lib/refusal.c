// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/kernel.h>
#include "lib/refusal.h"

int refusal_set(struct refusal *r, int err, const char *format, ...)
{
	va_list args;

	r->format = format;
	va_start(args, format);
	vscnprintf(r->text, sizeof(r->text), format, args);
	va_end(args);
	return err;
}

int refusal_set_missing(struct refusal *r, const struct nlattr *nest, u16 type,
			const char *name)
{
	r->attr = NULL;
	r->missing_in = nest;
	r->missing = type;
	return refusal_set(r, -EINVAL, "%s is missing", name);
}
