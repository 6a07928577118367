/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base64: RFC 4648, section 4, with padding.
 */
#ifndef MESHCTL_BASE64_H
#define MESHCTL_BASE64_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

/* Decodes into @out (at least @len bytes); -1 if it is not base64. */
ssize_t base64_decode(const char *text, size_t len, unsigned char *out);

json_t *base64_json(const unsigned char *bytes, size_t len);

#endif
