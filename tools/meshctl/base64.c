// SPDX-License-Identifier: GPL-2.0
#include "base64.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four characters to up to three bytes; how many, or -1. */
static ssize_t decode_group(const char *text, unsigned char *out)
{
	size_t n = text[3] != '=' ? 4 : text[2] != '=' ? 3 : 2, i;
	unsigned long bits = 0;
	const char *p;

	for (i = 0; i < 4; i++) {
		p = i < n && text[i] ? strchr(alphabet, text[i]) : NULL;
		if (i < n && !p)
			return -1;
		bits = bits << 6 | (p ? p - alphabet : 0);
	}
	for (i = 0; i < n - 1; i++)
		out[i] = bits >> (16 - 8 * i);
	return n - 1;
}

ssize_t base64_decode(const char *text, size_t len, unsigned char *out)
{
	ssize_t total = 0, n;
	size_t i;

	if (len % 4)
		return -1;
	for (i = 0; i < len; i += 4) {
		n = decode_group(text + i, out + total);
		if (n < 0 || (n < 3 && i + 4 < len))
			return -1;
		total += n;
	}
	return total;
}

json_t *base64_json(const unsigned char *bytes, size_t len)
{
	size_t i, n = (len + 2) / 3 * 4;
	char *text = xrealloc(NULL, n), *p = text;
	unsigned long bits;
	json_t *json;

	for (i = 0; i < len; i += 3, p += 4) {
		bits = (unsigned long)bytes[i] << 16;
		bits |= i + 1 < len ? bytes[i + 1] << 8 : 0;
		bits |= i + 2 < len ? bytes[i + 2] : 0;
		p[0] = alphabet[bits >> 18];
		p[1] = alphabet[bits >> 12 & 63];
		p[2] = i + 1 < len ? alphabet[bits >> 6 & 63] : '=';
		p[3] = i + 2 < len ? alphabet[bits & 63] : '=';
	}
	json = must(json_stringn(text, n));
	free(text);
	return json;
}
