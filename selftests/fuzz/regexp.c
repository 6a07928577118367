// SPDX-License-Identifier: GPL-2.0
/*
 * regexp: any pattern is compiled or refused in words, and whatever is compiled says
 * of each text what glibc's says of it, where glibc understands the pattern as we do.
 *
 * Input: the pattern as a line, then texts as lines.
 */
#include <regex.h>

#include "fuzz.h"
#include "http/regexp.h"

static struct regexp_builder builder;

/* Signs that mean the same to both, and no repetition that takes glibc for ever. */
static bool is_common(struct span pattern)
{
	static const char plain[] = "abc./|()*+?";
	bool repeated = false;
	u32 i;

	if (pattern.len > 20)
		return false;
	for (i = 0; i < pattern.len; i++) {
		char c = pattern.p[i];
		bool sign = strchr("*+?", c);

		if (!memchr(plain, c, sizeof(plain) - 1) || (sign && repeated))
			return false;
		/* "(?" is a flag, and an empty alternative not POSIX. */
		if (strchr("(|", i ? pattern.p[i - 1] : '(') &&
		    strchr("|)?", c))
			return false;
		repeated = sign;
	}
	return pattern.len && pattern.p[pattern.len - 1] != '|';
}

static void compare(const struct regexp *re, struct span pattern,
		    struct span text)
{
	char anchored[32], s[32];
	regex_t other;

	if (text.len >= sizeof(s) || memchr(text.p, '\0', text.len))
		return;
	snprintf(anchored, sizeof(anchored), "^(%.*s)$", (int)pattern.len,
		 pattern.p);
	snprintf(s, sizeof(s), "%.*s", (int)text.len, text.p);
	if (regcomp(&other, anchored, REG_EXTENDED | REG_NOSUB))
		return;
	must_hold(regexp_match(re, text) ==
		  !regexec(&other, s, 0, NULL, 0));
	regfree(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = copy_of((const char *)data, size);
	struct input in = { copy, size };
	struct span pattern = take_until(&in, '\n'), text;
	struct regexp *re;
	int err = regexp_compile(&builder, pattern);

	must_hold(!err || builder.why);
	if (err) {
		free(copy);
		return 0;
	}
	must_hold(builder.regexp.nstates <= REGEXP_STATES_MAX &&
		  builder.regexp.nstates * builder.regexp.nclasses <=
		  REGEXP_TABLE_MAX);
	re = malloc(regexp_bytes(&builder.regexp));
	regexp_copy(&builder, re);
	while (in.left) {
		text = take_until(&in, '\n');
		regexp_match(re, text);
		if (is_common(pattern))
			compare(re, pattern, text);
	}
	free(re);
	free(copy);
	return 0;
}
