// SPDX-License-Identifier: GPL-2.0
#include "http/chars.h"

#define TEXT	(C_VALUE | C_TARGET | C_PATH)
#define NAME	(TEXT | C_HOST | C_TOKEN)

/*
 * A target may hold visible ASCII that RFC 3986 wants percent-encoded ('|',
 * '"', ...): browsers send it, and none of it delimits anything in HTTP/1.
 */
const u8 chars_class[256] = {
	['\t'] = C_VALUE,
	[' '] = C_VALUE,
	['!'] = NAME,
	['"'] = TEXT,
	['#'] = C_VALUE | C_TOKEN,
	['$' ... '\''] = NAME,
	['(' ... ')'] = TEXT | C_HOST,
	['*' ... '+'] = NAME,
	[','] = TEXT | C_HOST,
	['-' ... '.'] = NAME,
	['/'] = TEXT,
	['0' ... '9'] = NAME | C_HEX | C_DIGIT,
	[':'] = TEXT,
	[';'] = TEXT | C_HOST,
	['<'] = TEXT,
	['='] = TEXT | C_HOST,
	['>'] = TEXT,
	['?'] = C_VALUE | C_TARGET,
	['@'] = TEXT,
	['A' ... 'F'] = NAME | C_HEX,
	['G' ... 'Z'] = NAME,
	['[' ... ']'] = TEXT,
	['^'] = TEXT | C_TOKEN,
	['_'] = NAME,
	['`'] = TEXT | C_TOKEN,
	['a' ... 'f'] = NAME | C_HEX,
	['g' ... 'z'] = NAME,
	['{'] = TEXT,
	['|'] = TEXT | C_TOKEN,
	['}'] = TEXT,
	['~'] = NAME,
	[0x80 ... 0xff] = C_VALUE,	/* obs-text */
};

bool chars_token_valid(struct span s)
{
	return s.len && all_class(s, C_TOKEN);
}

bool chars_value_valid(struct span s)
{
	return all_class(s, C_VALUE) && span_trim(s).len == s.len;
}
