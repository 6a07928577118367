// SPDX-License-Identifier: GPL-2.0
#include "lib/metadata.h"

static bool is_label_char(char c)
{
	char lower = ascii_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '/';
}

/* Length of a pair's key; 0 if it has none. */
static u32 key_len(struct span pair)
{
	u32 i;

	for (i = 0; i < pair.len; i++)
		if (pair.p[i] == '=')
			return i;
	return 0;
}

static bool has_key(struct span text, struct span key)
{
	while (text.len) {
		struct span pair = span_take_part(&text);

		pair.len = key_len(pair);
		if (span_eq(pair, key))
			return true;
	}
	return false;
}

static bool is_pair(struct span pair)
{
	u32 i, n = key_len(pair);

	for (i = 0; i < pair.len; i++)
		if (i != n && !is_label_char(pair.p[i]))
			return false;
	return n;
}

const char *metadata_problem(struct span text)
{
	struct span rest = text, pair;

	if (!text.len)
		return NULL;
	if (text.p[text.len - 1] == ',')
		return "metadata ends with a comma";
	while (rest.len) {
		pair = span_take_part(&rest);
		if (!is_pair(pair))
			return "metadata is KEY=VALUE,... of letters, digits and -_./";
		pair.len = key_len(pair);
		if (has_key(rest, pair))
			return "metadata has a key twice";
	}
	return NULL;
}

bool metadata_has(struct span text, struct span wanted)
{
	while (wanted.len)
		if (!span_is_listed(text, span_take_part(&wanted)))
			return false;
	return true;
}
